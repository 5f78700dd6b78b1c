// Complex values over compute expressions: a pair of real expressions of one shape, and the algebra the physics needs.
import { add, cos, mul, neg, sin, square, sub } from "../compute/build-elementwise.js";
import { concat, reshape, sliceAxis, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";

/** A complex array: real and imaginary part, of one shape. */
export interface ComplexExpr {
  readonly re: Expr;
  readonly im: Expr;
}

/** amplitude * exp(i * phase), phase in radians. */
export function polar(amplitude: Expr, phase: Expr): ComplexExpr {
  return { re: mul(amplitude, cos(phase)), im: mul(amplitude, sin(phase)) };
}

/** Product, with NumPy broadcasting. */
export function mulComplex(a: ComplexExpr, b: ComplexExpr): ComplexExpr {
  return {
    re: sub(mul(a.re, b.re), mul(a.im, b.im)),
    im: add(mul(a.re, b.im), mul(a.im, b.re)),
  };
}

/** i * z. */
export function timesI(z: ComplexExpr): ComplexExpr {
  return { re: neg(z.im), im: z.re };
}

/** The same real operation on both parts; right for every real-linear map, such as a real factor or a shift. */
export function mapParts(z: ComplexExpr, operation: (part: Expr) => Expr): ComplexExpr {
  return { re: operation(z.re), im: operation(z.im) };
}

/** |z|^2. */
export function abs2(z: ComplexExpr): Expr {
  return add(square(z.re), square(z.im));
}

/** Sum over one axis, which disappears. */
export function sumComplex(z: ComplexExpr, axis: number): ComplexExpr {
  return mapParts(z, (part) => sumAxis(part, axis));
}

/** Sum over one axis; an axis of extent 1 is only dropped. */
export function sumAxis(x: Expr, axis: number): Expr {
  if (x.shape[axis] !== 1) return sum(x, [axis]);
  return reshape(
    x,
    x.shape.filter((_, i) => i !== axis),
  );
}

/** x with an axis of extent 1 put before `axis`. */
export function insertAxis(x: Expr, axis: number): Expr {
  return reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
}

/** The two parts as one array: [..., H, W] -> [..., 2, H, W]. */
export function stackParts(z: ComplexExpr): Expr {
  const axis = z.re.shape.length - 2;
  return concat([insertAxis(z.re, axis), insertAxis(z.im, axis)], axis);
}

/** Inverse of `stackParts`: [..., 2, H, W] -> a pair of [..., H, W]. */
export function splitParts(stacked: Expr): ComplexExpr {
  const axis = stacked.shape.length - 3;
  const part = (index: number): Expr => sumAxis(sliceAxis(stacked, axis, index, index + 1), axis);
  return { re: part(0), im: part(1) };
}
