// The bridge and the legacy record: PyTorch classes -> canonical ones -> `params.cfg`.
import { toInferenceConfig, toModelConfig, toTrainingConfig } from "../../src/config/original/bridge.js";
import { modelConfig } from "../../src/config/original/canonical.js";
import { type Built, build, type Given, type Warning } from "../../src/config/original/dataclass.js";
import {
  LEGACY_DEFAULTS,
  legacyParam,
  populateLegacyParams,
  toLegacyParams,
  withLegacyParam,
} from "../../src/config/original/legacy.js";
import { TORCH_DATA, TORCH_MODEL, TORCH_TRAINING } from "../../src/config/original/torch.js";
import type { CaseJson, CheckResult } from "./check.js";
import {
  compareFields,
  compareOutcome,
  compareWarnings,
  type Exceptions,
  opened,
  plain,
  resultOf,
} from "./config-compare.js";
import { NOT_CARRIED } from "./config-deviations.js";
import { compareEntries, decoded, instanceOf } from "./config-instances.js";

export function checkBridge(expected: CaseJson): CheckResult[] {
  return [
    ...expected.to_model_config.map((given: CaseJson, i: number) => {
      const model = build(TORCH_MODEL, decoded(given.model));
      const made = toModelConfig(build(TORCH_DATA, decoded(given.data)), model, decoded(given.overrides));
      return compareFields(`to_model_config ${i}`, opened(made), given.value, carried("model", given.model));
    }),
    ...expected.to_training_config.flatMap(checkToTraining),
    ...expected.to_inference_config.map((given: CaseJson, i: number) => {
      const data = build(TORCH_DATA, decoded(given.data));
      const model = toModelConfig(data, build(TORCH_MODEL, {}));
      const made = toInferenceConfig(model, data, decoded(given.overrides), () => {});
      return compareFields(`to_inference_config ${i}`, opened(made), given.value);
    }),
    ...expected.legacy.flatMap(checkLegacy),
    ...expected.n_images_deprecation.flatMap((given: CaseJson, i: number) => {
      const warnings: Warning[] = [];
      const made = instanceOf(given.cls, given.kwargs, (warning) => warnings.push(warning));
      const { n_groups, n_images } = made.values as Given;
      const name = `${given.cls} n_images ${i}`;
      return [
        compareFields(name, { n_groups, n_images }, { n_groups: given.n_groups, n_images: given.n_images }),
        compareWarnings(`${name} warnings`, warnings, given.warnings),
      ];
    }),
    ...checkSeal(expected.seal),
  ];
}

/** Fields that the original's bridge leaves behind: here they are as given. */
function carried(part: keyof typeof NOT_CARRIED, given: CaseJson): Exceptions {
  const names = (NOT_CARRIED[part] as readonly string[]).filter((name) => Object.hasOwn(given, name));
  return new Map(names.map((name) => [name, { value: plain(given[name]), rule: "D34" }]));
}

function checkToTraining(given: CaseJson, i: number): CheckResult[] {
  const name = `to_training_config ${i}`;
  const warnings: Warning[] = [];
  const call = () => {
    const data = build(TORCH_DATA, decoded(given.data));
    const model = build(TORCH_MODEL, decoded(given.model));
    const training = build(TORCH_TRAINING, decoded(given.training));
    const overrides = decoded(given.overrides);
    const warn = (warning: Warning) => warnings.push(warning);
    return toTrainingConfig(toModelConfig(data, model), data, model, training, overrides, warn);
  };
  return [
    compareOutcome(name, call, given as { status: string }, (made) =>
      compareFields(name, opened(made as Built), given.value, carried("training", given.training ?? {})),
    ),
    compareWarnings(`${name} warnings`, warnings, given.warnings),
  ];
}

function checkLegacy(given: CaseJson, i: number): CheckResult[] {
  const { model, ...own } = decoded(given.config);
  const built = model === undefined ? given.config : { ...own, model: modelConfig(model as Given) };
  const config = instanceOf(given.config_class, built, () => {});
  const name = `legacy ${i} ${given.config_class}`;
  const start = { ...LEGACY_DEFAULTS, ...startOf(given.note) };
  const results = compareEntries(name, toLegacyParams(config as never), given.dataclass_to_legacy_dict); // any of the classes
  if (given.config_class === "ModelConfig") return results;
  const { params } = populateLegacyParams(config as never, { existing: start, force: true });
  return [...results, ...compareEntries(`${name} record`, params, given.params_cfg_after)];
}

/** "params.cfg started as DEFAULT_CFG plus test_data_file_path=OLD.npz, n_subsample=77" */
function startOf(note: string): Given {
  const [, plus = ""] = note.split(" plus ");
  const pairs = [...plus.matchAll(/([\w.]+)=([^,\s]+)/g)].map(([, key, value]) => [key, value] as const);
  return Object.fromEntries(
    pairs.map(([key, value]) => [key, Number.isNaN(Number(value)) ? value : Number(value)]),
  );
}

function checkSeal(golden: CaseJson): CheckResult[] {
  const warned = golden.log.filter(([level]: [string]) => level === "WARNING");
  const wanted = warned.map(([, message]: [string, string]) => ({ category: "UserWarning", message }));
  const keys = golden.writes.flatMap((write: string) => /^set (\w+)$/.exec(write)?.[1] ?? []);
  const written = keys.map((key: string) => withLegacyParam(LEGACY_DEFAULTS, key, 1, true));
  const warnings = written.flatMap((result: { warnings: readonly Warning[] }) => result.warnings);
  const frozen = (() => {
    try {
      (LEGACY_DEFAULTS as Record<string, unknown>).gridsize = 9;
      return ["the record can be written to"];
    } catch {
      return legacyParam(LEGACY_DEFAULTS, "gridsize") === 2 ? [] : ["the record has changed"];
    }
  })();
  return [compareWarnings("seal", warnings, wanted), resultOf("seal, written directly", frozen, ["frozen"])];
}
