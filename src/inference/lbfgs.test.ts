import { describe, expect, it } from "vitest";
import { addToStatistics, emptyStatistics } from "../physics/varpro.js";
import { fittedScales } from "./fit-scales.js";
import { minimiseLbfgs, type Objective } from "./lbfgs.js";

describe("minimiseLbfgs", () => {
  it("finds the minimum of Rosenbrock's valley and of a skew quadratic", () => {
    const valley: Objective = ([x, y]) => ({
      value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
      gradient: [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
    });
    const [x, y] = minimiseLbfgs(valley, [-1.2, 1], 100);
    expect(x).toBeCloseTo(1, 4);
    expect(y).toBeCloseTo(1, 4);
    const bowl: Objective = ([a, b, c]) => ({
      value: (a - 1) ** 2 + 50 * (b + 2) ** 2 + 0.1 * (c - 3) ** 2 + 0.3 * (a - 1) * (b + 2),
      gradient: [2 * (a - 1) + 0.3 * (b + 2), 100 * (b + 2) + 0.3 * (a - 1), 0.2 * (c - 3)],
    });
    minimiseLbfgs(bowl, [9, 9, 9], 100).forEach((value, i) => {
      expect(value).toBeCloseTo([1, -2, 3][i], 4);
    });
  });
});

describe("fittedScales", () => {
  it("recovers known scales of synthetic data, s1 positive", () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    for (const scale of [1, 300])
      for (const [s1, s2] of [
        [1.3, 0.8],
        [0.5, 5.1],
        [1.4, -0.9],
      ]) {
        const basis = [0, 1, 2].map((k) =>
          Float64Array.from({ length: 4000 }, () => scale * (random() - (k === 2 ? 0.5 : 0))),
        ) as [Float64Array, Float64Array, Float64Array];
        const measured = basis[0].map(
          (x1, i) => s1 * s1 * x1 + s2 * s2 * basis[1][i] + s1 * s2 * basis[2][i],
        );
        const statistics = addToStatistics(emptyStatistics(), basis, measured);
        const found = fittedScales(statistics);
        expect(found[0]).toBeCloseTo(s1, 3);
        expect(found[1]).toBeCloseTo(s2, 3);
      }
  });
});
