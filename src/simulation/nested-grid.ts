// Patches on a regular grid in two levels, as PtychoPINN's grid simulation cuts them: square regions of an image, and in
// each region gridsize x gridsize patches.
import { check } from "../core/errors.js";
import { float64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

export interface NestedGridOptions {
  /** Side of a patch. */
  readonly N: number;
  /** Patches along a side of a region. */
  readonly gridsize: number;
  /** Step of the patches in a region. */
  readonly offsetPx: number;
  /** Twice the step of the regions. */
  readonly outerOffsetPx: number;
}

export interface NestedGrid {
  /** Top left corners of the patches [regions, C, 2] as (x, y), row by row in both levels. */
  readonly cornersPx: NdArray<"float64">;
  /** Centres of the patches [regions, C, 2] as (x, y): the mean of their pixel coordinates. */
  readonly centresPx: NdArray<"float64">;
  /** Centre of the region less centre of the patch [regions, C, 2] as (x, y). */
  readonly offsetsPx: NdArray<"float64">;
}

/**
 * The grid on a square image of `sizePx`; what is left over at the right and bottom is not used.
 *
 * @throws PtychoError UsageError for steps that are not whole, or an image without room for a region.
 */
export function nestedGrid(sizePx: number, options: NestedGridOptions): NestedGrid {
  const { N, gridsize, offsetPx, outerOffsetPx } = options;
  const region = N + (gridsize - 1) * offsetPx;
  const step = Math.floor(outerOffsetPx / 2);
  check(
    [N, gridsize, step, sizePx].every((value) => Number.isInteger(value) && value >= 1) &&
      Number.isInteger(offsetPx) &&
      offsetPx >= 0 &&
      region <= sizePx,
    "UsageError",
    () =>
      `nested grid: an image of ${sizePx} px has no region of ${region} px at steps of ${step} px; expected whole ` +
      "positive sizes and an image that holds a region",
  );
  const along = Math.floor((sizePx - region) / step) + 1;
  const members = gridsize * gridsize;
  const shape = [along * along, members, 2];
  const corners = float64(shape);
  for (let r = 0; r < along * along; r++)
    for (let c = 0; c < members; c++) {
      corners.data[2 * (r * members + c)] = (r % along) * step + (c % gridsize) * offsetPx;
      corners.data[2 * (r * members + c) + 1] =
        Math.floor(r / along) * step + Math.floor(c / gridsize) * offsetPx;
    }
  const inRegion = (i: number) => {
    const c = Math.floor(i / 2) % members;
    return (i % 2 === 0 ? c % gridsize : Math.floor(c / gridsize)) * offsetPx;
  };
  return {
    cornersPx: corners,
    centresPx: float64(
      shape,
      corners.data.map((value) => value + (N - 1) / 2),
    ),
    offsetsPx: float64(
      shape,
      corners.data.map((_, i) => (region - N) / 2 - inRegion(i)),
    ),
  };
}

/** Patches [regions, C, N, N] of an image [size, size] at the corners of a grid. */
export function cutPatches(image: NdArray, grid: NestedGrid, N: number): NdArray<"float64"> {
  const { S } = expectShape("cutPatches: image", image.shape, "S S");
  const [regions, members] = grid.cornersPx.shape;
  const out = float64([regions, members, N, N]);
  for (let k = 0; k < regions * members; k++) {
    const [x, y] = [grid.cornersPx.data[2 * k], grid.cornersPx.data[2 * k + 1]];
    for (let i = 0; i < N * N; i++)
      out.data[k * N * N + i] = Number(image.data[(y + Math.floor(i / N)) * S + x + (i % N)]);
  }
  return out;
}

/**
 * `amplitudes` [regions, C, N, N] over the mean of the largest amplitude of each region, and that mean.
 *
 * @throws PtychoError DataError when all of them are zero.
 */
export function normaliseRegions(amplitudes: NdArray<"float64">): {
  readonly amplitudes: NdArray<"float64">;
  readonly norm: number;
} {
  const { R, C, N } = expectShape("normaliseRegions", amplitudes.shape, "R C N N");
  const size = C * N * N;
  let norm = 0;
  for (let r = 0; r < R; r++)
    norm += amplitudes.data.subarray(r * size, (r + 1) * size).reduce((a, b) => Math.max(a, b)) / R;
  check(norm > 0, "DataError", () => "normaliseRegions: expected an amplitude above 0, found none");
  return { amplitudes: { ...amplitudes, data: amplitudes.data.map((value) => value / norm) }, norm };
}
