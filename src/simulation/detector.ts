// What a detector makes of expected counts: photon noise, readout noise, a full well, and a stop for the direct beam.
import { check } from "../core/errors.js";
import { bool, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { pcg64Random } from "../numeric/random-pcg64.js";

/** A stream of its own, beside those of the object, the scan, the photons and the faults. */
const READOUT_STREAM = 2n ** 66n;

/**
 * Patterns sqrt(counts) [n, N, N] read out with Gaussian noise of `noiseCounts` r.m.s. in each pixel; what falls below 0
 * counts as 0. A copy.
 */
export function withReadoutNoise(
  diffraction: NdArray<"float32">,
  noiseCounts: number,
  seed: number,
): NdArray<"float32"> {
  check(
    noiseCounts >= 0 && Number.isFinite(noiseCounts),
    "UsageError",
    () => `readout noise: expected 0 or more counts, got ${noiseCounts}`,
  );
  const random = pcg64Random(READOUT_STREAM + BigInt(seed));
  const { N } = expectShape("withReadoutNoise", diffraction.shape, "n N N");
  const data = new Float32Array(diffraction.data.length);
  for (let from = 0; from < data.length; from += N * N) {
    const noise = random.normal(0, noiseCounts, N * N);
    for (let i = 0; i < N * N; i++)
      data[from + i] = Math.sqrt(Math.max(0, diffraction.data[from + i] ** 2 + noise[i]));
  }
  return { ...diffraction, data };
}

/** Patterns sqrt(counts) with counts cut at `fullWell`, and how many values were cut. A copy. */
export function withSaturation(
  diffraction: NdArray<"float32">,
  fullWell: number,
): { readonly diffraction: NdArray<"float32">; readonly saturated: number } {
  check(fullWell > 0, "UsageError", () => `saturation: expected a positive count, got ${fullWell}`);
  const most = Math.fround(Math.sqrt(fullWell));
  let saturated = 0;
  const data = diffraction.data.map((value) => {
    if (value <= most) return value;
    saturated++;
    return most;
  });
  return { diffraction: { ...diffraction, data }, saturated };
}

/** Patterns [n, N, N] behind a round stop about pixel N/2: 0 within `radiusPx`, and those pixels as a mask, 1 = bad. */
export function withBeamStop(
  diffraction: NdArray<"float32">,
  radiusPx: number,
): { readonly diffraction: NdArray<"float32">; readonly badPixels: NdArray<"bool"> } {
  const { N } = expectShape("withBeamStop", diffraction.shape, "n N N");
  check(
    radiusPx > 0 && radiusPx < N / 2,
    "UsageError",
    () => `beam stop: expected a radius above 0 and below ${N / 2} pixels, got ${radiusPx}`,
  );
  const badPixels = bool([N, N]);
  for (let i = 0; i < N * N; i++)
    badPixels.data[i] = Math.hypot((i % N) - N / 2, Math.floor(i / N) - N / 2) <= radiusPx ? 1 : 0;
  const data = diffraction.data.map((value, i) => (badPixels.data[i % (N * N)] === 1 ? 0 : value));
  return { diffraction: { ...diffraction, data }, badPixels };
}
