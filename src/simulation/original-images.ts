// The real images that PtychoPINN's TensorFlow side simulates objects from, number for number: lines, points, diagonals
// and a Gaussian random field. Float64 [side, side]; `random` is advanced by exactly the original's draws.
import { check } from "../core/errors.js";
import { fft2, fftShift2, ifftShift2 } from "../numeric/fft.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";

/** `count` uniform numbers in [0, 1). */
export type UniformDraws = (count: number) => Float64Array;

/** Ends of lines [lines, 4] on a canvas: floor(side u), u uniform, in the order row, column, row, column. */
export function drawLineEnds(sidePx: number, lines: number, uniform: UniformDraws): Int32Array {
  return Int32Array.from(uniform(4 * lines), (u) => Math.floor(sidePx * u));
}

/** One-pixel lines between their ends [lines, 4], 1 on 0. */
export function lineMask(sidePx: number, ends: Int32Array): Float64Array {
  const canvas = new Float64Array(sidePx * sidePx);
  for (let k = 0; k < ends.length; k += 4)
    drawLine(canvas, sidePx, [ends[k], ends[k + 1]], [ends[k + 2], ends[k + 3]]);
  return canvas;
}

/** B(1) + 2 B(5) + 5 B(10) of random lines, where B(s) is the mask blurred by s pixels. */
export function lineImage(sidePx: number, lines: number, uniform: UniformDraws): Float64Array {
  const mask = lineMask(sidePx, drawLineEnds(sidePx, lines, uniform));
  const [fine, middle, coarse] = [1, 5, 10].map((sigma) => gaussianBlur(mask, sidePx, sidePx, sigma));
  return fine.map((value, i) => value + 2 * middle[i] + 5 * coarse[i]);
}

/** The central half of a line image of twice the side: no line ends at its edge by construction. */
export function centralLineImage(sidePx: number, lines: number, uniform: UniformDraws): Float64Array {
  const wide = lineImage(2 * sidePx, lines, uniform);
  return Float64Array.from({ length: sidePx * sidePx }, (_, i) => {
    const row = Math.floor(i / sidePx) + sidePx / 2;
    return wide[row * 2 * sidePx + (i % sidePx) + sidePx / 2];
  });
}

/** A tenth as many points as pixels, dropped anywhere (more than one may fall on a pixel): B(1) + 5 B(10) B(1). */
export function pointImage(sidePx: number, random: LegacyRandom): Float64Array {
  const canvas = new Float64Array(sidePx * sidePx);
  for (const pixel of random.choice(canvas.length, Math.trunc(canvas.length * 0.1), true)) canvas[pixel]++;
  return withHalo(canvas, sidePx, 1);
}

/** 40 columns, 40 rows and 40 pairs of diagonals of one pixel, 1 on 0. The falling ones wrap at the left edge. */
export function diagonalMask(sidePx: number, random: LegacyRandom): Float64Array {
  const canvas = new Float64Array(sidePx * sidePx);
  const draw = () => random.randint(0, sidePx, 1)[0];
  for (let k = 0; k < 40; k++) {
    const column = draw();
    for (let row = 0; row < sidePx; row++) canvas[row * sidePx + column] = 1;
  }
  for (let k = 0; k < 40; k++) {
    const row = draw();
    canvas.fill(1, row * sidePx, (row + 1) * sidePx);
  }
  for (let k = 0; k < 40; k++) {
    const [x, y] = [draw(), draw()];
    const [row, column] = [x - Math.min(x, y), y - Math.min(x, y)];
    for (let i = 0; i < sidePx - row - column; i++) {
      canvas[(row + i) * sidePx + column + i] = 1;
      canvas[(row + i) * sidePx + ((sidePx - column - i) % sidePx)] = 1;
    }
  }
  return canvas;
}

/** B(0.75) + 5 B(7.5) B(0.75) of the diagonal mask. */
export function diagonalImage(sidePx: number, random: LegacyRandom): Float64Array {
  return withHalo(diagonalMask(sidePx, random), sidePx, 0.75);
}

/**
 * A real Gaussian field [side / 2, side / 2] with power spectrum k^-0.4 (powerbox 0.9), scaled to 0 .. 1.
 *
 * @throws PtychoError UsageError for a side that is not a multiple of 4.
 */
export function randomField(sidePx: number, random: LegacyRandom): Float64Array {
  check(
    Number.isInteger(sidePx) && sidePx >= 4 && sidePx % 4 === 0,
    "UsageError",
    () => `grf object: the side must be a multiple of 4 pixels, got ${sidePx}`,
  );
  const n = sidePx / 2;
  const wide = n + 1;
  const last = wide * wide - 1;
  const size = random.normal(0, 1, wide * wide);
  const angle = random.uniform(0, 1, wide * wide).map((u) => 2 * Math.PI * u);
  const spectrum = { re: new Float64Array(n * n), im: new Float64Array(n * n) };
  for (let i = 0; i < n * n; i++) {
    const [row, column] = [Math.floor(i / n), i % n];
    const k = 2 * Math.PI * Math.hypot(row - n / 2, column - n / 2);
    if (k === 0) continue;
    const at = row * wide + column;
    // Hermitian by pairing each frequency with its opposite, so that the field is real.
    const amplitude = (Math.sqrt(k ** -0.4) * (size[at] + size[last - at])) / Math.SQRT2;
    const phase = (angle[at] - angle[last - at]) / 2 + Math.PI;
    spectrum.re[i] = amplitude * Math.cos(phase);
    spectrum.im[i] = amplitude * Math.sin(phase);
  }
  const unshifted = { re: ifftShift2(spectrum.re, n, n), im: ifftShift2(spectrum.im, n, n) };
  fft2(unshifted, n, n, "inverse");
  return toUnitRange(fftShift2(unshifted.re, n, n));
}

/** The random field stretched to [side, side] by linear interpolation, corners in place, and blurred by 1 px. */
export function randomFieldImage(sidePx: number, random: LegacyRandom): Float64Array {
  const field = randomField(sidePx, random);
  const n = sidePx / 2;
  const sample = (index: number) => {
    const at = (index * (n - 1)) / (sidePx - 1);
    const first = Math.min(Math.floor(at), n - 2);
    return [first, at - first] as const;
  };
  const stretched = Float64Array.from({ length: sidePx * sidePx }, (_, i) => {
    const [row, down] = sample(Math.floor(i / sidePx));
    const [column, right] = sample(i % sidePx);
    const along = (from: number) => field[from] * (1 - right) + field[from + 1] * right;
    return along(row * n + column) * (1 - down) + along((row + 1) * n + column) * down;
  });
  return gaussianBlur(stretched, sidePx, sidePx, 1);
}

/** Values moved and scaled to 0 .. 1; a constant image becomes 0. */
export function toUnitRange(values: Float64Array): Float64Array {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const range = most - least;
  return values.map((value) => (range > 0 ? (value - least) / range : 0));
}

function withHalo(canvas: Float64Array, sidePx: number, sigmaPx: number): Float64Array {
  const fine = gaussianBlur(canvas, sidePx, sidePx, sigmaPx);
  const halo = gaussianBlur(fine, sidePx, sidePx, 10 * sigmaPx);
  return fine.map((value, i) => value + 5 * halo[i]);
}

/** Bresenham's line, both ends included; of two equally near pixels the one that the error term reaches first. */
function drawLine(
  canvas: Float64Array,
  side: number,
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  const rows = Math.abs(to[0] - from[0]);
  const columns = Math.abs(to[1] - from[1]);
  // Along the longer axis one pixel per step; a tie goes along the rows.
  const isSteep = rows >= columns;
  const [length, rise] = isSteep ? [rows, columns] : [columns, rows];
  const rowStep = Math.sign(to[0] - from[0]);
  const columnStep = Math.sign(to[1] - from[1]);
  let [row, column] = from;
  let error = 2 * rise - length;
  for (let step = 0; step <= length; step++) {
    canvas[row * side + column] = 1;
    if (error >= 0 && length > 0) {
      if (isSteep) column += columnStep;
      else row += rowStep;
      error -= 2 * length;
    }
    error += 2 * rise;
    if (isSteep) row += rowStep;
    else column += columnStep;
  }
}
