import { describe, expect, it } from "vitest";
import { constant, input } from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";
import { FEATURE_CHANNELS } from "../physics/refinement.js";
import { initialParameters } from "./initialise.js";
import { modelDefaults } from "./model-options.js";
import type { Network } from "./network.js";
import { learnedStep } from "./refiner.js";
import { buildNetwork } from "./registry.js";

const refiner = (nFiltersScale = 1): Network =>
  buildNetwork({ ...modelDefaults, architecture: "unrolled", channels: FEATURE_CHANNELS, nFiltersScale });
const network = refiner();
const untrained = initialParameters(network.parameters, 3);
const trained = {
  ...untrained,
  "correction.weight": filled([2, 8, 1, 1], 0.3),
  "correction.bias": filled([2], 0.1),
};

function filled(shape: readonly number[], size: number): NdArray<"float32"> {
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => size * Math.sin(1 + 1.7 * i)),
  );
}

function correctionOf(weights: Record<string, NdArray<"float32">>, features: NdArray<"float32">): NdArray[] {
  const parameters = Object.fromEntries(
    Object.entries(weights).map(([name, value]) => [name, constant(value)]),
  );
  const { re, im } = learnedStep(network, parameters).correct(constant(features));
  return evaluate([re, im], {});
}

describe("buildRefiner", () => {
  it("starts as the physics step alone: no correction, the whole step", () => {
    for (const plane of correctionOf(untrained, filled([2, FEATURE_CHANNELS, 8, 8], 1))) {
      expect(plane.shape).toEqual([2, 1, 8, 8]);
      expect(Math.max(...Array.from(plane.data, Number).map(Math.abs))).toBe(0);
    }
    expect(Array.from(untrained.step_size.data)).toEqual([1]);
  });

  it("can leave that start: the last convolution has a gradient there", () => {
    const parameters = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, input(name, shape)]),
    );
    const { re, im } = learnedStep(network, parameters).correct(
      constant(filled([1, FEATURE_CHANNELS, 8, 8], 1)),
    );
    const last = parameters["correction.weight"];
    for (const [part, row] of [
      [re, 0],
      [im, 1],
    ] as const) {
      const [gradient] = evaluate(gradients(sum(part), [last]), untrained);
      const own = Array.from(gradient.data, Number).slice(8 * row, 8 * row + 8);
      expect(Math.min(...own.map(Math.abs))).toBeGreaterThan(1e-6);
    }
  });

  it("gives another real part than imaginary part, and takes any multiple of 4", () => {
    for (const edge of [4, 8, 12]) {
      const [re, im] = correctionOf(trained, filled([1, FEATURE_CHANNELS, edge, edge], 1));
      expect(re.shape).toEqual([1, 1, edge, edge]);
      expect(Array.from(re.data, Number)).not.toEqual(Array.from(im.data, Number));
    }
  });

  it("corrects every pattern by itself", () => {
    const both = filled([2, FEATURE_CHANNELS, 8, 8], 1);
    const half = FEATURE_CHANNELS * 64;
    const alone = correctionOf(trained, float32([1, FEATURE_CHANNELS, 8, 8], both.data.slice(half)));
    const together = correctionOf(trained, both);
    expect(Array.from(together[0].data, Number).slice(64)).toEqual(Array.from(alone[0].data, Number));
  });

  it("refuses features of another kind", () => {
    const parameters = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, input(name, shape)]),
    );
    const apply = (shape: number[]) => () =>
      learnedStep(network, parameters).correct(input("features", shape));
    expect(apply([1, FEATURE_CHANNELS, 10, 10])).toThrow(/multiple of 4, got \[1,6,10,10\]/);
    expect(apply([1, 5, 8, 8])).toThrow(/expected \[B, 6, n, n\]/);
  });

  it("has filters in proportion to the scale", () => {
    const shapeOf = (net: Network, name: string) => net.parameters.find((spec) => spec.name === name)?.shape;
    expect(shapeOf(network, "coarse.0.weight")).toEqual([32, 16, 3, 3]);
    expect(shapeOf(refiner(3), "coarse.0.weight")).toEqual([96, 48, 3, 3]);
    expect(shapeOf(refiner(3), "correction.weight")).toEqual([2, 24, 1, 1]);
  });
});
