// Which patterns of a scan are used at all, and the change of coordinates done before grouping.

import { check } from "../core/errors.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";
import { type Domain, type RawData, scanSize } from "./raw-data.js";
import { type AnyRaw, selectScan } from "./stored-scan.js";

/** A random subsample of a scan in scan order; the scan itself, without a draw, when `size` is null. */
export function subsampled<D extends Domain>(
  scan: RawData<D>,
  size: number | null,
  random: LegacyRandom,
): RawData<D>;
export function subsampled<D extends Domain>(
  scan: AnyRaw<D>,
  size: number | null,
  random: LegacyRandom,
): AnyRaw<D>;
export function subsampled<D extends Domain>(
  scan: AnyRaw<D>,
  size: number | null,
  random: LegacyRandom,
): AnyRaw<D> {
  return size === null ? scan : selectScan(scan, subsampleIndices(scanSize(scan).n, size, random));
}

/**
 * Sorted indices of a random subsample of 0..n-1; all of them, without a draw, if `size` is not below n.
 * Number for number `sort(np.random.choice(n, size, replace=False))`.
 */
export function subsampleIndices(n: number, size: number | undefined, random: LegacyRandom): Int32Array {
  check(
    size === undefined || (Number.isInteger(size) && size >= 1),
    "UsageError",
    () => `subsample: expected a whole number of patterns of 1 or more, got ${size}`,
  );
  if (size === undefined || size >= n) return Int32Array.from({ length: n }, (_, i) => i);
  return random.choice(n, size, false).sort();
}

export interface CoordinateChange {
  readonly flipX?: boolean;
  readonly flipY?: boolean;
  readonly swapXy?: boolean;
  readonly scale?: number;
}

/** Flips the signs, then swaps the axes, then scales: new arrays of the same length, in pixels. */
export function changeCoordinates(
  xPx: Float64Array,
  yPx: Float64Array,
  change: CoordinateChange,
): readonly [Float64Array, Float64Array] {
  const scale = change.scale ?? 1;
  check(
    Number.isFinite(scale) && scale !== 0,
    "UsageError",
    () => `coordinate scale: expected a finite number other than 0, got ${scale}`,
  );
  const x = xPx.map((value) => (change.flipX ? -value : value) * scale);
  const y = yPx.map((value) => (change.flipY ? -value : value) * scale);
  return change.swapXy ? [y, x] : [x, y];
}
