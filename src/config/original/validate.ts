// What the original's validators refuse, and what they should (contract D36): every class checked, ranges included.
import { nearestName, PtychoError } from "../../core/errors.js";
import { type InferenceConfig, MODEL_CONFIG, type ModelConfig, type TrainingConfig } from "./canonical.js";
import { shown } from "./dataclass.js";

const ARCHITECTURES = ["cnn", "ffno", "fno", "fno_vanilla", "neuralop_uno"];

/** @throws PtychoError UsageError naming the field, its value and what is allowed. */
export function validateModelConfig({ values }: ModelConfig): void {
  if (!ARCHITECTURES.includes(values.architecture)) {
    const near = nearestName(String(values.architecture), ARCHITECTURES);
    const hint = near === undefined ? "" : `; did you mean '${near}'?`;
    refuse(
      MODEL_CONFIG.name,
      `Invalid architecture '${values.architecture}'. Expected one of ${ARCHITECTURES.join(", ")}${hint}`,
    );
  }
  positiveInteger(MODEL_CONFIG.name, "gridsize", values.gridsize);
  positiveInteger(MODEL_CONFIG.name, "n_filters_scale", values.n_filters_scale);
  positive(MODEL_CONFIG.name, "probe_scale", values.probe_scale);
  if (!(values.gaussian_smoothing_sigma >= 0))
    refuse(
      MODEL_CONFIG.name,
      `gaussian_smoothing_sigma must be non-negative, got ${shown(values.gaussian_smoothing_sigma)}`,
    );
  if (![64, 128, 256].includes(values.N))
    refuse(
      MODEL_CONFIG.name,
      `N must be 64, 128 or 256 pixels, got ${shown(values.N)}; crop or pad the patterns`,
    );
}

/** @throws PtychoError UsageError naming the field, its value and what is allowed. */
export function validateTrainingConfig({ values }: TrainingConfig): void {
  validateModelConfig(values.model);
  const where = "TrainingConfig";
  if (!Number.isSafeInteger(values.batch_size) || values.batch_size <= 0 || !isPowerOf2(values.batch_size))
    refuse(where, `batch_size must be positive power of 2, got ${shown(values.batch_size)}`);
  positiveInteger(where, "nepochs", values.nepochs);
  for (const name of ["mae_weight", "nll_weight"] as const)
    if (!(values[name] >= 0 && values[name] <= 1))
      refuse(where, `${name} must be in [0,1], got ${shown(values[name])}`);
  positive(where, "nphotons", values.nphotons);
  validateGroups(where, values);
}

/** The fields of an InferenceConfig that need no file; `validateInferenceFiles` of the workflows checks the rest. */
export function validateInferenceConfig({ values }: InferenceConfig): void {
  validateModelConfig(values.model);
  validateGroups("InferenceConfig", values);
}

function validateGroups(
  where: string,
  values: Pick<
    TrainingConfig["values"],
    "n_groups" | "n_subsample" | "neighbor_count" | "neighbor_pool_size"
  >,
): void {
  positiveInteger(where, "neighbor_count", values.neighbor_count);
  for (const name of ["n_groups", "n_subsample", "neighbor_pool_size"] as const)
    if (values[name] !== null) positiveInteger(where, name, values[name]);
}

function isPowerOf2(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function positive(where: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !(value > 0 && Number.isFinite(value)))
    refuse(where, `${name} must be positive, got ${shown(value)}; give a finite number above 0`);
}

function positiveInteger(where: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || Number(value) <= 0)
    refuse(where, `${name} must be positive, got ${shown(value)}; give an integer of 1 or more`);
}

function refuse(where: string, message: string): never {
  throw new PtychoError("UsageError", `${where}: ${message}`);
}
