// What an op must define beside its shape inference (which its builder does): gradient, ONNX emission and plain
// evaluation. The table over all ops is total, so an op without a gradient rule does not compile.
import type { TypedArrays } from "../core/ndarray.js";
import type { Device } from "./device.js";
import type { Expr, OpAttributes, OpName, TensorType } from "./expr.js";

export type Values = TypedArrays["float32"] | TypedArrays["float64"] | TypedArrays["bool"];

/** Writes ONNX nodes; values are tensor names. */
export interface Emitter {
  /** Adds a node and returns the name of its first output. */
  node(operator: string, inputs: readonly string[], attributes?: OnnxAttributes, domain?: string): string;
  /** Adds a node with two outputs and returns the name of the second. */
  secondOutput(operator: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  floats(shape: readonly number[], values: readonly number[], dtype: "float32" | "float64"): string;
  integers(values: readonly number[], shape?: readonly number[]): string;
  /** The device that will run the model. */
  readonly device: Device;
  /** Channels per block of the engine's blocked image layout; undefined: plain layout only. */
  readonly blockSize: number | undefined;
  /** The image of this plain name in the blocked layout. */
  blocked(plain: string): string;
  /** Plain name of a blocked image. */
  fromBlocked(blocked: string, channels: number): string;
  /** The image of this plain name as [B, H, W, C]. */
  channelsLast(plain: string, channels: number): string;
}

export type OnnxAttributes = Readonly<
  Record<string, number | string | readonly number[] | { readonly float: number }>
>;

export interface Evaluation<K extends OpName> {
  readonly inputs: readonly (TensorType & { readonly data: Values })[];
  readonly attributes: OpAttributes[K];
  readonly output: TensorType & { readonly data: Values };
}

export interface Rule<K extends OpName> {
  /** Gradients of the inputs for the gradient `upstream` of the node; undefined where none flows. */
  readonly gradient:
    | "not differentiable"
    | ((node: Expr<K>, upstream: Expr) => readonly (Expr | undefined)[]);
  /** Emits the node for input tensor names; returns the name of the result. */
  readonly emit: (emitter: Emitter, node: Expr<K>, inputs: readonly string[]) => string;
  /** Fills `output.data`, by the definition of the op and with no regard to speed. */
  readonly evaluate: (evaluation: Evaluation<K>) => void;
}
