import { describe, expect, it } from "vitest";
import { smallBench } from "../../tests/engines/small-bench.js";
import { addProposals } from "./merge.js";
import { applyWithMomentum, momentumPlanes, moveProbeWithMomentum } from "./momentum.js";
import type { Workbench } from "./workbench.js";

const MERGE = { step: 0.4, keep: 0.2, floor: 0.7 };

/** Fills the proposals of a batch with what is its own, and gives the step s that they merge to, by definition. */
function proposeStep(bench: Workbench, round: number): { re: Float64Array; im: Float64Array } {
  bench.proposal.forEach(({ re, im }, slot) => {
    re.forEach((_, i) => {
      re[i] = Math.sin(i + slot + round);
      im[i] = Math.cos(2 * i + slot - round);
      bench.slotLight[slot][i] = 1 + (i % 3);
    });
  });
  addProposals(bench, 0, 1);
  const divide = (sums: Float32Array) =>
    Float64Array.from(sums, (sum, i) => (MERGE.step * sum) / (MERGE.keep * bench.weight[i] + MERGE.floor));
  return { re: divide(bench.sums.re), im: divide(bench.sums.im) };
}

describe("applyWithMomentum", () => {
  for (const parts of [1, 3])
    it(`follows u <- m u + s, x <- x + s + m u (${parts} parts)`, () => {
      const bench = smallBench({ n: 7, settings: { momentum: 0.8 } });
      const x = { re: Float64Array.from(bench.canvas.re), im: Float64Array.from(bench.canvas.im) };
      const u = { re: x.re.map(() => 0), im: x.im.map(() => 0) };
      for (let round = 0; round < 3; round++) {
        const s = proposeStep(bench, round);
        for (const part of ["re", "im"] as const)
          for (let i = 0; i < x[part].length; i++) {
            u[part][i] = 0.8 * u[part][i] + s[part][i];
            x[part][i] += s[part][i] + 0.8 * u[part][i];
          }
        for (let part = 0; part < parts; part++) applyWithMomentum(bench, part, parts, MERGE);
        for (const part of ["re", "im"] as const)
          for (let i = 0; i < x[part].length; i++)
            expect(Math.abs(bench.canvas[part][i] - x[part][i])).toBeLessThan(2e-5);
      }
      expect(bench.weight.every((value) => value === 0)).toBe(true);
    });

  it("needs no planes, and makes the plain step, without momentum", () => {
    const bench = smallBench({ n: 7, settings: { momentum: 0 } });
    expect(momentumPlanes(bench.plan)).toEqual({});
    const before = bench.canvas.re.slice();
    const s = proposeStep(bench, 0);
    applyWithMomentum(bench, 0, 1, MERGE);
    for (let i = 0; i < before.length; i++)
      expect(Math.abs(bench.canvas.re[i] - before[i] - s.re[i])).toBeLessThan(1e-5);
  });
});

describe("moveProbeWithMomentum", () => {
  it("follows the same recurrence, mode by mode", () => {
    const bench = smallBench({ modes: 2, settings: { momentum: 0.7 } });
    const step = 0.3;
    const x = bench.probe.map(({ re, im }) => [Float64Array.from(re), Float64Array.from(im)]);
    const u = x.map((planes) => planes.map((plane) => plane.map(() => 0)));
    for (let round = 0; round < 3; round++) {
      bench.change[0].forEach(({ re, im }, p) => {
        re.forEach((_, i) => {
          re[i] = Math.sin(i * (p + 1) + round);
          im[i] = Math.cos(3 * i - p);
        });
        [re, im].forEach((direction, plane) => {
          for (let i = 0; i < direction.length; i++) {
            u[p][plane][i] = 0.7 * u[p][plane][i] + step * direction[i];
            x[p][plane][i] += step * direction[i] + 0.7 * u[p][plane][i];
          }
        });
      });
      moveProbeWithMomentum(bench, bench.change[0], step);
      bench.probe.forEach(({ re, im }, p) => {
        [re, im].forEach((found, plane) => {
          for (let i = 0; i < found.length; i++)
            expect(Math.abs(found[i] - x[p][plane][i])).toBeLessThan(2e-5);
        });
      });
    }
  });
});
