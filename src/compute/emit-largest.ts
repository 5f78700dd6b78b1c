// Where the largest value along an axis stands, in floating-point operators that every device has. (Indices are integers,
// which WebGPU lacks, and MaxUnpool, which scatters by them, exists on the processor alone.)
import type { Emitter } from "./rule.js";

/**
 * Plain name of a mask of ones and zeros, shaped like x [outer, extent, inner]: the first of the largest values along the
 * middle axis, as ArgMax finds it. The ties are weighted by their distance from the end, and the heaviest is taken.
 */
export function emitFirstLargest(
  emitter: Emitter,
  x: string,
  extent: number,
  dtype: "float32" | "float64",
): string {
  const float = (name: string) => emitter.node("Cast", [name], { to: dtype === "float32" ? 1 : 11 });
  const isLargest = (values: string) =>
    float(emitter.node("Equal", [values, emitter.node("ReduceMax", [values], { axes: [1], keepdims: 1 })]));
  const weights = Array.from({ length: extent }, (_, i) => extent - i);
  const ties = isLargest(x);
  return isLargest(emitter.node("Mul", [ties, emitter.floats([1, extent, 1], weights, dtype)]));
}
