// The typed expression graph: what every op takes and carries. Nodes are immutable values; sharing a node shares its
// result. Builders make nodes (build-*.ts), rules read them (rules-*.ts).
import { PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";

/** Element types of the language. Masks are bool; everything that is differentiated is floating. */
export type ElementType = "float32" | "float64" | "bool";

export interface TensorType {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** A constant's value; bool is stored as 0 and 1. */
export type ConstantValue = NdArray<"float32"> | NdArray<"float64"> | NdArray<"bool">;

type None = Readonly<Record<string, never>>;
export interface Axes {
  readonly axes: readonly number[];
}

/** Every op of the language with what it carries beside its inputs. */
export interface OpAttributes {
  // leaves
  readonly input: { readonly name: string };
  readonly constant: { readonly value: ConstantValue };
  // elementwise, one argument
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly square: None;
  readonly abs: None;
  readonly sign: None;
  readonly relu: None;
  /** 1 where x > 0, else 0. */
  readonly step: None;
  readonly sigmoid: None;
  readonly silu: None;
  readonly tanh: None;
  readonly sin: None;
  readonly cos: None;
  /** max(x, min), with gradient 1 where x >= min. */
  readonly clampMin: { readonly min: number };
  readonly cast: { readonly to: ElementType };
  readonly stopGradient: None;
  // elementwise, two or three arguments, with NumPy broadcasting
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly greater: None;
  readonly greaterEqual: None;
  /** where(condition, a, b). */
  readonly select: None;
  // reductions; the reduced axes stay with extent 1
  readonly sum: Axes;
  readonly max: Axes;
  /** Places the upstream value of `max` at the first maximum (row-major over the reduced axes). Inputs: x, g. */
  readonly maxGradient: Axes;
  // shape
  readonly reshape: { readonly shape: readonly number[] };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly broadcastTo: { readonly shape: readonly number[] };
  readonly concat: { readonly axis: number };
  readonly slice: { readonly starts: readonly number[]; readonly ends: readonly number[] };
  readonly pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  // linear algebra and images [B, C, H, W]
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  readonly conv2d: Conv2dGeometry;
  readonly conv2dInputGradient: Conv2dGeometry & { readonly inputShape: readonly number[] };
  readonly conv2dWeightGradient: Conv2dGeometry & { readonly kernel: readonly [number, number] };
  readonly maxPool2: None;
  /** Inputs: x, y = maxPool2(x), g; the first maximum of each 2x2 window in row-major order receives g. */
  readonly maxPool2Gradient: None;
  readonly upsample2: None;
  /** Sum over 2x2 blocks, the adjoint of upsample2. */
  readonly sumPool2: None;
}

/** Stride 1 convolution with zero padding of `pad` = [rows, columns] on both sides. */
export interface Conv2dGeometry {
  readonly pad: readonly [number, number];
}

export type OpName = keyof OpAttributes;

export interface Expr<K extends OpName = OpName> extends TensorType {
  readonly op: K;
  readonly inputs: readonly Expr[];
  readonly attributes: OpAttributes[K];
}

export function makeExpr<K extends OpName>(
  op: K,
  inputs: readonly Expr[],
  attributes: OpAttributes[K],
  type: TensorType,
): Expr<K> {
  return { op, inputs, attributes, dtype: type.dtype, shape: type.shape };
}

/** Every node that `outputs` depend on, each after its inputs. */
export function topologicalOrder(outputs: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const seen = new Set<Expr>();
  const stack: { node: Expr; next: number }[] = [];
  for (const output of outputs) {
    if (!seen.has(output)) stack.push({ node: output, next: 0 });
    seen.add(output);
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      if (frame.next < frame.node.inputs.length) {
        const input = frame.node.inputs[frame.next++];
        if (!seen.has(input)) {
          seen.add(input);
          stack.push({ node: input, next: 0 });
        }
      } else {
        order.push(frame.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** Refuses a graph that cannot be built, naming the op and the types it was given. */
export function refuse(op: OpName, inputs: readonly TensorType[], reason: string): never {
  const types = inputs.map((input) => `${input.dtype}[${input.shape.join(", ")}]`).join(", ");
  throw new PtychoError("ShapeError", `${op}(${types}): ${reason}`);
}
