// Gradient clipping, as expressions.
import { add, clampMin, div, greater, mul, neg, select, sqrt, square } from "../compute/build-elementwise.js";
import { pad, reshape, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { sizeOf } from "../core/ndarray.js";

export const CLIP_ALGORITHMS = ["norm", "value", "agc"] as const;
export type ClipAlgorithm = (typeof CLIP_ALGORITHMS)[number];

/** sqrt of the sum of squares over all gradients. */
export function gradientNorm(gradients: readonly Expr[]): Expr {
  return sqrt(gradients.map(energyOf).reduce((a, b) => add(a, b)));
}

/** Sum of squares, in rows: ONNX Runtime adds up a float32 vector one by one, and the rounding grows with its length. */
function energyOf(gradient: Expr): Expr {
  const size = sizeOf(gradient.shape);
  const width = Math.ceil(Math.sqrt(size));
  const rows = Math.ceil(size / width);
  const flat = pad(reshape(gradient, [size]), [0], [rows * width - size]);
  return sum(sum(square(reshape(flat, [rows, width])), [1]));
}

/**
 * Clips gradients: `norm` scales all by min(1, limit / (norm + 1e-6)); `value` clamps every entry to +-limit; `agc`
 * scales each tensor whose norm exceeds limit * max(|parameter|, 1e-3) down to it (Brock et al. 2021, per tensor).
 */
export function clipGradients(
  algorithm: ClipAlgorithm,
  limit: number,
  gradients: readonly Expr[],
  parameters: readonly Expr[],
): Expr[] {
  if (algorithm === "value") return gradients.map((g) => clampMax(clampMin(g, -limit), limit));
  if (algorithm === "norm") {
    const factor = clampMax(div(limit, add(gradientNorm(gradients), 1e-6)), 1);
    return gradients.map((g) => mul(g, factor));
  }
  return gradients.map((g, i) => {
    const norm = gradientNorm([g]);
    const bound = mul(clampMin(gradientNorm([parameters[i]]), 1e-3), limit);
    const exceeds = greater(norm, bound);
    return mul(g, div(select(exceeds, bound, 1), select(exceeds, norm, 1)));
  });
}

function clampMax(x: Expr, max: number): Expr {
  return neg(clampMin(neg(x), -max));
}
