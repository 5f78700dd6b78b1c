import { describe, expect, it } from "vitest";
import { nearestNeighbours } from "./neighbours.js";
import { pcg64Random } from "./random-pcg64.js";

/** The definition: sort all points by (squared distance, index). */
function bruteForce(x: Float64Array, y: Float64Array, k: number): number[] {
  return [...x.keys()].flatMap((i) =>
    [...x.keys()]
      .map((j) => ({ j, squared: (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 }))
      .sort((a, b) => a.squared - b.squared || a.j - b.j)
      .slice(0, k)
      .map(({ j }) => j),
  );
}

const random = pcg64Random(5);
const scatter = (n: number, width: number, height: number): [Float64Array, Float64Array] => [
  random.uniform(0, width, n),
  random.uniform(0, height, n),
];
const raster = (n: number): [Float64Array, Float64Array] => [
  Float64Array.from({ length: n * n }, (_, i) => (i % n) * 3),
  Float64Array.from({ length: n * n }, (_, i) => Math.floor(i / n) * 3),
];

describe("nearestNeighbours", () => {
  it.each([
    ["scattered", scatter(300, 100, 60), 9],
    ["a thin line", scatter(200, 1000, 1e-6), 5],
    ["an exact raster, all ties", raster(12), 7],
    ["all points", scatter(20, 1, 1), 20],
    ["one place", [new Float64Array(6), new Float64Array(6)] as [Float64Array, Float64Array], 4],
    [
      "clusters far apart",
      [random.normal(0, 1, 60).map((v, i) => v + (i % 2) * 1e5), random.normal(0, 1, 60)] as [
        Float64Array,
        Float64Array,
      ],
      40,
    ],
  ])("agrees with brute force on %s", (_, [x, y], k) => {
    expect([...nearestNeighbours(x, y, k).indices.data]).toEqual(bruteForce(x, y, k));
  });

  it("names a coordinate that is not finite", () => {
    expect(() => nearestNeighbours(Float64Array.of(0, Number.NaN), Float64Array.of(0, 1), 1)).toThrow(
      "point 1",
    );
  });
});
