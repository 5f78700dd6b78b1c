// The part of the scan frame that all of some reconstructions know: a mask from their coverages, and the largest
// rectangle in it.
import { check } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import type { Window } from "./window.js";

/** A stitched canvas and where it lies. */
export interface PlacedObject {
  /** [H, W]. */
  readonly object: ComplexArray;
  /** Weight that patterns gave each pixel [H, W]; 0 where none contributed. */
  readonly coverage: NdArray<"float32">;
  /** [x, y] of canvas pixel [0, 0] in the scan frame, pixels. */
  readonly originPx: readonly [number, number];
}

export interface CoveredArea {
  /** Smallest window around the mask, scan frame, whole pixels. */
  readonly window: Window;
  /** [window.height, window.width]: 1 where all cover. */
  readonly mask: Uint8Array;
  readonly pixels: number;
  /** Largest rectangle in which every pixel is covered by all, scan frame. */
  readonly rectangle: Window;
}

export interface CoveredAreaOptions {
  /** Coverage that counts, as a share of the typical coverage. Default 0.3. */
  readonly minCoverage?: number;
  /** Keep to the rectangle of these scan positions, pixels of the scan frame. */
  readonly positions?: { readonly xPx: ArrayLike<number>; readonly yPx: ArrayLike<number> };
}

/** Smallest side of the rectangle that figures are taken from. */
const SMALLEST_SIDE_PX = 16;

/**
 * Where all canvases are covered well. Covered well: coverage of at least `minCoverage` times the typical coverage of
 * its canvas, sum c^2 / sum c (the plateau inside a scan, whatever the width of the rim). Half the plateau is what a
 * straight border of the scan positions has; the default goes somewhat beyond, so that gaps in a random scan stay in.
 * A fraction in an origin is rounded.
 *
 * @throws PtychoError ShapeError for coverages of another shape, DataError when under 16x16 px remain.
 */
export function coveredArea(objects: readonly PlacedObject[], options: CoveredAreaOptions = {}): CoveredArea {
  const share = options.minCoverage ?? 0.3;
  check(
    share > 0 && share <= 1,
    "UsageError",
    () => `coveredArea: minCoverage must lie in 0 .. 1, got ${share}`,
  );
  const covers = objects.map((object, i) => coverageTest(String.fromCharCode(97 + i), object, share));
  const frame = options.positions === undefined ? canvasFrame(objects[0]) : positionFrame(options.positions);
  const mask = new Uint8Array(frame.width * frame.height);
  for (let row = 0, i = 0; row < frame.height; row++)
    for (let column = 0; column < frame.width; column++, i++)
      if (covers.every((isCovered) => isCovered(frame.x + column, frame.y + row))) mask[i] = 1;
  const rectangle = largestRectangle(mask, frame.width, frame.height);
  check(
    rectangle.width >= SMALLEST_SIDE_PX && rectangle.height >= SMALLEST_SIDE_PX,
    "DataError",
    () =>
      `coveredArea: the largest rectangle that all reconstructions cover is ${rectangle.width}x${rectangle.height} px, ` +
      `under ${SMALLEST_SIDE_PX}x${SMALLEST_SIDE_PX}; are they of one scan, and does each cover it?`,
  );
  const bounds = boundsOf(mask, frame.width, frame.height);
  const kept = new Uint8Array(bounds.width * bounds.height);
  for (let row = 0; row < bounds.height; row++) {
    const from = (bounds.y + row) * frame.width + bounds.x;
    kept.set(mask.subarray(from, from + bounds.width), row * bounds.width);
  }
  const inFrame = (window: Window): Window => ({ ...window, x: window.x + frame.x, y: window.y + frame.y });
  return {
    window: inFrame(bounds),
    mask: kept,
    pixels: kept.reduce((sum, value) => sum + value, 0),
    rectangle: inFrame(rectangle),
  };
}

/** The largest rectangle of ones in mask [height, width], by the histogram of runs above each row; O(pixels). */
export function largestRectangle(mask: Uint8Array, width: number, height: number): Window {
  let best: Window = { x: 0, y: 0, width: 0, height: 0 };
  const runs = new Int32Array(width + 1); // ones above and at this row; the last one closes every rectangle
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) runs[x] = mask[row * width + x] ? runs[x] + 1 : 0;
    const open: { readonly x: number; readonly run: number }[] = [];
    for (let x = 0; x <= width; x++) {
      let start = x;
      for (let last = open.at(-1); last !== undefined && last.run >= runs[x]; last = open.at(-1)) {
        open.pop();
        start = last.x;
        if (last.run * (x - start) > best.width * best.height)
          best = { x: start, y: row - last.run + 1, width: x - start, height: last.run };
      }
      open.push({ x: start, run: runs[x] });
    }
  }
  return best;
}

/** Whether a pixel of the scan frame is covered well; false outside the canvas. */
function coverageTest(name: string, { object, coverage, originPx }: PlacedObject, share: number) {
  const { H, W } = expectShape(`coveredArea: object ${name}`, object.shape, "H W");
  expectShape(`coveredArea: coverage ${name}`, coverage.shape, "H W", { H, W });
  let sum = 0;
  let squares = 0;
  for (const value of coverage.data) {
    sum += value;
    squares += value * value;
  }
  check(
    sum > 0 && Number.isFinite(squares),
    "DataError",
    () => `coveredArea: coverage ${name} sums to ${sum}; expected weights >= 0 that are not all 0`,
  );
  const least = (share * squares) / sum;
  const [left, top] = originPx.map(Math.round);
  return (x: number, y: number): boolean => {
    const column = x - left;
    const row = y - top;
    return column >= 0 && row >= 0 && column < W && row < H && coverage.data[row * W + column] >= least;
  };
}

function canvasFrame({ object, originPx }: PlacedObject): Window {
  const [x, y] = originPx.map(Math.round);
  return { x, y, width: object.shape[1], height: object.shape[0] };
}

function positionFrame({ xPx, yPx }: NonNullable<CoveredAreaOptions["positions"]>): Window {
  check(
    xPx.length > 0 && xPx.length === yPx.length,
    "ShapeError",
    () =>
      `coveredArea: expected as many x as y positions and at least one, got ${xPx.length} and ${yPx.length}`,
  );
  const [x, right] = extent(xPx);
  const [y, bottom] = extent(yPx);
  return { x, y, width: right - x + 1, height: bottom - y + 1 };
}

function extent(values: ArrayLike<number>): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
  }
  return [Math.floor(least), Math.ceil(most)];
}

function boundsOf(mask: Uint8Array, width: number, height: number): Window {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
