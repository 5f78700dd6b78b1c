// The refusals: the original's calls, read from their text, on our functions; ours must refuse with the key phrase.
import { join } from "node:path";
import { toInferenceConfig, toModelConfig, toTrainingConfig } from "../../src/config/original/bridge.js";
import {
  inferenceConfig,
  type ModelConfig,
  modelConfig,
  type TrainingConfig,
  trainingConfig,
} from "../../src/config/original/canonical.js";
import { type Built, build, type DataClass, type Given } from "../../src/config/original/dataclass.js";
import {
  LEGACY_DEFAULTS,
  legacyParam,
  populateLegacyParams,
  withLegacyParam,
} from "../../src/config/original/legacy.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "../../src/config/original/torch.js";
import { validateModelConfig, validateTrainingConfig } from "../../src/config/original/validate.js";
import { createTrainingPayload, validateInferenceFiles } from "../../src/workflows/create-payload.js";
import { readConfigFile } from "../../src/workflows/read-config-file.js";
import type { CaseJson, CheckResult } from "./check.js";
import { compareFields, compareOutcome } from "./config-compare.js";
import { runFactory } from "./config-scenario-cases.js";
import { evaluateCall, type PythonNames } from "./python-call.js";

/** One check: a call in words, or a factory with the fields of `input`. */
export function checkErrorCase(check: CaseJson, folder: string): CheckResult {
  const { name, input, call, error } = check;
  const run = () =>
    call === undefined ? runFactory(scenarioOf(name, input), folder) : evaluateCall(call, names(folder));
  const golden = { ...check, error: error && { ...error, message: inFolder(error.message, folder) } };
  return compareOutcome(name, run, golden, (answer) =>
    check.value === null || check.value === undefined
      ? { name, passed: true, detail: "accepted by both" }
      : compareFields(name, { value: answer }, { value: check.value }),
  );
}

/** Paths in the golden's messages are relative; ours hold the folder. */
function inFolder(message: string, folder: string): string {
  return message.replace(
    /(?<=(?:: |and |checked |from ))([\w./]+\.(?:npz|zip|h5|yaml)|no\w+|nodir)\b/g,
    `${folder}/$1`,
  );
}

function scenarioOf(name: string, input: CaseJson): CaseJson {
  return {
    kind: name.startsWith("inf_") ? "inference" : "training",
    overrides: input.ov ?? null,
    data_file: input.f ?? "n64.npz",
    model_path: input.m ?? "model_ok",
    output_dir: "out",
    profile: input.profile ?? null,
    execution_config_kwargs: { accelerator: "cpu" },
  };
}

const maker = (table: DataClass) => (_: readonly unknown[], named: Given) => build(table, named);
const silent = () => {};

/** The names of the original's modules in these calls. */
function names(folder: string): PythonNames {
  const model = (value: unknown) => value as ModelConfig; // the calls hand on what M() made
  return {
    values: { ng: { n_groups: 8 } },
    functions: {
      P: ([path]) => join(folder, String(path)),
      dict: (_, named) => named,
      M: (_, named) => modelConfig(named),
      TR: (_, named) => trainingConfig(named, silent),
      IN: (_, named) => inferenceConfig(named, silent),
      D: maker(TORCH_DATA),
      PM: maker(TORCH_MODEL),
      PT: maker(TORCH_TRAINING),
      PI: maker(TORCH_INFERENCE),
      setattr: ([target, name, value]) => {
        ((target as Built).values as Record<string, unknown>)[String(name)] = value;
      },
      "cf.create_training_payload": ([file, outputDir], { overrides }) =>
        createTrainingPayload({
          trainDataFile: join(folder, String(file)),
          outputDir: String(outputDir),
          overrides: overrides as Given,
        }),
      "cf.populate_legacy_params": ([config]) => populateLegacyParams(config as TrainingConfig),
      "cb.to_model_config": ([data, torch], { overrides }) =>
        toModelConfig(data as never, torch as never, overrides as Given),
      "cb.to_training_config": ([canonical, data, torch, training], { overrides }) =>
        toTrainingConfig(
          model(canonical),
          data as never,
          torch as never,
          training as never,
          overrides as Given,
          silent,
        ),
      "cb.to_inference_config": ([canonical, data], { overrides }) =>
        toInferenceConfig(model(canonical), data as never, overrides as Given, silent),
      "tc.validate_model_config": ([config]) => validateModelConfig(model(config)),
      "tc.validate_training_config": ([config]) => validateTrainingConfig(config as TrainingConfig),
      "tc.validate_inference_config": ([config]) => validateInferenceFiles(config as never),
      "tc.load_yaml_config": ([path]) => readConfigFile(String(path)),
      "p.set": ([key, value]) => withLegacyParam(LEGACY_DEFAULTS, String(key), value),
      "p.get": ([key, ...fallback]) => legacyParam(LEGACY_DEFAULTS, String(key), ...fallback),
    },
  };
}
