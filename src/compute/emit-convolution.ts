// How the two adjoints of a convolution are written for ONNX Runtime.
import type { Expr } from "./expr.js";
import type { Emitter } from "./rule.js";

/**
 * Adjoint of a stride-1 correlation with respect to its input: the correlation with the turned kernel, whose channels
 * are exchanged. (ConvTranspose computes the same at about half the speed.)
 */
export function emitInputGradient(
  emitter: Emitter,
  node: Expr<"conv2dInputGradient">,
  [upstream, weight]: readonly string[],
): string {
  const [outputs, inputs, kh, kw] = node.inputs[1].shape;
  const [rows, columns] = node.attributes.pad;
  const taps = kh * kw;
  const flat = emitter.node("Reshape", [weight, emitter.integers([outputs, inputs, taps])]);
  const exchanged = emitter.node("Transpose", [flat], { perm: [1, 0, 2] });
  const backwards = emitter.integers(Array.from({ length: taps }, (_, tap) => taps - 1 - tap));
  const turned = taps === 1 ? exchanged : emitter.node("Gather", [exchanged, backwards], { axis: 2 });
  const kernel = emitter.node("Reshape", [turned, emitter.integers([inputs, outputs, kh, kw])]);
  const [top, left] = [kh - 1 - rows, kw - 1 - columns];
  return emitter.node("Conv", [upstream, kernel], { pads: [top, left, top, left] });
}

/**
 * dW[o, i, u, v] = sum over b, r, c of g[b, o, r, c] x[b, i, r + u - pad0, c + v - pad1], as one matrix product per tap.
 */
export function emitWeightGradient(
  emitter: Emitter,
  node: Expr<"conv2dWeightGradient">,
  [x, upstream]: readonly string[],
): string {
  const [xExpr, gExpr] = node.inputs;
  const [batch, inputs] = xExpr.shape;
  const [, outputs, rows, columns] = gExpr.shape;
  const { kernel, pad } = node.attributes;
  const g = emitter.node("Reshape", [upstream, emitter.integers([batch, outputs, rows * columns])]);
  const padded =
    pad[0] === 0 && pad[1] === 0
      ? x
      : emitter.node("Pad", [x, emitter.integers([0, 0, pad[0], pad[1], 0, 0, pad[0], pad[1]])]);
  const taps: string[] = [];
  for (let u = 0; u < kernel[0]; u++) {
    for (let v = 0; v < kernel[1]; v++) {
      const shifted = emitter.node("Slice", [
        padded,
        emitter.integers([u, v]),
        emitter.integers([u + rows, v + columns]),
        emitter.integers([2, 3]),
      ]);
      const flat = emitter.node("Reshape", [shifted, emitter.integers([batch, inputs, rows * columns])]);
      const products = emitter.node("FusedMatMul", [g, flat], { transA: 0, transB: 1 }, "com.microsoft");
      const total = emitter.node("ReduceSum", [products, emitter.integers([0])], { keepdims: 0 });
      taps.push(emitter.node("Reshape", [total, emitter.integers([outputs, inputs, 1])]));
    }
  }
  const stacked = taps.length === 1 ? taps[0] : emitter.node("Concat", taps, { axis: 2 });
  return emitter.node("Reshape", [stacked, emitter.integers(node.shape)]);
}
