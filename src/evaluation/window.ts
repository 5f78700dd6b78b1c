// The part of the scan frame that is scored, and the pixels of an array inside it.
import { PtychoError } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { mean } from "../numeric/statistics.js";

export interface Window {
  /** First column and row. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An image's place in the scan frame: [x, y] of its pixel [0, 0], and its shape [H, W]. */
export interface Placement {
  readonly origin: readonly [number, number];
  readonly shape: readonly number[];
}

/**
 * The K x K window centred on the mean scan position (K = cropPx), or, without cropPx, the rectangle of the scan
 * positions as far as truth and object both hold it. In the scan frame, whole pixels.
 *
 * @throws PtychoError UsageError when the window does not fit into both images or is under 7x7 px.
 */
export function chooseWindow(places: {
  readonly truth: Placement;
  readonly object: Placement;
  readonly xPx: ArrayLike<number>;
  readonly yPx: ArrayLike<number>;
  readonly cropPx: number | undefined;
}): Window {
  const { truth, object, xPx, yPx, cropPx } = places;
  if (xPx.length === 0 || xPx.length !== yPx.length)
    throw new PtychoError(
      "ShapeError",
      `evaluate: expected as many x as y scan positions and at least one, got ${xPx.length} and ${yPx.length}`,
    );
  // Half-open rectangle that both images hold.
  const [truthX, truthY] = truth.origin.map(Math.round);
  const [objectX, objectY] = object.origin.map(Math.round);
  const left = Math.max(truthX, objectX);
  const top = Math.max(truthY, objectY);
  const right = Math.min(truthX + truth.shape[1], objectX + object.shape[1]);
  const bottom = Math.min(truthY + truth.shape[0], objectY + object.shape[0]);
  if (cropPx !== undefined) {
    if (!Number.isInteger(cropPx) || cropPx < 7)
      throw new PtychoError("UsageError", `evaluate: crop must be a whole number >= 7, got ${cropPx}`);
    // Its pixels s .. s + K - 1 have their centre at s + (K - 1) / 2.
    const x = Math.round(mean(xPx) - (cropPx - 1) / 2);
    const y = Math.round(mean(yPx) - (cropPx - 1) / 2);
    if (x >= left && y >= top && x + cropPx <= right && y + cropPx <= bottom)
      return { x, y, width: cropPx, height: cropPx };
    throw new PtychoError(
      "UsageError",
      `evaluate: the ${cropPx} px window at [${x}, ${y}] leaves the area x ${left}..${right}, y ${top}..${bottom} ` +
        "that the reconstruction and the truth share; choose a smaller crop",
    );
  }
  const x = Math.max(left, Math.floor(minimum(xPx)));
  const y = Math.max(top, Math.floor(minimum(yPx)));
  const width = Math.min(right, Math.ceil(maximum(xPx)) + 1) - x;
  const height = Math.min(bottom, Math.ceil(maximum(yPx)) + 1) - y;
  if (width >= 7 && height >= 7) return { x, y, width, height };
  throw new PtychoError(
    "UsageError",
    `evaluate: the scanned area that the reconstruction and the truth share is ${width}x${height} px, under 7x7; ` +
      "check the origin and the positions, or name a crop",
  );
}

function minimum(values: ArrayLike<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) least = Math.min(least, values[i]);
  return least;
}

function maximum(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]);
  return most;
}

/** The window of an array whose pixel [0, 0] lies at `origin`. */
export function crop(array: ComplexArray, window: Window, origin: readonly [number, number]): ComplexArray {
  const width = array.shape[1];
  const x = window.x - Math.round(origin[0]);
  const y = window.y - Math.round(origin[1]);
  const re = new Float32Array(window.width * window.height);
  const im = new Float32Array(window.width * window.height);
  for (let row = 0; row < window.height; row++) {
    const start = (y + row) * width + x;
    re.set(array.re.subarray(start, start + window.width), row * window.width);
    im.set(array.im.subarray(start, start + window.width), row * window.width);
  }
  return { dtype: "complex64", shape: [window.height, window.width], re, im };
}

/** Fraction of the window, given in canvas pixels, whose coverage [H, W] is not 0. */
export function coveredFraction(coverage: NdArray<"float32">, window: Window): number {
  let covered = 0;
  for (let row = 0; row < window.height; row++)
    for (let column = 0; column < window.width; column++)
      if (coverage.data[(window.y + row) * coverage.shape[1] + window.x + column] > 0) covered++;
  return covered / (window.width * window.height);
}
