// What the command line (and later the server) asks of the workflows, and what they answer. Each workflow is an async
// generator of progress events that returns its result. On abort it finishes the step, saves what there is to save, and
// throws PtychoError "Interrupted".
import type { Bundle } from "../bundle/load-bundle.js";
import type { Layer } from "../config/layer.js";
import type { ResolvedConfig } from "../config/resolve.js";
import type { Json } from "../core/json.js";
import type { NdArray } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import type { Finding } from "../data/doctor/finding.js";
import type { PrepareSteps } from "../data/prepare/prepare-steps.js";
import type { RawData } from "../data/raw-data.js";
import type { ReconstructionMetrics } from "../evaluation/evaluate-reconstruction.js";
import type { ProbeMetrics } from "../evaluation/probe-metrics.js";
import type { ObjectKind, ProbeKind, ScanKind } from "../simulation/kinds.js";
import type { ComparisonFigures } from "./report/comparison-figures.js";

export type Work<R> = AsyncGenerator<ProgressEvent, R, void>;

/** What stands in place of the path of a scan that was handed over as arrays. */
export const IN_MEMORY = "(in memory)";

export interface TrainRequest {
  readonly config: ResolvedConfig<"train">;
  /** A trained model to start from instead of drawn weights; its network must be the one of `config`. */
  readonly start?: Bundle;
  /** The scan itself, instead of the file `train_data_file`, which is then IN_MEMORY. */
  readonly scan?: RawData;
  /** The held-out scan itself, instead of the file `test_data_file`, which is then IN_MEMORY. */
  readonly testScan?: RawData;
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
  /** Shapes of the arrays that training read, by name; those of the validation data begin with `validation_`. */
  readonly containerShapes: Readonly<Record<string, readonly number[]>>;
  /**
   * Factor between the patterns as the network sees them and the physics: sqrt(nphotons / mean sum of squares) to
   * sqrt(counts) for amplitudes, the input scale of the counts for counts; undefined where there is none (unrolled).
   */
  readonly intensityScale: number | undefined;
  /** The picture, where do_stitching asked for one. */
  readonly stitched?: InferResult;
}

export interface InferRequest {
  readonly config: ResolvedConfig<"infer">;
  /** The model itself, instead of the archive `model_path`. */
  readonly model?: Bundle;
  /** The scan itself, instead of the file `test_data_file`, which is then IN_MEMORY. */
  readonly scan?: RawData;
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
  /** [G, 1, 1, 2] centre of every group (a pattern, where the model takes them one by one), (x, y) in object pixels. */
  readonly offsetsPx: NdArray<"float64">;
}

export interface AdaptRequest {
  /** Archive of the trained model, or the folder that holds it. */
  readonly modelPath: string;
  readonly scanFile: string;
  /** The scan itself, instead of the file `scanFile`, which is then IN_MEMORY. */
  readonly scan?: RawData;
  /** What was asked for explicitly (see ADAPT_FIELDS); the rest is the model's. */
  readonly asked: Layer;
  readonly signal: AbortSignal;
}

/** The adapted model and its picture, all in `outputDir`. */
export interface AdaptResult extends TrainResult, InferResult {}

export { OBJECT_KINDS, PROBE_KINDS, SCAN_KINDS } from "../simulation/kinds.js";

export interface SimulateRequest {
  /** File to write (.npz), with the truth in `objectGuess`. */
  readonly outputFile: string;
  readonly object: ObjectKind;
  /** Give the object a phase; otherwise it is real. */
  readonly phase: boolean;
  readonly probe: ProbeKind;
  readonly scan: ScanKind;
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
  /** Object from `object` or `objectGuess` of this file, in place of `object` and `objectSizePx`. */
  readonly objectFile?: string;
  /** Probe from this file (.npz with `probe` or `probeGuess`, or .npy), in place of `probe`. */
  readonly probeFile?: string;
  /** Positions from `xcoords` and `ycoords` of this file, in place of `scan` and `patterns`. */
  readonly scanFile?: string;
  /** Radius of the lit part of the probe, pixels; that of the original's default probe when absent. */
  readonly probeRadiusPx?: number;
  /** Largest jitter of a raster scan along each axis, as a share of its step; 0.3 when absent. */
  readonly scanJitter?: number;
  /** Poisson counts (when absent) or expected ones. */
  readonly noise?: "poisson" | "none";
  /** R.m.s. noise of the readout of each pixel, counts; none when absent. */
  readonly readoutNoise?: number;
  /** Counts at which a pixel is full; without limit when absent. */
  readonly saturation?: number;
  /** Radius of a stop in the middle of the detector, pixels, masked in the file; none when absent. */
  readonly beamStopPx?: number;
  /** One file for each of these numbers of photons per pattern, in place of `photons`. */
  readonly doseLadder?: readonly number[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface SimulateResult {
  /** The first file that was written. */
  readonly outputFile: string;
  /** All of them: one, or one for each dose. */
  readonly outputFiles: readonly string[];
  readonly patterns: number;
}

export interface EvaluateRequest {
  /** `reconstruction.npz`, or the folder that holds it. */
  readonly reconstruction: string;
  /** Scan file whose `objectGuess` is the truth. */
  readonly truth: string;
  /** Edge of the central window that is scored, pixels; the scanned rectangle when absent. */
  readonly cropPx?: number;
  /** Edge of an object pixel, metres; when absent what the reconstruction says, if it does. */
  readonly pixelSizeM?: number;
  /** Where to write the metrics as JSON; not written when absent. */
  readonly outputFile?: string;
  readonly signal: AbortSignal;
}

export interface EvaluateResult {
  readonly metrics: ReconstructionMetrics;
  /** The probe of the reconstruction against `probeGuess` of the truth, where both are there. */
  readonly probe?: ProbeMetrics;
  readonly outputFile?: string;
}

export interface CompareRequest {
  /** Each a reconstruction.npz, the folder that holds it, or a product of another program; two, or one with a truth. */
  readonly reconstructions: readonly string[];
  /** What they are called, one each; names from the paths when absent. */
  readonly labels?: readonly string[];
  /** Scan file or product with the known object; read only when given. */
  readonly truth?: string;
  /** Largest edge of what is compared, pixels; all that they share when absent. */
  readonly cropPx?: number;
  /** Edge of an object pixel, metres; when absent what the files say, if they do. */
  readonly pixelSizeM?: number;
  /** HTML page to write. */
  readonly outputFile: string;
  /** Where to write the figures as JSON; not written when absent. */
  readonly jsonFile?: string;
  readonly signal: AbortSignal;
}

export interface CompareResult {
  readonly outputFile: string;
  readonly jsonFile?: string;
  readonly figures: ComparisonFigures;
}

export type DemoScan = Omit<SimulateRequest, "outputFile" | "signal">;
/** Fields of train. */
export type DemoTraining = Readonly<Record<string, number | string | boolean>>;

export interface FixtureRequest {
  /** Scan to take patterns from (.npz). */
  readonly source: string;
  /** Fixture to write (.npz). */
  readonly output: string;
  /** Patterns to take, 16 or more. */
  readonly subsetSize: number;
  /** Where its description goes; beside the fixture, as .json, when absent. */
  readonly metadataFile?: string;
  readonly signal: AbortSignal;
}

export interface FixtureResult {
  readonly output: string;
  readonly metadataFile: string;
  /** Of the fixture's bytes, hexadecimal. */
  readonly sha256: string;
}

export interface DemoRequest {
  readonly outputDir: string;
  /** What is simulated, where it differs from the usual demo: a smaller scan ends sooner. */
  readonly scan?: Partial<DemoScan>;
  /** What is trained with, where it differs from the usual demo. */
  readonly training?: DemoTraining;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly outputDir: string;
  readonly reconstructionPath: string;
  readonly amplitudePicturePath: string;
  readonly phasePicturePath: string;
  readonly metricsPath: string;
  readonly metrics: ReconstructionMetrics;
}

export interface ReconstructRequest {
  /** Scan to reconstruct. */
  readonly file: string;
  /** The scan itself, instead of `file`, which is then IN_MEMORY. */
  readonly scan?: RawData;
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

export interface ReplayRequest {
  /** run.json of the run, or the folder that holds it. */
  readonly record: string;
  readonly outputDir: string;
  /** Go on although an input is not the recorded one. */
  readonly allowMismatch: boolean;
  readonly signal: AbortSignal;
}

export interface ReplayResult {
  readonly command: string;
  readonly outputDir: string;
  /** The record of the repetition. */
  readonly recordPath: string;
  /** Recorded outputs and figures that came out equal, bit for bit. */
  readonly equal: readonly string[];
  /** Those that came out otherwise, or not at all. */
  readonly different: readonly string[];
  /** Versions and parts of the machine that are not as recorded, one text each. */
  readonly environment: readonly string[];
}

export interface InspectRequest {
  /** Scan file of any format. */
  readonly file: string;
  /** Mapping file of an HDF5 layout that no reader knows. */
  readonly mapFile?: string;
  /** What the diffraction values are; by the contract of the format, amplitudes of an NPZ file, when absent. */
  readonly units?: "amplitude" | "counts";
  readonly axisOrder?: "NHW" | "HWN";
  /** Try the positions in other orientations by short reconstructions. */
  readonly sweep: boolean;
  /** Threads of these; the cores of this machine, 8 at most, when absent. */
  readonly threads?: number;
  /** Where the report is written as one HTML page; not written when absent. */
  readonly reportFile?: string;
  /** Where a mapping file for this HDF5 file is suggested; not written when absent. */
  readonly suggestedMapFile?: string;
  readonly signal: AbortSignal;
}

export interface InspectResult {
  readonly file: string;
  /** No finding is an error. */
  readonly isUsable: boolean;
  readonly findings: readonly Finding[];
  /** What the file is, by subject. */
  readonly description: { readonly [subject: string]: Json };
  readonly reportFile?: string;
  readonly suggestedMapFile?: string;
}

export interface PrepareRequest extends PrepareSteps {
  readonly file: string;
  /** NPZ file to write; with `split` the two of them bear `_train` and `_test` in their names. */
  readonly outputFile: string;
  /** Mapping file of an HDF5 layout that no reader knows. */
  readonly mapFile?: string;
  readonly signal: AbortSignal;
}

export interface PrepareResult {
  readonly outputFiles: readonly string[];
  /** Patterns in each of them. */
  readonly patterns: readonly number[];
  /** Width of a pattern. */
  readonly N: number;
  /** What was done, one sentence a step. */
  readonly steps: readonly string[];
}

/** All workflows that the command line calls. */
export interface Workflows {
  readonly train: (request: TrainRequest) => Work<TrainResult>;
  readonly infer: (request: InferRequest) => Work<InferResult>;
  readonly adapt: (request: AdaptRequest) => Work<AdaptResult>;
  readonly simulate: (request: SimulateRequest) => Work<SimulateResult>;
  readonly evaluate: (request: EvaluateRequest) => Work<EvaluateResult>;
  readonly compare: (request: CompareRequest) => Work<CompareResult>;
  readonly reconstruct: (request: ReconstructRequest) => Work<ReconstructResult>;
  readonly demo: (request: DemoRequest) => Work<DemoResult>;
  readonly fixture: (request: FixtureRequest) => Work<FixtureResult>;
  readonly inspect: (request: InspectRequest) => Work<InspectResult>;
  readonly prepare: (request: PrepareRequest) => Work<PrepareResult>;
  readonly replay: (request: ReplayRequest) => Work<ReplayResult>;
}
