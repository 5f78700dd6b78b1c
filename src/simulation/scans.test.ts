import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { makeFermatScan, makeRandomScan, makeRasterScan } from "./scans.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/sim_nongrid_positions.npz`;

describe("raster scan", () => {
  it("runs row by row about its centre", () => {
    const { xPx, yPx } = makeRasterScan({ columns: 3, rows: 2, stepPx: 4, centrePx: [50, 60] });
    expect([...xPx]).toEqual([46, 50, 54, 46, 50, 54]);
    expect([...yPx]).toEqual([58, 58, 58, 62, 62, 62]);
  });

  it("jitters every position within bounds, repeatably", () => {
    const options = { columns: 20, rows: 20, stepPx: 4, centrePx: [50, 60], jitterPx: 1.5, seed: 3 } as const;
    const jittered = makeRasterScan(options);
    const regular = makeRasterScan({ ...options, jitterPx: 0 });
    const moves = jittered.xPx.map((x, i) => x - regular.xPx[i]);
    expect(Math.max(...moves)).toBeLessThanOrEqual(1.5);
    expect(Math.max(...moves)).toBeGreaterThan(1.2);
    expect(Math.min(...moves)).toBeLessThan(-1.2);
    expect(makeRasterScan(options)).toEqual(jittered);
    const { seed: _, ...unseeded } = options;
    expect(() => makeRasterScan(unseeded)).toThrow(/seed/);
    expect(() => makeRasterScan({ ...options, stepPx: 0 })).toThrow(/step/);
  });
});

describe("Fermat scan", () => {
  it("fills a disk evenly: one position per step squared, none near another", () => {
    const { xPx, yPx } = makeFermatScan({ positions: 400, stepPx: 5, centrePx: [100, 80] });
    const radii = xPx.map((x, i) => Math.hypot(x - 100, yPx[i] - 80));
    for (const radius of [30, 45]) {
      const inside = radii.filter((r) => r < radius).length;
      expect(Math.abs(inside * 25 - Math.PI * radius ** 2)).toBeLessThan(60);
    }
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 400; i++)
      for (let j = 0; j < i; j++) nearest = Math.min(nearest, Math.hypot(xPx[i] - xPx[j], yPx[i] - yPx[j]));
    expect(nearest).toBeGreaterThan(3.5);
  });
});

describe.skipIf(!existsSync(golden))(`golden sim_nongrid_positions (${golden})`, () => {
  it.each([
    [0, 32],
    [1, 20],
    [2, 300],
  ])("positions %i, margin %i", (index, marginPx) => {
    const read = (name: string) => (openNpz(golden).read(name) as NdArray<"float64">).data;
    const { xPx, yPx } = makeRandomScan({ positions: 25, objectShape: [150, 171], marginPx, seed: 42 });
    expect(xPx).toEqual(read(`x_${index}`));
    expect(yPx).toEqual(read(`y_${index}`));
  });
});
