// The count-intensity contract: statistics of measured counts, and the way from normalised amplitude to counts.

import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { patternSums, square } from "./normalise.js";

export interface CountStatistics {
  /** sqrt((N/2)^2 / mean over patterns of sum I^2): the input scale, an L2 norm of INTENSITIES. */
  readonly rmsInputScale: number;
  /** Mean counts per pixel; the loss is divided by it. */
  readonly meanMeasuredIntensity: number;
}

/**
 * Statistics of counts [B, C, N, N].
 *
 * @throws PtychoError ShapeError or DataError for another rank, values not finite or negative, or no energy.
 */
export function countStatistics(counts: NdArray, N: number): CountStatistics {
  check(
    counts.dtype === "float32" || counts.dtype === "float64",
    "ShapeError",
    () => `measured_intensity must be a real floating-point array, got ${counts.dtype}`,
  );
  check(
    counts.shape.length === 4,
    "ShapeError",
    () => `measured_intensity must have shape (B, C, H, W), got [${counts.shape.join(", ")}]`,
  );
  expectFiniteNonNegative("measured_intensity", counts, "counts");
  check(
    N > 0 && Number.isFinite(N),
    "UsageError",
    () => `count statistics: N must be positive and finite, got ${N}`,
  );
  const totals = patternSums(counts, (value) => value);
  const pixels = counts.shape[2] * counts.shape[3];
  return countStatisticsOf({ energies: patternSums(counts, square), totals }, N, pixels);
}

/**
 * The same of patterns N x N from the sums over each: sum I^2 and sum I.
 *
 * @throws PtychoError DataError for no energy.
 */
export function countStatisticsOf(
  { energies, totals }: { readonly energies: Float64Array; readonly totals: Float64Array },
  N: number,
  pixels = N * N,
): CountStatistics {
  const meanEnergy = average(energies);
  check(
    meanEnergy > 0 && Number.isFinite(meanEnergy),
    "DataError",
    () => `measured_intensity has zero or degenerate energy (mean sum of squares ${meanEnergy})`,
  );
  return {
    rmsInputScale: Math.sqrt(((N / 2) * (N / 2)) / meanEnergy),
    meanMeasuredIntensity: average(totals) / pixels,
  };
}

export interface PhysicalScan {
  /** (scale * amplitude)^2, in counts. */
  readonly counts: NdArray<"float32">;
  /** scale * probe, in sqrt(counts). */
  readonly probe: ComplexArray;
}

/**
 * Normalised amplitude and its probe in physical units, for a known scale from amplitude to sqrt(counts).
 *
 * @throws PtychoError DataError or UsageError for negative, zero or overflowing values.
 */
export function amplitudeToCounts(
  amplitude: NdArray<"float32">,
  probe: ComplexArray,
  scale: number,
): PhysicalScan {
  check(
    scale > 0 && Number.isFinite(scale),
    "UsageError",
    () => `count_amplitude_scale must be positive and finite, got ${scale}`,
  );
  expectFiniteNonNegative("amplitude", amplitude, "values");
  check(
    amplitude.data.some((value) => value !== 0),
    "DataError",
    () => "amplitude must have nonzero energy",
  );
  const parts = [probe.re, probe.im];
  check(
    parts.every((part) => part.every(Number.isFinite)),
    "DataError",
    () => "probe real and imaginary components must be finite",
  );
  check(
    parts.some((part) => part.some((value) => value !== 0)),
    "DataError",
    () => "probe must have nonzero energy",
  );
  const physical = {
    counts: float32(
      amplitude.shape,
      amplitude.data.map((value) => (scale * value) ** 2),
    ),
    probe: complex64(
      probe.shape,
      probe.re.map((value) => scale * value),
      probe.im.map((value) => scale * value),
    ),
  };
  check(
    physical.counts.data.every(Number.isFinite),
    "DataError",
    () => `converted intensity must contain only finite values; scale ${scale} overflows`,
  );
  return physical;
}

/**
 * Per-pattern negative log-likelihood [B] divided by the mean measured intensity, one number or one per pattern.
 *
 * @throws PtychoError ShapeError for lengths that do not match, DataError for a mean not above 0.
 */
export function normaliseCountLoss(nll: NdArray<"float32">, meanMeasuredIntensity: NdArray<"float32">) {
  check(
    nll.shape.length === 1,
    "ShapeError",
    () => `raw_nll must have shape (B,), got [${nll.shape.join(", ")}]`,
  );
  const means = meanMeasuredIntensity.data;
  const [first, ...rest] = meanMeasuredIntensity.shape;
  check(
    means.length === 1 || (first === nll.shape[0] && rest.every((extent) => extent === 1)),
    "ShapeError",
    () => "mean_measured_intensity must be scalar or have shape (B, 1, ...) matching raw_nll",
  );
  check(
    means.every((value) => value > 0 && Number.isFinite(value)),
    "DataError",
    () => "mean_measured_intensity must be positive and finite",
  );
  return float32(
    nll.shape,
    nll.data.map((value, b) => value / means[means.length === 1 ? 0 : b]),
  );
}

export interface ScaleContract {
  readonly version: "ci_intensity_v2" | "legacy_v1";
  readonly measurementDomain: "count_intensity" | "normalized_amplitude";
}

/**
 * The pair of contract version and measured quantity; each defaults to the count contract on its own.
 *
 * @throws PtychoError UsageError for a pair that does not belong together.
 */
export function resolveScaleContract(
  version = "ci_intensity_v2",
  measurementDomain = "count_intensity",
): ScaleContract {
  if (version === "ci_intensity_v2" && measurementDomain === "count_intensity") {
    return { version, measurementDomain };
  }
  if (version === "legacy_v1" && measurementDomain === "normalized_amplitude") {
    return { version, measurementDomain };
  }
  throw new PtychoError(
    "UsageError",
    `Unsupported scale contract profile: version='${version}', measurement_domain='${measurementDomain}'. ` +
      "Expected ('ci_intensity_v2', 'count_intensity') or ('legacy_v1', 'normalized_amplitude').",
  );
}

function expectFiniteNonNegative(name: string, array: NdArray, what: string): void {
  for (const value of array.data as Float32Array) {
    check(Number.isFinite(value), "DataError", () => `${name} must contain only finite values`);
    check(value >= 0, "DataError", () => `${name} must contain nonnegative ${what}`);
  }
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
