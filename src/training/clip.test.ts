import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32 } from "../core/ndarray.js";
import { type ClipAlgorithm, clipGradients, gradientNorm } from "./clip.js";

type Vectors = readonly (readonly number[])[];

function clipped(
  algorithm: ClipAlgorithm,
  limit: number,
  gradients: Vectors,
  parameters: Vectors,
): number[][] {
  const named = (prefix: string, vectors: Vectors) =>
    vectors.map((vector, i) => [`${prefix}${i}`, float32([vector.length], vector)] as const);
  const [g, p] = [named("g", gradients), named("p", parameters)];
  const inputs = (list: typeof g) => list.map(([name, { shape }]) => input(name, shape));
  const outputs = clipGradients(algorithm, limit, inputs(g), inputs(p));
  return evaluate(outputs, Object.fromEntries([...g, ...p])).map(({ data }) => Array.from(data, Number));
}

const GRADIENTS = [[3, 0, -4], [12], [0, 0]];
const PARAMETERS = [[0.6, 0.8, 0], [100], [1, 1]];

function expectClose(found: Vectors, expected: Vectors): void {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  for (const [i, row] of expected.entries())
    for (const [j, value] of row.entries()) expect(found[i][j]).toBeCloseTo(value, 5);
}

describe("clipGradients", () => {
  it("norm: scales all by limit / norm, where the norm (here 13) exceeds it", () => {
    const scaled = GRADIENTS.map((row) => row.map((value) => (value * 6.5) / 13));
    expectClose(clipped("norm", 6.5, GRADIENTS, PARAMETERS), scaled);
    expectClose(clipped("norm", 14, GRADIENTS, PARAMETERS), GRADIENTS);
  });

  it("value: clamps every entry from both sides", () => {
    expectClose(clipped("value", 3.5, GRADIENTS, PARAMETERS), [[3, 0, -3.5], [3.5], [0, 0]]);
  });

  it("agc: brings each tensor down to limit x its parameters' norm, at least limit x 1e-3", () => {
    const half = [[1.5, 0, -2], [12], [0, 0]];
    expectClose(clipped("agc", 2.5, GRADIENTS, PARAMETERS), half);
    expectClose(clipped("agc", 100, [[1]], [[0]]), [[0.1]]);
  });

  it("a gradient of zeros stays zero, not NaN", () => {
    for (const algorithm of ["norm", "value", "agc"] as const)
      expectClose(clipped(algorithm, 1, [[0, 0]], [[0, 0]]), [[0, 0]]);
  });
});

it("gradientNorm is the root of the sum of squares, over tensors of any size", () => {
  const values = Float32Array.from({ length: 1003 }, (_, i) => Math.sin(i));
  const expected = Math.sqrt(values.reduce((sum, value) => sum + value * value, 4));
  const norm = gradientNorm([input("a", [17, 59]), input("b", [])]);
  const [{ data }] = evaluate([norm], { a: float32([17, 59], values), b: float32([], [2]) });
  expect(Number(data[0]) / expected).toBeCloseTo(1, 6);
});
