// The factory of an inference run: request and facts in, configuration objects of the original out. Pure. CONTRACTS 2.4.
import { PtychoError } from "../../core/errors.js";
import { auditOf, type FoundValue, listExecution } from "./audit.js";
import { toInferenceConfig, toModelConfig } from "./bridge.js";
import { INFERENCE_CONFIG, MODEL_CONFIG } from "./canonical.js";
import type { Given, Warning } from "./dataclass.js";
import { EXECUTION_CONFIG } from "./execution-config.js";
import { executionLayer, executionWith } from "./execution-layer.js";
import { checkGiven, namesOfClasses, type SourceLayer, standing } from "./layers.js";
import { populateLegacyParams } from "./legacy.js";
import type { InferenceFacts, InferencePayload, InferencePayloadRequest } from "./payload.js";
import { probeSizeOf } from "./probe-size.js";
import { checkGain, checkScaleLayers } from "./profile.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL } from "./torch.js";
import { torchConfigs } from "./torch-configs.js";
import { GIVEN_ELSEWHERE } from "./training-payload.js";
import { validateInferenceConfig } from "./validate.js";

/** Canonical fields that the PyTorch classes lack: taken over as given. The original drops all but the first. */
const CANONICAL_ONLY = ["n_subsample", "enable_oversampling", "neighbor_pool_size", "debug"];
const LISTED = ["accelerator", "num_workers", "inference_batch_size"] as const;
const ELSEWHERE: Given = {
  ...GIVEN_ELSEWHERE,
  model_path: "is an argument of its own (modelPath)",
  test_data_file: "is an argument of its own (testDataFile)",
};
const CHECKED_BELOW = ["mode", "model_type", "amplitude_physics_gain", "n_groups"];

/** The annotation of every name that may be overridden in inference. */
export function inferenceOverrides(): ReadonlyMap<string, string> {
  const classes = [TORCH_DATA, TORCH_MODEL, TORCH_INFERENCE, INFERENCE_CONFIG];
  return new Map(
    [...namesOfClasses([...classes, MODEL_CONFIG, EXECUTION_CONFIG])].filter(
      ([name]) => !Object.hasOwn(ELSEWHERE, name),
    ),
  );
}

/**
 * Precedence as in `trainingPayload`. The model's own settings come from the overrides or are defaults: the original
 * reads none from the archive (the run does, and refuses what contradicts it).
 *
 * @throws PtychoError UsageError for an unknown name (with the nearest), a wrong value or a missing n_groups;
 *   ArtefactError when the model is not there; DataError when the scan is not.
 */
export function inferencePayload(request: InferencePayloadRequest, facts: InferenceFacts): InferencePayload {
  const warnings: Warning[] = [];
  const warn = (warning: Warning) => warnings.push(warning);
  const overrides: SourceLayer = { source: "override", values: request.overrides ?? {} };
  const commandLine: SourceLayer = { source: "command line", values: request.commandLine ?? {} };
  const known = inferenceOverrides();
  for (const layer of [overrides, commandLine])
    checkGiven(layer.source, layer, known, CHECKED_BELOW, ELSEWHERE);
  checkScaleLayers([overrides, commandLine]);
  expectFiles(request, facts);
  const asked = request.executionConfig;
  const given = standing([overrides, ...executionLayer(asked), commandLine]);
  const groups = given.get("n_groups");
  if (groups === undefined)
    throw new PtychoError(
      "UsageError",
      "n_groups is required in overrides (no default): give the number of groups to draw, such as n_groups: 128",
    );
  const found: FoundValue[] = [];
  if (!given.has("N")) {
    const size = probeSizeOf(request.testDataFile, facts.probe, request.strict);
    for (const warning of size.warnings) warn(warning);
    found.push({ name: "N", value: size.N, source: size.inferred ? "data file" : "fallback" });
  }
  const objectBig = given.get("object_big")?.value ?? true;
  const { data, model, inference } = torchConfigs("inference", given, {
    data: { K: 4, ...Object.fromEntries(found.map(({ name, value }) => [name, value])) },
    model: { object_big: objectBig, probe_big: objectBig },
    training: {},
    inference: { batch_size: 16 },
  });
  checkGain(model.values.amplitude_physics_gain);
  const kept = CANONICAL_ONLY.flatMap((name) =>
    given.has(name) ? [[name, given.get(name)?.value] as const] : [],
  );
  const tfInferenceConfig = toInferenceConfig(
    toModelConfig(data, model),
    data,
    {
      ...Object.fromEntries(kept),
      model_path: request.modelPath,
      test_data_file: request.testDataFile,
      output_dir: request.outputDir,
      n_groups: groups.value,
      subsample_seed: data.values.subsample_seed,
    },
    warn,
  );
  validateInferenceConfig(tfInferenceConfig);
  const legacy = populateLegacyParams(
    tfInferenceConfig,
    request.existingLegacyParams === undefined ? {} : { existing: request.existingLegacyParams },
  );
  for (const warning of legacy.warnings) warn(warning);
  const execution = executionWith(asked, given, facts, warn);
  return Object.freeze({
    tfInferenceConfig,
    ptDataConfig: data,
    ptInferenceConfig: inference,
    executionConfig: execution,
    overridesApplied: listExecution(
      auditOf([overrides, commandLine], given, found),
      given,
      execution,
      LISTED,
    ),
    legacyParams: legacy.params,
    warnings: Object.freeze(warnings),
  });
}

function expectFiles({ modelPath, testDataFile }: InferencePayloadRequest, facts: InferenceFacts): void {
  if (!facts.modelPathExists)
    throw new PtychoError(
      "ArtefactError",
      `Model directory not found: ${modelPath}; give the folder of a trained model`,
    );
  if (!facts.archiveExists)
    throw new PtychoError(
      "ArtefactError",
      `Model archive not found: ${modelPath}/wts.h5.zip; expected it in the model_path directory, train a model or give its folder`,
    );
  if (!facts.testFileExists)
    throw new PtychoError("DataError", `Test data file not found: ${testDataFile}; check the path`);
}
