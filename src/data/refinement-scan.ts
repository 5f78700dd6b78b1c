// A scan as iterative refinement reads it: normalised amplitudes, whole-pixel windows, and the probe of every pattern
// moved by the rest of its position.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { type ComplexBuffer, fft2 } from "../numeric/fft.js";
import { type FrameStack, gatherStack, isStored, stackPieces } from "./frame-stack.js";
import { type RawData, scanSize } from "./raw-data.js";
import type { AnyRaw } from "./stored-scan.js";

export interface RefinementScan<Patterns extends FrameStack = FrameStack> {
  /** Measured amplitudes [n, N, N] with mean energy N^2. */
  readonly amplitude: Patterns;
  /** [P, N, N] with energy N^2 over all modes. */
  readonly probe: ComplexArray;
  /** Largest sum_p |P_p|^2. */
  readonly probePeak: number;
  /** [n] nearest whole pixel of every position. */
  readonly xWholePx: Int32Array;
  readonly yWholePx: Int32Array;
  /** [n] what is left of the position, -0.5 .. 0.5. */
  readonly xRestPx: Float64Array;
  readonly yRestPx: Float64Array;
  /** Factor from an object in these units to one in the units of the file. */
  readonly objectScale: number;
  /** Spectra of the probe modes. */
  readonly spectra: readonly ComplexBuffer[];
}

/** Patterns on disk are read once for their energy. @throws PtychoError DataError for patterns or a probe without energy. */
export function prepareRefinement(raw: RawData<"amplitude">): RefinementScan<NdArray<"float32">>;
export function prepareRefinement(raw: AnyRaw<"amplitude">): RefinementScan;
export function prepareRefinement(raw: AnyRaw<"amplitude">): RefinementScan {
  const { n, N } = scanSize(raw);
  const measured: FrameStack = raw.diffraction.array;
  const energy = sumOfSquares(stackPieces(measured)) / n;
  const probeEnergy = sumOfSquares([raw.probe.re]) + sumOfSquares([raw.probe.im]);
  check(
    energy > 0 && probeEnergy > 0,
    "DataError",
    () => `refinement: ${energy > 0 ? "the probe is" : "the patterns are"} zero everywhere; check the file`,
  );
  const scale = N / Math.sqrt(energy);
  const probeScale = N / Math.sqrt(probeEnergy);
  const scaled = (values: Float32Array, factor: number) => values.map((value) => value * factor);
  const probe = complex64(
    raw.probe.shape,
    scaled(raw.probe.re, probeScale),
    scaled(raw.probe.im, probeScale),
  );
  const xWholePx = Int32Array.from(raw.xPx, Math.round);
  const yWholePx = Int32Array.from(raw.yPx, Math.round);
  return {
    amplitude: isStored(measured)
      ? { ...measured, gather: (patterns) => scaled(measured.gather(patterns), scale) }
      : float32([n, N, N], scaled(measured.data, scale)),
    probe,
    probePeak: illuminationOf(probe).reduce((a, b) => Math.max(a, b)),
    xWholePx,
    yWholePx,
    xRestPx: raw.xPx.map((x, i) => x - xWholePx[i]),
    yRestPx: raw.yPx.map((y, i) => y - yWholePx[i]),
    objectScale: probeScale / scale,
    spectra: spectraOf(probe),
  };
}

/** Inputs of a batch of patterns: amplitudes [B, 1, N, N] and moved probes [B, 1, P, N, N]. */
export function refinementBatch(
  scan: RefinementScan,
  patterns: Int32Array,
): Record<"amplitude" | "probe_re" | "probe_im" | "probe_peak", NdArray<"float32">> {
  const [, N] = scan.amplitude.shape;
  const [modes] = scan.probe.shape;
  const probes = complex64([patterns.length, 1, modes, N, N]);
  patterns.forEach((pattern, b) => {
    scan.spectra.forEach((spectrum, mode) => {
      const moved = movedProbe(spectrum, N, scan.xRestPx[pattern], scan.yRestPx[pattern]);
      probes.re.set(moved.re, (b * modes + mode) * N * N);
      probes.im.set(moved.im, (b * modes + mode) * N * N);
    });
  });
  return {
    amplitude: float32([patterns.length, 1, N, N], gatherStack(scan.amplitude, patterns)),
    probe_re: float32(probes.shape, probes.re),
    probe_im: float32(probes.shape, probes.im),
    probe_peak: float32([1], [scan.probePeak]),
  };
}

/**
 * Edge of the smallest central window, a multiple of 16 pixels, that holds 99 % of the probe's energy: the part of the
 * object that a pattern says something about.
 */
export function refinedWindowPx(probe: ComplexArray): number {
  const [, N] = probe.shape;
  const light = illuminationOf(probe);
  const whole = light.reduce((a, b) => a + b, 0);
  for (let edge = 16; edge < N; edge += 16) {
    const start = (N - edge) / 2;
    let inside = 0;
    for (let r = start; r < start + edge; r++)
      for (let c = start; c < start + edge; c++) inside += light[r * N + c];
    if (inside >= 0.99 * whole) return edge;
  }
  return N;
}

/** sum_p |P_p|^2, [N * N]. */
function illuminationOf({ re, im, shape }: ComplexArray): Float64Array {
  const pixels = shape[1] * shape[2];
  const light = new Float64Array(pixels);
  for (let i = 0; i < re.length; i++) light[i % pixels] += re[i] ** 2 + im[i] ** 2;
  return light;
}

function spectraOf({ re, im, shape }: ComplexArray): ComplexBuffer[] {
  const [modes, N] = shape;
  return Array.from({ length: modes }, (_, mode) => {
    const part = (values: Float32Array) =>
      Float64Array.from(values.subarray(mode * N * N, (mode + 1) * N * N));
    const buffer = { re: part(re), im: part(im) };
    fft2(buffer, N, N, "forward");
    return buffer;
  });
}

/** The probe moved by (dx, dy) pixels towards larger index: its spectrum times exp(-2 pi i (k dy + l dx) / N). */
function movedProbe({ re, im }: ComplexBuffer, N: number, dx: number, dy: number): ComplexBuffer {
  const moved = { re: new Float64Array(N * N), im: new Float64Array(N * N) };
  const [rows, columns] = [ramp(N, dy), ramp(N, dx)];
  for (let r = 0; r < N; r++)
    for (let c = 0; c < N; c++) {
      const i = r * N + c;
      const fr = rows.re[r] * columns.re[c] - rows.im[r] * columns.im[c];
      const fi = rows.re[r] * columns.im[c] + rows.im[r] * columns.re[c];
      moved.re[i] = re[i] * fr - im[i] * fi;
      moved.im[i] = re[i] * fi + im[i] * fr;
    }
  fft2(moved, N, N, "inverse");
  return moved;
}

/** exp(-2 pi i k d / N) for the signed frequencies k. */
function ramp(N: number, d: number): ComplexBuffer {
  const angle = (k: number) => (-2 * Math.PI * (k < N / 2 ? k : k - N) * d) / N;
  return {
    re: Float64Array.from({ length: N }, (_, k) => Math.cos(angle(k))),
    im: Float64Array.from({ length: N }, (_, k) => Math.sin(angle(k))),
  };
}

function sumOfSquares(pieces: Iterable<Float32Array>): number {
  let total = 0;
  for (const values of pieces) for (const value of values) total += value * value;
  return total;
}
