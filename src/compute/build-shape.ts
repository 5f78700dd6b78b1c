// Builders of reductions and of ops that move data.
import { sizeOf } from "../core/ndarray.js";
import { mul } from "./build-elementwise.js";
import { type Expr, makeExpr, refuse } from "./expr.js";

/** Sum over `axes` (default all); the reduced axes stay with extent 1 unless `keep` is false. */
export function sum(x: Expr, axes: readonly number[] = allAxes(x), keep = false): Expr {
  if (axes.length === 0) return x;
  const reduced = makeExpr("sum", [x], { axes: sorted(axes) }, { dtype: x.dtype, shape: keptShape(x, axes) });
  return keep ? reduced : squeeze(reduced, axes);
}

export function mean(x: Expr, axes: readonly number[] = allAxes(x), keep = false): Expr {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  return mul(sum(x, axes, keep), 1 / count);
}

/** Maximum over `axes`; the gradient goes to the first maximum in row-major order. */
export function max(x: Expr, axes: readonly number[] = allAxes(x), keep = false): Expr {
  const reduced = makeExpr("max", [x], { axes: sorted(axes) }, { dtype: x.dtype, shape: keptShape(x, axes) });
  return keep ? reduced : squeeze(reduced, axes);
}

/** Places `upstream` (shape of max over `axes`, kept) at the first maximum of x. */
export function maxGradient(x: Expr, upstream: Expr, axes: readonly number[]): Expr {
  return makeExpr("maxGradient", [x, upstream], { axes: sorted(axes) }, x);
}

/** Reshape; one extent may be -1. */
export function reshape(x: Expr, shape: readonly number[]): Expr {
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const resolved = shape.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent));
  if (sizeOf(resolved) !== sizeOf(x.shape)) refuse("reshape", [x], `cannot become [${shape.join(", ")}]`);
  if (sameShape(resolved, x.shape)) return x;
  return makeExpr("reshape", [x], { shape: resolved }, { dtype: x.dtype, shape: resolved });
}

export function transpose(x: Expr, permutation: readonly number[]): Expr {
  if (permutation.every((axis, i) => axis === i)) return x;
  const shape = permutation.map((axis) => x.shape[axis]);
  return makeExpr("transpose", [x], { permutation }, { dtype: x.dtype, shape });
}

export function broadcastTo(x: Expr, shape: readonly number[]): Expr {
  if (sameShape(x.shape, shape)) return x;
  return makeExpr("broadcastTo", [x], { shape }, { dtype: x.dtype, shape });
}

export function concat(parts: readonly Expr[], axis: number): Expr {
  if (parts.length === 1) return parts[0];
  const [first] = parts;
  const fits = parts.every((part) =>
    part.shape.every((extent, i) => i === axis || extent === first.shape[i]),
  );
  if (!fits) refuse("concat", parts, `extents differ outside axis ${axis}`);
  const total = parts.reduce((length, part) => length + part.shape[axis], 0);
  const shape = first.shape.map((extent, i) => (i === axis ? total : extent));
  return makeExpr("concat", parts, { axis }, { dtype: first.dtype, shape });
}

/** x[starts[0]:ends[0], starts[1]:ends[1], ...]. */
export function slice(x: Expr, starts: readonly number[], ends: readonly number[]): Expr {
  const shape = x.shape.map((_, axis) => ends[axis] - starts[axis]);
  if (
    starts.length !== x.shape.length ||
    shape.some((extent, i) => extent < 0 || starts[i] < 0 || ends[i] > x.shape[i])
  ) {
    refuse("slice", [x], `cannot cut [${starts.join(", ")}] to [${ends.join(", ")}]`);
  }
  if (sameShape(shape, x.shape)) return x;
  return makeExpr("slice", [x], { starts, ends }, { dtype: x.dtype, shape });
}

/** Cuts one axis: x[..., start:end, ...]. */
export function sliceAxis(x: Expr, axis: number, start: number, end: number): Expr {
  return slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((extent, i) => (i === axis ? end : extent)),
  );
}

/** Adds zeros before and after every axis. */
export function pad(x: Expr, before: readonly number[], after: readonly number[]): Expr {
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const shape = x.shape.map((extent, i) => before[i] + extent + after[i]);
  return makeExpr("pad", [x], { before, after }, { dtype: x.dtype, shape });
}

function squeeze(x: Expr, axes: readonly number[]): Expr {
  return reshape(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

function keptShape(x: Expr, axes: readonly number[]): number[] {
  return x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

const sorted = (axes: readonly number[]): number[] => [...axes].sort((a, b) => a - b);
const allAxes = (x: Expr): number[] => x.shape.map((_, axis) => axis);
