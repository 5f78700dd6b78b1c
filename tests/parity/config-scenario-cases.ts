// The factory scenarios: request -> every object of the payload, the audit in order, the warnings, the legacy record.
import { join } from "node:path";
import type { Built, Given } from "../../src/config/original/dataclass.js";
import { EXECUTION_CONFIG, executionConfig } from "../../src/config/original/execution-config.js";
import { inferenceOverrides } from "../../src/config/original/inference-payload.js";
import { KEY_MAPPINGS } from "../../src/config/original/legacy.js";
import type { AuditEntry, InferencePayload, TrainingPayload } from "../../src/config/original/payload.js";
import { TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "../../src/config/original/torch.js";
import { trainingOverrides } from "../../src/config/original/training-payload.js";
import { createInferencePayload, createTrainingPayload } from "../../src/workflows/create-payload.js";
import type { CaseJson, CheckResult } from "./check.js";
import {
  compareFields,
  compareOrder,
  compareOutcome,
  compareWarnings,
  type Exception,
  opened,
  plain,
  resultOf,
} from "./config-compare.js";
import { DROPPED_IN_TRAINING, NOT_CARRIED } from "./config-deviations.js";

/** The factory of a case: scenario in, payload out, as the original's call. */
export function runFactory(given: CaseJson, folder: string): TrainingPayload | InferencePayload {
  const kwargs = given.execution_config_kwargs;
  const common = {
    outputDir: given.output_dir,
    overrides: plain(given.overrides === null ? {} : Object.fromEntries(given.overrides)) as Given,
    executionConfig:
      kwargs === null ? undefined : executionConfig(plain(kwargs) as Given, { cuda: false }, () => {}),
  };
  const file = join(folder, given.data_file);
  return given.kind === "training"
    ? createTrainingPayload({ ...common, trainDataFile: file, profile: given.profile ?? undefined })
    : createInferencePayload({ ...common, modelPath: join(folder, given.model_path), testDataFile: file });
}

/** One scenario. Names that are not known must be refused by name; the rest is compared without them. */
export function checkScenario(scenario: CaseJson, folder: string): CheckResult[] {
  const { name } = scenario;
  const known = scenario.kind === "training" ? trainingOverrides() : inferenceOverrides();
  const unknown = scenario.overrides.map(([key]: [string]) => key).filter((key: string) => !known.has(key));
  const results: CheckResult[] = [];
  for (const key of unknown) results.push(checkRefusal(scenario, key, folder));
  const without = ([key]: [string]) => !unknown.includes(key);
  const rest = {
    ...scenario,
    overrides: scenario.overrides.filter(without),
    overrides_applied: scenario.overrides_applied?.filter(without),
  };
  let payload: TrainingPayload | InferencePayload | undefined;
  const outcome = compareOutcome(
    name,
    () => runFactory(rest, folder),
    rest,
    (answer) => {
      payload = answer as TrainingPayload; // what runFactory gives
      return { name, passed: true, detail: "accepted by both" };
    },
  );
  results.push(outcome);
  return payload === undefined ? results : [...results, ...checkPayload(rest, payload, folder)];
}

function checkRefusal(scenario: CaseJson, key: string, folder: string): CheckResult {
  try {
    runFactory(scenario, folder);
    return { name: `${scenario.name} ${key}`, passed: false, detail: "an unknown name was accepted" };
  } catch (error) {
    const named = String(error).includes(`'${key}'`);
    return resultOf(`${scenario.name} ${key}`, named ? [] : [`refused without its name: ${error}`], ["D36"]);
  }
}

function checkPayload(
  scenario: CaseJson,
  payload: TrainingPayload | InferencePayload,
  folder: string,
): CheckResult[] {
  const { name } = scenario;
  const ours = inGoldenPaths(payload, folder);
  const rules = exceptionsOf(scenario);
  const objects = [
    ["tf_training_config", "tfTrainingConfig"],
    ["tf_inference_config", "tfInferenceConfig"],
    ["pt_data_config", "ptDataConfig"],
    ["pt_model_config", "ptModelConfig"],
    ["pt_training_config", "ptTrainingConfig"],
    ["pt_inference_config", "ptInferenceConfig"],
    ["execution_config", "executionConfig"],
  ] as const;
  const compared = objects.flatMap(([theirs, own]) => {
    const golden = scenario[theirs];
    if (golden === undefined || golden === null) return [];
    const record = opened((ours as unknown as Record<string, Built>)[own]); // a payload by its keys
    const { model, ...flat } = record;
    const exceptions = rules.get(theirs) ?? new Map();
    if (model === undefined) return [compareFields(`${name} ${theirs}`, record, golden, exceptions)];
    const { model: goldenModel, ...goldenFlat } = golden;
    return [
      compareFields(`${name} ${theirs}`, flat, goldenFlat, exceptions),
      compareFields(`${name} ${theirs}.model`, model as Given, goldenModel, rules.get("model") ?? new Map()),
    ];
  });
  return [
    ...compared,
    ...checkAudit(scenario, ours.overridesApplied),
    compareWarnings(`${name} warnings`, ours.warnings, scenario.warnings),
    checkLegacyRecord(scenario, ours.legacyParams, rules),
    resultOf(
      `${name} sealed`,
      Object.isFrozen(payload.legacyParams) === scenario.params_sealed ? [] : ["not frozen"],
    ),
  ];
}

/** The payload with paths as the golden has them, relative to its folder. */
function inGoldenPaths<T>(payload: T, folder: string): T {
  return JSON.parse(JSON.stringify(payload).replaceAll(`${folder}/`, ""));
}

type Rules = Map<string, Map<string, Exception>>;

/** What the rules of the contracts make of a scenario: by object and field, the value instead of the golden's. */
function exceptionsOf(scenario: CaseJson): Rules {
  const rules: Rules = new Map();
  const overrides = plain(Object.fromEntries(scenario.overrides)) as Given;
  const put = (object: string, field: string, value: unknown, rule: Exception["rule"]) =>
    rules.set(object, new Map([...(rules.get(object) ?? []), [field, { value, rule }]]));
  const training = scenario.kind === "training";
  const canonical = training ? "tf_training_config" : "tf_inference_config";
  if (training && overrides.test_data_file === null)
    put("pt_training_config", "test_data_file", null, "none");
  if (training && overrides.nepochs !== undefined && !("epochs" in overrides || "max_epochs" in overrides)) {
    put("pt_training_config", "epochs", overrides.nepochs, "D35");
    put(canonical, "nepochs", overrides.nepochs, "D35");
  }
  if (training && overrides.nll !== undefined && overrides.nll_weight === undefined) {
    put("pt_training_config", "nll", overrides.nll, "D35");
    put(canonical, "nll_weight", overrides.nll === true ? 1 : 0, "D35");
  }
  if (!training && overrides.K !== undefined) put(canonical, "neighbor_count", overrides.K, "D35");
  if (overrides.n_subsample !== undefined) put("pt_data_config", "n_subsample", 7, "D8");
  for (const [field, value] of Object.entries(overrides)) {
    if ((NOT_CARRIED.model as readonly string[]).includes(field)) put("model", field, value, "D34");
    if (training && (NOT_CARRIED.training as readonly string[]).includes(field))
      put(canonical, field, value, "D34");
    if (training && (DROPPED_IN_TRAINING as readonly string[]).includes(field))
      put(canonical, field, value, "D35");
    const inInference = Object.hasOwn(TORCH_INFERENCE.fields, field) && !(training && field === "batch_size");
    if (inInference) put("pt_inference_config", field, value, "D35");
    if (!training && field in (scenario.pt_data_config ?? {}) && field !== "n_subsample")
      put("pt_data_config", field, value, "D35");
    if (
      !training &&
      field in scenario.tf_inference_config.model &&
      !["model_type", "amp_activation"].includes(field)
    )
      put("model", field, value, "D35");
    if (!training && field in scenario.tf_inference_config) put(canonical, field, value, "D35");
  }
  for (const [field, value] of Object.entries(overrides))
    if (onlyExecution(field)) put("execution_config", field, value, "D38");
  const execution = plain(scenario.execution_config_kwargs ?? {}) as Given;
  for (const [field, value] of Object.entries(execution)) {
    if (Object.hasOwn(overrides, field)) continue;
    for (const object of ["pt_training_config", "pt_model_config", "pt_inference_config", canonical])
      if (field in (scenario[object] ?? {})) put(object, field, value, "D38");
  }
  return rules;
}

/** Whether only the execution configuration has the field, so that an override of it must arrive there. */
function onlyExecution(field: string): boolean {
  const others = [TORCH_TRAINING, TORCH_MODEL, TORCH_INFERENCE];
  return (
    Object.hasOwn(EXECUTION_CONFIG.fields, field) &&
    !others.some(({ fields }) => Object.hasOwn(fields, field))
  );
}

/** The golden's lines in its order; the value of the execution configuration yields to an explicit one, and is told. */
function checkAudit(scenario: CaseJson, lines: readonly AuditEntry[]): CheckResult[] {
  const { name } = scenario;
  const golden: readonly [string, CaseJson][] = scenario.overrides_applied;
  const explicit = new Map<string, CaseJson>(scenario.overrides);
  const execution = scenario.execution_config_kwargs ?? {};
  const wrong: string[] = [];
  let told = false;
  for (const [key, value] of golden) {
    const line = lines.find((candidate) => candidate.name === key);
    if (line === undefined) continue; // the order tells
    if (typeof line.source !== "string" || line.source.length === 0) wrong.push(`${key} has no source`);
    const isExecution = Object.hasOwn(EXECUTION_CONFIG.fields, key);
    const wanted = isExecution && explicit.has(key) ? explicit.get(key) : value;
    if (JSON.stringify(line.value) !== JSON.stringify(plain(wanted)))
      wrong.push(`${key} is ${JSON.stringify(line.value)}, expected ${JSON.stringify(wanted)}`);
    const overruled = isExecution && explicit.has(key) && Object.hasOwn(execution, key);
    if (
      overruled &&
      !line.overruled.some((loser) => loser.value === value && loser.source === "execution config")
    )
      wrong.push(`${key} does not tell that ${JSON.stringify(value)} of the execution config was overruled`);
    told ||= JSON.stringify(wanted) !== JSON.stringify(value);
  }
  const wantedSource = (key: string) => (explicit.has(key) ? "override" : undefined);
  for (const line of lines)
    if (wantedSource(line.name) !== undefined && line.source !== "override")
      wrong.push(`${line.name} was given as an override and is listed as ${line.source}`);
  const names = lines.map((line) => line.name);
  const more = names.slice(golden.length);
  const stray = more.filter((key) => !Object.hasOwn(execution, key));
  if (stray.length > 0) wrong.push(`lists ${stray.join(", ")} too`);
  const order = golden.map(([key]) => key);
  return [
    compareOrder(`${name} audit order`, names.slice(0, golden.length), order),
    resultOf(`${name} audit`, wrong, told ? ["D38"] : []),
  ];
}

/** The record after the scenario: as the golden, with the exceptions of the canonical fields but not of the execution ones. */
function checkLegacyRecord(scenario: CaseJson, params: Given, rules: Rules): CheckResult {
  const canonical = scenario.kind === "training" ? "tf_training_config" : "tf_inference_config";
  const exceptions = new Map<string, Exception>();
  for (const object of [canonical, "model"])
    for (const [field, exception] of rules.get(object) ?? [])
      if (exception.rule !== "D38" && exception.value !== null)
        exceptions.set(KEY_MAPPINGS[field] ?? field, exception);
  return compareFields(
    `${scenario.name} legacy record`,
    params,
    Object.fromEntries(scenario.params_cfg),
    exceptions,
  );
}
