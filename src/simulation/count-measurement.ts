// Counts at a stated mean per pixel, and the probe that gives them: the seeded count simulator of PtychoPINN's studies.
import { check } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import type { Pcg64Random } from "../numeric/random-pcg64.js";
import { roundHalfEven } from "../numeric/round-half-even.js";
import { mean } from "../numeric/statistics.js";
import { detectorIntensity } from "./detector-intensity.js";

const MOST_COUNTS = 65535;

export interface CountMeasurement {
  /** Poisson counts [n, N, N]. */
  readonly counts: NdArray<"uint16">;
  /** Their expectations [n, N, N], photons per pixel. */
  readonly expected: NdArray<"float64">;
  /** The probe in sqrt(photons): the given one times `doseAmplitude`. */
  readonly probe: ComplexArray;
  readonly doseIntensity: number;
  readonly doseAmplitude: number;
}

/**
 * Scales a probe [N, N] or [P, N, N] so that the intensities of `patches` [n, N, N] have the mean `meanCount`, and draws
 * counts in row-major order.
 *
 * @throws PtychoError UsageError for a mean that is not positive, DataError without light or beyond 65535 counts.
 */
export function measureCounts(
  patches: ComplexArray,
  probe: ComplexArray,
  meanCount: number,
  random: Pcg64Random,
): CountMeasurement {
  check(
    meanCount > 0 && Number.isFinite(meanCount),
    "UsageError",
    () => `measureCounts: the mean count must be a positive number, got ${meanCount}`,
  );
  const doseIntensity = meanCount / mean(detectorIntensity(patches, probe).data);
  check(
    Number.isFinite(doseIntensity),
    "DataError",
    () => "measureCounts: no light leaves the object; is the probe or every patch zero?",
  );
  const doseAmplitude = Math.sqrt(doseIntensity);
  const scaled = (part: Float32Array) => part.map((value) => value * doseAmplitude);
  const physical = { ...probe, re: scaled(probe.re), im: scaled(probe.im) };
  const expected = detectorIntensity(patches, physical);
  const counts = Array.from(expected.data, (rate) => random.poisson(rate));
  return {
    counts: toCounts(expected.shape, counts),
    expected,
    probe: physical,
    doseIntensity,
    doseAmplitude,
  };
}

/** Amplitudes [n, N, N] squared, scaled to the mean `meanCount` and rounded, halves to even: no photon noise is drawn. */
export function roundToCounts(amplitude: NdArray, meanCount: number): NdArray<"uint16"> {
  const intensity = Float64Array.from(amplitude.data as ArrayLike<number>, (value) => value * value);
  const scale = meanCount / mean(intensity);
  check(
    scale > 0 && Number.isFinite(scale),
    "DataError",
    () => `roundToCounts: a mean of ${meanCount} cannot be reached from these amplitudes; are they all zero?`,
  );
  return toCounts(
    amplitude.shape,
    Array.from(intensity, (value) => roundHalfEven(value * scale)),
  );
}

function toCounts(shape: readonly number[], counts: readonly number[]): NdArray<"uint16"> {
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  check(
    most <= MOST_COUNTS,
    "DataError",
    () => `counts: a pixel has ${most}, and ${MOST_COUNTS} fit; ask for a lower mean count`,
  );
  return { dtype: "uint16", shape, data: Uint16Array.from(counts) };
}
