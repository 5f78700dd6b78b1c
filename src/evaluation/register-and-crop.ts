// Two complex images laid on each other by their amplitudes, without the rim that the shift wraps around.
import { check } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { amplitudeOf } from "./align.js";
import { fourierShift, phaseCorrelationShift } from "./registration.js";
import { crop } from "./window.js";

export interface RegisteredPair {
  /** Moved by `shiftPx`, [H - 2 border, W - 2 border]. */
  readonly image: ComplexArray;
  /** The same window of the reference, not moved. */
  readonly reference: ComplexArray;
  /** [dx, dy] that was applied to the image. */
  readonly shiftPx: readonly [number, number];
}

/**
 * Moves `image` [H, W] onto `reference` by phase correlation of the amplitudes, to 1/upsample px, and cuts `borderPx` off
 * every side of both.
 *
 * @throws PtychoError ShapeError for two shapes or a border that leaves nothing.
 */
export function registerAndCrop(
  image: ComplexArray,
  reference: ComplexArray,
  { upsample = 50, borderPx = 2 }: { readonly upsample?: number; readonly borderPx?: number } = {},
): RegisteredPair {
  const shiftPx = phaseCorrelationShift(amplitudeOf(reference), amplitudeOf(image), upsample);
  return { ...shiftAndCrop(image, reference, shiftPx, borderPx), shiftPx };
}

/** `image` moved by [dx, dy] (periodic, see fourierShift) and `reference`, both without `borderPx` at every side. */
export function shiftAndCrop(
  image: ComplexArray,
  reference: ComplexArray,
  shiftPx: readonly [number, number],
  borderPx: number,
): Pick<RegisteredPair, "image" | "reference"> {
  const { H, W } = expectShape("shiftAndCrop: image", image.shape, "H W");
  expectShape("shiftAndCrop: reference", reference.shape, "H W", { H, W });
  check(
    Number.isInteger(borderPx) && borderPx >= 0 && 2 * borderPx < Math.min(H, W),
    "ShapeError",
    () =>
      `shiftAndCrop: a border of ${borderPx} px leaves nothing of ${H}x${W} px; expected 0 or more and less`,
  );
  const inner = { x: borderPx, y: borderPx, width: W - 2 * borderPx, height: H - 2 * borderPx };
  return {
    image: crop(fourierShift(image, shiftPx), inner, [0, 0]),
    reference: crop(reference, inner, [0, 0]),
  };
}
