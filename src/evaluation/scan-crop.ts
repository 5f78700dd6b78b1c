// Crops of a reconstruction and of its truth to one area, as PtychoPINN cuts them before it compares.
import { check } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { crop, type Window } from "./window.js";

/**
 * The central window of `height` x `width` of an image of [H, W]; where the rest is odd, one pixel more is cut off at the
 * right and at the bottom.
 *
 * @throws PtychoError ShapeError for a window that is empty or larger than the image.
 */
export function centralWindow(
  [H, W]: readonly number[],
  { height, width }: Pick<Window, "height" | "width">,
): Window {
  check(
    Number.isInteger(height) &&
      Number.isInteger(width) &&
      height > 0 &&
      width > 0 &&
      height <= H &&
      width <= W,
    "ShapeError",
    () => `centralWindow: expected a window of 1x1 to ${H}x${W} px, got ${height}x${width}`,
  );
  return { x: Math.floor((W - width) / 2), y: Math.floor((H - height) / 2), width, height };
}

/** The window without `borderPx` on each side; of a border that would take everything, as much as leaves a pixel. */
export function windowWithin([H, W]: readonly number[], borderPx: number): Window {
  check(
    Number.isInteger(borderPx) && borderPx >= 0,
    "UsageError",
    () => `windowWithin: expected a border of 0 or more whole pixels, got ${borderPx}`,
  );
  const border = Math.min(borderPx, Math.max(0, Math.floor((Math.min(H, W) - 1) / 2)));
  return centralWindow([H, W], { height: H - 2 * border, width: W - 2 * border });
}

export interface ScanArea {
  readonly xPx: ArrayLike<number>;
  readonly yPx: ArrayLike<number>;
}

/**
 * Smallest window of the object [H, W] around the scan positions and half a probe radius; positions count by their whole
 * pixel towards 0.
 *
 * @throws PtychoError ShapeError without a position, UsageError for a negative radius.
 */
export function scanAreaWindow(area: ScanArea, probeRadiusPx: number, [H, W]: readonly number[]): Window {
  check(
    probeRadiusPx >= 0,
    "UsageError",
    () => `scanAreaWindow: expected a probe radius of 0 or more pixels, got ${probeRadiusPx}`,
  );
  const margin = Math.ceil(probeRadiusPx / 2);
  const { left, top, right, bottom } = wholeExtent("scanAreaWindow", area);
  const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
  return {
    x,
    y,
    width: Math.min(W, right + margin + 1) - x,
    height: Math.min(H, bottom + margin + 1) - y,
  };
}

/**
 * A reconstruction [h, w] stitched of central patch windows of `stitchPx`, and the truth [H, W] on the scan frame, both
 * cut to what they share: the truth to the positions and half a window around them, then both to the centre of the
 * smaller extent. Right to a pixel; evaluateReconstruction registers.
 *
 * @throws PtychoError ShapeError where nothing is shared.
 */
export function cropToStitch(
  object: ComplexArray,
  truth: ComplexArray,
  area: ScanArea,
  stitchPx: number,
): { readonly object: ComplexArray; readonly truth: ComplexArray } {
  const { h, w } = expectShape("cropToStitch: object", object.shape, "h w");
  const { H, W } = expectShape("cropToStitch: truth", truth.shape, "H W");
  const reach = Math.floor(stitchPx / 2);
  const { left, top, right, bottom } = wholeExtent("cropToStitch", area);
  const [x, y] = [Math.max(0, left - reach), Math.max(0, top - reach)];
  const scanned = { x, y, width: Math.min(W, right + reach) - x, height: Math.min(H, bottom + reach) - y };
  check(
    scanned.width > 0 && scanned.height > 0,
    "ShapeError",
    () => `cropToStitch: the scan lies outside the truth of ${H}x${W} px; are the positions in pixels?`,
  );
  const shared = { height: Math.min(h, scanned.height), width: Math.min(w, scanned.width) };
  const inTruth = centralWindow([scanned.height, scanned.width], shared);
  return {
    object: crop(object, centralWindow([h, w], shared), [0, 0]),
    truth: crop(truth, { ...inTruth, x: inTruth.x + x, y: inTruth.y + y }, [0, 0]),
  };
}

function wholeExtent(where: string, { xPx, yPx }: ScanArea) {
  check(
    xPx.length > 0 && xPx.length === yPx.length,
    "ShapeError",
    () =>
      `${where}: expected as many x as y scan positions and at least one, got ${xPx.length} and ${yPx.length}`,
  );
  const extent = (values: ArrayLike<number>) => {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < values.length; i++) {
      least = Math.min(least, values[i]);
      most = Math.max(most, values[i]);
    }
    return [Math.trunc(least), Math.trunc(most)];
  };
  const [[left, right], [top, bottom]] = [extent(xPx), extent(yPx)];
  return { left, top, right, bottom };
}
