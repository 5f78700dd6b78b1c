// Scan positions as they would be with their axes swapped, mirrored, turned or scaled.
import type { ScanPositions } from "./scan-contents.js";

/** Carried out in this order: swap, mirror, turn, scale. */
export interface Orientation {
  /** Columns become rows. */
  readonly swap: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
  /** From +x towards +y, which points down: clockwise in a picture. */
  readonly rotateDeg: number;
  readonly scale: number;
}

export const AS_IT_IS: Orientation = { swap: false, flipX: false, flipY: false, rotateDeg: 0, scale: 1 };

/** Middle of a scan: of its least and greatest x, and of its least and greatest y. */
export function middleOf({ xPx, yPx }: ScanPositions): readonly [number, number] {
  return [middle(xPx), middle(yPx)];
}

/**
 * Positions [n] in another orientation, in the unit of the given ones times `scale`. Mirrors and turns keep the middle of
 * the scan where it is, up to the exchange of its coordinates; the scale is a plain factor on both coordinates.
 *
 * @param about the middle, of another set of positions of the same scan where that is meant
 */
export function orientPositions(
  positions: ScanPositions,
  to: Orientation,
  about: readonly [number, number] = middleOf(positions),
): ScanPositions {
  const [x, y] = to.swap ? [positions.yPx, positions.xPx] : [positions.xPx, positions.yPx];
  const [midX, midY] = to.swap ? [about[1], about[0]] : about;
  const angle = (to.rotateDeg * Math.PI) / 180;
  const [cos, sin] = to.rotateDeg === 0 ? [1, 0] : [Math.cos(angle), Math.sin(angle)];
  const [signX, signY] = [to.flipX ? -1 : 1, to.flipY ? -1 : 1];
  const moves = to.flipX || to.flipY || to.rotateDeg !== 0;
  const [xPx, yPx] = [new Float64Array(x.length), new Float64Array(y.length)];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [signX * (x[i] - midX), signY * (y[i] - midY)];
    xPx[i] = to.scale * (moves ? midX + cos * dx - sin * dy : x[i]);
    yPx[i] = to.scale * (moves ? midY + sin * dx + cos * dy : y[i]);
  }
  return { xPx, yPx };
}

/** The options of `ptychopinn prepare` that bring a file into an orientation; empty for none. */
export function orientationOptions({ swap, flipX, flipY, rotateDeg, scale }: Orientation): string {
  return [
    ...(swap ? ["--swap-xy"] : []),
    ...(flipX ? ["--flip-x"] : []),
    ...(flipY ? ["--flip-y"] : []),
    ...(rotateDeg === 0 ? [] : [`--rotate-positions ${rotateDeg}`]),
    ...(scale === 1 ? [] : [`--scale-positions ${scale}`]),
  ].join(" ");
}

function middle(values: Float64Array): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return (least + most) / 2;
}
