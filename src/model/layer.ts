// A layer: named state and what it does to an expression. Layers compose to a network without knowing the whole.
import { conv2d } from "../compute/build-linear.js";
import type { Expr } from "../compute/expr.js";
import { PtychoError } from "../core/errors.js";
import type { BufferSpec, NetworkMode } from "./network.js";
import type { ParameterSpec } from "./parameters.js";

export type StateSpec =
  | { readonly kind: "parameter"; readonly spec: ParameterSpec }
  | { readonly kind: "buffer"; readonly spec: BufferSpec };

/** What a layer reads during one forward pass, and where it leaves new buffer values. */
export interface LayerContext {
  readonly mode: NetworkMode;
  parameter(name: string): Expr;
  buffer(name: string): Expr;
  update(name: string, value: Expr): void;
}

export interface Layer {
  /** In the order of the PyTorch state_dict. */
  readonly state: readonly StateSpec[];
  apply(x: Expr, context: LayerContext): Expr;
}

export const identity: Layer = { state: [], apply: (x) => x };

/** Layers one after the other, their state in the same order. */
export function sequence(layers: readonly Layer[]): Layer {
  return {
    state: layers.flatMap((layer) => layer.state),
    apply: (x, context) => layers.reduce((value, layer) => layer.apply(value, context), x),
  };
}

/** A 3x3 convolution with bias that keeps the image size. */
export function conv3x3(name: string, inputs: number, outputs: number): Layer {
  return {
    state: conv3x3State(name, inputs, outputs),
    apply: (x, context) => conv2d(x, context.parameter(`${name}.weight`), context.parameter(`${name}.bias`)),
  };
}

/** Weight [outputs, inputs, 3, 3] and bias [outputs] of a 3x3 convolution. */
export function conv3x3State(name: string, inputs: number, outputs: number): StateSpec[] {
  const layer = "conv2d";
  return [
    layerParameter(`${name}.weight`, [outputs, inputs, 3, 3], {
      kind: "weight",
      layer,
      fanIn: 9 * inputs,
      fanOut: 9 * outputs,
    }),
    layerParameter(`${name}.bias`, [outputs], { kind: "bias", layer, fanIn: 9 * inputs }),
  ];
}

export function layerParameter(
  name: string,
  shape: readonly number[],
  initial: ParameterSpec["initial"],
): StateSpec {
  return { kind: "parameter", spec: { name, shape, initial } };
}

/** A context over named expressions; new buffer values are collected in `updates`. */
export function layerContext(
  mode: NetworkMode,
  parameters: Readonly<Record<string, Expr>>,
  buffers: Readonly<Record<string, Expr>>,
  updates: Record<string, Expr>,
): LayerContext {
  return {
    mode,
    parameter: (name) => named("parameter", parameters, name),
    buffer: (name) => named("buffer", buffers, name),
    update: (name, value) => {
      updates[name] = value;
    },
  };
}

function named(kind: string, values: Readonly<Record<string, Expr>>, name: string): Expr {
  const value = values[name];
  if (value === undefined) throw new PtychoError("ShapeError", `network: ${kind} '${name}' was not given`);
  return value;
}
