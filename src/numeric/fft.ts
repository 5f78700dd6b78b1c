// Discrete Fourier transforms of any length in float64: radix 2 for powers of two, else Bluestein's convolution.
// Forward is sum_x f(x) exp(-2 pi i k x / n) without a factor; the inverse divides by n.

import { check } from "../core/errors.js";

/** Complex values, real and imaginary parts apart, transformed in place. */
export interface ComplexBuffer {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export type Direction = "forward" | "inverse";

/** A transform of fixed length n; making it once saves the tables. Works in place on buffers of n values. */
export type Fft = (buffer: ComplexBuffer, direction: Direction) => void;

/** Prepares the transform of length n. */
export function makeFft(n: number): Fft {
  check(Number.isInteger(n) && n >= 1, "ShapeError", () => `fft: expected a length of 1 or more, got ${n}`);
  const forward = (n & (n - 1)) === 0 ? radix2(n) : bluestein(n);
  return ({ re, im }, direction) => {
    check(
      re.length === n && im.length === n,
      "ShapeError",
      () => `fft: expected ${n} values, got ${re.length} and ${im.length}`,
    );
    if (direction === "forward") return forward(re, im);
    // Swapping the parts conjugates and turns: ifft(z) = swap(fft(swap(z))) / n.
    forward(im, re);
    for (let i = 0; i < n; i++) {
      re[i] /= n;
      im[i] /= n;
    }
  };
}

/** Transforms [rows, columns] in place over both axes. */
export function fft2(buffer: ComplexBuffer, rows: number, columns: number, direction: Direction): void {
  const { re, im } = buffer;
  check(
    re.length === rows * columns && im.length === rows * columns,
    "ShapeError",
    () => `fft2: expected ${rows} x ${columns} values, got ${re.length}`,
  );
  const alongRow = makeFft(columns);
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * columns, (r + 1) * columns];
    alongRow({ re: re.subarray(from, to), im: im.subarray(from, to) }, direction);
  }
  const alongColumn = rows === columns ? alongRow : makeFft(rows);
  const column = { re: new Float64Array(rows), im: new Float64Array(rows) };
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      column.re[r] = re[r * columns + c];
      column.im[r] = im[r * columns + c];
    }
    alongColumn(column, direction);
    for (let r = 0; r < rows; r++) {
      re[r * columns + c] = column.re[r];
      im[r * columns + c] = column.im[r];
    }
  }
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

type Transform = (re: Float64Array, im: Float64Array) => void;

// Cooley & Tukey 1965, decimation in time, in place after bit reversal.
function radix2(n: number): Transform {
  const cosine = new Float64Array(n / 2);
  const sine = new Float64Array(n / 2);
  for (let i = 0; i < n / 2; i++) {
    cosine[i] = Math.cos((2 * Math.PI * i) / n);
    sine[i] = -Math.sin((2 * Math.PI * i) / n);
  }
  const reversed = new Uint32Array(n);
  for (let i = 1; i < n; i++) reversed[i] = (reversed[i >> 1] >> 1) | (i & 1 ? n >> 1 : 0);
  return (re, im) => {
    for (let i = 0; i < n; i++) {
      const j = reversed[i];
      if (j > i) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let half = 1; half < n; half *= 2) {
      const stride = n / (2 * half);
      for (let start = 0; start < n; start += 2 * half) {
        for (let i = start, t = 0; i < start + half; i++, t += stride) {
          const j = i + half;
          const tr = re[j] * cosine[t] - im[j] * sine[t];
          const ti = re[j] * sine[t] + im[j] * cosine[t];
          re[j] = re[i] - tr;
          im[j] = im[i] - ti;
          re[i] += tr;
          im[i] += ti;
        }
      }
    }
  };
}

// Bluestein 1970: with jk = (j^2 + k^2 - (k-j)^2) / 2 the transform is a convolution with a chirp.
function bluestein(n: number): Transform {
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const transform = radix2(size);
  const chirpRe = new Float64Array(n);
  const chirpIm = new Float64Array(n);
  const kernelRe = new Float64Array(size);
  const kernelIm = new Float64Array(size);
  for (let i = 0; i < n; i++) {
    // i^2 modulo 2n keeps the angle small and exact.
    const angle = (Math.PI * ((i * i) % (2 * n))) / n;
    chirpRe[i] = Math.cos(angle);
    chirpIm[i] = -Math.sin(angle);
    for (const j of [i, (size - i) % size]) {
      kernelRe[j] = chirpRe[i];
      kernelIm[j] = -chirpIm[i];
    }
  }
  transform(kernelRe, kernelIm);
  return (re, im) => {
    const workRe = new Float64Array(size);
    const workIm = new Float64Array(size);
    for (let i = 0; i < n; i++) {
      workRe[i] = re[i] * chirpRe[i] - im[i] * chirpIm[i];
      workIm[i] = re[i] * chirpIm[i] + im[i] * chirpRe[i];
    }
    transform(workRe, workIm);
    for (let i = 0; i < size; i++) {
      const product = workRe[i] * kernelRe[i] - workIm[i] * kernelIm[i];
      workIm[i] = workRe[i] * kernelIm[i] + workIm[i] * kernelRe[i];
      workRe[i] = product;
    }
    transform(workIm, workRe); // swapped parts: the inverse, but for the factor 1 / size
    for (let i = 0; i < n; i++) {
      re[i] = (workRe[i] * chirpRe[i] - workIm[i] * chirpIm[i]) / size;
      im[i] = (workRe[i] * chirpIm[i] + workIm[i] * chirpRe[i]) / size;
    }
  };
}
