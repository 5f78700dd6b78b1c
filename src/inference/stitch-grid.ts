// Patches that were cut from images on a regular grid, put back by cutting their overlap off and laying them side by
// side: PtychoPINN's grid stitching. For scans with positions there is stitch-patches.ts.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

export interface GridBorders {
  /** Pixels cut off a patch at the left and top, and at the right and bottom. */
  readonly patchPx: readonly [number, number];
  /** Pixels of the image that no stitched patch covers, at the same sides. */
  readonly imagePx: readonly [number, number];
}

export interface GridSteps {
  /** Side of a patch. */
  readonly N: number;
  /** Patches along a side of a region, and their step. */
  readonly gridsize: number;
  readonly offsetPx: number;
  /** Twice the step of the regions. */
  readonly outerOffsetPx: number;
}

/** A patch loses (N - outer / 2) / 2 on either side, the larger half at the left and top. */
export function gridBorders({ N, gridsize, offsetPx, outerOffsetPx }: GridSteps): GridBorders {
  const patch = (N - outerOffsetPx / 2) / 2;
  const image = patch + Math.floor(((gridsize - 1) * offsetPx) / 2);
  return {
    patchPx: [Math.ceil(patch), Math.floor(patch)],
    imagePx: [Math.ceil(image), Math.floor(image)],
  };
}

/**
 * Images [images, k * step, k * step] from patches [images * k^2, N, N], row by row, step = outer / 2.
 *
 * @throws PtychoError ShapeError for a number of patches that is no number of squares, UsageError for a step that leaves
 * nothing of a patch, or that its border cannot bear: outer must lie in 1 .. 2 N - 4, as the original demands.
 */
export function stitchGrid(
  patches: ComplexArray,
  { images, outerOffsetPx }: { readonly images: number; readonly outerOffsetPx: number },
): ComplexArray {
  const { n, N } = expectShape("stitchGrid: patches", patches.shape, "n N N");
  const along = Math.sqrt(n / images);
  check(
    Number.isInteger(along) && along >= 1,
    "ShapeError",
    () => `stitchGrid: ${n} patches are not ${images} squares of patches; expected images x k x k of them`,
  );
  const [before, after] = gridBorders({ N, gridsize: 1, offsetPx: 0, outerOffsetPx }).patchPx;
  const kept = N - before - after;
  check(
    Number.isInteger(outerOffsetPx) && kept > 0 && after > 0,
    "UsageError",
    () =>
      `stitchGrid: an outer offset of ${outerOffsetPx} px leaves no pixel of a ${N} px patch, or no border to cut; expected ` +
      `1 .. ${2 * N - 4}`,
  );
  const side = along * kept;
  const out = complex64([images, side, side]);
  for (let i = 0; i < out.re.length; i++) {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    const image = Math.floor(i / (side * side));
    const patch = (image * along + Math.floor(y / kept)) * along + Math.floor(x / kept);
    const from = (patch * N + before + (y % kept)) * N + before + (x % kept);
    out.re[i] = patches.re[from];
    out.im[i] = patches.im[from];
  }
  return out;
}

/**
 * The part of an image [S, S] that its stitched patches show: what is left over beyond the last region goes first, then
 * the borders.
 *
 * @throws PtychoError ShapeError for an image that is smaller than its borders.
 */
export function clipToGrid(image: NdArray<"float32">, steps: GridSteps): NdArray<"float32"> {
  const { S } = expectShape("clipToGrid: image", image.shape, "S S");
  const { N, gridsize, offsetPx, outerOffsetPx } = steps;
  const [before, after] = gridBorders(steps).imagePx;
  const left = S - (N + (gridsize - 1) * offsetPx);
  const side = S - (left % Math.floor(outerOffsetPx / 2)) - before - after;
  check(
    left >= 0 && side > 0,
    "ShapeError",
    () => `clipToGrid: an image of ${S} px has no grid of ${N} px patches with these steps`,
  );
  const data = Float32Array.from(
    { length: side * side },
    (_, i) => image.data[(before + Math.floor(i / side)) * S + before + (i % side)],
  );
  return { dtype: "float32", shape: [side, side], data };
}
