// The constants that bring measured patterns to the network's scale. There are several, and they differ: each has its
// own name here. All sums are in float64. Patterns are stacks [..., N, N].

import { check, PtychoError } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";

export type Normalize = "Batch" | "Group" | "Each" | "None";
export type DataScaling = "Parseval" | "Max";

/**
 * Amplitude scale of the grouped container: sqrt((N/2)^2 / mean over patterns of sum d^2), so that the mean pattern has
 * energy (N/2)^2.
 */
export function rmsScaleContainer(patterns: NdArray): number {
  return rmsScaleOf(patternSums(patterns, square), patterns.shape[patterns.shape.length - 1]);
}

/** The same from the energy sum d^2 of each pattern. */
export function rmsScaleOf(energies: Float64Array, N: number): number {
  return Math.sqrt(((N / 2) * (N / 2)) / meanOf(energies));
}

/** float32(scale) * float32(d), as the container stores amplitudes. */
export function scaleToFloat32(patterns: NdArray, scale: number): NdArray<"float32"> {
  const values = numbersOf(patterns);
  const scaled = new Float32Array(values.length);
  const scale32 = Math.fround(scale);
  for (let i = 0; i < values.length; i++) scaled[i] = scale32 * Math.fround(values[i]);
  return float32(patterns.shape, scaled);
}

/**
 * Input scale of the PyTorch data layer, with N^2 where the container has (N/2)^2.
 * Parseval: sqrt(N^2 / mean sum d^2); Max: 1 / largest sum d.
 *
 * @param patterns [B, C, N, N] or [B, N, N]
 * @returns [1, 1, 1, 1] for Batch; [B, 1, 1, 1] for Group; [B, C, 1, 1] for Each (which fails in the original)
 * @throws PtychoError UsageError for a combination without meaning.
 */
export function rmsScaleTorch(
  patterns: NdArray,
  N: number,
  dataScaling: DataScaling,
  normalize: Normalize,
): NdArray<"float32"> {
  if (dataScaling === "Max") return maxScaleTorch(patterns, normalize);
  return perSelection("rms scale", patterns, square, normalize, (energy) => Math.sqrt((N * N) / energy));
}

/** As `rmsScaleTorch`, but Parseval is 1 / mean sum d: it brings the total of a pattern to 1. */
export function physicsScaleTorch(
  patterns: NdArray,
  dataScaling: DataScaling,
  normalize: Normalize,
): NdArray<"float32"> {
  if (dataScaling === "Max") return maxScaleTorch(patterns, normalize);
  return perSelection("physics scale", patterns, identity, normalize, (total) => 1 / total);
}

/**
 * Scale from normalised amplitude to sqrt(counts): sqrt(nphotons / mean over patterns of sum d^2), so that the mean
 * pattern has nphotons counts.
 *
 * @param patterns [..., N, N]
 * @throws PtychoError DataError for patterns without energy, UsageError for nphotons not above 0.
 */
export function intensityScaleFromPhotons(patterns: NdArray, nphotons: number): number {
  expectPhotons(nphotons);
  check(
    patterns.shape.length >= 2,
    "ShapeError",
    () => `intensity scale: patterns must have at least 2 dims, got ${patterns.shape.length}`,
  );
  return photonScaleOf(patternSums(patterns, square), nphotons);
}

/** The same from the energy sum d^2 of each pattern. */
export function photonScaleOf(energies: Float64Array, nphotons: number): number {
  expectPhotons(nphotons);
  const energy = meanOf(energies);
  check(
    energy > 0,
    "DataError",
    () => "intensity scale: mean intensity must be positive; the patterns are all zero",
  );
  return Math.sqrt(nphotons / energy);
}

function expectPhotons(nphotons: number): void {
  check(
    nphotons > 0 && Number.isFinite(nphotons),
    "UsageError",
    () => `intensity scale: nphotons must be positive, got ${nphotons}`,
  );
}

function maxScaleTorch(patterns: NdArray, normalize: Normalize): NdArray<"float32"> {
  const sums = patternSums(patterns, identity);
  const [B, C] = patterns.shape;
  const perGroup = normalize === "Group" && patterns.shape.length === 4;
  const size = perGroup ? C : sums.length;
  const largest = Array.from({ length: perGroup ? B : 1 }, (_, b) =>
    sums.subarray(b * size, (b + 1) * size).reduce((a, value) => Math.max(a, value), -Infinity),
  );
  check(
    largest.every((sum) => Number.isFinite(sum) && sum > 0),
    "DataError",
    () =>
      "Max scaling requires selected maximum spatial sums to be finite and strictly positive; " +
      "remove all-zero patterns",
  );
  return float32(
    [largest.length, 1, 1, 1],
    Float32Array.from(largest, (sum) => 1 / sum),
  );
}

function perSelection(
  what: string,
  patterns: NdArray,
  of: (value: number) => number,
  normalize: Normalize,
  toScale: (mean: number) => number,
): NdArray<"float32"> {
  const sums = patternSums(patterns, of);
  if (normalize === "Batch") return float32([1, 1, 1, 1], [toScale(meanOf(sums))]);
  const [B, C] = patterns.shape;
  if (normalize === "None" || patterns.shape.length !== 4) {
    throw new PtychoError(
      "UsageError",
      `${what}: normalize '${normalize}' has no meaning for Parseval scaling of a stack of shape ` +
        `[${patterns.shape.join(", ")}]; use 'Batch', or 'Group' or 'Each' with [B, C, N, N]`,
    );
  }
  if (normalize === "Each") return float32([B, C, 1, 1], Float32Array.from(sums, toScale));
  return float32(
    [B, 1, 1, 1],
    Float32Array.from({ length: B }, (_, b) => toScale(meanOf(sums.subarray(b * C, (b + 1) * C)))),
  );
}

/** Sum of f(value) over each pattern of [..., N, N]. Integer patterns are promoted before f. */
export function patternSums(patterns: NdArray, f: (value: number) => number): Float64Array {
  const values = numbersOf(patterns);
  const [height, width] = patterns.shape.slice(-2);
  const pixels = height * width;
  const sums = new Float64Array(pixels === 0 ? 0 : values.length / pixels);
  for (let p = 0; p < sums.length; p++) {
    let sum = 0;
    for (let i = p * pixels; i < (p + 1) * pixels; i++) sum += f(values[i]);
    sums[p] = sum;
  }
  return sums;
}

export function square(value: number): number {
  return value * value;
}

function identity(value: number): number {
  return value;
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function numbersOf(array: NdArray): Exclude<NdArray["data"], BigInt64Array | BigUint64Array> {
  const { data } = array;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    throw new PtychoError(
      "ShapeError",
      `patterns: expected float or at most 32-bit integers, got ${array.dtype}`,
    );
  }
  return data;
}
