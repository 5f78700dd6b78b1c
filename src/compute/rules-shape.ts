// Rules of reductions and of ops that move data.
import { stridesOf } from "../core/ndarray.js";
import { broadcastTo, maxGradient, pad, reshape, slice, sliceAxis, transpose } from "./build-shape.js";
import { emitFirstLargest } from "./emit-largest.js";
import type { Expr, TensorType } from "./expr.js";
import type { Emitter, Rule } from "./rule.js";
import { forEachBroadcast, unbroadcast } from "./rules-elementwise.js";

type Name =
  | "sum"
  | "max"
  | "maxGradient"
  | "reshape"
  | "transpose"
  | "broadcastTo"
  | "concat"
  | "slice"
  | "pad";

export const SHAPE_RULES: { readonly [K in Name]: Rule<K> } = {
  sum: {
    gradient: ({ inputs: [x] }, g) => [broadcastTo(g, x.shape)],
    emit: (emitter, node, [x]) =>
      emitter.node("ReduceSum", [x, emitter.integers(node.attributes.axes)], { keepdims: 1 }),
    evaluate: ({ inputs: [x], output }) => {
      const total = new Float64Array(output.data.length);
      forEachReduced(x, output, (from, to) => {
        total[to] += x.data[from];
      });
      output.data.set(total);
    },
  },
  max: {
    gradient: ({ inputs: [x], attributes }, g) => [maxGradient(x, g, attributes.axes)],
    emit: (emitter, node, [x]) => emitter.node("ReduceMax", [x], { axes: node.attributes.axes, keepdims: 1 }),
    evaluate: ({ inputs: [x], output }) => {
      output.data.fill(Number.NEGATIVE_INFINITY);
      forEachReduced(x, output, (from, to) => {
        output.data[to] = Math.max(output.data[to], x.data[from]);
      });
    },
  },
  maxGradient: {
    gradient: "not differentiable",
    emit: emitMaxGradient,
    evaluate: ({ inputs: [x, g], output }) => {
      const winner = new Int32Array(g.data.length).fill(-1);
      forEachReduced(x, g, (from, to) => {
        if (winner[to] < 0 || x.data[from] > x.data[winner[to]]) winner[to] = from;
      });
      for (let i = 0; i < winner.length; i++) output.data[winner[i]] = g.data[i];
    },
  },
  reshape: {
    gradient: ({ inputs: [x] }, g) => [reshape(g, x.shape)],
    emit: (emitter, node, [x]) => emitter.node("Reshape", [x, emitter.integers(node.shape)]),
    evaluate: ({ inputs: [x], output }) => output.data.set(x.data),
  },
  transpose: {
    gradient: ({ attributes: { permutation } }, g) => [transpose(g, inverse(permutation))],
    emit: (emitter, node, inputs) => emitter.node("Transpose", inputs, { perm: node.attributes.permutation }),
    evaluate: ({ inputs: [x], output, attributes: { permutation } }) => {
      const strides = stridesOf(x.shape);
      const moved = permutation.map((axis) => strides[axis]);
      forEachIndex(output.shape, moved, 0, (out, from) => {
        output.data[out] = x.data[from];
      });
    },
  },
  broadcastTo: {
    gradient: ({ inputs: [x] }, g) => [unbroadcast(g, x)],
    emit: (emitter, node, [x]) => emitter.node("Expand", [x, emitter.integers(node.shape)]),
    evaluate: (evaluation) => {
      forEachBroadcast(evaluation, (out, [i]) => {
        evaluation.output.data[out] = evaluation.inputs[0].data[i];
      });
    },
  },
  concat: {
    gradient: ({ inputs, attributes: { axis } }, g) => {
      let start = 0;
      return inputs.map((part) => {
        start += part.shape[axis];
        return sliceAxis(g, axis, start - part.shape[axis], start);
      });
    },
    emit: (emitter, node, inputs) => emitter.node("Concat", inputs, { axis: node.attributes.axis }),
    evaluate: ({ inputs, output, attributes: { axis } }) => {
      const strides = stridesOf(output.shape);
      let start = 0;
      for (const part of inputs) {
        forEachIndex(part.shape, strides, start * strides[axis], (from, out) => {
          output.data[out] = part.data[from];
        });
        start += part.shape[axis];
      }
    },
  },
  slice: {
    gradient: ({ inputs: [x], attributes: { starts, ends } }, g) => [
      pad(
        g,
        starts,
        ends.map((end, axis) => x.shape[axis] - end),
      ),
    ],
    emit: (emitter, node, [x]) => {
      const { starts, ends } = node.attributes;
      const cut = node.inputs[0].shape.flatMap((extent, axis) => (node.shape[axis] === extent ? [] : [axis]));
      const pick = (values: readonly number[]) => emitter.integers(cut.map((axis) => values[axis]));
      return emitter.node("Slice", [x, pick(starts), pick(ends), emitter.integers(cut)]);
    },
    evaluate: ({ inputs: [x], output, attributes: { starts } }) => {
      const strides = stridesOf(x.shape);
      const origin = starts.reduce((offset, start, axis) => offset + start * strides[axis], 0);
      forEachIndex(output.shape, strides, origin, (out, from) => {
        output.data[out] = x.data[from];
      });
    },
  },
  pad: {
    gradient: ({ inputs: [x], attributes: { before } }, g) => [
      slice(
        g,
        before,
        before.map((n, axis) => n + x.shape[axis]),
      ),
    ],
    emit: (emitter, node, [x]) =>
      emitter.node("Pad", [x, emitter.integers([...node.attributes.before, ...node.attributes.after])]),
    evaluate: ({ inputs: [x], output, attributes: { before } }) => {
      const strides = stridesOf(output.shape);
      const origin = before.reduce((offset, n, axis) => offset + n * strides[axis], 0);
      forEachIndex(x.shape, strides, origin, (from, out) => {
        output.data[out] = x.data[from];
      });
    },
  },
};

/**
 * On the processor: ArgMax along the reduced axes (which must be neighbours, and are flattened to one), then MaxUnpool as
 * the scatter of the upstream values to flat positions among zeros; comparing every position with the winner, as the
 * other devices do, takes far longer there.
 */
function emitMaxGradient(
  emitter: Emitter,
  node: Expr<"maxGradient">,
  [x, upstream]: readonly string[],
): string {
  const { axes } = node.attributes;
  const product = (extents: readonly number[]): number => extents.reduce((total, n) => total * n, 1);
  const [first, end] = [axes[0], axes[0] + axes.length];
  const [outer, extent, inner] = [
    product(node.shape.slice(0, first)),
    product(node.shape.slice(first, end)),
    product(node.shape.slice(end)),
  ];
  const flat = emitter.node("Reshape", [x, emitter.integers([outer, extent, inner])]);
  if (node.dtype !== "float32" || emitter.device !== "cpu") {
    const won = emitFirstLargest(emitter, flat, extent, node.dtype as "float32" | "float64");
    const values = emitter.node("Reshape", [upstream, emitter.integers([outer, 1, inner])]);
    const placed = emitter.node("Mul", [won, values]);
    return emitter.node("Reshape", [placed, emitter.integers(node.shape)]);
  }
  const winner = emitter.node("ArgMax", [flat], { axis: 1, keepdims: 1 });
  const origins = Array.from({ length: outer * inner }, (_, i) => {
    const column = i % inner;
    return ((i - column) / inner) * extent * inner + column;
  });
  const offset = inner === 1 ? winner : emitter.node("Mul", [winner, emitter.integers([inner], [])]);
  const position = emitter.node("Add", [offset, emitter.integers(origins, [outer, 1, inner])]);
  const line = [1, 1, 1, outer * inner];
  const placed = emitter.node(
    "MaxUnpool",
    [
      emitter.node("Reshape", [upstream, emitter.integers(line)]),
      emitter.node("Reshape", [position, emitter.integers(line)]),
      emitter.integers([1, 1, 1, outer * extent * inner]),
    ],
    { kernel_shape: [1, 1], strides: [1, 1] },
  );
  return emitter.node("Reshape", [placed, emitter.integers(node.shape)]);
}

/** Visits the elements of `shape` in order, with the offset of each under other `strides` and an origin. */
function forEachIndex(
  shape: readonly number[],
  strides: readonly number[],
  origin: number,
  visit: (flat: number, offset: number) => void,
): void {
  const position = new Array<number>(shape.length).fill(0);
  const size = shape.reduce((product, extent) => product * extent, 1);
  let offset = origin;
  for (let flat = 0; flat < size; flat++) {
    visit(flat, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]++;
      offset += strides[axis];
      if (position[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
}

/** Visits the elements of x with the index of the reduced element (extent 1 where reduced) each belongs to. */
function forEachReduced(x: TensorType, reduced: TensorType, visit: (from: number, to: number) => void): void {
  const own = stridesOf(reduced.shape);
  const strides = own.map((stride, axis) => (reduced.shape[axis] === 1 ? 0 : stride));
  forEachIndex(x.shape, strides, 0, visit);
}

function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length);
  permutation.forEach((axis, i) => {
    result[axis] = i;
  });
  return result;
}
