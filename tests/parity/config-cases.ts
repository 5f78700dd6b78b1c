// The configuration cases by kind: defaults, bridge, execution configuration, probe size, scenarios, refusals, metadata.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { executionConfigFromArguments, resolveAccelerator } from "../../src/config/original/arguments.js";
import { INFERENCE_CONFIG, MODEL_CONFIG, TRAINING_CONFIG } from "../../src/config/original/canonical.js";
import type { Built, DataClass, Warning } from "../../src/config/original/dataclass.js";
import { EXECUTION_CONFIG, executionConfig } from "../../src/config/original/execution-config.js";
import { KEY_MAPPINGS, LEGACY_DEFAULTS } from "../../src/config/original/legacy.js";
import { EXPORT_META } from "../../src/config/original/product.js";
import { CI_PROFILE_BUNDLE, CI_PROFILE_CONTRACT } from "../../src/config/original/profile.js";
import {
  TORCH_DATA,
  TORCH_DATAGEN,
  TORCH_INFERENCE,
  TORCH_MODEL,
  TORCH_TRAINING,
} from "../../src/config/original/torch.js";
import { inferProbeSize, validatePaths } from "../../src/workflows/create-payload.js";
import type { CaseCheck, CaseJson, CheckResult } from "./check.js";
import { checkBridge } from "./config-bridge-cases.js";
import {
  compareFields,
  compareOrder,
  compareOutcome,
  compareWarnings,
  opened,
  plain,
  resultOf,
} from "./config-compare.js";
import { checkErrorCase } from "./config-error-cases.js";
import { withConfigFiles } from "./config-files.js";
import { checkFlags } from "./config-flag-cases.js";
import { compareEntries, decoded, instanceOf, MACHINE } from "./config-instances.js";
import { checkMetadataCase } from "./config-metadata-cases.js";
import { checkScenario } from "./config-scenario-cases.js";

const CLASSES: Readonly<Record<string, DataClass>> = {
  "ptycho.config.config.ModelConfig": MODEL_CONFIG,
  "ptycho.config.config.TrainingConfig": TRAINING_CONFIG,
  "ptycho.config.config.InferenceConfig": INFERENCE_CONFIG,
  "ptycho.config.config.PyTorchExecutionConfig": EXECUTION_CONFIG,
  "ptycho_torch.config_params.DataConfig": TORCH_DATA,
  "ptycho_torch.config_params.ModelConfig": TORCH_MODEL,
  "ptycho_torch.config_params.TrainingConfig": TORCH_TRAINING,
  "ptycho_torch.config_params.InferenceConfig": TORCH_INFERENCE,
  "ptycho_torch.config_params.DatagenConfig": TORCH_DATAGEN,
  "ptycho.io.ptychodus_product_io.ExportMeta": EXPORT_META,
};

export const configChecks: Readonly<Record<string, CaseCheck>> = {
  config_defaults: async ({ expected }) => [
    ...Object.entries<CaseJson>(expected.dataclasses).flatMap(([name, { fields }]) =>
      checkClass(name, fields),
    ),
    compareFields("KEY_MAPPINGS", KEY_MAPPINGS, expected.KEY_MAPPINGS),
    ...compareEntries("params DEFAULT_CFG", LEGACY_DEFAULTS, expected.params_DEFAULT_CFG),
    ...compareEntries("CI contract", CI_PROFILE_CONTRACT, expected.CI_PROFILE_CONTRACT_FIELDS),
    ...compareEntries("CI bundle", CI_PROFILE_BUNDLE, expected.CI_PROFILE_BUNDLE),
    ...Object.entries<CaseJson>(expected.default_instances).map(([name, value]) =>
      compareFields(`${name}()`, opened(defaultInstance(name, value)), value),
    ),
    ...(await Promise.all(
      Object.entries<CaseJson>(expected.cli).map(([surface, flags]) => checkFlags(surface, flags)),
    )),
  ],

  config_bridge: async ({ expected }) => checkBridge(expected),

  config_execution: async ({ expected, config }) => [
    ...expected.constructor.flatMap((given: CaseJson, i: number) =>
      checkExecution(`constructor ${i}`, given, (warn) =>
        executionConfig(decoded(given.kwargs), MACHINE, warn),
      ),
    ),
    ...expected.resolve_accelerator.flatMap((given: CaseJson, i: number) => {
      const warnings: Warning[] = [];
      const name = `resolve_accelerator ${i}`;
      const call = () =>
        resolveAccelerator(given.accelerator, given.device ?? undefined, MACHINE, (warning) =>
          warnings.push(warning),
        );
      const error = given.status === "ok" ? undefined : given.value;
      const outcome = compareOutcome(name, call, { status: given.status, error }, (answer) =>
        compareFields(name, { value: answer }, { value: given.value }),
      );
      return [outcome, compareWarnings(`${name} warnings`, warnings, given.warnings)];
    }),
    ...expected.build_execution_config_from_args.flatMap((given: CaseJson, i: number) =>
      checkExecution(`from arguments ${i}`, given, (warn) =>
        executionConfigFromArguments(decoded(given.namespace), given.mode, MACHINE, warn),
      ),
    ),
    ...(await withConfigFiles(config, (folder) =>
      expected.validate_paths.flatMap((given: CaseJson, i: number) =>
        checkPaths(`validate_paths ${i}`, given, folder),
      ),
    )),
  ],

  config_infer_probe_size: async ({ expected, kind }, _arrays, folder) =>
    expected.files.flatMap(({ file, shape, value, warnings }: CaseJson) => {
      const path = join(folder, "samples", kind.replace("config_", ""), file);
      const found = inferProbeSize(path);
      const deviates = shape !== null && shape.length > 2 && !(shape.length === 3 && shape[2] === 1);
      const [rows, columns] = (shape ?? []).slice(-2);
      const named = found.warnings.map((warning) => ({
        ...warning,
        text: warning.text.replaceAll(path, file),
      }));
      if (!deviates)
        return [
          compareFields(file, { N: found.N }, { N: value }),
          compareWarnings(`${file} warnings`, named, warnings),
        ];
      const wrong = found.N === rows ? [] : [`N is ${found.N}, expected ${rows}`];
      if (named.length !== (rows === columns ? 0 : 1)) wrong.push(`${named.length} warnings`);
      return [resultOf(file, wrong, ["D14"])];
    }),

  config_scenarios: async ({ expected, config }) =>
    withConfigFiles(config, (folder) =>
      expected.scenarios.flatMap((scenario: CaseJson) => checkScenario(scenario, folder)),
    ),

  config_errors: async ({ expected, config }) =>
    withConfigFiles(config, (folder) =>
      expected.checks.map((check: CaseJson) => checkErrorCase(check, folder)),
    ),

  config_metadata: checkMetadataCase,
};

/** The defaults of a class; required paths are those of the golden. */
function defaultInstance(name: string, { model_path, test_data_file }: CaseJson): Built {
  return instanceOf(name, name === "InferenceConfig" ? { model_path, test_data_file } : {}, () => {});
}

function checkClass(name: string, golden: readonly CaseJson[]): CheckResult[] {
  const table = CLASSES[name];
  if (table === undefined) return [{ name, passed: false, detail: "there is no table of this class" }];
  const rows = Object.entries(table.fields).map(([field, [annotation, ...fallback]]) => [
    field,
    annotation,
    ...fallback,
  ]);
  const wanted = golden.map((field) => [
    field.name,
    field.type,
    ...(field.required ? [] : [plain(field.default)]),
  ]);
  return [
    compareOrder(
      `${name} order`,
      Object.keys(table.fields),
      golden.map((field) => field.name),
    ),
    compareFields(name, { rows }, { rows: wanted }),
  ];
}

function checkExecution(
  name: string,
  given: CaseJson,
  make: (warn: (warning: Warning) => void) => Built,
): CheckResult[] {
  const warnings: Warning[] = [];
  const outcome = compareOutcome(
    name,
    () => make((warning) => warnings.push(warning)),
    given as { status: string },
    (made) => compareFields(name, opened(made as Built), given.value),
  );
  return [outcome, compareWarnings(`${name} warnings`, warnings, given.warnings)];
}

function checkPaths(name: string, given: CaseJson, folder: string): CheckResult[] {
  const inFolder = (path: string | null) => (path === null ? undefined : join(folder, path));
  const outputDir = join(folder, given.output_dir);
  const files = { train: inFolder(given.train_file), test: inFolder(given.test_file), outputDir };
  const error = given.error === null ? undefined : given.error;
  const withFolder = error && { ...error, message: error.message.replace(/: (.*)$/, `: ${folder}/$1`) };
  return [
    compareOutcome(name, () => validatePaths(files), { status: given.status, error: withFolder }),
    resultOf(
      `${name} folder`,
      existsSync(outputDir) === given.output_dir_created ? [] : ["made or not made wrongly"],
    ),
  ];
}
