// The arithmetic of iterative ptychography on float32 planes that lie in one wave memory.

import { check, PtychoError } from "../core/errors.js";
import { assembleModule, type WasmFunction } from "./wasm-module.js";
import { fftFunction } from "./wave-kernels-fft.js";
import { planeFunctions } from "./wave-kernels-planes.js";
import { scheduleOf } from "./wave-kernels-schedule.js";
import type { Wave } from "./wave-memory.js";

const SMALLEST = 16;
const LARGEST = 1024;

/**
 * Kernels on planes of one wave memory. A canvas window is given by the index `start` of its first pixel in the canvas
 * planes and the row stride `stride`, both in pixels. Row counts `fromRow`..`toRow` are rows of the window, end excluded.
 */
export interface WaveKernels {
  /** Unitary 2-D DFT of [N, N] in place, zero frequency at [0, 0]; N a power of two from 16 to 1024. */
  fft2(field: Wave, N: number, direction: "forward" | "inverse"): void;
  /** out[N, N] = probe[N, N] * canvas window. */
  illuminate(out: Wave, probe: Wave, canvas: Wave, start: number, stride: number, N: number): void;
  /** out[i] (+)= conj(a[i]) * b[i]. */
  conjugateProduct(out: Wave, a: Wave, b: Wave, accumulate: boolean): void;
  /** out[N, N] (+)= conj(canvas window) * b[N, N]. */
  conjugateWindow(
    out: Wave,
    canvas: Wave,
    start: number,
    stride: number,
    b: Wave,
    N: number,
    accumulate: boolean,
  ): void;
  /** out[i] (+)= |wave[i]|^2. */
  intensity(out: Float32Array, wave: Wave, accumulate: boolean): void;
  /**
   * Replaces the modelled intensity I by A / sqrt(I + dark) - 1, the factor that turns a far field into its change;
   * 0 where not measured (A < 0). Returns sum (sqrt(I) - A)^2 over the measured pixels.
   */
  amplitudeFactor(intensity: Float32Array, measured: Float32Array, dark: number): number;
  /** As `amplitudeFactor`, with the factor (A^2 / (I + dark) - 1) / 2 held between -1/2 and `limit`. */
  poissonFactor(intensity: Float32Array, measured: Float32Array, dark: number, limit: number): number;
  /** wave[i] *= factor[i]. */
  scale(wave: Wave, factor: Float32Array): void;
  /** out[i] += factor * wave[i]. */
  addScaled(out: Wave, wave: Wave, factor: number): void;
  /** wave[i] *= factor, then out[i] -= wave[i]. */
  decayAndSubtract(out: Wave, wave: Wave, factor: number): void;
  /** out[r, c] (+)= wave[r, c] * rows[r] * columns[c], or with conj(rows[r] * columns[c]). `out` may be `wave`. */
  modulate(out: Wave, wave: Wave, rows: Wave, columns: Wave, conjugate: boolean, accumulate: boolean): void;
  /** canvas window += change[N, N] and weight window += illumination[N, N], in rows fromRow..toRow. */
  addWindow(
    canvas: Wave,
    weight: Float32Array,
    start: number,
    stride: number,
    change: Wave,
    illumination: Float32Array,
    N: number,
    fromRow: number,
    toRow: number,
  ): void;
  /**
   * In window rows fromRow..toRow: where weight > 0, canvas += step * sums / (keep * weight + floor); then sums and
   * weight are 0.
   */
  applyWindow(
    canvas: Wave,
    sums: Wave,
    weight: Float32Array,
    start: number,
    stride: number,
    N: number,
    fromRow: number,
    toRow: number,
    step: number,
    keep: number,
    floor: number,
  ): void;
  /** Real part of sum conj(a) b. */
  dot(a: Wave, b: Wave): number;
  /** sum |a|^2. */
  energy(a: Wave): number;
}

/**
 * Bytes of scratch that an instance for windows up to [largestN, largestN] needs: for each size its twiddle factors and
 * the work planes of a strip of columns.
 */
export function scratchBytes(largestN: number): number {
  checkSize(largestN);
  return scratchOffset(2 * largestN);
}

/**
 * The kernels as WebAssembly SIMD on `memory`; every thread opens its own. `scratchByteOffset` is the byteOffset of a
 * plane of `scratchBytes(largestN)` bytes that this instance alone uses. All arguments must be planes, or parts of
 * planes, of this memory, and may be the same plane where a kernel reads and writes pixel by pixel (all but fft2).
 * Throws ShapeError for a plane that is too short or not in shared memory.
 */
export function openWaveKernels(
  memory: WebAssembly.Memory,
  scratchByteOffset: number,
  largestN: number,
): WaveKernels {
  checkSize(largestN);
  check(
    scratchByteOffset % 64 === 0 && scratchByteOffset + scratchBytes(largestN) <= memory.buffer.byteLength,
    "ShapeError",
    () =>
      `wave kernels: expected ${scratchBytes(largestN)} bytes of scratch at ${scratchByteOffset}, a multiple of 64`,
  );
  const planes = instantiate(planeFunctions(), memory);
  const transforms = new Map<number, (re: number, im: number) => void>();
  const prepare = (N: number): ((re: number, im: number) => void) => {
    checkSize(N);
    check(N <= largestN, "ShapeError", () => `fft2: opened for N up to ${largestN}, got ${N}`);
    const scratch = scratchByteOffset + scratchOffset(N);
    const { table } = scheduleOf(N);
    new Float32Array(memory.buffer, scratch, table.length).set(table);
    const { fft2 } = instantiate([fftFunction(N)], memory);
    const transform = (re: number, im: number): void => void fft2(re, im, scratch);
    transforms.set(N, transform);
    return transform;
  };
  return {
    fft2({ re, im }, N, direction) {
      const transform = transforms.get(N) ?? prepare(N);
      const [reAt, imAt] = [at(re, N * N), at(im, N * N)];
      // Exchanging the parts conjugates and turns: ifft(z) = swap(fft(swap(z))).
      if (direction === "forward") transform(reAt, imAt);
      else transform(imAt, reAt);
    },
    illuminate(out, probe, canvas, start, stride, N) {
      checkWindow(N, 0, N);
      const span = spanOf(start, stride, N, N);
      planes.illuminate(
        at(canvas.re, span) + 4 * start,
        at(canvas.im, span) + 4 * start,
        at(out.re, N * N),
        at(out.im, N * N),
        at(probe.re, N * N),
        at(probe.im, N * N),
        N,
        N,
        stride,
      );
    },
    conjugateProduct(out, a, b, accumulate) {
      const count = out.re.length;
      const run = accumulate ? planes.conjugateProductAdd : planes.conjugateProduct;
      run(
        at(out.re, count),
        at(out.im, count),
        at(a.re, count),
        at(a.im, count),
        at(b.re, count),
        at(b.im, count),
        count,
      );
    },
    conjugateWindow(out, canvas, start, stride, b, N, accumulate) {
      checkWindow(N, 0, N);
      const span = spanOf(start, stride, N, N);
      const run = accumulate ? planes.conjugateWindowAdd : planes.conjugateWindow;
      run(
        at(canvas.re, span) + 4 * start,
        at(canvas.im, span) + 4 * start,
        at(out.re, N * N),
        at(out.im, N * N),
        at(b.re, N * N),
        at(b.im, N * N),
        N,
        N,
        stride,
      );
    },
    intensity(out, wave, accumulate) {
      const count = out.length;
      const run = accumulate ? planes.intensityAdd : planes.intensity;
      run(at(out, count), at(wave.re, count), at(wave.im, count), count);
    },
    amplitudeFactor(intensity, measured, dark) {
      const count = intensity.length;
      return planes.amplitudeFactor(at(intensity, count), at(measured, count), count, dark);
    },
    poissonFactor(intensity, measured, dark, limit) {
      const count = intensity.length;
      return planes.poissonFactor(at(intensity, count), at(measured, count), count, dark, limit);
    },
    scale(wave, factor) {
      const count = factor.length;
      planes.scale(at(wave.re, count), at(wave.im, count), at(factor, count), count);
    },
    addScaled(out, wave, factor) {
      const count = out.re.length;
      planes.addScaled(
        ...[at(out.re, count), at(out.im, count), at(wave.re, count), at(wave.im, count), count, factor],
      );
    },
    decayAndSubtract(out, wave, factor) {
      const count = out.re.length;
      planes.decayAndSubtract(
        ...[at(out.re, count), at(out.im, count), at(wave.re, count), at(wave.im, count), count, factor],
      );
    },
    modulate(out, wave, rows, columns, conjugate, accumulate) {
      const [height, width] = [rows.re.length, columns.re.length];
      const count = height * width;
      check(width % 16 === 0, "ShapeError", () => `modulate: expected columns in sixteens, got ${width}`);
      const run = accumulate ? planes.modulateAdd : planes.modulate;
      run(
        at(out.re, count),
        at(out.im, count),
        at(wave.re, count),
        at(wave.im, count),
        at(columns.re, width),
        at(columns.im, width),
        at(rows.re, height),
        at(rows.im, height),
        height,
        width,
        conjugate ? -1 : 1,
      );
    },
    addWindow(canvas, weight, start, stride, change, illumination, N, fromRow, toRow) {
      checkWindow(N, fromRow, toRow);
      if (fromRow === toRow) return;
      const first = start + fromRow * stride;
      const span = spanOf(first, stride, N, toRow - fromRow);
      const row = 4 * fromRow * N;
      planes.addWindow(
        at(canvas.re, span) + 4 * first,
        at(canvas.im, span) + 4 * first,
        at(weight, span) + 4 * first,
        at(change.re, N * N) + row,
        at(change.im, N * N) + row,
        at(illumination, N * N) + row,
        toRow - fromRow,
        N,
        stride,
      );
    },
    applyWindow(canvas, sums, weight, start, stride, N, fromRow, toRow, step, keep, floor) {
      checkWindow(N, fromRow, toRow);
      if (fromRow === toRow) return;
      const first = start + fromRow * stride;
      const span = spanOf(first, stride, N, toRow - fromRow);
      planes.applyWindow(
        at(canvas.re, span) + 4 * first,
        at(canvas.im, span) + 4 * first,
        at(sums.re, span) + 4 * first,
        at(sums.im, span) + 4 * first,
        at(weight, span) + 4 * first,
        toRow - fromRow,
        N,
        stride,
        step,
        keep,
        floor,
      );
    },
    dot(a, b) {
      const count = a.re.length;
      return planes.dot(at(a.re, count), at(a.im, count), at(b.re, count), at(b.im, count), count);
    },
    energy(a) {
      return planes.energy(at(a.re, a.re.length), at(a.im, a.re.length), a.re.length);
    },
  };
}

function instantiate(functions: readonly WasmFunction[], memory: WebAssembly.Memory) {
  const module = new WebAssembly.Module(assembleModule(functions));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as Readonly<Record<string, (...values: number[]) => number>>; // what assembleModule exports
}

/** Where the scratch of size N begins: the smaller sizes lie before it. */
function scratchOffset(N: number): number {
  let bytes = 0;
  for (let smaller = SMALLEST; smaller < N; smaller *= 2) bytes += scheduleOf(smaller).scratchBytes;
  return bytes;
}

function checkSize(N: number): void {
  check(
    Number.isInteger(Math.log2(N)) && N >= SMALLEST && N <= LARGEST,
    "ShapeError",
    () => `wave kernels: expected N to be a power of two from ${SMALLEST} to ${LARGEST}, got ${N}`,
  );
}

function checkWindow(N: number, fromRow: number, toRow: number): void {
  check(
    N > 0 && N % 16 === 0 && fromRow >= 0 && fromRow <= toRow && toRow <= N,
    "ShapeError",
    () => `wave kernels: expected N in sixteens and rows within it, got N=${N}, rows ${fromRow} to ${toRow}`,
  );
}

/** Pixels of a canvas plane up to the last one of a window. */
function spanOf(start: number, stride: number, N: number, rows: number): number {
  check(
    Number.isInteger(start) && start >= 0 && Number.isInteger(stride) && stride >= N,
    "ShapeError",
    () => `wave kernels: expected a window inside the canvas, got start ${start}, stride ${stride}, N=${N}`,
  );
  return start + (rows - 1) * stride + N;
}

/** Byte address of a plane of at least `count` pixels. */
function at(plane: Float32Array, count: number): number {
  if (plane.length < count || !(plane.buffer instanceof SharedArrayBuffer))
    throw new PtychoError(
      "ShapeError",
      `wave kernels: expected a plane of ${count} pixels in the wave memory, got ${plane.length} in ${plane.buffer.constructor.name}; take planes from openWaveMemory`,
    );
  return plane.byteOffset;
}
