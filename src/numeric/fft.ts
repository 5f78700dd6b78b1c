// Discrete Fourier transforms of any length in float64: radix 4 for powers of two, else Bluestein's convolution.
// Forward is sum_x f(x) exp(-2 pi i k x / n) without a factor; the inverse divides by n.

import { check } from "../core/errors.js";

/** Complex values, real and imaginary parts apart, transformed in place. */
export interface ComplexBuffer {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export type Direction = "forward" | "inverse";

/** A transform of fixed size; making it once saves tables and scratch. Works in place on buffers of that size. */
export type Fft = (buffer: ComplexBuffer, direction: Direction) => void;

/** Prepares the transform of length n. */
export function makeFft(n: number): Fft {
  check(Number.isInteger(n) && n >= 1, "ShapeError", () => `fft: expected a length of 1 or more, got ${n}`);
  const transform = makeAxisTransform(n);
  const spare = makeBuffer(n);
  return inBothDirections(n, (buffer) => {
    if (transform(buffer, spare, 0, 1)) copyInto(buffer, spare);
  });
}

/** Prepares the transform of [rows, columns] over both axes. */
export function makeFft2(rows: number, columns: number): Fft {
  check(
    Number.isInteger(rows) && Number.isInteger(columns) && rows >= 1 && columns >= 1,
    "ShapeError",
    () => `fft2: expected one or more rows and columns, got ${rows} x ${columns}`,
  );
  const alongRow = makeAxisTransform(columns);
  const alongColumn = rows === columns ? alongRow : makeAxisTransform(rows);
  const spare = makeBuffer(rows * columns);
  return inBothDirections(rows * columns, (buffer) => {
    let moved = false;
    for (let r = 0; r < rows; r++) moved = alongRow(buffer, spare, r * columns, 1);
    const [half, other] = moved ? [spare, buffer] : [buffer, spare];
    const movedAgain = alongColumn(half, other, 0, columns);
    if (moved !== movedAgain) copyInto(buffer, spare);
  });
}

/** Transforms [rows, columns] in place over both axes; `makeFft2` saves the tables for many of one size. */
export function fft2(buffer: ComplexBuffer, rows: number, columns: number, direction: Direction): void {
  makeFft2(rows, columns)(buffer, direction);
}

/** Moves zero frequency to index floor(n/2) on both axes of [rows, columns]; a new array. */
export function fftShift2(values: Float64Array, rows: number, columns: number): Float64Array {
  return roll2(values, rows, columns, Math.floor(rows / 2), Math.floor(columns / 2));
}

/** Undoes `fftShift2`, also for odd extents. */
export function ifftShift2(values: Float64Array, rows: number, columns: number): Float64Array {
  return roll2(values, rows, columns, Math.ceil(rows / 2), Math.ceil(columns / 2));
}

function roll2(values: Float64Array, rows: number, columns: number, down: number, right: number) {
  check(
    values.length === rows * columns,
    "ShapeError",
    () => `fftShift2: expected ${rows} x ${columns} values, got ${values.length}`,
  );
  const rolled = new Float64Array(values.length);
  for (let r = 0; r < rows; r++) {
    const to = ((r + down) % rows) * columns;
    for (let c = 0; c < columns; c++) rolled[to + ((c + right) % columns)] = values[r * columns + c];
  }
  return rolled;
}

function makeBuffer(size: number): ComplexBuffer {
  return { re: new Float64Array(size), im: new Float64Array(size) };
}

function copyInto(to: ComplexBuffer, from: ComplexBuffer): void {
  to.re.set(from.re);
  to.im.set(from.im);
}

/** Checks the size, and makes the inverse by swapping the parts, which conjugates and turns: swap(fft(swap(z))) / n. */
function inBothDirections(size: number, forward: (buffer: ComplexBuffer) => void): Fft {
  return (buffer, direction) => {
    const { re, im } = buffer;
    check(
      re.length === size && im.length === size,
      "ShapeError",
      () => `fft: expected ${size} values, got ${re.length} and ${im.length}`,
    );
    if (direction === "forward") return forward(buffer);
    forward({ re: im, im: re });
    const factor = 1 / size;
    for (let i = 0; i < size; i++) {
      re[i] *= factor;
      im[i] *= factor;
    }
  };
}

/**
 * Transforms the block [n, inner] that starts at index `at` along its first axis. `spare` is scratch of the same
 * layout; true when the result was left there instead of in `data`, which is the same for every block.
 */
type AxisTransform = (data: ComplexBuffer, spare: ComplexBuffer, at: number, inner: number) => boolean;

function makeAxisTransform(n: number): AxisTransform {
  return (n & (n - 1)) === 0 ? radix4(n) : bluestein(n);
}

// Stockham's self-sorting form of Cooley & Tukey 1965, decimation in frequency: no bit reversal, and whole runs of
// `inner` values share their twiddle factor.
function radix4(n: number): AxisTransform {
  const cosine = new Float64Array(n);
  const sine = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    cosine[i] = Math.cos((2 * Math.PI * i) / n);
    sine[i] = -Math.sin((2 * Math.PI * i) / n);
  }
  return (data, spare, at, inner) => {
    let from = data;
    let to = spare;
    let run = inner;
    for (let length = n; length > 1; length /= 4) {
      if (length === 2) lastByTwo(from, to, at, run);
      else if (length === 4) lastByFour(from, to, at, run);
      else splitByFour(from, to, { at, length, run, cosine, sine });
      [from, to] = [to, from];
      run *= 4;
    }
    return from !== data;
  };
}

interface Split {
  readonly at: number;
  /** Length of the transforms to be split. */
  readonly length: number;
  /** Neighbouring values that belong to as many transforms. */
  readonly run: number;
  /** exp(-2 pi i t / n) for t = 0 .. n - 1. */
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
}

/** [4, length/4, run] to [length/4, 4, run]: a transform over the 4, then the twiddle factors. */
function splitByFour(from: ComplexBuffer, to: ComplexBuffer, split: Split): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  const { at, length, run, cosine, sine } = split;
  const quarter = (length / 4) * run;
  const step = cosine.length / length;
  for (let p = 0; p < length / 4; p++) {
    const t = p * step;
    const cos1 = cosine[t];
    const cos2 = cosine[2 * t];
    const cos3 = cosine[3 * t];
    const sin1 = sine[t];
    const sin2 = sine[2 * t];
    const sin3 = sine[3 * t];
    let i0 = at + p * run;
    let o0 = at + 4 * p * run;
    for (const end = i0 + run; i0 < end; i0++, o0++) {
      const i1 = i0 + quarter;
      const i2 = i1 + quarter;
      const i3 = i2 + quarter;
      const o1 = o0 + run;
      const o2 = o1 + run;
      const o3 = o2 + run;
      const evenSumRe = fromRe[i0] + fromRe[i2];
      const evenSumIm = fromIm[i0] + fromIm[i2];
      const evenDifferenceRe = fromRe[i0] - fromRe[i2];
      const evenDifferenceIm = fromIm[i0] - fromIm[i2];
      const oddSumRe = fromRe[i1] + fromRe[i3];
      const oddSumIm = fromIm[i1] + fromIm[i3];
      // Times -i.
      const oddTurnedRe = fromIm[i1] - fromIm[i3];
      const oddTurnedIm = fromRe[i3] - fromRe[i1];
      toRe[o0] = evenSumRe + oddSumRe;
      toIm[o0] = evenSumIm + oddSumIm;
      const re1 = evenDifferenceRe + oddTurnedRe;
      const im1 = evenDifferenceIm + oddTurnedIm;
      toRe[o1] = re1 * cos1 - im1 * sin1;
      toIm[o1] = re1 * sin1 + im1 * cos1;
      const re2 = evenSumRe - oddSumRe;
      const im2 = evenSumIm - oddSumIm;
      toRe[o2] = re2 * cos2 - im2 * sin2;
      toIm[o2] = re2 * sin2 + im2 * cos2;
      const re3 = evenDifferenceRe - oddTurnedRe;
      const im3 = evenDifferenceIm - oddTurnedIm;
      toRe[o3] = re3 * cos3 - im3 * sin3;
      toIm[o3] = re3 * sin3 + im3 * cos3;
    }
  }
}

/** `splitByFour` for length 4, where every twiddle factor is 1. */
function lastByFour(from: ComplexBuffer, to: ComplexBuffer, at: number, run: number): void {
  const { re: fromRe, im: fromIm } = from;
  const { re: toRe, im: toIm } = to;
  for (let i0 = at; i0 < at + run; i0++) {
    const i1 = i0 + run;
    const i2 = i1 + run;
    const i3 = i2 + run;
    const evenSumRe = fromRe[i0] + fromRe[i2];
    const evenSumIm = fromIm[i0] + fromIm[i2];
    const evenDifferenceRe = fromRe[i0] - fromRe[i2];
    const evenDifferenceIm = fromIm[i0] - fromIm[i2];
    const oddSumRe = fromRe[i1] + fromRe[i3];
    const oddSumIm = fromIm[i1] + fromIm[i3];
    const oddTurnedRe = fromIm[i1] - fromIm[i3];
    const oddTurnedIm = fromRe[i3] - fromRe[i1];
    toRe[i0] = evenSumRe + oddSumRe;
    toIm[i0] = evenSumIm + oddSumIm;
    toRe[i1] = evenDifferenceRe + oddTurnedRe;
    toIm[i1] = evenDifferenceIm + oddTurnedIm;
    toRe[i2] = evenSumRe - oddSumRe;
    toIm[i2] = evenSumIm - oddSumIm;
    toRe[i3] = evenDifferenceRe - oddTurnedRe;
    toIm[i3] = evenDifferenceIm - oddTurnedIm;
  }
}

function lastByTwo(from: ComplexBuffer, to: ComplexBuffer, at: number, run: number): void {
  for (let i = at; i < at + run; i++) {
    const j = i + run;
    to.re[i] = from.re[i] + from.re[j];
    to.im[i] = from.im[i] + from.im[j];
    to.re[j] = from.re[i] - from.re[j];
    to.im[j] = from.im[i] - from.im[j];
  }
}

/** Columns that Bluestein's convolution takes together, so that its scratch stays in the cache. */
const BLUESTEIN_COLUMNS = 8;

// Bluestein 1970: with jk = (j^2 + k^2 - (k-j)^2) / 2 the transform is a convolution with a chirp.
function bluestein(n: number): AxisTransform {
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const transform = radix4(size);
  const chirp = makeBuffer(n);
  const kernel = makeBuffer(size);
  for (let i = 0; i < n; i++) {
    // i^2 modulo 2n keeps the angle small and exact.
    const angle = (Math.PI * ((i * i) % (2 * n))) / n;
    chirp.re[i] = Math.cos(angle);
    chirp.im[i] = -Math.sin(angle);
    for (const j of [i, (size - i) % size]) {
      kernel.re[j] = chirp.re[i] / size; // the factor of the inverse below
      kernel.im[j] = -chirp.im[i] / size;
    }
  }
  const kernelSpare = makeBuffer(size);
  const spectrum = transform(kernel, kernelSpare, 0, 1) ? kernelSpare : kernel;
  const work = makeBuffer(size * BLUESTEIN_COLUMNS);
  const workSpare = makeBuffer(size * BLUESTEIN_COLUMNS);
  return (data, _spare, at, inner) => {
    for (let first = 0; first < inner; first += BLUESTEIN_COLUMNS) {
      const width = Math.min(BLUESTEIN_COLUMNS, inner - first);
      for (let i = 0, w = 0; i < n; i++) {
        const cos = chirp.re[i];
        const sin = chirp.im[i];
        for (let d = at + i * inner + first, end = d + width; d < end; d++, w++) {
          work.re[w] = data.re[d] * cos - data.im[d] * sin;
          work.im[w] = data.re[d] * sin + data.im[d] * cos;
        }
      }
      work.re.fill(0, n * width, size * width);
      work.im.fill(0, n * width, size * width);
      const moved = transform(work, workSpare, 0, width);
      const convolved = moved ? workSpare : work;
      for (let i = 0, w = 0; i < size; i++) {
        const cos = spectrum.re[i];
        const sin = spectrum.im[i];
        for (const end = w + width; w < end; w++) {
          const re = convolved.re[w] * cos - convolved.im[w] * sin;
          convolved.im[w] = convolved.re[w] * sin + convolved.im[w] * cos;
          convolved.re[w] = re;
        }
      }
      // Swapped parts: the inverse, but for the factor 1 / size.
      const other = moved ? work : workSpare;
      const back = transform({ re: convolved.im, im: convolved.re }, { re: other.im, im: other.re }, 0, width)
        ? other
        : convolved;
      for (let i = 0, w = 0; i < n; i++) {
        const cos = chirp.re[i];
        const sin = chirp.im[i];
        for (let d = at + i * inner + first, end = d + width; d < end; d++, w++) {
          data.re[d] = back.re[w] * cos - back.im[w] * sin;
          data.im[d] = back.re[w] * sin + back.im[w] * cos;
        }
      }
    }
    return false;
  };
}
