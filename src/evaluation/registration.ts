// Finds the shift between two images, in whole pixels by search and in fractions by phase correlation, and applies it.
import { check, PtychoError } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { type ComplexBuffer, fft2 } from "../numeric/fft.js";
import { mean } from "../numeric/statistics.js";
import { correlation, type RealImage } from "./metrics.js";
import { type Image, taperImage } from "./taper.js";

/**
 * The whole-pixel shift [dx, dy], each within +-searchPx, at which the window of `image` [H, W] that starts at
 * `start` + shift correlates best (Pearson) with `truth` [h, w]. Shifts that leave the image are not tried; equal
 * correlations, and constant images, keep the shift that comes first from [0, 0] outwards.
 *
 * @throws PtychoError ShapeError when the unshifted window is not inside the image.
 */
export function bestIntegerShift(
  truth: RealImage,
  image: RealImage,
  start: readonly [number, number],
  searchPx: number,
): readonly [number, number] {
  const { h: height, w: width } = expectShape("bestIntegerShift: truth", truth.shape, "h w");
  const { H, W } = expectShape("bestIntegerShift: image", image.shape, "H W");
  const isInside = (x: number, y: number) => x >= 0 && y >= 0 && x + width <= W && y + height <= H;
  if (!isInside(start[0], start[1]))
    throw new PtychoError(
      "ShapeError",
      `bestIntegerShift: the ${height}x${width} window at [${start}] is not inside the image of ${H}x${W} px`,
    );
  const candidates: [number, number][] = [];
  for (let dy = -searchPx; dy <= searchPx; dy++)
    for (let dx = -searchPx; dx <= searchPx; dx++)
      if (isInside(start[0] + dx, start[1] + dy)) candidates.push([dx, dy]);
  candidates.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
  let best: readonly [number, number] = [0, 0];
  let bestCorrelation = Number.NEGATIVE_INFINITY;
  const window = new Float64Array(width * height);
  for (const [dx, dy] of candidates) {
    for (let row = 0; row < height; row++) {
      const from = (start[1] + dy + row) * W + start[0] + dx;
      window.set(image.data.subarray(from, from + width), row * width);
    }
    const found = correlation(truth, { dtype: "float64", shape: truth.shape, data: window });
    if (found !== null && found > bestCorrelation) {
      best = [dx, dy];
      bestCorrelation = found;
    }
  }
  return best;
}

export interface ShiftOptions {
  /** "phase" (default) gives every frequency the same weight; "none" suits images whose high frequencies are noise. */
  readonly normalization?: "phase" | "none";
  /** Largest whole-pixel shift looked at along each axis. Default: all of the image. */
  readonly searchPx?: number;
}

/**
 * The shift [dx, dy] to apply to `image` [H, W] so that it lies on `reference` [H, W], to 1/upsample pixel: the peak
 * of the cross-correlation, then a matrix Fourier transform of the 1.5-pixel neighbourhood about it
 * (Guizar-Sicairos 2008; scikit-image `phase_cross_correlation`). Both images count as periodic; a global phase
 * between complex ones does not matter, a phase ramp does.
 */
export function phaseCorrelationShift(
  reference: Image,
  image: Image,
  upsample: number,
  options: ShiftOptions = {},
): readonly [number, number] {
  const { H, W } = expectShape("phaseCorrelationShift: reference", reference.shape, "H W");
  expectShape("phaseCorrelationShift: image", image.shape, "H W", { H, W });
  check(
    Number.isInteger(upsample) && upsample >= 1,
    "UsageError",
    () => `phaseCorrelationShift: upsample must be a whole number of 1 or more, got ${upsample}`,
  );
  const searchPx = options.searchPx ?? Math.max(H, W);
  const product = crossSpectrum(spectrum(reference), spectrum(image), options.normalization ?? "phase");
  const coarse = { re: Float64Array.from(product.re), im: Float64Array.from(product.im) };
  fft2(coarse, H, W, "inverse");
  const wrap = (index: number, size: number) => (index > Math.trunc(size / 2) ? index - size : index);
  const peak = indexOfLargest(
    coarse,
    (i) => Math.abs(wrap(i % W, W)) <= searchPx && Math.abs(wrap(Math.floor(i / W), H)) <= searchPx,
  );
  const dy = wrap(Math.floor(peak / W), H);
  const dx = wrap(peak % W, W);
  if (upsample === 1) return [dx, dy];

  const side = Math.ceil(upsample * 1.5);
  const centre = Math.trunc(side / 2);
  const fine = indexOfLargest(
    partialTransform(
      product,
      { rows: H, columns: W },
      {
        side,
        stepPx: 1 / upsample,
        startX: dx - centre / upsample,
        startY: dy - centre / upsample,
      },
    ),
  );
  return [dx + ((fine % side) - centre) / upsample, dy + (Math.floor(fine / side) - centre) / upsample];
}

/**
 * `image` [H, W] less its mean, times a Hann window along both axes: phase correlation of a window cut from a larger
 * image would otherwise see the fixed edges, which pull the shift to 0.
 */
export function taper(image: RealImage): NdArray<"float64"> {
  const level = mean(image.data);
  const centred = Float64Array.from(image.data, (value) => value - level);
  const tapered = taperImage(
    { dtype: "float64", shape: image.shape, data: centred },
    { window: "hann", mean: "keep" },
  );
  return { dtype: "float64", shape: image.shape, data: tapered.re };
}

/** `image` [H, W] moved by [dx, dy] pixels, periodic: ifft2(fft2(image) exp(-2 pi i (dx kx + dy ky))). */
export function fourierShift(image: ComplexArray, shiftPx: readonly [number, number]): ComplexArray {
  const { H, W } = expectShape("fourierShift", image.shape, "H W");
  const buffer = { re: Float64Array.from(image.re), im: Float64Array.from(image.im) };
  fft2(buffer, H, W, "forward");
  for (let row = 0, i = 0; row < H; row++) {
    for (let column = 0; column < W; column++, i++) {
      const angle = -2 * Math.PI * (shiftPx[0] * frequency(column, W) + shiftPx[1] * frequency(row, H));
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const re = buffer.re[i];
      buffer.re[i] = re * cos - buffer.im[i] * sin;
      buffer.im[i] = re * sin + buffer.im[i] * cos;
    }
  }
  fft2(buffer, H, W, "inverse");
  return {
    dtype: "complex64",
    shape: image.shape,
    re: Float32Array.from(buffer.re),
    im: Float32Array.from(buffer.im),
  };
}

/** Cycles per sample of a transform's index: 0, 1/n, ... then the negative ones. */
function frequency(index: number, n: number): number {
  return (index < Math.ceil(n / 2) ? index : index - n) / n;
}

function spectrum(image: Image): ComplexBuffer {
  const [rows, columns] = image.shape;
  const buffer =
    "re" in image
      ? { re: Float64Array.from(image.re), im: Float64Array.from(image.im) }
      : { re: Float64Array.from(image.data), im: new Float64Array(rows * columns) };
  fft2(buffer, rows, columns, "forward");
  return buffer;
}

/** a conj(b), over its size for "phase"; what is under the rounding of float64 then stays small. */
function crossSpectrum(a: ComplexBuffer, b: ComplexBuffer, normalization: "phase" | "none"): ComplexBuffer {
  const re = new Float64Array(a.re.length);
  const im = new Float64Array(a.re.length);
  for (let i = 0; i < re.length; i++) {
    const productRe = a.re[i] * b.re[i] + a.im[i] * b.im[i];
    const productIm = a.im[i] * b.re[i] - a.re[i] * b.im[i];
    const size =
      normalization === "none" ? 1 : Math.max(Math.hypot(productRe, productIm), 100 * Number.EPSILON);
    re[i] = productRe / size;
    im[i] = productIm / size;
  }
  return { re, im };
}

interface FineGrid {
  readonly side: number;
  readonly stepPx: number;
  readonly startX: number;
  readonly startY: number;
}

/** Values of the inverse transform (times rows * columns) on a square grid of `side` points, stepPx apart. */
function partialTransform(
  values: ComplexBuffer,
  size: { readonly rows: number; readonly columns: number },
  grid: FineGrid,
): ComplexBuffer {
  const { rows, columns } = size;
  const { side, stepPx } = grid;
  // Along the columns first: half[row, u] = sum_column values[row, column] exp(2 pi i f_column x_u).
  const half = { re: new Float64Array(rows * side), im: new Float64Array(rows * side) };
  const out = { re: new Float64Array(side * side), im: new Float64Array(side * side) };
  for (let u = 0; u < side; u++) {
    for (let column = 0; column < columns; column++) {
      const angle = 2 * Math.PI * frequency(column, columns) * (grid.startX + u * stepPx);
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      for (let row = 0; row < rows; row++) {
        const i = row * columns + column;
        half.re[row * side + u] += values.re[i] * cos - values.im[i] * sin;
        half.im[row * side + u] += values.re[i] * sin + values.im[i] * cos;
      }
    }
  }
  for (let v = 0; v < side; v++) {
    for (let row = 0; row < rows; row++) {
      const angle = 2 * Math.PI * frequency(row, rows) * (grid.startY + v * stepPx);
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      for (let u = 0; u < side; u++) {
        const i = row * side + u;
        out.re[v * side + u] += half.re[i] * cos - half.im[i] * sin;
        out.im[v * side + u] += half.re[i] * sin + half.im[i] * cos;
      }
    }
  }
  return out;
}

function indexOfLargest({ re, im }: ComplexBuffer, isCandidate = (_index: number) => true): number {
  let best = 0;
  let bestSize = -1;
  for (let i = 0; i < re.length; i++) {
    const size = re[i] * re[i] + im[i] * im[i];
    if (size > bestSize && isCandidate(i)) {
      best = i;
      bestSize = size;
    }
  }
  return best;
}
