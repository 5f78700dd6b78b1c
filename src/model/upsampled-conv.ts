// conv3x3(upsample2(x)) without the upsampled image: four 3x3 convolutions of x itself, one per output parity.
import { add, constant } from "../compute/build-elementwise.js";
import { conv2d, matmul } from "../compute/build-linear.js";
import { concat, reshape, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { float32, float64 } from "../core/ndarray.js";

/**
 * Rows: taps -1, 0, 1 on x. Columns: taps -1, 0, 1 on the upsampled image. On even output rows the taps 0 and 1 fall
 * on the same row of x, on odd ones -1 and 0.
 */
const FOLDS = [
  [1, 0, 0, 0, 1, 1, 0, 0, 0],
  [0, 0, 0, 1, 1, 0, 0, 0, 1],
] as const;

/**
 * Equal to conv2d(upsample2(x), weight, bias): x [B, I, H, W], weight [O, I, 3, 3] -> [B, O, 2 H, 2 W]. Costs as many
 * operations and a quarter of the memory traffic, for few output channels; contains no reshape of the batch.
 */
export function upsampledConv(x: Expr, weight: Expr, bias?: Expr): Expr {
  const outputs = weight.shape[0];
  const folds = FOLDS.map((fold) => matrix([3, 3], fold, weight));
  const kernels = folds.flatMap((rows) =>
    folds.map((columns) => matmul(rows, matmul(weight, columns, { transposeB: true }))),
  );
  const parities = conv2d(x, concat(kernels, 0));
  const plane = (index: number) => sliceAxis(parities, 1, index * outputs, (index + 1) * outputs);
  const [, , height, width] = x.shape;
  const columns = interleaving(width, weight);
  const even = matmul(concat([plane(0), plane(1)], 3), columns);
  const odd = matmul(concat([plane(2), plane(3)], 3), columns);
  const image = matmul(interleaving(height, weight), concat([even, odd], 2), { transposeA: true });
  return bias === undefined ? image : add(image, reshape(bias, [1, outputs, 1, 1]));
}

/** [2 n, 2 n]: row vectors (a, b) times this are a0, b0, a1, b1, ... */
function interleaving(n: number, like: Expr): Expr {
  const values = new Array<number>(4 * n * n).fill(0);
  for (let i = 0; i < n; i++) {
    values[i * 2 * n + 2 * i] = 1;
    values[(n + i) * 2 * n + 2 * i + 1] = 1;
  }
  return matrix([2 * n, 2 * n], values, like);
}

function matrix(shape: readonly number[], values: readonly number[], like: Expr): Expr {
  return constant(like.dtype === "float64" ? float64(shape, [...values]) : float32(shape, [...values]));
}
