// Scales that belong to an experiment, picked for every sample of a batch by its experiment id.
import { abs, constant, relu, sub } from "../compute/build-elementwise.js";
import { matmul } from "../compute/build-linear.js";
import { reshape } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { float32 } from "../core/ndarray.js";

/** values[ids]: values [D], whole numbers ids [B] in 0 .. D - 1 as float32 -> [B, 1, 1, 1]. */
export function byExperiment(values: Expr, ids: Expr): Expr {
  const [count] = values.shape;
  const [batch] = ids.shape;
  const known = constant(
    float32(
      [1, count],
      Array.from({ length: count }, (_, id) => id),
    ),
  );
  const oneHot = relu(sub(1, abs(sub(reshape(ids, [batch, 1]), known))));
  return reshape(matmul(oneHot, reshape(values, [count, 1])), [batch, 1, 1, 1]);
}
