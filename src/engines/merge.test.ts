import { describe, expect, it } from "vitest";
import { smallBench } from "../../tests/engines/small-bench.js";
import { addProposals, applyProposals, findPeak, peakWeight } from "./merge.js";
import { NUMBER, type Workbench } from "./workbench.js";

const N = 16;

/** A bench whose patterns propose at random, and plain sums of the proposals in float64. */
function proposals(seed: number, parts: number) {
  const bench = smallBench({ n: 9, batchSize: 7, seed });
  const { plan, proposal, slotLight, batch, xPx, yPx, change } = bench;
  const pixels = plan.width * plan.height;
  const sums = {
    re: new Float64Array(pixels),
    im: new Float64Array(pixels),
    weight: new Float64Array(pixels),
  };
  for (let slot = 0; slot < 7; slot++) {
    const pattern = batch[slot];
    for (let i = 0; i < N * N; i++) {
      proposal[slot].re[i] = bench.frames[pattern][i] - 1;
      proposal[slot].im[i] = bench.frames[(pattern + 1) % 9][i] - 1;
      slotLight[slot][i] = bench.frames[(pattern + 2) % 9][i];
      const y = Math.round(yPx[pattern]) - N / 2 + Math.floor(i / N) - plan.originPx[1];
      const x = Math.round(xPx[pattern]) - N / 2 + (i % N) - plan.originPx[0];
      const at = y * plan.width + x;
      sums.re[at] += proposal[slot].re[i];
      sums.im[at] += proposal[slot].im[i];
      sums.weight[at] += slotLight[slot][i];
    }
  }
  expect(change.length).toBe(7);
  for (let part = 0; part < parts; part++) addProposals(bench, part, parts);
  return { bench, sums };
}

function expectNear(found: Float32Array, expected: ArrayLike<number>): void {
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThan(1e-5);
}

describe("addProposals", () => {
  it("sums what the patterns of a batch propose under their windows", () => {
    const { bench, sums } = proposals(1, 1);
    expectNear(bench.sums.re, sums.re);
    expectNear(bench.sums.im, sums.im);
    expectNear(bench.weight, sums.weight);
  });

  it("gives the same bits for any number of parts", () => {
    const alone = proposals(1, 1).bench;
    for (const parts of [2, 3, 5]) {
      const { bench } = proposals(1, parts);
      expect(bench.sums.re).toEqual(alone.sums.re);
      expect(bench.weight).toEqual(alone.weight);
    }
  });
});

describe("applyProposals", () => {
  for (const parts of [1, 3])
    it(`adds step * sums / (keep * weight + floor) where light fell, once, and clears the sums (${parts} parts)`, () => {
      const { bench, sums } = proposals(2, parts);
      const before = bench.canvas.re.slice();
      const beforeIm = bench.canvas.im.slice();
      for (let part = 0; part < parts; part++)
        applyProposals(bench, part, parts, { step: 0.7, keep: 0.9, floor: 0.3 });
      const expected = (old: Float32Array, sum: Float64Array) =>
        old.map((value, i) =>
          sums.weight[i] > 0 ? value + (0.7 * sum[i]) / (0.9 * sums.weight[i] + 0.3) : value,
        );
      expectNear(bench.canvas.re, expected(before, sums.re));
      expectNear(bench.canvas.im, expected(beforeIm, sums.im));
      for (const plane of [bench.sums.re, bench.sums.im, bench.weight])
        expect(plane.every((value) => value === 0)).toBe(true);
    });
});

describe("findPeak", () => {
  it("finds the largest weight under the batch, over all parts", () => {
    for (const parts of [1, 3]) {
      const { bench, sums } = proposals(3, 1);
      const threads = {
        ...bench,
        plan: { ...bench.plan, threads: parts },
        numbers: new Float64Array(NUMBER.parts + parts),
      };
      threads.numbers[NUMBER.count] = bench.numbers[NUMBER.count];
      for (let part = 0; part < parts; part++) findPeak(threads satisfies Workbench, part, parts);
      expect(peakWeight(threads)).toBeCloseTo(Math.max(...sums.weight), 5);
    }
  });
});
