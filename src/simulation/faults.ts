// What goes wrong in a measurement: positions that were recorded wrongly, and detector pixels that are dead or hot.
import { check } from "../core/errors.js";
import { bool, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import type { ScanPositions } from "./scans.js";

/** Counts of a hot pixel over the brightest count of the scan. */
const HOT = { least: 0.5, most: 2 } as const;
/** Streams of their own, beside those of the object, the scan and the photons. */
const STREAM = { positions: 2n ** 64n, pixels: 2n ** 65n } as const;

/** The positions with an independent Gaussian error on each coordinate, of `errorPx` r.m.s. */
export function withPositionError(truth: ScanPositions, errorPx: number, seed: number): ScanPositions {
  check(
    errorPx >= 0 && Number.isFinite(errorPx),
    "UsageError",
    () => `position error: expected 0 or more pixels, got ${errorPx}`,
  );
  const random = pcg64Random(STREAM.positions + BigInt(seed));
  const moved = (values: Float64Array) => {
    const errors = random.normal(0, errorPx, values.length);
    return values.map((value, i) => value + errors[i]);
  };
  return { xPx: moved(truth.xPx), yPx: moved(truth.yPx) };
}

export interface FaultyPatterns {
  /** sqrt(counts) [n, N, N]. */
  readonly diffraction: NdArray<"float32">;
  /** 1 at the faulty pixels [N, N]. */
  readonly badPixels: NdArray<"bool">;
}

/**
 * Patterns sqrt(counts) [n, N, N] of a detector of which a `fraction` of the pixels, at random, is faulty in every
 * pattern: half of them dead (0), half hot, with Poisson counts about a mean of their own between 0.5 and 2 times the
 * brightest count of the scan. A copy.
 */
export function withBadPixels(
  diffraction: NdArray<"float32">,
  fraction: number,
  seed: number,
): FaultyPatterns {
  const { n, N } = expectShape("withBadPixels", diffraction.shape, "n N N");
  check(
    fraction >= 0 && fraction < 0.5,
    "UsageError",
    () => `bad pixels: expected a fraction from 0 to below 0.5, got ${fraction}`,
  );
  const random = pcg64Random(STREAM.pixels + BigInt(seed));
  const pixels = N * N;
  const faulty = random.choice(pixels, Math.round(fraction * pixels), false);
  const brightest = diffraction.data.reduce((most, value) => Math.max(most, value), 0) ** 2;
  const means = random.uniform(HOT.least * brightest, HOT.most * brightest, faulty.length);
  const data = diffraction.data.slice();
  const badPixels = bool([N, N]);
  faulty.forEach((pixel, i) => {
    badPixels.data[pixel] = 1;
    for (let pattern = 0; pattern < n; pattern++)
      data[pattern * pixels + pixel] = i % 2 === 0 ? 0 : Math.sqrt(random.poisson(means[i]));
  });
  return { diffraction: { ...diffraction, data }, badPixels };
}
