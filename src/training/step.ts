// One training step as one graph: forward, backward, clipping, optimiser. State goes in and comes out as flat vectors.
import { add, full, input, mul } from "../compute/build-elementwise.js";
import { concat, reshape } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import type { Program } from "../compute/emit.js";
import type { Expr } from "../compute/expr.js";
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";
import { type ParameterLayout, parameterExprs } from "../model/parameters.js";
import { type ClipAlgorithm, clipGradients, gradientNorm } from "./clip.js";
import { type OptimiserSettings, STEP_SCALARS, slotNames, updateParameters } from "./optimiser.js";

export interface StepDefinition {
  readonly layout: ParameterLayout;
  /** Shapes of the buffers (running statistics) by name. */
  readonly buffers: Readonly<Record<string, readonly number[]>>;
  /**
   * The loss (0-d) for named parameters and buffers, what is reported in its place where the two differ, and the new values
   * of the buffers that change.
   */
  readonly objective: (
    parameters: Readonly<Record<string, Expr>>,
    buffers: Readonly<Record<string, Expr>>,
  ) => {
    readonly loss: Expr;
    readonly reported?: Expr;
    readonly bufferUpdates: Readonly<Record<string, Expr>>;
  };
  readonly optimiser: OptimiserSettings;
  readonly clip?: { readonly algorithm: ClipAlgorithm; readonly limit: number };
  /** Micro-batches whose mean gradient makes one step; default 1. */
  readonly accumulate?: number;
}

/** What training carries from step to step. */
export interface TrainingState {
  /** [P]. */
  readonly parameters: NdArray<"float32">;
  /** Optimiser state by name, each [P]. */
  readonly slots: Readonly<Record<string, NdArray<"float32">>>;
  readonly buffers: Readonly<Record<string, NdArray<"float32">>>;
  /** Optimiser steps done. */
  readonly count: number;
}

/**
 * The graphs of a step. `update` reads `parameters`, `slot.*`, `buffer.*`, `scalars` (see stepScalars), with
 * accumulation `accumulated`, and the inputs of the objective; it returns `loss` (as reported), `gradient_norm` (before clipping) and
 * the new state under the same names. `accumulate`, present with accumulation, only adds to `accumulated`.
 */
export interface StepPrograms {
  readonly update: Program;
  readonly accumulate?: Program;
}

export function buildTrainingStep(definition: StepDefinition): StepPrograms {
  const { layout, optimiser, clip, accumulate = 1 } = definition;
  const flat = input("parameters", [layout.size]);
  const parameters = parameterExprs(layout, flat);
  const buffers = Object.fromEntries(
    Object.entries(definition.buffers).map(([name, shape]) => [name, input(`buffer.${name}`, shape)]),
  );
  const { loss, reported = loss, bufferUpdates } = definition.objective(parameters, buffers);
  const tensors = layout.entries.map(({ name }) => parameters[name]);
  const raw = gradients(loss, tensors);
  const bufferOutputs = Object.fromEntries(
    Object.entries(bufferUpdates).map(([name, value]) => [`buffer.${name}`, value]),
  );
  const split = (vector: Expr): Expr[] => Object.values(parameterExprs(layout, vector));
  const join = (parts: readonly Expr[]): Expr =>
    concat(
      parts.map((part) => reshape(part, [-1])),
      0,
    );
  const accumulated =
    accumulate === 1 ? undefined : add(input("accumulated", [layout.size]), mul(join(raw), 1 / accumulate));
  const gradient = accumulated === undefined ? raw : split(accumulated);
  const clipped =
    clip === undefined ? gradient : clipGradients(clip.algorithm, clip.limit, gradient, tensors);
  const vector = clip === undefined && accumulated !== undefined ? accumulated : join(clipped);
  const slots = Object.fromEntries(
    slotNames(optimiser).map((name) => [name, input(`slot.${name}`, [layout.size])]),
  );
  const next = updateParameters(
    optimiser,
    { parameters: flat, slots },
    vector,
    input("scalars", [STEP_SCALARS]),
    optimiser.weightDecay === 0 ? undefined : reachedMask(raw),
  );
  const update: Program = {
    outputs: {
      loss: reported,
      gradient_norm: clip === undefined ? gradientNorm([vector]) : gradientNorm(gradient),
      parameters_next: next.parameters,
      ...Object.fromEntries(Object.entries(next.slots).map(([name, value]) => [`slot.${name}_next`, value])),
      ...renamed(bufferOutputs),
    },
  };
  if (accumulated === undefined) return { update };
  return {
    update,
    accumulate: { outputs: { loss: reported, accumulated_next: accumulated, ...renamed(bufferOutputs) } },
  };
}

/** The state at the start of training. */
export function initialState(
  parameters: Float32Array,
  optimiser: OptimiserSettings,
  buffers: Readonly<Record<string, NdArray<"float32">>>,
): TrainingState {
  const size = parameters.length;
  return {
    parameters: float32([size], parameters),
    slots: Object.fromEntries(slotNames(optimiser).map((name) => [name, float32([size])])),
    buffers,
    count: 0,
  };
}

/** The inputs of a step that come from the state. */
export function stateFeeds(state: TrainingState): Record<string, NdArray> {
  const named = (prefix: string, arrays: Readonly<Record<string, NdArray>>) =>
    Object.entries(arrays).map(([name, array]): [string, NdArray] => [`${prefix}.${name}`, array]);
  return Object.fromEntries([
    ["parameters", state.parameters],
    ...named("slot", state.slots),
    ...named("buffer", state.buffers),
  ]);
}

/** The state after a step; `stepped` is whether the optimiser moved (false while accumulating). */
export function nextState(
  state: TrainingState,
  results: Readonly<Record<string, NdArray>>,
  stepped: boolean,
): TrainingState {
  const take = (prefix: string, arrays: Readonly<Record<string, NdArray<"float32">>>) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, before]) => [
        name,
        (results[`${prefix}.${name}_next`] ?? before) as NdArray<"float32">,
      ]),
    );
  return {
    parameters: (results.parameters_next ?? state.parameters) as NdArray<"float32">,
    slots: take("slot", state.slots),
    buffers: take("buffer", state.buffers),
    count: state.count + (stepped ? 1 : 0),
  };
}

function renamed(outputs: Readonly<Record<string, Expr>>): Record<string, Expr> {
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [`${name}_next`, value]));
}

/** 1 for the parameters with a gradient, 0 for those the loss does not reach; undefined when it reaches all. */
function reachedMask(raw: readonly Expr[]): Expr | undefined {
  const reached = raw.map((gradient) => gradient.op !== "constant");
  if (reached.every(Boolean)) return undefined;
  const blocks = raw.map((gradient, i) => full([sizeOf(gradient.shape)], reached[i] ? 1 : 0));
  return concat(blocks, 0);
}
