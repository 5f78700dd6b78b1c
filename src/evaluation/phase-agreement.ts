// Phases of two complex images compared where they may run past pi.
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { mean } from "../numeric/statistics.js";

/** Angles told apart when the cut is chosen, and how many on either side are looked at with each. */
const BINS = 72;
const SPREAD = 3;

/**
 * Phases [H, W] of two images in radians, both cut at one angle: the middle of the emptiest stretch of the circle,
 * judged by the pixels of both inside `mask`. An object whose phases span less than a full turn is then not cut at all.
 */
export function commonPhases(
  first: ComplexArray,
  second: ComplexArray,
  mask: Uint8Array,
): {
  readonly phases: readonly [NdArray<"float64">, NdArray<"float64">];
  /** Share of the masked pixels at which the two phases differ by more than pi. */
  readonly wrappedFraction: number;
} {
  const cut = emptiestAngle([first, second], mask);
  const [a, b] = [first, second].map((image) => phaseFrom(image, cut));
  let wrapped = 0;
  let pixels = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    pixels++;
    if (Math.abs(a.data[i] - b.data[i]) > Math.PI) wrapped++;
  }
  return { phases: [a, b], wrappedFraction: wrapped / pixels };
}

/**
 * Real part of the complex correlation coefficient of the phasors p, q = exp(i phase) of two lists of phases:
 * Re sum (p - <p>) conj(q - <q>) / sqrt(sum |p - <p>|^2 sum |q - <q>|^2). Null where one phase is constant.
 */
export function phasorCorrelation(first: Float64Array, second: Float64Array): number | null {
  const p = phasorsAboutMean(first);
  const q = phasorsAboutMean(second);
  let cross = 0;
  let powerP = 0;
  let powerQ = 0;
  for (let i = 0; i < first.length; i++) {
    cross += p.re[i] * q.re[i] + p.im[i] * q.im[i];
    powerP += p.re[i] ** 2 + p.im[i] ** 2;
    powerQ += q.re[i] ** 2 + q.im[i] ** 2;
  }
  // float32 rounding of a constant phase leaves about 1e-14 per pixel.
  const floor = 1e-12 * first.length;
  return powerP <= floor || powerQ <= floor ? null : cross / Math.sqrt(powerP * powerQ);
}

/** Middle, in radians, of the longest stretch of the circle that holds fewest of the pixels inside `mask`, of all images. */
export function emptiestAngle(images: readonly ComplexArray[], mask: Uint8Array): number {
  const histogram = new Float64Array(BINS);
  for (const { re, im } of images)
    for (let i = 0; i < mask.length; i++)
      if (mask[i] === 1)
        histogram[Math.floor(((Math.atan2(im[i], re[i]) + Math.PI) / (2 * Math.PI)) * BINS) % BINS]++;
  const smooth = histogram.map((_, bin) => {
    let sum = 0;
    for (let d = -SPREAD; d <= SPREAD; d++) sum += histogram[(bin + d + BINS) % BINS];
    return sum;
  });
  const fewest = smooth.reduce((least, value) => Math.min(least, value));
  let [longest, middle] = [0, 0];
  for (let start = 0; start < BINS; start++) {
    let length = 0;
    while (length < BINS && smooth[(start + length) % BINS] === fewest) length++;
    if (length > longest) [longest, middle] = [length, start + length / 2];
  }
  return (middle / BINS) * 2 * Math.PI - Math.PI;
}

/** Phases [H, W] of an image in [cut, cut + 2 pi), radians. */
export function phaseFrom(image: ComplexArray, cut: number): NdArray<"float64"> {
  const turn = 2 * Math.PI;
  const data = Float64Array.from(image.re, (re, i) => {
    const above = Math.atan2(image.im[i], re) - cut;
    return cut + above - turn * Math.floor(above / turn);
  });
  return { dtype: "float64", shape: image.shape, data };
}

/** exp(i phase) less its mean. */
function phasorsAboutMean(phases: Float64Array) {
  const re = phases.map(Math.cos);
  const im = phases.map(Math.sin);
  const meanRe = mean(re);
  const meanIm = mean(im);
  return { re: re.map((value) => value - meanRe), im: im.map((value) => value - meanIm) };
}
