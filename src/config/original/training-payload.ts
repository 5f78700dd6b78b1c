// The factory of a training run: request and facts in, every configuration object of the original out. Pure. CONTRACTS 2.4.
import { PtychoError } from "../../core/errors.js";
import { auditOf, type FoundValue, listExecution, relisted } from "./audit.js";
import { toModelConfig, toTrainingConfig } from "./bridge.js";
import { MODEL_CONFIG, TRAINING_CONFIG, type TrainingConfig } from "./canonical.js";
import type { Given, Warning } from "./dataclass.js";
import { EXECUTION_CONFIG } from "./execution-config.js";
import { executionLayer, executionWith } from "./execution-layer.js";
import {
  checkGiven,
  expectDerived,
  namesOfClasses,
  type SourceLayer,
  type Standing,
  standing,
} from "./layers.js";
import { populateLegacyParams } from "./legacy.js";
import type { TrainingFacts, TrainingPayload, TrainingPayloadRequest } from "./payload.js";
import { probeSizeOf } from "./probe-size.js";
import { checkCoherence, checkGain, checkScaleLayers, profileLayer } from "./profile.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "./torch.js";
import { type TorchConfigs, torchConfigs } from "./torch-configs.js";
import { validateTrainingConfig } from "./validate.js";

/** Canonical fields that the PyTorch classes lack: taken over as given. The original drops all but n_subsample. */
const CANONICAL_ONLY = [
  ...["n_subsample", "mae_weight", "nll_weight", "realspace_mae_weight", "realspace_weight"],
  ...["enable_oversampling", "neighbor_pool_size", "positions_provided", "probe_trainable"],
  ...["sequential_sampling"],
];

/** Fields of the execution configuration that the original's audit always lists. */
const LISTED = [
  ...(["accelerator", "deterministic", "num_workers", "enable_progress_bar", "learning_rate"] as const),
  ...(["scheduler", "accum_steps", "logger_backend"] as const),
];

/** Names that cannot be overridden, with the reason. */
export const GIVEN_ELSEWHERE: Given = {
  model: "is made from the single fields of the network",
  train_data_file: "is an argument of its own (trainDataFile)",
  output_dir: "is an argument of its own (outputDir)",
  backend: "is pytorch in a PyTorch payload",
  n_images: "is the old name of n_groups; give n_groups",
};
const CHECKED_BELOW = ["mode", "model_type", "amplitude_physics_gain", "n_groups", "nphotons"];

/** The annotation of every name that may be overridden in training. */
export function trainingOverrides(): ReadonlyMap<string, string> {
  const classes = [TORCH_DATA, TORCH_MODEL, TORCH_TRAINING, TORCH_INFERENCE, TRAINING_CONFIG];
  return new Map(
    [...namesOfClasses([...classes, MODEL_CONFIG, EXECUTION_CONFIG])].filter(
      ([name]) => !Object.hasOwn(GIVEN_ELSEWHERE, name),
    ),
  );
}

/**
 * Precedence: overrides, the given fields of the execution configuration, the command line, the profile, what the file
 * says, defaults of the PyTorch classes, defaults of the canonical ones. Nothing given is lost or left unlisted.
 *
 * @throws PtychoError UsageError for an unknown name (with the nearest), a wrong value, a missing n_groups or a
 *   contradiction; DataError when the training file is not there.
 */
export function trainingPayload(request: TrainingPayloadRequest, facts: TrainingFacts): TrainingPayload {
  const warnings: Warning[] = [];
  const warn = (warning: Warning) => warnings.push(warning);
  const overrides: SourceLayer = { source: "override", values: request.overrides ?? {} };
  const commandLine: SourceLayer = { source: "command line", values: request.commandLine ?? {} };
  const profile = profileLayer(request.profile, [overrides, commandLine]);
  const known = trainingOverrides();
  for (const layer of [overrides, commandLine])
    checkGiven(layer.source, layer, known, CHECKED_BELOW, GIVEN_ELSEWHERE);
  checkScaleLayers([overrides, commandLine]);
  if (!facts.trainFileExists)
    throw new PtychoError(
      "DataError",
      `Training data file not found: ${request.trainDataFile}; check the path`,
    );
  const asked = request.executionConfig;
  const explicit = standing([overrides, ...executionLayer(asked), commandLine, ...profile]);
  if (!explicit.has("n_groups"))
    throw new PtychoError(
      "UsageError",
      "n_groups is required in overrides (no default): give the number of groups to draw, such as n_groups: 512",
    );
  const found = findValues(request, facts, explicit, warn);
  const configs = configsFor(request, explicit, found);
  checkGain(configs.model.values.amplitude_physics_gain);
  checkCoherence(configs.data, configs.model, configs.training);
  const tfTrainingConfig = canonical(request, explicit, configs, warn);
  validateTrainingConfig(tfTrainingConfig);
  const { params, warnings: told } = populateLegacyParams(
    withoutExecution(request, [overrides, commandLine, ...profile], found, tfTrainingConfig),
    request.existingLegacyParams === undefined ? {} : { existing: request.existingLegacyParams },
  );
  for (const warning of told) warn(warning);
  const execution = executionWith(asked, explicit, facts, warn);
  const lines = auditOf([...profile, overrides, commandLine], explicit, [
    ...(request.profile === undefined
      ? []
      : [{ name: "profile", value: request.profile, source: "override" } as const]),
    ...relisted(explicit),
    ...found,
    {
      name: "amplitude_physics_gain",
      value: configs.model.values.amplitude_physics_gain,
      source: "PyTorch default",
    },
  ]);
  return Object.freeze({
    tfTrainingConfig,
    ptDataConfig: configs.data,
    ptModelConfig: configs.model,
    ptTrainingConfig: configs.training,
    ptInferenceConfig: configs.inference,
    executionConfig: execution,
    overridesApplied: listExecution(lines, explicit, execution, LISTED),
    legacyParams: params,
    warnings: Object.freeze(warnings),
  });
}

/** N and the photons, where nobody gave them. */
function findValues(
  { trainDataFile, strict }: TrainingPayloadRequest,
  facts: TrainingFacts,
  given: ReadonlyMap<string, Standing>,
  warn: (warning: Warning) => void,
): FoundValue[] {
  const found: FoundValue[] = [];
  if (!given.has("N")) {
    const { N, inferred, warnings } = probeSizeOf(trainDataFile, facts.probe, strict);
    for (const warning of warnings) warn(warning);
    found.push({ name: "N", value: N, source: inferred ? "data file" : "fallback" });
  }
  if (!given.has("nphotons")) {
    const stated = facts.nphotons;
    const source = stated === undefined ? "TensorFlow default" : "data file";
    found.push({ name: "nphotons", value: stated ?? TRAINING_CONFIG.fields.nphotons[1], source });
    found.push({
      name: "nphotons_source",
      value: stated === undefined ? "tf_default" : "metadata",
      source: "derived",
    });
  }
  return found;
}

function configsFor(
  { trainDataFile, outputDir }: TrainingPayloadRequest,
  given: ReadonlyMap<string, Standing>,
  found: readonly FoundValue[],
): TorchConfigs {
  const data = Object.fromEntries(found.map(({ name, value }) => [name, value]));
  const weight = given.get("nll_weight")?.value;
  const training = {
    ...(weight === undefined ? {} : { nll: Number(weight) > 0 }),
    train_data_file: trainDataFile,
    output_dir: outputDir,
  };
  if (weight !== undefined) expectDerived("overrides", given, { nll: training.nll });
  return torchConfigs("training", given, { data, model: {}, training, inference: {} });
}

function canonical(
  { trainDataFile, outputDir }: TrainingPayloadRequest,
  given: ReadonlyMap<string, Standing>,
  { data, model, training }: TorchConfigs,
  warn: (warning: Warning) => void,
): TrainingConfig {
  const kept = CANONICAL_ONLY.flatMap((name) =>
    given.has(name) ? [[name, given.get(name)?.value] as const] : [],
  );
  return toTrainingConfig(
    toModelConfig(data, model),
    data,
    model,
    training,
    {
      ...Object.fromEntries(kept),
      train_data_file: trainDataFile,
      output_dir: outputDir,
      nphotons: data.values.nphotons,
    },
    warn,
  );
}

/** The canonical configuration as it is without the execution configuration: what the legacy record may know (CONFIG-002). */
function withoutExecution(
  request: TrainingPayloadRequest,
  layers: readonly SourceLayer[],
  found: readonly FoundValue[],
  whole: TrainingConfig,
): TrainingConfig {
  if (request.executionConfig === undefined) return whole;
  const given = standing(layers);
  return canonical(request, given, configsFor(request, given, found), () => {}); // its warnings are those of `whole`
}
