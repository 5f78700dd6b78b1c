// What cannot be asked for together, and what has no effect. Key phrases of the messages are the original's.
import { nearestName, PtychoError } from "../core/errors.js";
import type { FieldValue, Surface } from "./field.js";
import { defaultOf, type FieldName, fieldsOf } from "./fields.js";
import type { Given } from "./layer.js";
import { CI_CONTRACT } from "./presets.js";
import type { Sources } from "./sourced.js";

const PAIRS: Readonly<Record<string, string>> = {
  ci_intensity_v2: "count_intensity",
  legacy_v1: "normalized_amplitude",
};

/** Within one layer the scaling contract and the measurement domain are inseparable, and must belong together. */
export function checkScalePair(given: ReadonlyMap<FieldName, Given>): void {
  const version = given.get("scale_contract_version")?.value ?? null;
  const domain = given.get("measurement_domain")?.value ?? null;
  if (version === null && domain === null) return;
  if (version === null || domain === null) {
    refuse(
      "scale_contract_version and measurement_domain must be supplied together: ci_intensity_v2 with count_intensity, or legacy_v1 with normalized_amplitude",
    );
  }
  if (PAIRS[String(version)] !== domain) {
    refuse(
      `scale_contract_version and measurement_domain must select a supported profile together: expected ci_intensity_v2 with count_intensity, or legacy_v1 with normalized_amplitude, got ${version} with ${domain}`,
    );
  }
}

/** The profile is `ci`, and nothing explicit contradicts its contract. */
export function checkProfile(profile: string, explicit: readonly ReadonlyMap<FieldName, Given>[]): void {
  if (profile !== "ci") {
    const hint = nearestName(profile, ["ci"]) === undefined ? "" : "; did you mean 'ci'?";
    refuse(`Unknown configuration profile '${profile}'; supported profiles: 'ci'${hint}`);
  }
  for (const [name, required] of Object.entries(CI_CONTRACT)) {
    for (const layer of explicit) {
      const given = layer.get(name as FieldName); // keys of the contract are field names
      if (given === undefined || given.value === required) continue;
      refuse(
        `the CI profile requires ${name}='${required}'; you passed '${given.value}' as ${given.givenAs}: leave that out, or drop --profile ci and set the fields one by one`,
      );
    }
  }
}

/** Contradictions between the resolved values. */
export function checkTogether(surface: Surface, sources: Sources): void {
  const value = (name: FieldName): FieldValue => sources[name]?.value ?? null;
  const [low, high] = [value("phase_vmin"), value("phase_vmax")];
  if (low !== null && high !== null && low >= high)
    refuse(`--phase_vmin ${low} must be less than --phase_vmax ${high}; exchange them`);
  if (surface !== "train") return; // the rest belongs to the model, whose archive carries it
  if (value("teacher") !== null && value("model_type") === "supervised")
    refuse(
      "--teacher is a target beside the physics, and supervised training has none; leave one of them out",
    );
  checkUnrolled(value);
  checkPhysics(value);
  checkGroups(value);
}

/** What the unrolled network is trained with; its objective merges all patterns of a cluster and knows nothing else. */
const UNROLLED: Readonly<Partial<Record<FieldName, FieldValue>>> = {
  gridsize: 1,
  model_type: "pinn",
  physics_forward_mode: "amplitude",
  torch_loss_mode: "amplitude_mse",
  amp_loss: null,
  phase_loss: null,
  probe_mask: false,
};

function checkUnrolled(value: (name: FieldName) => FieldValue): void {
  if (value("architecture") === "unrolled" && value("log_patch_stats") === true)
    refuse(
      "--log_patch_stats: architecture unrolled refines one canvas and predicts no patches; leave it out",
    );
  if (value("architecture") === "unrolled" && value("recon_log_every_n_epochs") !== null)
    refuse(
      "--recon_log_every_n_epochs: architecture unrolled refines one canvas and predicts no patches; leave it out",
    );
  if (value("architecture") !== "unrolled") {
    if (value("torch_loss_mode") === "amplitude_mse")
      refuse(
        "torch_loss_mode amplitude_mse belongs to architecture unrolled; give --preset unrolled, or poisson or mae",
      );
    return;
  }
  for (const [name, needed] of Object.entries(UNROLLED)) {
    const found = value(name as FieldName); // keys of the table are field names
    if (found !== needed)
      refuse(
        `architecture unrolled needs ${name} ${needed ?? "left out"}, got ${found}; start from --preset unrolled`,
      );
  }
}

function checkGroups(value: (name: FieldName) => FieldValue): void {
  const gridsize = Number(value("gridsize"));
  if (gridsize === 1) {
    if (value("groups_cache") === true)
      refuse("--groups_cache: groups of one pattern (gridsize 1) need no neighbours; leave it out");
    return;
  }
  const C = gridsize * gridsize;
  const pool = value("neighbor_pool_size");
  const K = Number(value("neighbor_count"));
  if (K < C) {
    refuse(
      `K=${K} must be >= C=${C} (need at least C neighbors to form a group): gridsize ${gridsize} makes groups of ${C}; give --neighbor_count ${C} or more, or a smaller --gridsize`,
    );
  }
  if (pool !== null && Number(pool) < C)
    refuse(`neighbor_pool_size=${pool} must be >= C=${C}: gridsize ${gridsize} makes groups of ${C}`);
}

/** The physics forward mode, its gain, the scaling contract and the loss must belong together. */
export function checkPhysics(value: (name: FieldName) => FieldValue): void {
  if (value("physics_forward_mode") !== "rectangular_scaled") {
    if (value("rect_s1s2_init") === "data") {
      refuse(
        `rect_s1s2_init='data' is a CI-contract knob, but physics_forward_mode resolved to '${value("physics_forward_mode")}', where it would be without effect: give --profile ci or --physics_forward_mode rectangular_scaled, or leave it out`,
      );
    }
    return;
  }
  const gain = value("amplitude_physics_gain");
  if (gain !== 1) {
    refuse(
      `amplitude_physics_gain must be 1.0 when physics_forward_mode='rectangular_scaled', got ${gain}; the gain belongs to the amplitude mode`,
    );
  }
  if (value("scale_contract_version") !== "ci_intensity_v2") return;
  if (value("model_type") !== "pinn") {
    refuse(
      `ci_intensity_v2 requires ModelConfig.mode='Unsupervised' (--model_type pinn), got '${value("model_type")}'`,
    );
  }
  if (value("torch_loss_mode") !== "poisson") {
    refuse(
      `ci_intensity_v2 requires TrainingConfig.torch_loss_mode='poisson', got '${value("torch_loss_mode")}'; leave --torch_loss_mode out, or use --physics_forward_mode amplitude`,
    );
  }
}

/** Layers which the network of the original builds and never applies. */
const NEVER_APPLIED: readonly FieldName[] = ["cbam_decoder", "eca_encoder", "eca_decoder", "spatial_decoder"];

/** Fields that mean nothing while another is none. */
const MEANT_FOR: Readonly<Partial<Record<FieldName, readonly FieldName[]>>> = {
  teacher: ["teacher_weight", "teacher_epochs"],
  recon_log_every_n_epochs: ["recon_log_num_patches", "recon_log_fixed_indices", "recon_log_stitch"],
};

/** Sentences for what was given and cannot have the effect that one might expect. */
export function warningsFor(surface: Surface, sources: Sources): string[] {
  const warnings: string[] = [];
  for (const { name, field } of fieldsOf(surface)) {
    const sourced = sources[name];
    if (sourced?.givenAs === undefined || sourced.value === defaultOf(field, surface)) continue;
    for (const [other, values] of Object.entries(field.effectWhen ?? {})) {
      const actual = sources[other as FieldName]?.value ?? null; // keys of effectWhen are field names
      if (!values.includes(actual))
        warnings.push(
          `${sourced.givenAs} has no effect here: it needs ${other} ${values.map(String).join(" or ").replace("null", "none")}, which is ${actual}`,
        );
    }
    if (NEVER_APPLIED.includes(name))
      warnings.push(
        `${sourced.givenAs}: as in the original these layers exist in the network and are never applied, so they have no effect on the result`,
      );
  }
  for (const [needed, names] of Object.entries(MEANT_FOR))
    for (const name of sources[needed as FieldName]?.value === null ? names : []) {
      const given = sources[name]?.givenAs;
      if (given !== undefined) warnings.push(`${given} has no effect here: it needs --${needed}`);
    }
  const subsample = sources.n_subsample?.value ?? null;
  const groups = Number(sources.n_groups?.value ?? 0);
  const C = Number(sources.gridsize?.value ?? 1) ** 2;
  if (surface === "train" && subsample !== null && Number(subsample) < groups * C)
    warnings.push(
      `n_subsample ${subsample} is less than n_groups ${groups} x ${C} patterns per group: groups will share patterns`,
    );
  return warnings;
}

function refuse(message: string): never {
  throw new PtychoError("UsageError", message);
}
