// The stitcher of the house: predicted patches, batch by batch, onto one canvas that covers the whole scan.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { type CanvasPlan, planCanvas } from "./stitch-canvas.js";
import { type CanvasSums, emptyCanvas, splatPatch, windowOf } from "./stitch-splat.js";

/** How overlapping patches are averaged: all pixels alike, or by how brightly the probe lit them. */
export type PatchWeighting =
  | { readonly kind: "uniform" }
  /** `intensity` is |P|^2 summed over the probe modes, [N, N], any unit. */
  | { readonly kind: "probe"; readonly intensity: NdArray };

export interface StitchSettings {
  /** Side N of the patches that will be added. */
  readonly patchPx: number;
  /** Side of the central window of each patch that is used; even, at most N. Default: N. */
  readonly cropPx?: number;
  readonly weighting: PatchWeighting;
  /** Refuse a canvas above this many pixels. */
  readonly maxCanvasPixels?: number;
}

/** A canvas being filled. */
export interface Stitch {
  readonly patchPx: number;
  readonly cropPx: number;
  readonly canvas: CanvasPlan;
  /** Weights of the cropped window, largest 1; undefined when uniform. */
  readonly weights: Float64Array | undefined;
  readonly sums: CanvasSums;
}

export interface StitchedObject {
  /** Complex object [H, W]; 0 where no patch reached. */
  readonly object: ComplexArray;
  /** Sum of weights per pixel [H, W], in patches (uniform) or in fully lit patches (probe). */
  readonly coverage: NdArray<"float32">;
  /** Coordinate (x, y) of canvas pixel [0, 0] in the frame of the scan positions, in pixels. */
  readonly originPx: readonly [number, number];
}

/** Coverage below which a pixel counts as not seen. */
const UNSEEN = 1e-12;

/**
 * Stitches patches [n, N, N] at `positionsPx` [n, 2] = (x, y): the patch at (x, y) covers the columns x - N/2 .. x + N/2
 * and the rows y - N/2 .. y + N/2 of the frame of the positions.
 *
 * @throws PtychoError ShapeError for arrays that do not fit together, DataError for values or a canvas out of bounds.
 */
export function stitchPatches(
  patches: ComplexArray,
  positionsPx: NdArray,
  settings: Omit<StitchSettings, "patchPx">,
): StitchedObject {
  const { N } = expectShape("patches", patches.shape, "n N N");
  const stitch = startStitch(positionsPx, { ...settings, patchPx: N });
  addPatches(stitch, patches, positionsPx);
  return finishStitch(stitch);
}

/** An empty canvas for all of `positionsPx` [n, 2], to be filled batch by batch with `addPatches`. */
export function startStitch(positionsPx: NdArray, settings: StitchSettings): Stitch {
  const { patchPx, cropPx = patchPx, weighting } = settings;
  check(
    Number.isInteger(cropPx) && cropPx > 0 && cropPx <= patchPx && (patchPx - cropPx) % 2 === 0,
    "UsageError",
    () =>
      `stitching crop: got ${cropPx}, expected a number in 1..${patchPx} of the same parity as the patch size ` +
      `${patchPx}, so that the window is central`,
  );
  const canvas = planCanvas(positionsPx, cropPx, settings.maxCanvasPixels);
  const weights = weighting.kind === "probe" ? probeWeights(weighting.intensity, patchPx, cropPx) : undefined;
  return { patchPx, cropPx, canvas, weights, sums: emptyCanvas(canvas.height, canvas.width) };
}

/** Adds patches [n, N, N] centred at `positionsPx` [n, 2]; positions must lie within the extent the stitch began with. */
export function addPatches(stitch: Stitch, patches: ComplexArray, positionsPx: NdArray): void {
  const { patchPx, cropPx, canvas, sums, weights } = stitch;
  const { n } = expectShape("patches", patches.shape, "n N N", { N: patchPx });
  expectShape("positions", positionsPx.shape, "n 2", { n });
  const first = (patchPx - cropPx) / 2;
  for (let i = 0; i < n; i++) {
    const left = Number(positionsPx.data[2 * i]) - cropPx / 2 - canvas.originPx[0];
    const top = Number(positionsPx.data[2 * i + 1]) - cropPx / 2 - canvas.originPx[1];
    check(
      left >= 0 && top >= 0 && left + cropPx <= canvas.width && top + cropPx <= canvas.height,
      "DataError",
      () =>
        `stitching: patch ${i} at (${positionsPx.data[2 * i]}, ${positionsPx.data[2 * i + 1]}) lies outside the ` +
        `canvas of ${canvas.height} x ${canvas.width} pixels planned from the scan positions`,
    );
    splatPatch(sums, windowOf(patches, i, first, cropPx), left, top, weights);
  }
}

/**
 * The weighted mean of what was added so far; the stitch may go on afterwards.
 *
 * @throws PtychoError DataError when a patch brought values that are not finite.
 */
export function finishStitch(stitch: Stitch): StitchedObject {
  const { canvas, sums } = stitch;
  const shape = [canvas.height, canvas.width];
  const object = complex64(shape);
  const coverage = float32(shape);
  for (let i = 0; i < sums.weight.length; i++) {
    const weight = sums.weight[i];
    coverage.data[i] = weight;
    if (weight <= UNSEEN) continue;
    object.re[i] = sums.re[i] / weight;
    object.im[i] = sums.im[i] / weight;
    check(
      Number.isFinite(object.re[i]) && Number.isFinite(object.im[i]),
      "DataError",
      () =>
        `stitching: the object is not finite at row ${Math.floor(i / canvas.width)}, column ${i % canvas.width}; ` +
        "a predicted patch holds NaN or infinity, check the model and its input scale",
    );
  }
  return { object, coverage, originPx: canvas.originPx };
}

/** Central window of |P|^2, scaled to a largest weight of 1 so that coverage has a meaning of its own. */
function probeWeights(intensity: NdArray, patchPx: number, cropPx: number): Float64Array {
  expectShape("probe intensity", intensity.shape, "N N", { N: patchPx });
  const first = (patchPx - cropPx) / 2;
  const weights = new Float64Array(cropPx * cropPx);
  let largest = 0;
  for (let r = 0; r < cropPx; r++)
    for (let c = 0; c < cropPx; c++) {
      const value = Number(intensity.data[(first + r) * patchPx + first + c]);
      check(
        value >= 0 && value < Number.POSITIVE_INFINITY,
        "DataError",
        () =>
          `probe intensity: value ${value} at [${first + r}, ${first + c}], expected finite and not negative`,
      );
      weights[r * cropPx + c] = value;
      if (value > largest) largest = value;
    }
  check(
    largest > 0,
    "DataError",
    () =>
      `probe intensity: the central ${cropPx} x ${cropPx} window is all zero; use uniform weighting or a larger crop`,
  );
  return weights.map((value) => value / largest);
}
