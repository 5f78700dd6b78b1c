// A convolution followed by batch normalisation per channel (Ioffe & Szegedy 2015), with PyTorch's running statistics.
import { add, div, mul, sqrt, square, stopGradient, sub } from "../compute/build-elementwise.js";
import { conv2d } from "../compute/build-linear.js";
import { mean, reshape } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { type LayerContext, layerParameter, type StateSpec } from "./layer.js";

const EPSILON = 1e-5;
const MOMENTUM = 0.1;

/** A convolution and, if `norm` names one, the batch normalisation after it. */
export interface NormalisedConv {
  readonly weight: Expr;
  readonly bias: Expr;
  /** Prefix of the normalisation's parameters and buffers. */
  readonly norm: string | undefined;
  readonly convolve?: (x: Expr, weight: Expr, bias?: Expr) => Expr;
}

/**
 * y = convolve(x, weight) + bias, then (y - mean) / sqrt(var + 1e-5) * gain + offset. Training uses the batch's mean
 * and biased variance and moves the running mean and unbiased variance by a tenth; evaluation uses the running ones.
 * In training the bias cancels and is left out of the convolution; only the running mean sees it.
 */
export function convNorm(x: Expr, layer: NormalisedConv, context: LayerContext): Expr {
  const { weight, bias, norm, convolve = conv2d } = layer;
  if (norm === undefined) return convolve(x, weight, bias);
  const raw = convolve(x, weight);
  return context.mode === "train" ? train(norm, raw, bias, context) : evaluate(norm, raw, bias, context);
}

/** Gain, offset and running statistics of `channels` channels; nothing without a name. */
export function batchNormState(name: string | undefined, channels: number): StateSpec[] {
  if (name === undefined) return [];
  const statistic = (key: string, initial: number): StateSpec => ({
    kind: "buffer",
    spec: { name: `${name}.${key}`, shape: [channels], initial, storedAs: "float32" },
  });
  return [
    layerParameter(`${name}.weight`, [channels], { kind: "constant", value: 1 }),
    layerParameter(`${name}.bias`, [channels], { kind: "constant", value: 0 }),
    statistic("running_mean", 0),
    statistic("running_var", 1),
    {
      kind: "buffer",
      spec: { name: `${name}.num_batches_tracked`, shape: [], initial: 0, storedAs: "int64" },
    },
  ];
}

function train(name: string, x: Expr, bias: Expr, context: LayerContext): Expr {
  const [batch, , height, width] = x.shape;
  const count = batch * height * width;
  const average = imageMean(x);
  const centred = sub(x, average);
  const variance = imageMean(square(centred));
  track(name, "running_mean", add(average, perChannel(bias)), context);
  track(name, "running_var", mul(variance, count / (count - 1)), context);
  const batches = `${name}.num_batches_tracked`;
  context.update(batches, add(context.buffer(batches), 1));
  const scale = div(perChannel(context.parameter(`${name}.weight`)), sqrt(add(variance, EPSILON)));
  return add(mul(centred, scale), perChannel(context.parameter(`${name}.bias`)));
}

function track(name: string, statistic: string, value: Expr, context: LayerContext): void {
  const key = `${name}.${statistic}`;
  const now = reshape(stopGradient(value), [value.shape[1]]);
  context.update(key, add(mul(context.buffer(key), 1 - MOMENTUM), mul(now, MOMENTUM)));
}

function evaluate(name: string, x: Expr, bias: Expr, context: LayerContext): Expr {
  const scale = div(
    context.parameter(`${name}.weight`),
    sqrt(add(context.buffer(`${name}.running_var`), EPSILON)),
  );
  const shift = add(
    context.parameter(`${name}.bias`),
    mul(sub(bias, context.buffer(`${name}.running_mean`)), scale),
  );
  return add(mul(x, perChannel(scale)), perChannel(shift));
}

/** Mean per channel in two stages: ONNX Runtime adds a whole array in one chain, which loses a digit. */
function imageMean(x: Expr): Expr {
  return mean(mean(x, [2, 3], true), [0], true);
}

const perChannel = (vector: Expr): Expr => reshape(vector, [1, vector.shape[0], 1, 1]);
