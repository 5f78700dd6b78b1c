// The figures of PtychoPINN's `eval_reconstruction`, definition for definition, so that numbers can be set beside
// published ones. evaluate-reconstruction.ts has the figures of the house and calls this for the others.
import { check } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import { mean } from "../numeric/statistics.js";
import { amplitudeOf, phaseOf, removePlane, scaleToMean } from "./align.js";
import {
  meanAbsoluteError,
  meanSquaredError,
  type RealImage,
  rangeOf,
  structuralSimilarity,
} from "./metrics.js";
import { multiscaleSimilarity } from "./multiscale-similarity.js";
import { shellCorrelation, shellCutoff } from "./shell-correlation.js";
import { crop } from "./window.js";

export interface OriginalFiguresOptions {
  /** Pixels cut off each side first; the original cuts half of its `offset` of 4. Default 2. */
  readonly trimPx?: number;
  /** Subtract from each phase its least-squares plane ("plane", default) or its mean ("mean"). Never unwrapped. */
  readonly phaseAlign?: "plane" | "mean";
  /** Blur of the shell curves before the cutoffs, rings. Default 0. */
  readonly frcSigma?: number;
  /** Blur of the amplitudes before MS-SSIM, pixels. Default 1. */
  readonly msSsimSigmaPx?: number;
}

export interface OriginalImageFigures {
  readonly mae: number;
  readonly mse: number;
  /** dB for a peak of 255 whatever the scale of the images: 20 log10(255 / (sqrt(mse) + 2^-52)); 361.2 when equal. */
  readonly psnr_peak255: number;
  /** Amplitude: range of the truth as data range. Phase: (phi + pi) / 2 pi with data range 1. NaN for a constant truth. */
  readonly ssim: number;
  /** See multiscaleSimilarity. */
  readonly ms_ssim: number;
  /** Ring at which the shell curve falls below 1/2 and 1/7: a ring index, not a share of Nyquist. See shellCutoff. */
  readonly frc50_shell: number;
  readonly frc1over7_shell: number;
  /** Shell curve of the central square, after its blur. */
  readonly frc: Float64Array;
}

export interface OriginalFigures {
  /** The reconstruction scaled to the mean of the truth. */
  readonly amplitude: OriginalImageFigures;
  /** Radians. */
  readonly phase: OriginalImageFigures;
}

/**
 * Scores `object` against `truth`, both [H, W] and already on each other.
 *
 * @throws PtychoError ShapeError for two shapes or under 7x7 px after the trim, DataError for values that are not
 * finite or an object whose amplitude has no mean.
 */
export function originalFigures(
  truth: ComplexArray,
  object: ComplexArray,
  options: OriginalFiguresOptions = {},
): OriginalFigures {
  const { H, W } = expectShape("originalFigures: truth", truth.shape, "H W");
  expectShape("originalFigures: object", object.shape, "H W", { H, W });
  const { trimPx = 2, phaseAlign = "plane", frcSigma = 0, msSsimSigmaPx = 1 } = options;
  check(
    Number.isInteger(trimPx) && trimPx >= 0 && Math.min(H, W) - 2 * trimPx >= 7,
    "ShapeError",
    () => `originalFigures: a trim of ${trimPx} px leaves less than 7x7 of ${H}x${W} px; trim less`,
  );
  const inner = { x: trimPx, y: trimPx, width: W - 2 * trimPx, height: H - 2 * trimPx };
  const [known, found] = [truth, object].map((image) => crop(image, inner, [0, 0]));
  check(
    [known, found].every(({ re, im }) => re.every(Number.isFinite) && im.every(Number.isFinite)),
    "DataError",
    () => "originalFigures: an image holds values that are not finite; did the reconstruction diverge?",
  );
  const amplitude = amplitudeOf(known);
  const scaled = scaleToMean(amplitude, amplitudeOf(found)).image;
  const flat = (image: ComplexArray) =>
    phaseAlign === "plane" ? removePlane(phaseOf(image)) : withoutMean(phaseOf(image));
  const [phase, foundPhase] = [flat(known), flat(found)];
  const [turns, foundTurns] = [inTurns(phase), inTurns(foundPhase)];
  return {
    amplitude: {
      ...errors(amplitude, scaled, frcSigma),
      ssim: similarity(amplitude, scaled, rangeOf(amplitude).range),
      ms_ssim: multiscaleSimilarity(amplitude, scaled, { sigmaPx: msSsimSigmaPx }),
    },
    phase: {
      ...errors(phase, foundPhase, frcSigma),
      ssim: similarity(turns, foundTurns, 1),
      ms_ssim: multiscaleSimilarity(turns, foundTurns),
    },
  };
}

/** 20 log10(255 / (sqrt(mse) + 2^-52)), in dB: OpenCV's PSNR with its default peak. */
export function psnrPeak255(truth: RealImage, image: RealImage): number {
  return 20 * Math.log10(255 / (Math.sqrt(meanSquaredError(truth, image)) + Number.EPSILON));
}

/** Shell curve of the central squares of two images [H, W], blurred by `sigma` rings. */
export function centralShellCurve(truth: RealImage, image: RealImage, sigma = 0): Float64Array {
  const curve = shellCorrelation(centralSquare(truth), centralSquare(image));
  return sigma === 0 ? curve : gaussianBlur(curve, 1, curve.length, sigma);
}

function errors(truth: RealImage, image: RealImage, frcSigma: number) {
  const frc = centralShellCurve(truth, image, frcSigma);
  return {
    mae: meanAbsoluteError(truth, image),
    mse: meanSquaredError(truth, image),
    psnr_peak255: psnrPeak255(truth, image),
    frc50_shell: shellCutoff(frc, 1 / 2),
    frc1over7_shell: shellCutoff(frc, 1 / 7),
    frc,
  };
}

function similarity(truth: RealImage, image: RealImage, dataRange: number): number {
  return dataRange > 0 ? structuralSimilarity(truth, image, dataRange) : Number.NaN;
}

function centralSquare(image: RealImage): NdArray<"float64"> {
  const [height, width] = image.shape;
  const side = Math.min(height, width);
  const [top, left] = [Math.floor((height - side) / 2), Math.floor((width - side) / 2)];
  const data = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    const from = (top + row) * width + left;
    data.set(image.data.subarray(from, from + side), row * side);
  }
  return { dtype: "float64", shape: [side, side], data };
}

function withoutMean(image: NdArray<"float64">): NdArray<"float64"> {
  const level = mean(image.data);
  return { ...image, data: image.data.map((value) => value - level) };
}

/** [-pi, pi] to [0, 1]. */
function inTurns(phase: NdArray<"float64">): NdArray<"float64"> {
  return { ...phase, data: phase.data.map((value) => (value + Math.PI) / (2 * Math.PI)) };
}
