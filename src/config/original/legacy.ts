// The original's legacy record (`params.cfg`) as a value: made from a configuration, never a global. No setting of the
// execution configuration enters it (CONFIG-002). CONTRACTS 2.2.
import { nearestName, PtychoError } from "../../core/errors.js";
import type { InferenceConfig, ModelConfig, TrainingConfig } from "./canonical.js";
import { shown, type Warning } from "./dataclass.js";

/** Values by legacy key, in the order in which they came. Frozen. */
export type LegacyParams = Readonly<Record<string, unknown>>;

/** Fields whose legacy key differs from their name. */
export const KEY_MAPPINGS: Readonly<Record<string, string>> = {
  object_big: "object.big",
  probe_big: "probe.big",
  probe_mask: "probe.mask",
  probe_trainable: "probe.trainable",
  intensity_scale_trainable: "intensity_scale.trainable",
  positions_provided: "positions.provided",
  output_dir: "output_prefix",
  train_data_file: "train_data_file_path",
  test_data_file: "test_data_file_path",
};

/** What the record holds before any configuration (ptycho/params.py, DEFAULT_CFG). */
export const LEGACY_DEFAULTS: LegacyParams = Object.freeze({
  N: 128,
  offset: 4,
  gridsize: 2,
  outer_offset_train: null,
  outer_offset_test: null,
  batch_size: 16,
  nepochs: 60,
  n_filters_scale: 2,
  output_prefix: "outputs",
  big_gridsize: 10,
  max_position_jitter: 10,
  sim_jitter_scale: 0,
  default_probe_scale: 0.7,
  mae_weight: 0,
  nll_weight: 1,
  tv_weight: 0,
  realspace_mae_weight: 0,
  realspace_weight: 0,
  nphotons: 1e9,
  nimgs_train: 9,
  nimgs_test: 3,
  data_source: "generic",
  "probe.trainable": false,
  "intensity_scale.trainable": false,
  "positions.provided": false,
  "object.big": true,
  "probe.big": false,
  probe_scale: 10,
  set_phi: false,
  "probe.mask": true,
  pad_object: true,
  model_type: "pinn",
  label: "",
  size: 392,
  amp_activation: "sigmoid",
  h5_path: "wts.h5",
  npseed: 42,
  debug: true,
  gaussian_smoothing_sigma: 0,
  use_xla_translate: true,
});

/** Keys that may change after the record is sealed. */
const UNSEALED = ["intensity_scale", "probe", "timestamp"];
const DATA_SOURCES = "lines grf experimental points testimg diagonals xpp V generic".split(" ");

/** Every field of the configuration under its legacy key, `model` laid flat; renamed keys come last, as in the original. */
export function toLegacyParams(config: TrainingConfig | InferenceConfig | ModelConfig): LegacyParams {
  const { model, ...own } = config.values as Record<string, unknown>;
  const flat: Record<string, unknown> = {
    ...own,
    ...(model === undefined ? {} : (model as ModelConfig).values),
  }; // only these classes have a model
  const renamed = Object.entries(KEY_MAPPINGS).filter(([name]) => Object.hasOwn(flat, name));
  return Object.freeze({
    ...Object.fromEntries(Object.entries(flat).filter(([name]) => !Object.hasOwn(KEY_MAPPINGS, name))),
    ...Object.fromEntries(renamed.map(([name, key]) => [key, flat[name]])),
  });
}

/**
 * The record after a configuration: its values over `existing`, except that a none never overwrites.
 *
 * @param force leave out the warning that `existing` already holds values.
 * @throws PtychoError UsageError for anything but a TrainingConfig or an InferenceConfig.
 */
export function populateLegacyParams(
  config: TrainingConfig | InferenceConfig,
  { existing = LEGACY_DEFAULTS, force = false }: { existing?: LegacyParams; force?: boolean } = {},
): { readonly params: LegacyParams; readonly warnings: readonly Warning[] } {
  const found: unknown = (config as { of?: unknown } | null)?.of;
  if (found !== "TrainingConfig" && found !== "InferenceConfig")
    throw new PtychoError(
      "UsageError",
      `populateLegacyParams: tf_config must be TrainingConfig or InferenceConfig instance, got ${shown(found ?? typeof config)}; build one with trainingConfig or inferenceConfig`,
    );
  const warnings: Warning[] = [];
  if (!force && Object.keys(existing).length > 0)
    warnings.push({
      category: "UserWarning",
      text: "params.cfg already populated: values of this configuration replace those that were there; give force to leave this message out",
    });
  const news = Object.entries(toLegacyParams(config)).filter(([, value]) => value !== null);
  return { params: Object.freeze({ ...existing, ...Object.fromEntries(news) }), warnings };
}

/**
 * The record with one value changed.
 *
 * @param sealed whether a run has begun with the record; then a change is warned about, as the original does.
 * @throws PtychoError UsageError for a data source that is not known, or a realspace_mae_weight without realspace_weight.
 */
export function withLegacyParam(
  params: LegacyParams,
  key: string,
  value: unknown,
  sealed = false,
): { readonly params: LegacyParams; readonly warnings: readonly Warning[] } {
  const changed = Object.freeze({ ...params, [key]: value });
  const { data_source: source, realspace_mae_weight: mae, realspace_weight: weight } = changed;
  if (source !== undefined && !DATA_SOURCES.includes(String(source)))
    throw new PtychoError(
      "UsageError",
      `legacy record: Invalid data source: ${source}. Expected one of ${DATA_SOURCES.join(", ")}`,
    );
  if (Number(mae ?? 0) > 0 && !(Number(weight ?? 0) > 0))
    throw new PtychoError(
      "UsageError",
      `legacy record: realspace_mae_weight ${mae} needs a realspace_weight above 0, got ${weight ?? "none"}; set realspace_weight first`,
    );
  const text = `post-seal params.cfg write: ${key}; the run that was begun does not see it`;
  const late = sealed && !UNSEALED.includes(key);
  return { params: changed, warnings: late ? [{ category: "UserWarning", text }] : [] };
}

/**
 * One value; `bigN` is derived: N + (gridsize - 1) offset, pixels.
 *
 * @throws PtychoError UsageError for a key that is not there, when no `fallback` is given.
 */
export function legacyParam(params: LegacyParams, key: string, ...fallback: readonly unknown[]): unknown {
  if (key === "bigN") return Number(params.N) + (Number(params.gridsize) - 1) * Number(params.offset);
  if (Object.hasOwn(params, key)) return params[key];
  if (fallback.length > 0) return fallback[0];
  const near = nearestName(key, Object.keys(params));
  throw new PtychoError(
    "UsageError",
    `legacy record: there is no key '${key}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
  );
}
