// The public door of the package.
export { type Bundle, loadBundle } from "./bundle/load-bundle.js";
export { type ConfigRequest, type ResolvedConfig, resolveConfig } from "./config/resolve.js";
export { type ErrorTag, exitCodeOf, isPtychoError, PtychoError } from "./core/errors.js";
export type { ComplexArray, NdArray } from "./core/ndarray.js";
export type { ProgressEvent } from "./core/progress.js";
export { VERSION } from "./core/version.js";
export { type RawData, scanSize } from "./data/raw-data.js";
export { type ReadScanOptions, readScan, type Scan } from "./data/read-scan.js";
export { adaptWorkflow } from "./workflows/adapt.js";
export type {
  AdaptResult,
  EvaluateResult,
  InferResult,
  ReconstructResult,
  SimulateResult,
  TrainResult,
  Work,
} from "./workflows/contract.js";
export { evaluateWorkflow } from "./workflows/evaluate.js";
export { inferWorkflow } from "./workflows/infer.js";
export { reconstructWorkflow } from "./workflows/reconstruct.js";
export { simulateWorkflow } from "./workflows/simulate.js";
export { trainWorkflow } from "./workflows/train.js";
