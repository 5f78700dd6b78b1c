// What the command line (and later the server) asks of the workflows, and what they answer. Each workflow is an async
// generator of progress events that returns its result. On abort it finishes the step, saves what there is to save, and
// throws PtychoError "Interrupted".
import type { Bundle } from "../bundle/load-bundle.js";
import type { Layer } from "../config/layer.js";
import type { ResolvedConfig } from "../config/resolve.js";
import type { ProgressEvent } from "../core/progress.js";
import type { ReconstructionMetrics } from "../evaluation/evaluate-reconstruction.js";

export type Work<R> = AsyncGenerator<ProgressEvent, R, void>;

export interface TrainRequest {
  readonly config: ResolvedConfig<"train">;
  /** A trained model to start from instead of drawn weights; its network must be the one of `config`. */
  readonly start?: Bundle;
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

export interface AdaptRequest {
  /** Archive of the trained model, or the folder that holds it. */
  readonly modelPath: string;
  readonly scanFile: string;
  /** What was asked for explicitly (see ADAPT_FIELDS); the rest is the model's. */
  readonly asked: Layer;
  readonly signal: AbortSignal;
}

/** The adapted model and its picture, all in `outputDir`. */
export interface AdaptResult extends TrainResult, InferResult {}

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
  /** Incoherent modes of the probe; 1 when absent. */
  readonly probeModes?: number;
  /** R.m.s. error of each recorded coordinate, pixels; none when absent. The file keeps the true ones as truth. */
  readonly positionErrorPx?: number;
  /** Share of the detector pixels that are dead or hot, and masked in the file; none when absent. */
  readonly badPixelFraction?: number;
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

export interface ReconstructRequest {
  /** Scan to reconstruct. */
  readonly file: string;
  readonly config: ResolvedConfig<"reconstruct">;
  readonly signal: AbortSignal;
}

export interface ReconstructResult {
  readonly outputDir: string;
  readonly reconstructionPath: string;
  readonly reportPath: string;
  /** All pictures written. */
  readonly pictures: readonly string[];
  /** What was chosen and why, and what was found: sentences. */
  readonly notes: readonly string[];
  readonly engine: string;
  readonly epochs: number;
  /** R of the last epoch; undefined for engine pinn, which has its own losses. */
  readonly residual: number | undefined;
  /** Agreement of two halves of the scan, where it was asked for. */
  readonly halves: HalvesReport | undefined;
}

export interface HalvesReport {
  /** null: one of the halves has no contrast there. */
  readonly phaseCorrelation: number | null;
  readonly amplitudeCorrelation: number | null;
  /** Period where the half-bit threshold is crossed, pixels; null: never, or from the start. */
  readonly halfBitPeriodPx: number | null;
}

/** All workflows that the command line calls. */
export interface Workflows {
  readonly train: (request: TrainRequest) => Work<TrainResult>;
  readonly infer: (request: InferRequest) => Work<InferResult>;
  readonly adapt: (request: AdaptRequest) => Work<AdaptResult>;
  readonly simulate: (request: SimulateRequest) => Work<SimulateResult>;
  readonly evaluate: (request: EvaluateRequest) => Work<EvaluateResult>;
  readonly reconstruct: (request: ReconstructRequest) => Work<ReconstructResult>;
  readonly demo: (request: DemoRequest) => Work<DemoResult>;
}
