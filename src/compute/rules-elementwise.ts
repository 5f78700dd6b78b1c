// Rules of elementwise ops.
import { stridesOf } from "../core/ndarray.js";
import {
  add,
  cast,
  cos,
  div,
  greaterEqual,
  mul,
  neg,
  scalar,
  select,
  sigmoid,
  sign,
  sin,
  square,
  step,
  sub,
  type Unary,
} from "./build-elementwise.js";
import { reshape, sum } from "./build-shape.js";
import { emitCircular } from "./emit-circular.js";
import type { ElementType, Expr, OpName, TensorType } from "./expr.js";
import type { Evaluation, Rule } from "./rule.js";

const logistic = (v: number): number => 1 / (1 + Math.exp(-v));

function unary<K extends Unary>(
  f: (v: number) => number,
  emit: string | Rule<K>["emit"],
  gradient: Rule<K>["gradient"],
): Rule<K> {
  return {
    gradient,
    emit: typeof emit === "string" ? (emitter, _node, inputs) => emitter.node(emit, inputs) : emit,
    evaluate: ({ inputs: [x], output }) => {
      for (let i = 0; i < output.data.length; i++) output.data[i] = f(x.data[i]);
    },
  };
}

const circular =
  <K extends Unary>(operator: string, name: "sin" | "cos"): Rule<K>["emit"] =>
  (emitter, _node, [x]) =>
    emitter.device === "webgpu" ? emitCircular(emitter, x, name) : emitter.node(operator, [x]);

export const UNARY_RULES: { readonly [K in Unary]: Rule<K> } = {
  neg: unary(
    (v) => -v,
    "Neg",
    (_node, g) => [neg(g)],
  ),
  exp: unary(Math.exp, "Exp", (node, g) => [mul(g, node)]),
  log: unary(Math.log, "Log", ({ inputs: [x] }, g) => [div(g, x)]),
  sqrt: unary(Math.sqrt, "Sqrt", (node, g) => [div(mul(g, 0.5), node)]),
  square: unary(
    (v) => v * v,
    (emitter, _node, [x]) => emitter.node("Mul", [x, x]),
    ({ inputs: [x] }, g) => [mul(g, mul(x, 2))],
  ),
  abs: unary(Math.abs, "Abs", ({ inputs: [x] }, g) => [mul(g, sign(x))]),
  sign: unary(
    Math.sign,
    (emitter, node, [x]) => {
      if (emitter.device !== "webgpu") return emitter.node("Sign", [x]);
      const zero = emitter.floats([], [0], node.dtype as "float32");
      const float = (name: string) => emitter.node("Cast", [name], { to: node.dtype === "float32" ? 1 : 11 });
      return emitter.node(
        "Sub",
        ["Greater", "Less"].map((order) => float(emitter.node(order, [x, zero]))),
      );
    },
    "not differentiable",
  ),
  relu: unary(
    (v) => Math.max(v, 0),
    "Relu",
    (node, g) => [mul(g, step(node))],
  ),
  // clamp(x * 3e38, 0, 1): one vectorised pass, exact for every normal number.
  step: unary(
    (v) => (v > 0 ? 1 : 0),
    (emitter, node, [x]) =>
      node.dtype === "float32"
        ? emitter.node("HardSigmoid", [x], { alpha: { float: 3e38 }, beta: { float: 0 } })
        : emitter.node("Cast", [emitter.node("Greater", [x, emitter.floats([], [0], "float64")])], {
            to: 11,
          }),
    "not differentiable",
  ),
  sigmoid: unary(logistic, "Sigmoid", (node, g) => [mul(g, mul(node, sub(1, node)))]),
  // d/dx x s(x) = s + y (1 - s), with y = x s(x).
  silu: unary(
    (v) => v * logistic(v),
    (emitter, node, [x]) =>
      node.dtype === "float32"
        ? emitter.node("QuickGelu", [x], { alpha: { float: 1 } }, "com.microsoft")
        : emitter.node("Mul", [x, emitter.node("Sigmoid", [x])]),
    (node, g) => {
      const s = sigmoid(node.inputs[0]);
      return [mul(g, add(s, mul(node, sub(1, s))))];
    },
  ),
  tanh: unary(Math.tanh, "Tanh", (node, g) => [mul(g, sub(1, square(node)))]),
  sin: unary(Math.sin, circular("Sin", "sin"), ({ inputs: [x] }, g) => [mul(g, cos(x))]),
  cos: unary(Math.cos, circular("Cos", "cos"), ({ inputs: [x] }, g) => [mul(g, neg(sin(x)))]),
};

const ONNX_TYPE: { readonly [T in ElementType]: number } = { float32: 1, float64: 11, bool: 9 };

type OtherName =
  | "clampMin"
  | "cast"
  | "stopGradient"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "greater"
  | "greaterEqual"
  | "select";

export const ELEMENTWISE_RULES: { readonly [K in OtherName]: Rule<K> } = {
  clampMin: {
    gradient: (node, g) => [
      select(greaterEqual(node.inputs[0], node.attributes.min), g, scalar(0, node.dtype)),
    ],
    emit: (emitter, node, [x]) =>
      emitter.node("Max", [
        x,
        emitter.floats([], [node.attributes.min], node.dtype as "float32" | "float64"),
      ]),
    evaluate: ({ inputs: [x], output, attributes }) => {
      for (let i = 0; i < output.data.length; i++) output.data[i] = Math.max(x.data[i], attributes.min);
    },
  },
  cast: {
    gradient: ({ inputs: [x], dtype }, g) => [
      x.dtype === "bool" || dtype === "bool" ? undefined : cast(g, x.dtype),
    ],
    emit: (emitter, node, inputs) => emitter.node("Cast", inputs, { to: ONNX_TYPE[node.attributes.to] }),
    evaluate: ({ inputs: [x], output, attributes }) => {
      const toBool = attributes.to === "bool";
      for (let i = 0; i < output.data.length; i++)
        output.data[i] = toBool ? Number(x.data[i] !== 0) : x.data[i];
    },
  },
  stopGradient: {
    gradient: "not differentiable",
    emit: (_emitter, _node, [x]) => x,
    evaluate: ({ inputs: [x], output }) => output.data.set(x.data),
  },
  add: binary(
    (a, b) => a + b,
    "Add",
    ({ inputs: [a, b] }, g) => [unbroadcast(g, a), unbroadcast(g, b)],
  ),
  sub: binary(
    (a, b) => a - b,
    "Sub",
    ({ inputs: [a, b] }, g) => [unbroadcast(g, a), neg(unbroadcast(g, b))],
  ),
  mul: binary(
    (a, b) => a * b,
    "Mul",
    ({ inputs: [a, b] }, g) => [unbroadcast(mul(g, b), a), unbroadcast(mul(g, a), b)],
  ),
  div: binary(
    (a, b) => a / b,
    "Div",
    (node, g) => {
      const [a, b] = node.inputs;
      return [unbroadcast(div(g, b), a), neg(unbroadcast(div(mul(g, node), b), b))];
    },
  ),
  greater: binary((a, b) => Number(a > b), "Greater", "not differentiable"),
  greaterEqual: binary((a, b) => Number(a >= b), "GreaterOrEqual", "not differentiable"),
  select: {
    gradient: ({ inputs: [condition, a, b] }, g) => {
      const zero = scalar(0, g.dtype);
      return [
        undefined,
        unbroadcast(select(condition, g, zero), a),
        unbroadcast(select(condition, zero, g), b),
      ];
    },
    emit: (emitter, _node, inputs) => emitter.node("Where", inputs),
    evaluate: (evaluation) => {
      const [condition, a, b] = evaluation.inputs;
      forEachBroadcast(evaluation, (out, [c, i, j]) => {
        evaluation.output.data[out] = condition.data[c] ? a.data[i] : b.data[j];
      });
    },
  },
};

function binary<K extends "add" | "sub" | "mul" | "div" | "greater" | "greaterEqual">(
  f: (a: number, b: number) => number,
  operator: string,
  gradient: Rule<K>["gradient"],
): Rule<K> {
  return {
    gradient,
    emit: (emitter, _node, inputs) => emitter.node(operator, inputs),
    evaluate: (evaluation) => {
      const [a, b] = evaluation.inputs;
      forEachBroadcast(evaluation, (out, [i, j]) => {
        evaluation.output.data[out] = f(a.data[i], b.data[j]);
      });
    },
  };
}

/** Sums `g` over the axes along which `like` was broadcast. */
export function unbroadcast(g: Expr, like: TensorType): Expr {
  const extra = g.shape.length - like.shape.length;
  const axes = g.shape.flatMap((extent, axis) =>
    axis < extra || (like.shape[axis - extra] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(sum(g, axes, true), like.shape);
}

/** Visits every output element with the flat index into each (broadcast) input. */
export function forEachBroadcast<K extends OpName>(
  { inputs, output }: Evaluation<K>,
  visit: (out: number, indices: number[]) => void,
): void {
  const rank = output.shape.length;
  const strides = inputs.map((x) => {
    const own = stridesOf(x.shape);
    return output.shape.map((_, axis) => {
      const i = axis - rank + x.shape.length;
      return i >= 0 && x.shape[i] !== 1 ? own[i] : 0;
    });
  });
  const position = new Array<number>(rank).fill(0);
  const indices = new Array<number>(inputs.length).fill(0);
  for (let out = 0; out < output.data.length; out++) {
    visit(out, indices);
    for (let axis = rank - 1; axis >= 0; axis--) {
      position[axis]++;
      for (let k = 0; k < indices.length; k++) indices[k] += strides[k][axis];
      if (position[axis] < output.shape[axis]) break;
      for (let k = 0; k < indices.length; k++) indices[k] -= strides[k][axis] * output.shape[axis];
      position[axis] = 0;
    }
  }
}
