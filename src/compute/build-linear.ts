// Builders of matrix products and of the image ops of a convolutional network. Images are [B, C, H, W].
import { broadcastShape } from "./build-elementwise.js";
import { type Expr, makeExpr, refuse } from "./expr.js";

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Matrix product over the last two axes, the leading axes broadcast: [..., M, K] x [..., K, N] -> [..., M, N]. */
export function matmul(a: Expr, b: Expr, options: MatmulOptions = {}): Expr {
  const { transposeA = false, transposeB = false } = options;
  if (a.shape.length < 2 || b.shape.length < 2) refuse("matmul", [a, b], "needs matrices");
  const [m, k] = lastTwo(a, transposeA);
  const [k2, n] = lastTwo(b, transposeB);
  if (k !== k2) refuse("matmul", [a, b], `inner extents ${k} and ${k2} differ`);
  const leading = broadcastShape("matmul", [
    { dtype: a.dtype, shape: a.shape.slice(0, -2) },
    { dtype: b.dtype, shape: b.shape.slice(0, -2) },
  ]);
  return makeExpr(
    "matmul",
    [a, b],
    { transposeA, transposeB },
    { dtype: a.dtype, shape: [...leading, m, n] },
  );
}

function lastTwo(x: Expr, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/**
 * Correlation with stride 1, as torch's conv2d: x [B, I, H, W], weight [O, I, kh, kw], bias [O] ->
 * [B, O, H + 2 pad0 - kh + 1, W + 2 pad1 - kw + 1]. Default padding keeps H and W (odd kernels).
 */
export function conv2d(x: Expr, weight: Expr, bias?: Expr, pad?: readonly [number, number]): Expr {
  const [batch, channels, height, width] = x.shape;
  const [out, inputs, kh, kw] = weight.shape;
  const geometry = { pad: pad ?? ([(kh - 1) / 2, (kw - 1) / 2] as const) };
  if (x.shape.length !== 4 || weight.shape.length !== 4 || inputs !== channels) {
    refuse("conv2d", [x, weight], "needs x [B, I, H, W] and weight [O, I, kh, kw]");
  }
  const shape = [batch, out, height + 2 * geometry.pad[0] - kh + 1, width + 2 * geometry.pad[1] - kw + 1];
  return makeExpr("conv2d", bias ? [x, weight, bias] : [x, weight], geometry, { dtype: x.dtype, shape });
}

/** Adjoint of conv2d with respect to x: upstream [B, O, H', W'], weight [O, I, kh, kw] -> [B, I, H, W]. */
export function conv2dInputGradient(
  upstream: Expr,
  weight: Expr,
  inputShape: readonly number[],
  pad: readonly [number, number],
): Expr {
  return makeExpr(
    "conv2dInputGradient",
    [upstream, weight],
    { pad, inputShape },
    { dtype: upstream.dtype, shape: inputShape },
  );
}

/** Adjoint of conv2d with respect to the weight: x [B, I, H, W], upstream [B, O, H', W'] -> [O, I, kh, kw]. */
export function conv2dWeightGradient(
  x: Expr,
  upstream: Expr,
  kernel: readonly [number, number],
  pad: readonly [number, number],
): Expr {
  const shape = [upstream.shape[1], x.shape[1], ...kernel];
  return makeExpr("conv2dWeightGradient", [x, upstream], { pad, kernel }, { dtype: x.dtype, shape });
}

/** Maximum over 2x2 blocks, stride 2; H and W must be even. */
export function maxPool2(x: Expr): Expr {
  return makeExpr("maxPool2", [x], {}, { dtype: x.dtype, shape: halved("maxPool2", x) });
}

export function maxPool2Gradient(x: Expr, pooled: Expr, upstream: Expr): Expr {
  return makeExpr("maxPool2Gradient", [x, pooled, upstream], {}, x);
}

/** Every pixel becomes a 2x2 block (nearest-neighbour upsampling). */
export function upsample2(x: Expr): Expr {
  const [batch, channels, height, width] = x.shape;
  return makeExpr("upsample2", [x], {}, { dtype: x.dtype, shape: [batch, channels, 2 * height, 2 * width] });
}

/** Sum over 2x2 blocks, stride 2. */
export function sumPool2(x: Expr): Expr {
  return makeExpr("sumPool2", [x], {}, { dtype: x.dtype, shape: halved("sumPool2", x) });
}

function halved(op: "maxPool2" | "sumPool2", x: Expr): number[] {
  const [batch, channels, height, width] = x.shape;
  if (x.shape.length !== 4 || height % 2 !== 0 || width % 2 !== 0)
    refuse(op, [x], "needs [B, C, H, W] with even H and W");
  return [batch, channels, height / 2, width / 2];
}
