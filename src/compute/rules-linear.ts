// Rules of matrix products, convolutions and pooling. Images are [B, C, H, W].
import { stridesOf } from "../core/ndarray.js";
import {
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  matmul,
  maxPool2Gradient,
  sumPool2,
  upsample2,
} from "./build-linear.js";
import { reshape, sum } from "./build-shape.js";
import { emitConvolution, emitInputGradient, emitWeightGradient } from "./emit-convolution.js";
import { emitFirstLargest } from "./emit-largest.js";
import type { Expr } from "./expr.js";
import type { Rule } from "./rule.js";
import { unbroadcast } from "./rules-elementwise.js";

type Name =
  | "matmul"
  | "conv2d"
  | "conv2dInputGradient"
  | "conv2dWeightGradient"
  | "maxPool2"
  | "maxPool2Gradient"
  | "upsample2"
  | "sumPool2";

export const LINEAR_RULES: { readonly [K in Name]: Rule<K> } = {
  matmul: {
    gradient: ({ inputs: [a, b], attributes: { transposeA, transposeB } }, g) => {
      const ga = transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b, { transposeB: !transposeB });
      const gb = transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g, { transposeA: !transposeA });
      return [unbroadcast(ga, a), unbroadcast(gb, b)];
    },
    emit: (emitter, node, inputs) => {
      const { transposeA, transposeB } = node.attributes;
      if (!transposeA && !transposeB) return emitter.node("MatMul", inputs);
      // WebGPU has no FusedMatMul.
      if (node.dtype === "float32" && emitter.device !== "webgpu") {
        const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
        return emitter.node("FusedMatMul", inputs, attributes, "com.microsoft");
      }
      const operands = inputs.map((name, i) => {
        if (!(i === 0 ? transposeA : transposeB)) return name;
        const axes = node.inputs[i].shape.map((_, axis) => axis);
        const perm = [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]];
        return emitter.node("Transpose", [name], { perm });
      });
      return emitter.node("MatMul", operands);
    },
    evaluate: ({ inputs: [a, b], output, attributes: { transposeA, transposeB } }) => {
      const rank = output.shape.length;
      const [m, n] = output.shape.slice(-2);
      const k = a.shape[a.shape.length - (transposeA ? 2 : 1)];
      const step = (x: { shape: readonly number[] }) => {
        const strides = stridesOf(x.shape);
        return output.shape.slice(0, -2).map((_, axis) => {
          const i = axis - rank + x.shape.length;
          return i >= 0 && x.shape[i] !== 1 ? strides[i] : 0;
        });
      };
      const [stepA, stepB] = [step(a), step(b)];
      const [am, ak] = transposeA ? [1, m] : [k, 1];
      const [bk, bn] = transposeB ? [1, k] : [n, 1];
      for (let out = 0; out < output.data.length; out += m * n) {
        let [offsetA, offsetB, rest] = [0, 0, out / (m * n)];
        for (let axis = rank - 3; axis >= 0; axis--) {
          const index = rest % output.shape[axis];
          rest = (rest - index) / output.shape[axis];
          offsetA += index * stepA[axis];
          offsetB += index * stepB[axis];
        }
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let total = 0;
            for (let l = 0; l < k; l++) {
              total += a.data[offsetA + i * am + l * ak] * b.data[offsetB + l * bk + j * bn];
            }
            output.data[out + i * n + j] = total;
          }
        }
      }
    },
  },
  conv2d: {
    gradient: (node, g) => {
      const [x, weight, bias] = node.inputs;
      const { pad } = node.attributes;
      const kernel = [weight.shape[2], weight.shape[3]] as const;
      const gradients = [
        conv2dInputGradient(g, weight, x.shape, pad),
        conv2dWeightGradient(x, g, kernel, pad),
      ];
      return bias ? [...gradients, reshape(sum(g, [0, 2, 3], true), bias.shape)] : gradients;
    },
    emit: emitConvolution,
    evaluate: ({ inputs: [x, weight, bias], output, attributes }) => {
      forEachTap(x.shape, weight.shape, attributes.pad, output.shape, (xi, wi, yi) => {
        output.data[yi] += x.data[xi] * weight.data[wi];
      });
      if (bias) addBias(output, bias.data);
    },
  },
  conv2dInputGradient: {
    gradient: ({ inputs: [upstream, weight], attributes: { pad } }, g) => [
      conv2d(g, weight, undefined, pad),
      conv2dWeightGradient(g, upstream, [weight.shape[2], weight.shape[3]], pad),
    ],
    emit: emitInputGradient,
    evaluate: ({ inputs: [upstream, weight], output, attributes: { pad } }) => {
      forEachTap(output.shape, weight.shape, pad, upstream.shape, (xi, wi, yi) => {
        output.data[xi] += upstream.data[yi] * weight.data[wi];
      });
    },
  },
  conv2dWeightGradient: {
    gradient: ({ inputs: [x, upstream], attributes: { pad } }, g) => [
      conv2dInputGradient(upstream, g, x.shape, pad),
      conv2d(x, g, undefined, pad),
    ],
    emit: emitWeightGradient,
    evaluate: ({ inputs: [x, upstream], output, attributes: { pad } }) => {
      forEachTap(x.shape, output.shape, pad, upstream.shape, (xi, wi, yi) => {
        output.data[wi] += upstream.data[yi] * x.data[xi];
      });
    },
  },
  maxPool2: {
    gradient: (node, g) => [maxPool2Gradient(node.inputs[0], node, g)],
    emit: (emitter, _node, inputs) =>
      emitter.node("MaxPool", inputs, { kernel_shape: [2, 2], strides: [2, 2] }),
    evaluate: ({ inputs: [x], output }) => {
      forEachBlock(output.shape, (out, corners) => {
        output.data[out] = Math.max(...corners.map((i) => x.data[i]));
      });
    },
  },
  maxPool2Gradient: {
    gradient: "not differentiable",
    emit: (emitter, node, inputs) => emitMaxPoolGradient(emitter, node, inputs),
    evaluate: ({ inputs: [x, , g], output }) => {
      forEachBlock(g.shape, (out, corners) => {
        let first = corners[0];
        for (const i of corners) if (x.data[i] > x.data[first]) first = i;
        output.data[first] = g.data[out];
      });
    },
  },
  upsample2: {
    gradient: (_node, g) => [sumPool2(g)],
    emit: (emitter, _node, [x]) =>
      emitter.node("Resize", [x, "", emitter.floats([4], [1, 1, 2, 2], "float32")], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
    evaluate: ({ inputs: [x], output }) => {
      forEachBlock(x.shape, (from, corners) => {
        for (const i of corners) output.data[i] = x.data[from];
      });
    },
  },
  sumPool2: {
    gradient: (_node, g) => [upsample2(g)],
    emit: (emitter, node, inputs) => {
      const averaged = emitter.node("AveragePool", inputs, { kernel_shape: [2, 2], strides: [2, 2] });
      return emitter.node("Mul", [averaged, emitter.floats([], [4], node.dtype as "float32")]);
    },
    evaluate: ({ inputs: [x], output }) => {
      forEachBlock(output.shape, (out, corners) => {
        output.data[out] = corners.reduce((total, i) => total + x.data[i], 0);
      });
    },
  },
};

function emitMaxPoolGradient(
  emitter: Parameters<Rule<"maxPool2Gradient">["emit"]>[0],
  node: Expr<"maxPool2Gradient">,
  [x, , g]: readonly string[],
): string {
  if (emitter.device !== "cpu") return emitMaxPoolMask(emitter, node, x, g);
  const indices = emitter.secondOutput("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
  return emitter.node("MaxUnpool", [g, indices, emitter.integers(node.shape)], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
}

/** The same for other devices: a mask over the four pixels of a block times the gradient of the block. */
function emitMaxPoolMask(
  emitter: Parameters<Rule<"maxPool2Gradient">["emit"]>[0],
  node: Expr<"maxPool2Gradient">,
  x: string,
  g: string,
): string {
  const [batch, channels, height, width] = node.shape;
  const [images, rows, columns] = [batch * channels, height / 2, width / 2];
  const reshape = (name: string, shape: readonly number[]) =>
    emitter.node("Reshape", [name, emitter.integers(shape)]);
  const turn = (name: string) => emitter.node("Transpose", [name], { perm: [0, 1, 3, 2, 4] });
  const blocks = reshape(turn(reshape(x, [images, rows, 2, columns, 2])), [images * rows * columns, 4, 1]);
  const largest = emitFirstLargest(emitter, blocks, 4, node.dtype as "float32");
  const spread = emitter.node("Mul", [largest, reshape(g, [images * rows * columns, 1, 1])]);
  return reshape(turn(reshape(spread, [images, rows, columns, 2, 2])), node.shape);
}

/** Visits every (input, weight, output) triple of a stride-1 correlation with zero padding, by definition. */
function forEachTap(
  xShape: readonly number[],
  weightShape: readonly number[],
  pad: readonly [number, number],
  yShape: readonly number[],
  visit: (x: number, weight: number, y: number) => void,
): void {
  const [batch, inputs, height, width] = xShape;
  const [outputs, , kh, kw] = weightShape;
  const [, , rows, columns] = yShape;
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          const y = ((b * outputs + o) * rows + r) * columns + c;
          for (let i = 0; i < inputs; i++)
            for (let u = 0; u < kh; u++)
              for (let v = 0; v < kw; v++) {
                const [row, column] = [r + u - pad[0], c + v - pad[1]];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                visit(
                  ((b * inputs + i) * height + row) * width + column,
                  ((o * inputs + i) * kh + u) * kw + v,
                  y,
                );
              }
        }
}

function addBias(
  output: { shape: readonly number[]; data: { [i: number]: number; length: number } },
  bias: ArrayLike<number>,
): void {
  const pixels = output.shape[2] * output.shape[3];
  for (let i = 0; i < output.data.length; i++)
    output.data[i] += bias[Math.floor(i / pixels) % output.shape[1]];
}

/** Visits every element of a [B, C, h, w] shape with the four indices of its 2x2 block at double size, row-major. */
function forEachBlock(
  small: readonly number[],
  visit: (index: number, corners: readonly number[]) => void,
): void {
  const [batch, channels, height, width] = small;
  for (let index = 0; index < batch * channels * height * width; index++) {
    const column = index % width;
    const row = Math.floor(index / width);
    const corner = 2 * row * 2 * width + 2 * column;
    visit(index, [corner, corner + 1, corner + 2 * width, corner + 2 * width + 1]);
  }
}
