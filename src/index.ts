// The public door of the package. docs/library.md is its guide.
export { type Adapted, type AdaptOptions, type AdaptSettings, adapt } from "./api/adapt.js";
export { type EvaluateOptions, evaluate } from "./api/evaluate.js";
export { type InferOptions, type Inferred, infer } from "./api/infer.js";
export {
  ConfigManager,
  type ConfigManagerOptions,
  type OriginalConfigs,
} from "./api/original/config-manager.js";
export {
  type FromNpOptions,
  PtychoDataLoader,
  type PtychoDataLoaderOptions,
} from "./api/original/data-loader.js";
export { InferenceEngine, type InferenceEngineOptions } from "./api/original/inference-engine.js";
export { type LoadOptions, PtychoModel, type PtychoModelOptions } from "./api/original/model.js";
export { Trainer, type TrainerOptions, type TrainerRun } from "./api/original/trainer.js";
export { loadReconstruction, type Reconstructed } from "./api/picture.js";
export { type ReconstructOptions, type ReconstructOutcome, reconstruct } from "./api/reconstruct.js";
export { diffRuns, type ReplayOptions, replay } from "./api/replay.js";
export type { ScanSource, Settings } from "./api/request.js";
export type { Run } from "./api/run.js";
export {
  type RunInferencePayloadOptions,
  type RunPayloadOptions,
  runInferencePayload,
  runTrainingPayload,
} from "./api/run-payload.js";
export { type RunWholeOptions, runWhole, type WholeResult } from "./api/run-whole.js";
export { type SimulateOptions, simulate } from "./api/simulate.js";
export { type TrainOptions, train } from "./api/train.js";
export { type Bundle, loadBundle } from "./bundle/load-bundle.js";
export {
  inferenceConfig,
  modelConfig,
  trainingConfig,
} from "./config/original/canonical.js";
export { type ExecutionConfig, executionConfig, type Machine } from "./config/original/execution-config.js";
export {
  KEY_MAPPINGS,
  type LegacyParams,
  populateLegacyParams,
  toLegacyParams,
} from "./config/original/legacy.js";
export type {
  AuditEntry,
  InferencePayload,
  InferencePayloadRequest,
  TrainingPayload,
  TrainingPayloadRequest,
} from "./config/original/payload.js";
export { toInferRequest } from "./config/original/to-infer-request.js";
export { toTrainRequest } from "./config/original/to-request.js";
export { type ConfigRequest, type ResolvedConfig, resolveConfig } from "./config/resolve.js";
export { type ErrorTag, exitCodeOf, isPtychoError, PtychoError } from "./core/errors.js";
export type { ComplexArray, NdArray } from "./core/ndarray.js";
export type { ProgressEvent } from "./core/progress.js";
export { VERSION } from "./core/version.js";
export type { AmplitudeContainer, Container, CountsContainer } from "./data/container.js";
export { type Domain, type Measurement, type RawData, scanSize, type Truth } from "./data/raw-data.js";
export {
  type ComplexParts,
  type Numbers,
  rawDataFromArrays,
  type ScanArrays,
} from "./data/raw-data-from-arrays.js";
export { type ReadScanOptions, readScan, type Scan } from "./data/read-scan.js";
export { toAmplitude } from "./data/to-amplitude.js";
export { writeCxi } from "./data/writers/cxi.js";
export { type ScanToWrite, writeScanNpz } from "./data/writers/npz-scan.js";
export type { Difference as RunDifference } from "./workflows/compare-runs.js";
export type {
  AdaptResult,
  EvaluateResult,
  InferResult,
  ReconstructResult,
  ReplayResult,
  SimulateResult,
  TrainResult,
} from "./workflows/contract.js";
export {
  createInferencePayload,
  createTrainingPayload,
  inferProbeSize,
  validatePaths,
} from "./workflows/create-payload.js";
