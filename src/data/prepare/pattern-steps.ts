// The steps of a preparation that change a single pattern: an intensity [height, width], and which of its pixels are bad.
import { check } from "../../core/errors.js";

export interface PatternPlane {
  readonly height: number;
  readonly width: number;
  /** Intensities, 0 where bad. */
  readonly intensity: Float32Array;
  /** 1 where not measured. */
  readonly bad: Uint8Array;
}

export type PatternStep = (plane: PatternPlane) => PatternPlane;

/** Intensity taken off every pixel; nothing falls below 0. @param background one number, or one per pixel */
export function subtractBackground(background: number | Float32Array): PatternStep {
  return (plane) => ({
    ...plane,
    intensity: plane.intensity.map((value, p) =>
      Math.max(0, value - (typeof background === "number" ? background : background[p])),
    ),
  });
}

export function cutBelow(threshold: number): PatternStep {
  return (plane) => ({
    ...plane,
    intensity: plane.intensity.map((value) => (value < threshold ? 0 : value)),
  });
}

/** Calls the pixels of a mask [height, width] bad, too. */
export function callBad(mask: Uint8Array): PatternStep {
  return ({ height, width, intensity, bad }) => ({
    ...{ height, width },
    intensity: intensity.map((value, p) => (mask[p] === 1 ? 0 : value)),
    bad: bad.map((value, p) => value | mask[p]),
  });
}

/** Moves the pixel at the corner [0, 0] to the middle. */
export const cornerToMiddle: PatternStep = (plane) => {
  const [down, right] = [Math.floor(plane.height / 2), Math.floor(plane.width / 2)];
  return resampled(plane, plane, (row, column) => [
    (row - down + plane.height) % plane.height,
    (column - right + plane.width) % plane.width,
  ]);
};

/** Moves everything by whole pixels; what comes in from beyond the edge was not measured. */
export function shiftBy(rows: number, columns: number): PatternStep {
  return (plane) => resampled(plane, plane, (row, column) => [row - rows, column - columns], 1);
}

export const exchangeAxes: PatternStep = (plane) =>
  resampled(plane, { height: plane.width, width: plane.height }, (row, column) => [column, row]);

/** The N x N pixels about the middle. */
export function cutTo(N: number): PatternStep {
  return (plane) => {
    const [top, left] = [Math.floor(plane.height / 2) - N / 2, Math.floor(plane.width / 2) - N / 2];
    check(
      top >= 0 && left >= 0 && top + N <= plane.height && left + N <= plane.width,
      "UsageError",
      () =>
        `--crop ${N}: the patterns are ${plane.height} x ${plane.width} pixels; crop to less, or use --pad`,
    );
    return resampled(plane, { height: N, width: N }, (row, column) => [row + top, column + left]);
  };
}

/** N x N pixels, zeros around the pattern: nothing is said to have been measured there but darkness. */
export function widenTo(N: number): PatternStep {
  return (plane) => {
    const [top, left] = [Math.floor(plane.height / 2) - N / 2, Math.floor(plane.width / 2) - N / 2];
    check(
      plane.height <= N && plane.width <= N,
      "UsageError",
      () =>
        `--pad ${N}: the patterns are ${plane.height} x ${plane.width} pixels; pad to more, or use --crop`,
    );
    return resampled(plane, { height: N, width: N }, (row, column) => [row + top, column + left]);
  };
}

/** Sums of k x k pixels; bad if any of them is. */
export function addUp(k: number): PatternStep {
  return ({ height, width, intensity, bad }) => {
    check(
      height % k === 0 && width % k === 0,
      "UsageError",
      () =>
        `--bin ${k}: the patterns are ${height} x ${width} pixels, no multiple of it; crop them first (--crop)`,
    );
    const [rows, columns] = [height / k, width / k];
    const sums = new Float32Array(rows * columns);
    const binnedBad = new Uint8Array(rows * columns);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const to = Math.floor(row / k) * columns + Math.floor(column / k);
        sums[to] += intensity[row * width + column];
        binnedBad[to] |= bad[row * width + column];
      }
    for (let p = 0; p < sums.length; p++) if (binnedBad[p] === 1) sums[p] = 0;
    return { height: rows, width: columns, intensity: sums, bad: binnedBad };
  };
}

/** Pixel [row, column] of the result comes from `source(row, column)`; from outside, 0 and `outsideBad`. */
function resampled(
  plane: PatternPlane,
  { height, width }: Pick<PatternPlane, "height" | "width">,
  source: (row: number, column: number) => readonly [number, number],
  outsideBad = 0,
): PatternPlane {
  const intensity = new Float32Array(height * width);
  const bad = new Uint8Array(height * width);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const [r, c] = source(row, column);
      const to = row * width + column;
      if (r < 0 || c < 0 || r >= plane.height || c >= plane.width) {
        bad[to] = outsideBad;
        continue;
      }
      intensity[to] = plane.intensity[r * plane.width + c];
      bad[to] = plane.bad[r * plane.width + c];
    }
  return { height, width, intensity, bad };
}
