// Scores a stitched reconstruction against a known object: crop, register, align, then the metrics of amplitude and
// phase.
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { mean } from "../numeric/statistics.js";
import {
  amplitudeOf,
  fitPhaseRamp,
  phaseOf,
  removeGlobalPhase,
  removePhaseRamp,
  removePlane,
  scaleToMean,
} from "./align.js";
import { type Crossing, fourierRingCorrelation } from "./fourier-ring-correlation.js";
import {
  correlation,
  meanAbsoluteError,
  meanSquaredError,
  peakSignalToNoise,
  type RealImage,
  rangeOf,
  structuralSimilarity,
} from "./metrics.js";
import { multiscaleSimilarity } from "./multiscale-similarity.js";
import { type OriginalImageFigures, originalFigures, psnrPeak255 } from "./original-figures.js";
import { bestIntegerShift, fourierShift, phaseCorrelationShift, taper } from "./registration.js";
import { chooseWindow, coveredFraction, crop, type Window } from "./window.js";

export interface EvaluationInput {
  /** Stitched canvas [H, W] in object pixels. */
  readonly object: ComplexArray;
  /** [x, y] of canvas pixel [0, 0] in the scan frame, pixels; a fraction is rounded (register "subpixel" corrects it). */
  readonly originPx: readonly [number, number];
  /** Weight of the canvas pixels [H, W]; 0 where no pattern contributed. */
  readonly coverage: NdArray<"float32">;
  /** True (or reference) object [M, M'] in object pixels. */
  readonly truth: ComplexArray;
  /** [x, y] of truth pixel [0, 0] in the scan frame, pixels. Default [0, 0]. */
  readonly truthOriginPx?: readonly [number, number];
  /** Scan positions, pixels of the scan frame. */
  readonly xPx: ArrayLike<number>;
  readonly yPx: ArrayLike<number>;
}

export interface EvaluationOptions {
  /** Side of the square window centred on the mean scan position; the scanned rectangle when absent. */
  readonly cropPx?: number;
  /** Largest integer shift tried along each axis. Default 8. */
  readonly searchPx?: number;
  /**
   * "integer" (default): best whole-pixel shift. "subpixel": that, then cross-correlation to 1/50 px and a Fourier
   * shift of the canvas. "none": as placed.
   */
  readonly registration?: "integer" | "subpixel" | "none";
  /** Edge of an object pixel, for resolutions in nanometres. */
  readonly pixelSizeM?: number;
}

export interface ImageMetrics {
  readonly mae: number;
  readonly mse: number;
  /** dB for the peak `psnr_peak`; Infinity for equal images, null where the truth is constant (no range as peak). */
  readonly psnr: number | null;
  /** Range (max - min) of the truth in the window: the peak of PSNR and the data range of SSIM. */
  readonly psnr_peak: number;
  /** dB for a peak of 255 whatever the scale of the images, as the original; see psnrPeak255. */
  readonly psnr_peak255: number;
  /** As scikit-image, 7x7 uniform window; null where the truth is constant. */
  readonly ssim: number | null;
  /** Five scales without blur, see multiscaleSimilarity; null where the truth is constant. */
  readonly ms_ssim: number | null;
  /** Pearson; null where one of the images is constant. */
  readonly correlation: number | null;
}

/** Where the ring correlation falls below a threshold; see Crossing. */
export interface ResolutionFigure extends Omit<Crossing, "periodPx"> {
  /** 1 / frequency; null where the curve does not cross. */
  readonly period_px: number | null;
  /** The same in nanometres; null also where the pixel size is not known. */
  readonly period_nm: number | null;
}

/** Ring correlation of object and truth, both complex, in the window; see fourierRingCorrelation. */
export interface RingFigures {
  /** Middles of the rings, cycles per pixel. */
  readonly frequency: readonly number[];
  readonly correlation: readonly number[];
  /** The half-bit threshold of each ring. */
  readonly half_bit: readonly number[];
  readonly half_bit_crossing: ResolutionFigure;
  readonly one_seventh_crossing: ResolutionFigure;
}

export interface ReconstructionMetrics {
  /** After scaling the reconstruction to the mean of the truth by `scale`. */
  readonly amplitude: ImageMetrics & { readonly scale: number };
  /** In radians, after the relative phase ramp and then the plane of each image are removed. */
  readonly phase: ImageMetrics;
  /** The figures of the original's `eval_reconstruction` by its own definitions, of the same window without a trim. */
  readonly original: {
    readonly amplitude: Omit<OriginalImageFigures, "frc">;
    readonly phase: Omit<OriginalImageFigures, "frc">;
  };
  readonly rings: RingFigures;
  /** [x, y]: the reconstruction sampled at truth position + shift matches best. */
  readonly shift_px: readonly [number, number];
  /** Which quantity the shift was found on: the one with more contrast in the truth; "none" when not registered. */
  readonly registered_on: "amplitude" | "phase" | "none";
  /** The scored window in the scan frame, and the fraction of it that patterns contributed to. */
  readonly crop: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly covered: number;
  };
}

/**
 * Scores `object` against `truth` in one window of the scan frame. Amplitude: scaled to the mean of the truth. Phase:
 * relative ramp and own plane removed. Data range of SSIM and peak of PSNR: max - min of the truth in the window.
 *
 * @throws PtychoError ShapeError for arrays that do not belong together, UsageError for a window outside the object.
 */
export function evaluateReconstruction(
  input: EvaluationInput,
  options: EvaluationOptions = {},
): ReconstructionMetrics {
  const { H, W } = expectShape("evaluate: object", input.object.shape, "H W");
  expectShape("evaluate: coverage", input.coverage.shape, "H W", { H, W });
  const origin = input.originPx;
  const truthOrigin = input.truthOriginPx ?? [0, 0];
  const window = chooseWindow({
    truth: { origin: truthOrigin, shape: input.truth.shape },
    object: { origin, shape: input.object.shape },
    xPx: input.xPx,
    yPx: input.yPx,
    cropPx: options.cropPx,
  });
  const truth = crop(input.truth, window, truthOrigin);
  const registration = options.registration ?? "integer";
  let object = input.object;
  let at = {
    ...window,
    x: window.x - Math.round(origin[0]),
    y: window.y - Math.round(origin[1]),
  };
  let shift: readonly [number, number] = [0, 0];
  const on = registration === "none" ? "none" : quantityWithMoreContrast(truth);
  if (on !== "none") {
    const searchPx = options.searchPx ?? 8;
    const pair = registrationImages(on, truth, object, at);
    shift = bestIntegerShift(pair.truth, pair.object, [at.x, at.y], searchPx);
    at = { ...at, x: at.x + shift[0], y: at.y + shift[1] };
    // What the taper still hides of the fraction is found in the next round.
    for (let round = 0; round < 3 && registration === "subpixel"; round++) {
      const found = crop(object, at, [0, 0]);
      const fine = registrationImages(on, truth, found, { ...at, x: 0, y: 0 });
      const [dx, dy] = phaseCorrelationShift(taper(fine.truth), taper(fine.object), 50, {
        normalization: "none",
      });
      object = fourierShift(object, [dx, dy]);
      shift = [shift[0] - dx, shift[1] - dy];
    }
  }
  const found = crop(object, at, [0, 0]);
  const amplitudes = scaleToMean(amplitudeOf(truth), amplitudeOf(found));
  const phases = alignedPhases(truth, found);
  return {
    amplitude: { ...score(amplitudeOf(truth), amplitudes.image, 0), scale: amplitudes.scale },
    phase: score(phases.truth, phases.object, 1e-6),
    original: originalOf(truth, found),
    rings: ringFigures(truth, found, options.pixelSizeM),
    shift_px: shift,
    registered_on: on,
    crop: { ...window, covered: coveredFraction(input.coverage, at) },
  };
}

function originalOf(truth: ComplexArray, found: ComplexArray): ReconstructionMetrics["original"] {
  const { amplitude, phase } = originalFigures(truth, found, { trimPx: 0 });
  const { frc: _, ...amplitudeFigures } = amplitude;
  const { frc: __, ...phaseFigures } = phase;
  return { amplitude: amplitudeFigures, phase: phaseFigures };
}

/** The object loses its ramp relative to the truth first: a ramp would shift its spectrum. */
function ringFigures(truth: ComplexArray, found: ComplexArray, pixelSizeM: number | undefined): RingFigures {
  const rings = fourierRingCorrelation(truth, removePhaseRamp(found, fitPhaseRamp(found, truth)));
  const figure = ({ verdict, frequency, periodPx }: Crossing): ResolutionFigure => ({
    ...{ verdict, frequency, period_px: periodPx },
    period_nm: periodPx === null || pixelSizeM === undefined ? null : periodPx * pixelSizeM * 1e9,
  });
  return {
    frequency: [...rings.frequency],
    correlation: [...rings.correlation],
    half_bit: [...rings.halfBit],
    half_bit_crossing: figure(rings.halfBitCrossing),
    one_seventh_crossing: figure(rings.oneSeventhCrossing),
  };
}

/**
 * Both phases [H, W] in radians, comparable: the object loses its ramp relative to the truth, then both lose the ramp
 * of the truth (so that no phase wraps for its sake) and each its own least-squares plane.
 */
export function alignedPhases(
  truth: ComplexArray,
  object: ComplexArray,
): { readonly truth: NdArray<"float64">; readonly object: NdArray<"float64"> } {
  const ramp = fitPhaseRamp(truth);
  const flatTruth = removeGlobalPhase(removePhaseRamp(truth, ramp));
  const matched = removePhaseRamp(object, fitPhaseRamp(object, flatTruth));
  return { truth: removePlane(phaseOf(flatTruth)), object: removePlane(phaseOf(matched)) };
}

/** A truth whose range is within `noiseRange` or within float32 rounding of its values counts as constant. */
function score(truth: RealImage, image: RealImage, noiseRange: number): ImageMetrics {
  const { min, max, range } = rangeOf(truth);
  const constant = range <= Math.max(noiseRange, 1e-6 * Math.max(Math.abs(min), Math.abs(max)));
  return {
    mae: meanAbsoluteError(truth, image),
    mse: meanSquaredError(truth, image),
    psnr: constant ? null : peakSignalToNoise(truth, image, range).db,
    psnr_peak: range,
    psnr_peak255: psnrPeak255(truth, image),
    ssim: constant ? null : structuralSimilarity(truth, image, range),
    ms_ssim: constant ? null : multiscaleSimilarity(truth, image),
    correlation: constant ? null : correlation(truth, image),
  };
}

/** Relative standard deviation of the amplitude against standard deviation of the phase in radians. */
function quantityWithMoreContrast(truth: ComplexArray): "amplitude" | "phase" {
  const deviation = (image: RealImage, centre: number) => {
    let sum = 0;
    for (const value of image.data) sum += (value - centre) ** 2;
    return Math.sqrt(sum / image.data.length);
  };
  const amplitude = amplitudeOf(truth);
  const level = mean(amplitude.data);
  const phase = alignedPhases(truth, truth).truth;
  return deviation(amplitude, level) / level >= deviation(phase, mean(phase.data)) ? "amplitude" : "phase";
}

/** Real images to register on; the object keeps its full extent, its ramp taken off as seen in the window. */
function registrationImages(
  on: "amplitude" | "phase",
  truth: ComplexArray,
  object: ComplexArray,
  at: Window,
) {
  if (on === "amplitude") return { truth: amplitudeOf(truth), object: amplitudeOf(object) };
  const flatTruth = removeGlobalPhase(removePhaseRamp(truth, fitPhaseRamp(truth)));
  const ramp = fitPhaseRamp(crop(object, at, [0, 0]), flatTruth);
  // The ramp counts pixels from the window's corner; on the whole canvas from the canvas' corner.
  const offset = ramp.offset - ramp.gradientX * at.x - ramp.gradientY * at.y;
  return { truth: phaseOf(flatTruth), object: phaseOf(removePhaseRamp(object, { ...ramp, offset })) };
}
