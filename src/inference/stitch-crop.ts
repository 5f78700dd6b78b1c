// Stitching on a square canvas centred on the mean position: the original's crop stitching and its TensorFlow sibling.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, int32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { expectCanvasSize } from "./stitch-canvas.js";
import { emptyCanvas, splatPatch, windowOf } from "./stitch-splat.js";

export interface CropStitchSettings {
  /** Side of the central window [N // 2 - crop // 2, + crop) that is used. */
  readonly cropPx: number;
  /**
   * Place every patch at MINUS its offset, as the original's default inference command does: a canvas that is the
   * point reflection of the scan. Only for comparison with recorded numbers.
   */
  readonly reflected?: boolean;
}

export interface CropStitched {
  /** Sum of patches / (sum of ones + 1e-9), [M, M]. */
  readonly canvas: ComplexArray;
  /** Sum of the translated ones [M, M]. */
  readonly norm: NdArray<"float32">;
  /** 1 where the norm exceeds 1e-6, [M, M]. */
  readonly mask: NdArray<"int32">;
  /** Canvas pixel [0, 0] in the frame of `positionsPx`; of no meaning, and undefined, when reflected. */
  readonly originPx: readonly [number, number] | undefined;
}

/**
 * Places the central windows of `patches` [n, N, N] at their positions [n, 2] = (x, y) relative to the mean position, on
 * a canvas of side M = crop + 2 even(ceil(max |x - mean|)), with bilinear shares at sub-pixel places.
 *
 * @throws PtychoError UsageError for a crop outside 1..N, ShapeError, DataError for a canvas above the cap.
 */
export function stitchCropped(
  patches: ComplexArray,
  positionsPx: NdArray,
  settings: CropStitchSettings,
): CropStitched {
  const { n, N } = expectShape("patches", patches.shape, "n N N");
  expectShape("positions", positionsPx.shape, "n 2", { n });
  const { cropPx, reflected = false } = settings;
  check(
    Number.isInteger(cropPx) && cropPx > 0 && cropPx <= N,
    "UsageError",
    () => `crop size: got ${cropPx}, expected a whole number in 1..${N}`,
  );
  const { offsets, mean } = centred(positionsPx);
  const reach = offsets.reduce((largest, offset) => Math.max(largest, Math.abs(offset)), 0);
  check(Number.isFinite(reach), "DataError", () => "positions: expected finite pixel coordinates");
  const pad = 2 * Math.ceil(Math.ceil(reach) / 2);
  const side = cropPx + 2 * pad;
  expectCanvasSize(side, side);
  const sums = emptyCanvas(side, side);
  const first = Math.floor(N / 2) - Math.floor(cropPx / 2);
  const sign = reflected ? -1 : 1;
  for (let i = 0; i < n; i++) {
    const left = pad + sign * offsets[2 * i];
    const top = pad + sign * offsets[2 * i + 1];
    splatPatch(sums, windowOf(patches, i, first, cropPx), left, top, undefined);
  }
  const canvas = complex64([side, side]);
  const norm = float32([side, side]);
  const mask = int32([side, side]);
  for (let i = 0; i < sums.weight.length; i++) {
    const weight = sums.weight[i];
    canvas.re[i] = sums.re[i] / (weight + 1e-9);
    canvas.im[i] = sums.im[i] / (weight + 1e-9);
    norm.data[i] = weight;
    mask.data[i] = weight > 1e-6 ? 1 : 0;
  }
  // A patch at (x, y) begins at x - N/2; its window begins `first` pixels later, at canvas pixel pad + x - mean.
  const originOf = (centre: number): number => centre - N / 2 + first - pad;
  return { canvas, norm, mask, originPx: reflected ? undefined : [originOf(mean[0]), originOf(mean[1])] };
}

function centred(positionsPx: NdArray): { offsets: Float64Array; mean: [number, number] } {
  const n = positionsPx.shape[0];
  const offsets = Float64Array.from(positionsPx.data as ArrayLike<number>);
  const mean: [number, number] = [0, 0];
  for (let i = 0; i < offsets.length; i++) mean[i % 2] += offsets[i] / n;
  for (let i = 0; i < offsets.length; i++) offsets[i] -= mean[i % 2];
  return { offsets, mean };
}
