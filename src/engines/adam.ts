// Adam (Kingma & Ba 2015) on complex planes, as AMSGrad (Reddi, Kale & Kumar 2018): the second moment never falls, so
// that steps shrink with the gradient and a scan that fits comes to rest. Both parts of a pixel share one second moment:
// the step does not depend on the phase that object and probe may exchange.
import type { Wave } from "../numeric/wave-memory.js";

/** Share of the second moment that is kept from step to step. */
const SECOND_DECAY = 0.95;

export interface Moments {
  /** Running mean of the gradient. */
  readonly mean: Wave;
  /** Largest running mean of |gradient|^2 so far. */
  readonly square: Float32Array;
}

/** Values of the moments of `pixels` pixels. */
export const momentsSize = (pixels: number): number => 3 * pixels;

/** The moments in a plane of `momentsSize` values: mean.re, mean.im, square. */
export function openMoments(plane: Float32Array): Moments {
  const pixels = plane.length / 3;
  return {
    mean: { re: plane.subarray(0, pixels), im: plane.subarray(pixels, 2 * pixels) },
    square: plane.subarray(2 * pixels),
  };
}

/** Takes a gradient into the moments of pixels from..to. Returns the largest `square` among them. */
export function takeGradient(
  { mean, square }: Moments,
  gradient: Wave,
  momentum: number,
  from: number,
  to: number,
): number {
  const { re: meanRe, im: meanIm } = mean;
  const { re: gradientRe, im: gradientIm } = gradient;
  let largest = 0;
  for (let i = from; i < to; i++) {
    const [re, im] = [gradientRe[i], gradientIm[i]];
    meanRe[i] += (1 - momentum) * (re - meanRe[i]);
    meanIm[i] += (1 - momentum) * (im - meanIm[i]);
    const excess = re * re + im * im - square[i];
    if (excess > 0) square[i] += (1 - SECOND_DECAY) * excess;
    if (square[i] > largest) largest = square[i];
  }
  return largest;
}

export interface AdamStep {
  /** Length of a step where all gradients were alike. */
  readonly rate: number;
  readonly momentum: number;
  /** Gradients taken so far, from 1: the moments started at zero. */
  readonly count: number;
  /** Largest `square` of all pixels, and the share of its root that is added to every divisor. */
  readonly largest: number;
  readonly damping: number;
}

/** x -= rate * mean / (sqrt(square) + damping * sqrt(largest)), moments corrected for their start, in pixels from..to. */
export function takeStep(x: Wave, { mean, square }: Moments, step: AdamStep, from: number, to: number): void {
  const { re, im } = x;
  const { re: meanRe, im: meanIm } = mean;
  const share = step.rate / (1 - step.momentum ** step.count);
  const correction = 1 / Math.sqrt(1 - SECOND_DECAY ** step.count);
  const floor = step.damping * Math.sqrt(step.largest) * correction;
  for (let i = from; i < to; i++) {
    if (square[i] === 0) continue;
    const factor = share / (Math.sqrt(square[i]) * correction + floor);
    re[i] -= factor * meanRe[i];
    im[i] -= factor * meanIm[i];
  }
}
