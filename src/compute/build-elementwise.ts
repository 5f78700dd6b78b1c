// Builders of leaves and elementwise ops. Scalars may be given as numbers; they take the dtype of the other argument.
import { bool, float32, float64, type NdArray } from "../core/ndarray.js";
import {
  type ConstantValue,
  type ElementType,
  type Expr,
  makeExpr,
  type OpName,
  refuse,
  type TensorType,
} from "./expr.js";

export type Operand = Expr | number;

/** A named value fed at run time. */
export function input(name: string, shape: readonly number[], dtype: ElementType = "float32"): Expr<"input"> {
  return makeExpr("input", [], { name }, { dtype, shape });
}

export function constant(value: ConstantValue): Expr<"constant"> {
  return makeExpr("constant", [], { value }, { dtype: value.dtype, shape: value.shape });
}

export function scalar(value: number, dtype: ElementType = "float32"): Expr<"constant"> {
  if (dtype === "bool") return constant(bool([], [value]));
  return constant(dtype === "float64" ? float64([], [value]) : float32([], [value]));
}

/** A constant of one value. */
export function full(
  shape: readonly number[],
  value: number,
  dtype: "float32" | "float64" = "float32",
): Expr<"constant"> {
  const array: NdArray<"float32"> | NdArray<"float64"> =
    dtype === "float64" ? float64(shape) : float32(shape);
  array.data.fill(value);
  return constant(array);
}

/** Elementwise ops of one argument. */
export type Unary =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "square"
  | "abs"
  | "sign"
  | "relu"
  | "step"
  | "sigmoid"
  | "silu"
  | "tanh"
  | "sin"
  | "cos";

function unary(op: Unary, x: Expr): Expr {
  if (x.dtype === "bool") refuse(op, [x], "needs a floating argument");
  return makeExpr(op, [x], {}, x);
}

export const neg = (x: Expr): Expr => unary("neg", x);
export const exp = (x: Expr): Expr => unary("exp", x);
export const log = (x: Expr): Expr => unary("log", x);
export const sqrt = (x: Expr): Expr => unary("sqrt", x);
export const square = (x: Expr): Expr => unary("square", x);
/** |x|, with gradient 0 at 0. */
export const abs = (x: Expr): Expr => unary("abs", x);
export const sign = (x: Expr): Expr => unary("sign", x);
/** max(x, 0), with gradient 0 at 0. */
export const relu = (x: Expr): Expr => unary("relu", x);
export const step = (x: Expr): Expr => unary("step", x);
export const sigmoid = (x: Expr): Expr => unary("sigmoid", x);
/** x * sigmoid(x). */
export const silu = (x: Expr): Expr => unary("silu", x);
export const tanh = (x: Expr): Expr => unary("tanh", x);
export const sin = (x: Expr): Expr => unary("sin", x);
export const cos = (x: Expr): Expr => unary("cos", x);

export function clampMin(x: Expr, min: number): Expr {
  return makeExpr("clampMin", [x], { min }, x);
}

export function cast(x: Expr, to: ElementType): Expr {
  return x.dtype === to ? x : makeExpr("cast", [x], { to }, { dtype: to, shape: x.shape });
}

/** x itself, but no gradient flows through it. */
export function stopGradient(x: Expr): Expr {
  return makeExpr("stopGradient", [x], {}, x);
}

type Binary = "add" | "sub" | "mul" | "div" | "greater" | "greaterEqual";

function binary(op: Binary, a: Operand, b: Operand): Expr {
  const [x, y] = operands(a, b);
  if (x.dtype !== y.dtype || x.dtype === "bool")
    refuse(op, [x, y], "needs two floating arguments of one dtype; cast one");
  const shape = broadcastShape(op, [x, y]);
  const dtype = op === "greater" || op === "greaterEqual" ? "bool" : x.dtype;
  return makeExpr(op, [x, y], {}, { dtype, shape });
}

export const add = (a: Operand, b: Operand): Expr => binary("add", a, b);
export const sub = (a: Operand, b: Operand): Expr => binary("sub", a, b);
export const mul = (a: Operand, b: Operand): Expr => binary("mul", a, b);
export const div = (a: Operand, b: Operand): Expr => binary("div", a, b);
export const greater = (a: Operand, b: Operand): Expr => binary("greater", a, b);
export const greaterEqual = (a: Operand, b: Operand): Expr => binary("greaterEqual", a, b);

/** Elementwise `condition ? a : b`. */
export function select(condition: Expr, a: Operand, b: Operand): Expr {
  const [x, y] = operands(a, b);
  if (condition.dtype !== "bool" || x.dtype !== y.dtype) {
    refuse("select", [condition, x, y], "needs a bool condition and two arguments of one dtype");
  }
  return makeExpr(
    "select",
    [condition, x, y],
    {},
    { dtype: x.dtype, shape: broadcastShape("select", [condition, x, y]) },
  );
}

function operands(a: Operand, b: Operand): [Expr, Expr] {
  if (typeof a !== "number") return [a, typeof b === "number" ? scalar(b, a.dtype) : b];
  return [scalar(a, typeof b === "number" ? "float32" : b.dtype), typeof b === "number" ? scalar(b) : b];
}

/** NumPy broadcasting of the arguments' shapes. */
export function broadcastShape(op: OpName, inputs: readonly TensorType[]): number[] {
  const rank = Math.max(...inputs.map((x) => x.shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const x of inputs) {
      const own = x.shape[axis - rank + x.shape.length] ?? 1;
      if (own !== 1 && extent !== 1 && own !== extent) refuse(op, inputs, "shapes do not broadcast");
      if (own !== 1) extent = own;
    }
    return extent;
  });
}
