import { describe, expect, it } from "vitest";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { initialParameters } from "./initialise.js";
import type { ParameterSpec } from "./parameters.js";

const specs: ParameterSpec[] = [
  {
    name: "conv.weight",
    shape: [4, 2, 3, 3],
    initial: { kind: "weight", layer: "conv2d", fanIn: 18, fanOut: 36 },
  },
  { name: "conv.bias", shape: [4], initial: { kind: "bias", layer: "conv2d", fanIn: 18 } },
  {
    name: "mlp.weight",
    shape: [50, 25],
    initial: { kind: "weight", layer: "linear", fanIn: 25, fanOut: 50 },
  },
  { name: "mlp.bias", shape: [50], initial: { kind: "bias", layer: "linear", fanIn: 25 } },
  { name: "bn.weight", shape: [3], initial: { kind: "constant", value: 1 } },
  { name: "hollow.bias", shape: [3], initial: { kind: "bias", layer: "linear", fanIn: 0 } },
  { name: "gate", shape: [100], initial: { kind: "uniform", low: 2, high: 3 } },
];

const range = (values: Iterable<number>) => [Math.min(...values), Math.max(...values)];

describe("initialParameters", () => {
  it("fills PyTorch's ranges", () => {
    const parameters = initialParameters(specs, 7);
    const mlp = range(parameters["mlp.weight"].data);
    expect(mlp[0]).toBeGreaterThanOrEqual(-0.2);
    expect(mlp[0]).toBeLessThan(-0.195);
    expect(mlp[1]).toBeLessThanOrEqual(0.2);
    expect(mlp[1]).toBeGreaterThan(0.195);
    expect(Math.abs(parameters["conv.bias"].data[0])).toBeLessThanOrEqual(1 / Math.sqrt(18));
    expect([...parameters["bn.weight"].data]).toEqual([1, 1, 1]);
    expect([...parameters["hollow.bias"].data]).toEqual([0, 0, 0]);
    const gate = range(parameters.gate.data);
    expect(gate[0]).toBeGreaterThanOrEqual(2);
    expect(gate[1]).toBeLessThan(3);
  });

  it("draws in the order of the specs from one stream, so a seed fixes the weights", () => {
    const bound = 1 / Math.sqrt(18);
    const expected = pcg64Random(7).uniform(-bound, bound, 72);
    expect(initialParameters(specs, 7)["conv.weight"].data).toEqual(Float32Array.from(expected));
    expect(initialParameters(specs, 7)).toEqual(initialParameters(specs, 7));
    expect(initialParameters(specs, 8)).not.toEqual(initialParameters(specs, 7));
  });

  it("tf_glorot changes 2-d convolutions alone", () => {
    const parameters = initialParameters(specs, 7, "tf_glorot");
    const [low, high] = range(parameters["conv.weight"].data);
    const bound = Math.sqrt(6 / 54);
    expect(low).toBeGreaterThanOrEqual(-bound);
    expect(high).toBeLessThanOrEqual(bound);
    expect(high - low).toBeGreaterThan(1.8 * bound);
    expect([...parameters["conv.bias"].data]).toEqual([0, 0, 0, 0]);
    expect(range(parameters["mlp.weight"].data)[1]).toBeLessThanOrEqual(0.2);
    expect(parameters["mlp.bias"].data.some((value) => value !== 0)).toBe(true);
  });
});
