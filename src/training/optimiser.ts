// Optimisers as expressions over one flat parameter vector [P], in the arithmetic of torch.optim.
import { add, div, mul, neg, sqrt, square, sub } from "../compute/build-elementwise.js";
import { reshape, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";

export const OPTIMISERS = ["adam", "adamw", "sgd"] as const;
export type OptimiserName = (typeof OPTIMISERS)[number];

export interface OptimiserSettings {
  readonly optimizer: OptimiserName;
  /** SGD; Nesterov's form where positive. */
  readonly momentum: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
}

/** torch's default for Adam and AdamW. */
const EPSILON = 1e-8;

/** Names of the per-parameter state vectors, each [P] and zero at the start. */
export function slotNames(settings: OptimiserSettings): readonly string[] {
  if (settings.optimizer !== "sgd") return ["first_moment", "second_moment"];
  return settings.momentum > 0 ? ["momentum"] : [];
}

/** Extent of the vector of step-dependent scalars. */
export const STEP_SCALARS = 3;

/**
 * The scalars of step `count` (from 1), computed in double: learning rate, step size and 1/sqrt of the second-moment
 * bias correction.
 */
export function stepScalars(settings: OptimiserSettings, learningRate: number, count: number): Float32Array {
  const correction1 = 1 - settings.beta1 ** count;
  const correction2 = 1 - settings.beta2 ** count;
  return Float32Array.of(learningRate, learningRate / correction1, 1 / Math.sqrt(correction2));
}

export interface OptimiserState {
  readonly parameters: Expr;
  readonly slots: Readonly<Record<string, Expr>>;
}

/**
 * One update. Adam (Kingma & Ba 2015, with L2 in the gradient), AdamW (Loshchilov & Hutter 2019, decoupled decay) or
 * SGD with Nesterov momentum.
 *
 * @param gradient [P]
 * @param scalars [STEP_SCALARS], see stepScalars
 * @param decayed 1 where weight decay applies [P]; undefined: everywhere. torch leaves parameters without a gradient alone.
 */
export function updateParameters(
  settings: OptimiserSettings,
  state: OptimiserState,
  gradient: Expr,
  scalars: Expr,
  decayed?: Expr,
): OptimiserState {
  const learningRate = scalarAt(scalars, 0);
  const { parameters, slots } = state;
  const decay = decayed === undefined ? settings.weightDecay : mul(decayed, settings.weightDecay);
  const decays = settings.weightDecay !== 0;
  if (settings.optimizer === "sgd") {
    const g = decays ? add(gradient, mul(parameters, decay)) : gradient;
    if (settings.momentum === 0) return { parameters: sub(parameters, mul(g, learningRate)), slots };
    const momentum = add(mul(slots.momentum, settings.momentum), g);
    const direction = add(g, mul(momentum, settings.momentum));
    return { parameters: sub(parameters, mul(direction, learningRate)), slots: { momentum } };
  }
  const decoupled = settings.optimizer === "adamw" && decays;
  const start = decoupled ? sub(parameters, mul(parameters, mul(learningRate, decay))) : parameters;
  const g = settings.optimizer === "adam" && decays ? add(gradient, mul(parameters, decay)) : gradient;
  const first = slots.first_moment;
  const second = slots.second_moment;
  const firstMoment = add(first, mul(sub(g, first), 1 - settings.beta1));
  const secondMoment = add(second, mul(sub(square(g), second), 1 - settings.beta2));
  const scale = add(mul(sqrt(secondMoment), scalarAt(scalars, 2)), EPSILON);
  const moved = add(start, div(mul(firstMoment, neg(scalarAt(scalars, 1))), scale));
  return { parameters: moved, slots: { first_moment: firstMoment, second_moment: secondMoment } };
}

function scalarAt(scalars: Expr, index: number): Expr {
  return reshape(sliceAxis(scalars, 0, index, index + 1), []);
}
