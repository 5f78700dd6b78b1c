// A small U-Net (Ronneberger et al. 2015) that corrects one refinement step of an object estimate: features of the step
// [B, C, n, n] -> real and imaginary part of a correction [B, 1, n, n]. Fully convolutional: n is any multiple of 4.
import { silu } from "../compute/build-elementwise.js";
import { conv2d, maxPool2, upsample2 } from "../compute/build-linear.js";
import { concat, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import type { ModelOptions } from "./model-options.js";
import type { Network } from "./network.js";
import type { Initialiser, ParameterSpec } from "./parameters.js";

/** Filters of the finest level for nFiltersScale 1; each coarser level has twice as many. */
const BASE_FILTERS = 8;

/** Name, input and output channels, kernel. */
type Convolution = readonly [name: string, inputs: number, outputs: number, kernel: number];

/**
 * The last convolution starts at zero, so that an untrained refiner leaves the step as it is. `step_size`, the share of
 * the step that is taken, is a parameter of the network too and starts at 1.
 */
export function buildRefiner(options: ModelOptions): Network {
  const w = BASE_FILTERS * options.nFiltersScale;
  const convolutions: readonly Convolution[] = [
    ["fine.0", options.channels, w, 3],
    ["fine.1", w, w, 3],
    ["middle.0", w, 2 * w, 3],
    ["middle.1", 2 * w, 2 * w, 3],
    ["coarse.0", 2 * w, 4 * w, 3],
    ["coarse.1", 4 * w, 4 * w, 3],
    ["middle_up.0", 6 * w, 2 * w, 3],
    ["middle_up.1", 2 * w, 2 * w, 3],
    ["fine_up.0", 3 * w, w, 3],
    ["fine_up.1", w, w, 3],
    ["correction", w, 2, 1],
  ];
  const parameters: ParameterSpec[] = [
    { name: STEP_SIZE, shape: [1], initial: { kind: "constant", value: 1 } },
    ...convolutions.flatMap(convolutionSpecs),
  ];
  return {
    architecture: "unrolled",
    N: options.N,
    inputChannels: options.channels,
    parameters,
    buffers: [],
    stateOrder: parameters.map(({ name }) => name),
    warnings: [],
    apply: (x, named) => {
      const [, channels, height, width] = x.shape;
      check(
        channels === options.channels && height % 4 === 0 && width % 4 === 0,
        "ShapeError",
        () => `refiner: expected [B, ${options.channels}, n, n] with n a multiple of 4, got [${x.shape}]`,
      );
      const conv = (name: string, input: Expr): Expr =>
        conv2d(input, named[`${name}.weight`], named[`${name}.bias`]);
      const pair = (name: string, input: Expr): Expr =>
        silu(conv(`${name}.1`, silu(conv(`${name}.0`, input))));
      const fine = pair("fine", x);
      const middle = pair("middle", maxPool2(fine));
      const coarse = pair("coarse", maxPool2(middle));
      const middleUp = pair("middle_up", concat([upsample2(coarse), middle], 1));
      const fineUp = pair("fine_up", concat([upsample2(middleUp), fine], 1));
      const planes = conv("correction", fineUp);
      return {
        first: sliceAxis(planes, 1, 0, 1),
        second: sliceAxis(planes, 1, 1, 2),
        kind: "real_imag",
        bufferUpdates: {},
        taps: {},
      };
    },
  };
}

/** The share of the physics step that is taken, a trained number [1]. */
const STEP_SIZE = "step_size";

/** A refiner with its parameters: the correction for features, real and imaginary part, and the step size [1]. */
export function learnedStep(network: Network, parameters: Readonly<Record<string, Expr>>) {
  return {
    correct: (features: Expr): { readonly re: Expr; readonly im: Expr } => {
      const { first, second } = network.apply(features, parameters, "eval", {});
      return { re: first, im: second };
    },
    stepSize: parameters[STEP_SIZE],
  };
}

function convolutionSpecs([name, inputs, outputs, kernel]: Convolution): ParameterSpec[] {
  const fanIn = inputs * kernel * kernel;
  const fanOut = outputs * kernel * kernel;
  const zero = { kind: "constant", value: 0 } as const;
  const last = name === "correction";
  const weight: Initialiser = last ? zero : { kind: "weight", layer: "conv2d", fanIn, fanOut };
  const bias: Initialiser = last ? zero : { kind: "bias", layer: "conv2d", fanIn };
  return [
    { name: `${name}.weight`, shape: [outputs, inputs, kernel, kernel], initial: weight },
    { name: `${name}.bias`, shape: [outputs], initial: bias },
  ];
}
