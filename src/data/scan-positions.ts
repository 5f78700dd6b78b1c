// Scan positions: one per pattern, finite, and in pixels.

import { check, PtychoError } from "../core/errors.js";

/** Least and greatest extent of a scan, in pixels, that is believed to be in pixels. */
const SPAN_PX = { min: 1e-3, max: 1e6 } as const;

/**
 * Keeps the first n of at least n positions.
 *
 * @throws PtychoError DataError for unequal lengths, or fewer positions than patterns.
 */
export function alignPositions(
  where: string,
  x: Float64Array,
  y: Float64Array,
  n: number,
  warnings: string[],
): readonly [Float64Array, Float64Array] {
  check(
    x.length === y.length,
    "DataError",
    () => `${where}: xcoords=${x.length} and ycoords=${y.length} must have equal lengths`,
  );
  check(
    x.length >= n,
    "DataError",
    () =>
      `${where}: ${x.length} scan positions for ${n} diffraction patterns. Every pattern needs a position; ` +
      `remove the patterns without one`,
  );
  if (x.length > n) {
    warnings.push(
      `${where}: ${x.length} scan positions for ${n} diffraction patterns; dropping the trailing ${x.length - n}`,
    );
  }
  return [x.slice(0, n), y.slice(0, n)];
}

/**
 * Checks that positions are finite and plausibly in pixels; warns of repeated ones.
 *
 * @throws PtychoError DataError naming the first position that is not finite, or the extent.
 */
export function checkPositions(where: string, x: Float64Array, y: Float64Array, warnings: string[]): void {
  const places = new Set<string>();
  let [xMin, xMax, yMin, yMax] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    check(
      Number.isFinite(x[i]) && Number.isFinite(y[i]),
      "DataError",
      () => `${where}: scan position ${i} is (${x[i]}, ${y[i]}); expected finite pixels, remove the pattern`,
    );
    [xMin, xMax] = [Math.min(xMin, x[i]), Math.max(xMax, x[i])];
    [yMin, yMax] = [Math.min(yMin, y[i]), Math.max(yMax, y[i])];
    places.add(`${x[i]},${y[i]}`);
  }
  const spanPx = Math.max(xMax - xMin, yMax - yMin);
  if (spanPx > SPAN_PX.max || (spanPx > 0 && spanPx < SPAN_PX.min)) {
    throw new PtychoError(
      "DataError",
      `${where}: the scan spans ${spanPx} along its longer side; expected ${SPAN_PX.min} to ${SPAN_PX.max} pixels. ` +
        `Are the positions in metres? Divide them by the object pixel size`,
    );
  }
  if (places.size < x.length) {
    warnings.push(`${where}: ${x.length - places.size} of ${x.length} scan positions repeat an earlier one`);
  }
}
