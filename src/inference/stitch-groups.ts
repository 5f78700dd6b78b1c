// The original's older stitchers of whole scans: sums of translated windows, for single patches and for merged groups.
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { expectCanvasSize } from "./stitch-canvas.js";
import { type CanvasSums, emptyCanvas, splatPatch, windowOf } from "./stitch-splat.js";

export interface SummedCanvas {
  /** Sum of the translated windows [M, M]; divide by `ones` for the mean. */
  readonly image: ComplexArray;
  /** Sum of the translated supports [M, M]. */
  readonly ones: NdArray<"float32">;
}

/**
 * Sums the central `middlePx` windows of patches [n, N, N] at their positions [n, 2] = (x, y) relative to the mean
 * position, on a canvas of side middle + 2 ceil(max |offset|).
 */
export function sumPatches(patches: ComplexArray, positionsPx: NdArray, middlePx: number): SummedCanvas {
  const { n, N } = expectShape("patches", patches.shape, "n N N");
  expectShape("positions", positionsPx.shape, "n 2", { n });
  const { offsets, pad } = offsetsFromMean(positionsPx);
  const canvas = openCanvas(middlePx + 2 * pad);
  const first = Math.floor(N / 2) - Math.floor(middlePx / 2);
  for (let i = 0; i < n; i++)
    splatPatch(
      canvas,
      windowOf(patches, i, first, middlePx),
      pad + offsets[2 * i],
      pad + offsets[2 * i + 1],
      undefined,
    );
  return summed(canvas);
}

/**
 * Merges every group of patches [G, C, N, N] on a canvas of `mergedPx` by `mergeGroup`, and sums the central `middlePx`
 * windows of the merged canvases at the group centres [G, 2], as `sumPatches` does; `ones` sums their supports.
 *
 * @param relativePx places within the group [G, C, 2] = -(position - group mean), pixels.
 */
export function sumGroups(
  patches: ComplexArray,
  relativePx: NdArray,
  centresPx: NdArray,
  settings: { readonly middlePx: number; readonly mergedPx: number },
): SummedCanvas {
  const { G, C, N } = expectShape("patches", patches.shape, "G C N N");
  expectShape("relative positions", relativePx.shape, "G C 2", { G, C });
  expectShape("group centres", centresPx.shape, "G 2", { G });
  const { middlePx, mergedPx } = settings;
  const { offsets, pad } = offsetsFromMean(centresPx);
  const side = middlePx + 2 * pad;
  const image = openCanvas(side);
  const ones = openCanvas(side);
  const first = Math.floor(mergedPx / 2) - Math.floor(middlePx / 2);
  for (let g = 0; g < G; g++) {
    const from = g * C * N * N;
    const group = complex64(
      [C, N, N],
      patches.re.subarray(from, from + C * N * N),
      patches.im.subarray(from, from + C * N * N),
    );
    const places = float32(
      [C, 2],
      Float32Array.from(relativePx.data.slice(2 * g * C, 2 * (g + 1) * C), Number),
    );
    const { merged, support } = mergeGroup(group, places, mergedPx);
    const left = pad + offsets[2 * g];
    const top = pad + offsets[2 * g + 1];
    splatPatch(image, windowOf(merged, 0, first, middlePx), left, top, undefined);
    splatPatch(ones, windowOf(support, 0, first, middlePx), left, top, undefined);
  }
  return { image: summed(image).image, ones: float32([side, side], Float32Array.from(ones.re)) };
}

/**
 * Merges the patches [C, N, N] of one group: each is moved by minus its relative place, weighted by the equally moved
 * central N/2 square, and the sum divided by (sum of weights + 0.001) where that sum exceeds 1e-6.
 */
function mergeGroup(
  group: ComplexArray,
  places: NdArray,
  mergedPx: number,
): { merged: ComplexArray; support: ComplexArray } {
  const { C, N } = expectShape("group", group.shape, "C N N");
  const centralMask = complex64([1, N, N]);
  const quarter = Math.floor(N / 4);
  const half = Math.floor(N / 2);
  for (let r = quarter; r < quarter + half; r++)
    centralMask.re.fill(1, r * N + quarter, r * N + quarter + half);
  const margin = Math.floor((mergedPx - N) / 2);
  const pixels = mergedPx * mergedPx;
  const sumRe = new Float64Array(pixels);
  const sumIm = new Float64Array(pixels);
  const count = new Float64Array(pixels);
  for (let c = 0; c < C; c++) {
    const left = margin - Number(places.data[2 * c]);
    const top = margin - Number(places.data[2 * c + 1]);
    const moved = emptyCanvas(mergedPx, mergedPx);
    const mask = emptyCanvas(mergedPx, mergedPx);
    splatPatch(moved, windowOf(group, c, 0, N), left, top, undefined);
    splatPatch(mask, windowOf(centralMask, 0, 0, N), left, top, undefined);
    for (let i = 0; i < pixels; i++) {
      sumRe[i] += moved.re[i] * mask.re[i];
      sumIm[i] += moved.im[i] * mask.re[i];
      count[i] += mask.re[i];
    }
  }
  const merged = complex64([1, mergedPx, mergedPx]);
  const support = complex64([1, mergedPx, mergedPx]);
  for (let i = 0; i < pixels; i++) {
    if (count[i] <= 1e-6) continue;
    merged.re[i] = sumRe[i] / (count[i] + 0.001);
    merged.im[i] = sumIm[i] / (count[i] + 0.001);
    support.re[i] = 1;
  }
  return { merged, support };
}

function offsetsFromMean(positionsPx: NdArray): { offsets: Float64Array; pad: number } {
  const n = positionsPx.shape[0];
  const offsets = Float64Array.from(positionsPx.data as ArrayLike<number>);
  const mean = [0, 0];
  for (let i = 0; i < offsets.length; i++) mean[i % 2] += offsets[i] / n;
  for (let i = 0; i < offsets.length; i++) offsets[i] -= mean[i % 2];
  return { offsets, pad: Math.ceil(offsets.reduce((most, offset) => Math.max(most, Math.abs(offset)), 0)) };
}

function openCanvas(side: number): CanvasSums {
  expectCanvasSize(side, side);
  return emptyCanvas(side, side);
}

function summed(canvas: CanvasSums): SummedCanvas {
  const shape = [canvas.height, canvas.width];
  return {
    image: complex64(shape, Float32Array.from(canvas.re), Float32Array.from(canvas.im)),
    ones: float32(shape, Float32Array.from(canvas.weight)),
  };
}
