// Where configuration differs from the goldens on purpose: rules, so that cases not seen yet are judged alike. Each has the
// number of its row in the contracts, and its reason.

/** Rows of the contracts that decide against the golden, with the reason in a sentence. */
export const CONFIG_DEVIATIONS = {
  D2: "an option that is not given has its default; the original's namespace must have it",
  D8: "n_subsample is the number of patterns drawn; the torch field of that name (groups per centre) keeps its default",
  D11: "checkpoint_save_top_k -1 keeps all, as its documentation says",
  D14: "N is the last two axes of the probe (D37 too); the first axis of a stack is the number of modes",
  D34: "no field is lost between the PyTorch classes and the canonical ones",
  D35: "what was given arrives; the original drops fields on the way",
  D36: "values out of range and unknown names are refused",
  D38: "the execution configuration overrides defaults, yields to explicit overrides, and the audit tells both",
  none: "a none stays none; the original writes it as the text 'None'",
  paths: "paths are text here; the original needs a Path object",
  frozen: "records are frozen, so that nothing changes behind a run",
} as const;

export type Deviation = keyof typeof CONFIG_DEVIATIONS;

/** The original accepts, we refuse: by what our message says. */
export const REFUSED_HERE: readonly { readonly when: RegExp; readonly rule: Deviation }[] = [
  { when: /must be positive|must be 64, 128 or 256|must be non-negative|must be in \[/, rule: "D36" },
  { when: /unknown field|must be (an|a|one|true|none|\d)|Invalid architecture/, rule: "D36" },
  { when: /made from the other values|argument of its own|is pytorch in|old name of n_groups/, rule: "D36" },
];

/** The original refuses, we accept: by what its message says. */
export const ACCEPTED_HERE: readonly { readonly when: RegExp; readonly rule: Deviation }[] = [
  { when: /'str' object has no attribute 'exists'/, rule: "paths" },
  { when: /'Namespace' object has no attribute/, rule: "D2" },
  { when: /checkpoint_save_top_k must be non-negative, got -1$/, rule: "D11" },
];

/** Canonical fields that the original's bridge does not carry over from the PyTorch classes. */
export const NOT_CARRIED = {
  model: ["probe_mask_sigma", "probe_mask_diameter", "generator_output_mode"],
  training: [
    ...["gradient_clip_val", "plateau_factor", "plateau_patience", "plateau_min_lr", "plateau_threshold"],
  ],
} as const;

/** Overrides by canonical name that the original's training factory drops; `nll_weight` keeps only its sign there. */
export const DROPPED_IN_TRAINING = [
  ...["mae_weight", "nll_weight", "realspace_mae_weight", "realspace_weight", "enable_oversampling"],
  ...["neighbor_pool_size", "positions_provided", "probe_trainable", "sequential_sampling"],
] as const;

/** Our message must hold these parts of the original's: its first clause, without the value found. */
export function keyPhrases(message: string): string[] {
  const quoted = /unexpected keyword argument '(\w+)'/.exec(message);
  if (quoted !== null) return [`'${quoted[1]}'`];
  const missing = /missing \d+ required positional arguments?: (.*)$/.exec(message);
  if (missing !== null) return [...missing[1].matchAll(/'(\w+)'/g)].map(([, name]) => name);
  if (/^can't multiply|object has no attribute/.test(message)) return [];
  if (message.startsWith("POLICY-001")) return ["POLICY-001", "falling back to CPU"];
  if (message.includes("must select a supported profile together"))
    return ["scale_contract_version and measurement_domain must select a supported profile together"];
  const unreadable = /^(Error reading probeGuess from [^:]+): .*(Using fallback N=\d+)/.exec(message);
  if (unreadable !== null) return unreadable.slice(1);
  if (message.startsWith("nphotons default divergence detected"))
    return ["nphotons default divergence detected"];
  const tpu = /^(Torch-XLA TPU execution is unsupported)/.exec(message);
  if (tpu !== null) return [tpu[1]];
  const notLoaded = /^Failed to load config from (\S+):/.exec(message);
  if (notLoaded !== null) return [notLoaded[1]];
  return [message.split(/\. |\.$|[;,] | \(/)[0]];
}
