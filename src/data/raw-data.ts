// What was measured, as the rest of the house sees it: patterns with their domain, positions in pixels, the probe guess.

import { check, PtychoError } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";

/** What a diffraction value is: sqrt(counts) (possibly scaled), or photon counts. */
export type Domain = "amplitude" | "counts";

/** Patterns [n, N, N], zero frequency at N/2, together with what their values mean. */
export interface DiffractionData<D extends Domain = Domain> {
  readonly domain: D;
  readonly array: NdArray<"float32">;
}

/** What is known of the experiment beside the patterns. */
export interface Geometry {
  /** Edge of an object pixel, metres. */
  readonly pixelSizeM?: number;
  /** Photon energy, eV. */
  readonly energyEv?: number;
  /** Distance from object to detector, metres. */
  readonly distanceM?: number;
}

/** One scan without its probe. Ground truth is present only if it was asked for by name when reading. */
export interface Measurement<D extends Domain = Domain> extends Geometry {
  readonly diffraction: DiffractionData<D>;
  /** [n] probe centre along columns, in object pixels. */
  readonly xPx: Float64Array;
  /** [n] probe centre along rows, in object pixels. */
  readonly yPx: Float64Array;
  /** [n] positions before any correction; equal to xPx where the file has none. */
  readonly xStartPx: Float64Array;
  readonly yStartPx: Float64Array;
  /** [n] number of the scan each pattern belongs to. */
  readonly scanIndex: Int32Array;
  /** Mean photons per pattern, from the file's metadata. */
  readonly nphotons?: number;
  readonly truth?: Truth;
}

/** One scan. */
export interface RawData<D extends Domain = Domain> extends Measurement<D> {
  /** [P, N, N] incoherent probe modes. */
  readonly probe: ComplexArray;
}

/** Ground truth for scoring or supervised training; never read otherwise. */
export interface Truth {
  /** [H, W] */
  readonly object?: ComplexArray;
  /** [n, N, N] object patches, one per pattern. */
  readonly patches?: ComplexArray;
}

/** Number of patterns and their width in pixels. */
export function scanSize(raw: {
  readonly diffraction: { readonly array: { readonly shape: readonly number[] } };
}): { readonly n: number; readonly N: number } {
  const [n, N] = raw.diffraction.array.shape;
  return { n, N };
}

/**
 * The same data, known to be of `domain`.
 *
 * @throws PtychoError DataError if it is of the other: counts are never taken for amplitudes, or the reverse.
 */
export function expectDomain<S extends OfDomain, D extends Domain>(
  where: string,
  raw: S,
  domain: D,
): S & OfDomain<D> {
  const found = raw.diffraction.domain;
  if (isOfDomain(raw, domain)) return raw;
  throw new PtychoError(
    "DataError",
    `${where}: expected diffraction as ${domain}, got ${found}; state the units of the file, or convert it ` +
      `(amplitude = sqrt(counts))`,
  );
}

interface OfDomain<D extends Domain = Domain> {
  readonly diffraction: { readonly domain: D };
}

function isOfDomain<S extends OfDomain, D extends Domain>(raw: S, domain: D): raw is S & OfDomain<D> {
  return raw.diffraction.domain === domain;
}

/** The patterns at `indices`, in that order, with all that belongs to them. */
export function selectPatterns<M extends Measurement>(raw: M, indices: Int32Array): M {
  const { n, N } = scanSize(raw);
  for (const i of indices) {
    check(i >= 0 && i < n, "ShapeError", () => `select patterns: index ${i} is not in 0..${n - 1}`);
  }
  const pick = (values: Float64Array) => Float64Array.from(indices, (i) => values[i]);
  const patches = raw.truth?.patches;
  return {
    ...raw,
    diffraction: {
      domain: raw.diffraction.domain,
      array: {
        dtype: "float32",
        shape: [indices.length, N, N],
        data: gatherFrames(raw.diffraction.array.data, indices, N * N),
      },
    },
    xPx: pick(raw.xPx),
    yPx: pick(raw.yPx),
    xStartPx: pick(raw.xStartPx),
    yStartPx: pick(raw.yStartPx),
    scanIndex: Int32Array.from(indices, (i) => raw.scanIndex[i]),
    ...(patches !== undefined && {
      truth: {
        ...raw.truth,
        patches: {
          dtype: "complex64" as const,
          shape: [indices.length, N, N],
          re: gatherFrames(patches.re, indices, N * N),
          im: gatherFrames(patches.im, indices, N * N),
        },
      },
    }),
  };
}

/** Copies frames of `size` values each. */
export function gatherFrames(source: Float32Array, indices: ArrayLike<number>, size: number): Float32Array {
  const target = new Float32Array(indices.length * size);
  for (let g = 0; g < indices.length; g++) {
    target.set(source.subarray(indices[g] * size, (indices[g] + 1) * size), g * size);
  }
  return target;
}
