// The kernel of every stitcher: one patch laid on a canvas at a sub-pixel place, shared bilinearly by its neighbours.
import type { ComplexArray } from "../core/ndarray.js";

/**
 * Weighted sums on a canvas [H, W], row-major. In float64: probe weights span ten decades and thousands of patches
 * overlap on a pixel, where float32 sums would lose the faint patches against the bright ones.
 */
export interface CanvasSums {
  readonly height: number;
  readonly width: number;
  /** Sum of weight x value. */
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Sum of weights. */
  readonly weight: Float64Array;
}

/** A square window of a stack of images, seen without a copy. */
export interface PatchWindow {
  readonly re: Float32Array;
  readonly im: Float32Array;
  /** Index of the window's first pixel. */
  readonly start: number;
  /** Distance of its rows in elements. */
  readonly rowStride: number;
  readonly sizePx: number;
}

export function emptyCanvas(height: number, width: number): CanvasSums {
  const pixels = height * width;
  return {
    height,
    width,
    re: new Float64Array(pixels),
    im: new Float64Array(pixels),
    weight: new Float64Array(pixels),
  };
}

/** The window [first, first + sizePx) of both axes of image `index` of a stack [n, N, N]. */
export function windowOf(patches: ComplexArray, index: number, firstPx: number, sizePx: number): PatchWindow {
  const side = patches.shape[patches.shape.length - 1];
  return {
    re: patches.re,
    im: patches.im,
    start: index * side * side + firstPx * side + firstPx,
    rowStride: side,
    sizePx,
  };
}

/**
 * Adds a patch whose pixel [0, 0] lies at canvas coordinate (left, top), in pixels. Pixel (r, c) goes to its four
 * neighbours with the bilinear shares (1-fy)(1-fx), (1-fy)fx, fy(1-fx), fy fx; what falls outside the canvas is cut.
 * `weights` [size, size] multiplies the values and is summed alike; undefined weighs every pixel 1.
 */
export function splatPatch(
  canvas: CanvasSums,
  patch: PatchWindow,
  left: number,
  top: number,
  weights: Float64Array | undefined,
): void {
  const { sizePx: size, re, im } = patch;
  const firstColumn = Math.floor(left);
  const firstRow = Math.floor(top);
  const fx = left - firstColumn;
  const fy = top - firstRow;
  const gx = 1 - fx;
  const rowRe = new Float64Array(size + 1);
  const rowIm = new Float64Array(size + 1);
  const rowWeight = new Float64Array(size + 1);
  for (let r = 0; r < size; r++) {
    let previousRe = 0;
    let previousIm = 0;
    let previousWeight = 0;
    let source = patch.start + r * patch.rowStride;
    for (let c = 0; c < size; c++, source++) {
      const weight = weights === undefined ? 1 : weights[r * size + c];
      const valueRe = re[source] * weight;
      const valueIm = im[source] * weight;
      rowRe[c] = gx * valueRe + fx * previousRe;
      rowIm[c] = gx * valueIm + fx * previousIm;
      rowWeight[c] = gx * weight + fx * previousWeight;
      previousRe = valueRe;
      previousIm = valueIm;
      previousWeight = weight;
    }
    rowRe[size] = fx * previousRe;
    rowIm[size] = fx * previousIm;
    rowWeight[size] = fx * previousWeight;
    addRow(canvas, firstRow + r, firstColumn, 1 - fy, rowRe, rowIm, rowWeight);
    if (fy > 0) addRow(canvas, firstRow + r + 1, firstColumn, fy, rowRe, rowIm, rowWeight);
  }
}

function addRow(
  canvas: CanvasSums,
  row: number,
  firstColumn: number,
  share: number,
  rowRe: Float64Array,
  rowIm: Float64Array,
  rowWeight: Float64Array,
): void {
  if (row < 0 || row >= canvas.height) return;
  const { re, im, weight, width } = canvas;
  const from = Math.max(0, -firstColumn);
  const to = Math.min(rowRe.length, width - firstColumn);
  let target = row * width + firstColumn + from;
  for (let c = from; c < to; c++, target++) {
    re[target] += share * rowRe[c];
    im[target] += share * rowIm[c];
    weight[target] += share * rowWeight[c];
  }
}
