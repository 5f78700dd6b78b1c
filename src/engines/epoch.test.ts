import { describe, expect, it } from "vitest";
import { smallBench } from "../../tests/engines/small-bench.js";
import { forBatches } from "./epoch.js";
import { NUMBER, type Workbench } from "./workbench.js";

function batchesOf(bench: Workbench): number[][] {
  return Array.from(forBatches(bench), () =>
    Array.from(bench.batch.subarray(0, bench.numbers[NUMBER.count])),
  );
}

describe("forBatches", () => {
  it("visits every pattern once, in as few batches as the size allows, of equal size", () => {
    const bench = smallBench({ n: 11, batchSize: 4 });
    const batches = batchesOf(bench);
    expect(batches.map((batch) => batch.length).sort()).toEqual([3, 4, 4]);
    expect(batches.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("has an order that follows from seed and epoch alone", () => {
    const orderOf = (seed: number, epoch: number) => {
      const bench = smallBench({ n: 11, batchSize: 4, settings: { seed } });
      bench.numbers[NUMBER.epoch] = epoch;
      return batchesOf(bench).flat();
    };
    expect(orderOf(3, 5)).toEqual(orderOf(3, 5));
    expect(orderOf(3, 5)).not.toEqual(orderOf(3, 6));
    expect(orderOf(3, 5)).not.toEqual(orderOf(4, 5));
  });

  it("spreads the patterns of a batch over the scan: neighbours go to different ones", () => {
    const bench = smallBench({ n: 64, batchSize: 16 });
    for (const [j] of bench.xStartPx.entries()) {
      bench.xStartPx[j] = 10 + (j % 8);
      bench.yStartPx[j] = 10 + Math.floor(j / 8);
    }
    const batches = batchesOf(bench);
    expect(batches.map((batch) => batch.length)).toEqual([16, 16, 16, 16]);
    // Of 8 x 8 positions every quarter, and every square of four, is shared out evenly.
    for (const side of [2, 4])
      for (const batch of batches) {
        const squares = batch.map((j) => Math.floor((j % 8) / side) + 8 * Math.floor(j / 8 / side));
        for (const square of squares)
          expect(squares.filter((other) => other === square).length).toBe(side ** 2 / 4);
      }
  });

  it("fetches the patterns of a batch into their slots where they are not resident", () => {
    const bench = smallBench({ n: 5, batchSize: 2 });
    const fetched: [number, number][] = [];
    const staged = { ...bench, stage: (slot: number, pattern: number) => void fetched.push([slot, pattern]) };
    const batches = batchesOf(staged);
    expect(fetched).toEqual(batches.flatMap((batch) => batch.map((pattern, slot) => [slot, pattern])));
  });
});
