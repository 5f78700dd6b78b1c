// What the command line (and later the server) asks of the workflows, and what they answer. Each workflow is an async
// generator of progress events that returns its result. On abort it finishes the step, saves what there is to save, and
// throws PtychoError "Interrupted".
import type { ResolvedConfig } from "../config/resolve.js";
import type { ProgressEvent } from "../core/progress.js";
import type { ReconstructionMetrics } from "../evaluation/evaluate-reconstruction.js";

export type Work<R> = AsyncGenerator<ProgressEvent, R, void>;

export interface TrainRequest {
  readonly config: ResolvedConfig<"train">;
  readonly signal: AbortSignal;
}

export interface TrainResult {
  /** The saved model, `<outputDir>/wts.h5.zip`. */
  readonly archivePath: string;
  readonly outputDir: string;
  readonly history: {
    /** Mean loss of each epoch. */
    readonly trainLoss: readonly number[];
    /** Validation loss of each epoch; absent without validation data. */
    readonly validationLoss?: readonly number[];
  };
  /** Why training ended. */
  readonly ended: "completed" | "early stop";
}

export interface InferRequest {
  readonly config: ResolvedConfig<"infer">;
  readonly signal: AbortSignal;
}

export interface InferResult {
  readonly outputDir: string;
  /** `reconstruction.npz`. */
  readonly reconstructionPath: string;
  readonly amplitudePicturePath: string;
  readonly phasePicturePath: string;
  /** Patterns that entered the picture. */
  readonly patterns: number;
}

export const OBJECT_KINDS = ["lines", "dead_leaves"] as const;
export const PROBE_KINDS = ["disk", "defocus"] as const;
export const SCAN_KINDS = ["raster", "fermat"] as const;

export interface SimulateRequest {
  /** File to write (.npz), with the truth in `objectGuess`. */
  readonly outputFile: string;
  readonly object: (typeof OBJECT_KINDS)[number];
  /** Give the object a phase; otherwise it is real. */
  readonly phase: boolean;
  readonly probe: (typeof PROBE_KINDS)[number];
  readonly scan: (typeof SCAN_KINDS)[number];
  /** Edge of a pattern, pixels. */
  readonly N: number;
  /** Number of patterns. */
  readonly patterns: number;
  /** Edge of the object, pixels. */
  readonly objectSizePx: number;
  /** Photons per pattern (mean of the pattern sums). */
  readonly photons: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface SimulateResult {
  readonly outputFile: string;
  readonly patterns: number;
}

export interface EvaluateRequest {
  /** `reconstruction.npz`, or the folder that holds it. */
  readonly reconstruction: string;
  /** Scan file whose `objectGuess` is the truth. */
  readonly truth: string;
  /** Edge of the central window that is scored, pixels; the scanned rectangle when absent. */
  readonly cropPx?: number;
  /** Where to write the metrics as JSON; not written when absent. */
  readonly outputFile?: string;
  readonly signal: AbortSignal;
}

export interface EvaluateResult {
  readonly metrics: ReconstructionMetrics;
  readonly outputFile?: string;
}

export interface DemoRequest {
  readonly outputDir: string;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly outputDir: string;
  readonly amplitudePicturePath: string;
  readonly phasePicturePath: string;
  readonly metricsPath: string;
  readonly metrics: ReconstructionMetrics;
}

/** All workflows that the command line calls. */
export interface Workflows {
  readonly train: (request: TrainRequest) => Work<TrainResult>;
  readonly infer: (request: InferRequest) => Work<InferResult>;
  readonly simulate: (request: SimulateRequest) => Work<SimulateResult>;
  readonly evaluate: (request: EvaluateRequest) => Work<EvaluateResult>;
  readonly demo: (request: DemoRequest) => Work<DemoResult>;
}
