import { describe, expect, it } from "vitest";
import { hilbertOrder } from "./hilbert.js";
import { pcg64Random } from "./random-pcg64.js";

describe("hilbertOrder", () => {
  it("walks a full grid in steps of one cell", () => {
    const edge = 32;
    const cells = Array.from({ length: edge * edge }, (_, i) => [i % edge, Math.floor(i / edge)]);
    // The cells at the far edge would fall on the border of the square: stretch the grid by one.
    const order = hilbertOrder([...cells.map(([x]) => x), edge], [...cells.map(([, y]) => y), edge]);
    const walk = Array.from(order).filter((i) => i < cells.length);
    for (let k = 1; k < walk.length; k++) {
      const [a, b] = [cells[walk[k - 1]], cells[walk[k]]];
      expect(Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1])).toBe(1);
    }
  });

  it("is a permutation, for points on a line and for one point too", () => {
    const random = pcg64Random(3);
    const [x, y] = [random.uniform(-5, 90, 300), random.uniform(0, 1, 300)];
    expect(Array.from(hilbertOrder(x, y)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    );
    expect(Array.from(hilbertOrder([1, 2, 3], [7, 7, 7]))).toEqual([0, 1, 2]);
    expect(Array.from(hilbertOrder([4], [4]))).toEqual([0]);
  });
});
