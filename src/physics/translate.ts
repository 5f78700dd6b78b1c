// Sub-pixel translation: a bilinear shift along one axis is a matrix of triangles, built in the graph from the shift,
// so an image is moved by two matrix products and the shift can be differentiated.
import { abs, add, constant, mul, neg, relu, sub } from "../compute/build-elementwise.js";
import { matmul } from "../compute/build-linear.js";
import { reshape, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { float32, float64 } from "../core/ndarray.js";

/**
 * How the sample coordinates are formed. `exact`: as written, an integer shift copies. `float32Grid`: through
 * normalised coordinates in float32, as the PyTorch original does; they carry about 6e-8 * extent pixels of noise.
 */
export type Sampling = "exact" | "float32Grid";

/** A window of a longer axis of `frame` pixels: indices start .. start + length. */
export interface AxisWindow {
  readonly start: number;
  readonly length: number;
}

export interface AxisShift {
  /** Extent of the whole axis on which both windows lie. */
  readonly frame: number;
  readonly from: AxisWindow;
  readonly to: AxisWindow;
  readonly sampling?: Sampling;
}

/**
 * Matrix of a shift along one axis: T[i, j] = max(0, 1 - |(to.start + i) - shift - (from.start + j)|), so that T @ v
 * moves content towards larger index for a positive shift; what comes from outside is zero.
 * Shift in pixels, any shape S -> [...S, to.length, from.length].
 */
export function shiftMatrix(shift: Expr, axis: AxisShift): Expr {
  const { frame, from, to, sampling = "exact" } = axis;
  const column = reshape(shift, [...shift.shape, 1, 1]);
  if (sampling === "exact") {
    const distance = numbers(shift, [to.length, from.length], (index) => {
      const i = Math.floor(index / from.length);
      return to.start + i - (from.start + (index % from.length));
    });
    return triangle(sub(distance, column));
  }
  const normalised = numbers(shift, [to.length, 1], (i) => gridCoordinate(to.start + i, frame));
  const sampled = add(normalised, mul(neg(column), Math.fround(2 / (frame - 1))));
  const coordinate = mul(add(sampled, 1), Math.fround((frame - 1) / 2));
  return triangle(
    sub(
      coordinate,
      numbers(shift, [1, from.length], (j) => from.start + j),
    ),
  );
}

/**
 * Images [..., H, W] moved by shifts [..., 2] = (dx, dy) pixels, x along the last axis; positive moves content towards
 * larger index, zero comes in from outside. The leading axes of images and shifts broadcast.
 */
export function translate(images: Expr, shiftsPx: Expr, sampling: Sampling = "exact"): Expr {
  const [height, width] = images.shape.slice(-2);
  const whole = (frame: number): AxisShift => {
    const window = { start: 0, length: frame };
    return { frame, from: window, to: window, sampling };
  };
  const { x, y } = splitShift(shiftsPx);
  return applyShift(images, shiftMatrix(y, whole(height)), shiftMatrix(x, whole(width)));
}

/** rows @ image @ columns^T. */
export function applyShift(images: Expr, rows: Expr, columns: Expr): Expr {
  return matmul(rows, matmul(images, columns, { transposeB: true }));
}

/** (x, y) of positions [..., 2], each of shape [...]. */
export function splitShift(positions: Expr): { readonly x: Expr; readonly y: Expr } {
  const last = positions.shape.length - 1;
  const part = (index: number): Expr =>
    reshape(sliceAxis(positions, last, index, index + 1), positions.shape.slice(0, -1));
  return { x: part(0), y: part(1) };
}

const triangle = (distance: Expr): Expr => relu(sub(1, abs(distance)));

/** Pixel `index` of `frame` in [-1, 1], in float32 as a linspace counts it: from both ends, rounded once per pixel. */
function gridCoordinate(index: number, frame: number): number {
  const step = Math.fround(2 / (frame - 1));
  return Math.fround(index < Math.floor(frame / 2) ? step * index - 1 : 1 - step * (frame - 1 - index));
}

function numbers(like: Expr, shape: readonly number[], value: (index: number) => number): Expr {
  const values = Float64Array.from({ length: shape[0] * shape[1] }, (_, index) => value(index));
  if (like.dtype === "float64") return constant(float64(shape, values));
  return constant(float32(shape, Float32Array.from(values)));
}
