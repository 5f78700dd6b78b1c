// How large a canvas must be, and where it lies in the frame of the scan positions.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

/** Largest canvas stitched unless the caller allows more: 8192 x 8192, 1.6 GB of sums. */
export const MAX_CANVAS_PIXELS = 2 ** 26;

export interface CanvasPlan {
  readonly height: number;
  readonly width: number;
  /** Coordinate (x, y) of canvas pixel [0, 0] in the frame of the scan positions, in pixels. */
  readonly originPx: readonly [number, number];
}

/**
 * The smallest canvas on whole-pixel coordinates that holds every patch: a patch at (x, y) covers the columns from
 * x - size/2 to x + size/2 and the rows from y - size/2 to y + size/2.
 *
 * @param positionsPx patch centres [n, 2] as (x, y), pixels.
 * @throws PtychoError DataError for no positions, for one that is not finite, or for a canvas above `maxPixels`.
 */
export function planCanvas(positionsPx: NdArray, sizePx: number, maxPixels = MAX_CANVAS_PIXELS): CanvasPlan {
  const { minX, maxX, minY, maxY } = scanExtent(positionsPx);
  const left = Math.floor(minX - sizePx / 2);
  const top = Math.floor(minY - sizePx / 2);
  const width = Math.ceil(maxX + sizePx / 2) - left;
  const height = Math.ceil(maxY + sizePx / 2) - top;
  expectCanvasSize(height, width, maxPixels);
  return { height, width, originPx: [left, top] };
}

/** Refuses a canvas beyond the cap, before anything is allocated. */
export function expectCanvasSize(height: number, width: number, maxPixels = MAX_CANVAS_PIXELS): void {
  check(
    height * width <= maxPixels,
    "DataError",
    () =>
      `canvas: the scan positions span a canvas of ${height} x ${width} pixels, at most ${maxPixels} pixels are ` +
      "allowed; check that positions are in pixels (not metres) and free of outliers, or raise the canvas limit",
  );
}

/** Smallest and largest coordinates of [n, 2] positions (x, y). */
export function scanExtent(positionsPx: NdArray): {
  minX: number;
  maxX: number;
  minY: number;
  maxY: number;
} {
  const { n } = expectShape("positions", positionsPx.shape, "n 2");
  check(n > 0, "DataError", () => "positions: at least one patch is needed to stitch, got none");
  let minX = Number.POSITIVE_INFINITY;
  let maxX = Number.NEGATIVE_INFINITY;
  let minY = minX;
  let maxY = maxX;
  for (let i = 0; i < n; i++) {
    const x = Number(positionsPx.data[2 * i]);
    const y = Number(positionsPx.data[2 * i + 1]);
    check(
      Number.isFinite(x) && Number.isFinite(y),
      "DataError",
      () => `positions: position ${i} is (${x}, ${y}), expected finite pixel coordinates`,
    );
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  return { minX, maxX, minY, maxY };
}
