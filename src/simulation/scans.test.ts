import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import {
  makeConcentricScan,
  makeFermatScan,
  makeJitteredGrid,
  makeLissajousScan,
  makeRandomScan,
  makeRasterScan,
  type ScanPositions,
} from "./scans.js";

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

describe("concentric and Lissajous scans", () => {
  const options = { positions: 200, reachPx: 50, centrePx: [100, 80] } as const;

  /** Distance of each position to its nearest neighbour. */
  const gaps = ({ xPx, yPx }: ScanPositions) =>
    Array.from(xPx, (x, i) => {
      let least = Number.POSITIVE_INFINITY;
      xPx.forEach((other, k) => {
        if (k !== i) least = Math.min(least, Math.hypot(other - x, yPx[k] - yPx[i]));
      });
      return least;
    });

  it.each([7, 8, 50, 199, 200])("concentric: %i positions in a disk, evenly apart", (positions) => {
    const scan = makeConcentricScan({ ...options, positions });
    expect(scan.xPx.length).toBe(positions);
    const radii = Array.from(scan.xPx, (x, i) => Math.hypot(x - 100, scan.yPx[i] - 80));
    expect(radii[0]).toBe(0);
    expect(Math.max(...radii)).toBeCloseTo(50, 9);
    const even = 50 * Math.sqrt(Math.PI / positions);
    expect(Math.min(...gaps(scan))).toBeGreaterThan(0.5 * even);
  });

  it.each([100, 199, 200, 256])(
    "Lissajous: %i positions on the curve, few of them in one column",
    (positions) => {
      const scan = makeLissajousScan({ ...options, positions });
      expect(Math.max(...scan.xPx.map((x) => Math.abs(x - 100)))).toBeGreaterThan(49);
      expect(Math.max(...scan.yPx.map((y) => Math.abs(y - 80)))).toBeGreaterThan(49);
      expect(Math.min(...gaps(scan))).toBeGreaterThan(1e-3);
      const columns = new Set(Array.from(scan.xPx, (x) => x.toFixed(6)));
      expect(columns.size).toBeGreaterThanOrEqual(positions / 4);
    },
  );

  it("refuse an empty scan", () => {
    expect(() => makeConcentricScan({ ...options, positions: 0 })).toThrow(/positions/);
    expect(() => makeLissajousScan({ ...options, reachPx: 0 })).toThrow(/step/);
  });
});

describe("jittered grid", () => {
  const options = { positions: 10, N: 16, objectSizePx: 64, jitterPx: 0, seed: 3 };

  it("without jitter takes different points of the grid between N and size - N", () => {
    const { xPx, yPx } = makeJitteredGrid(options);
    const line = [16, 16 + 32 / 3, 16 + 64 / 3, 48];
    const on = (value: number) => line.some((place) => Math.abs(place - value) < 1e-9);
    expect([...xPx, ...yPx].every(on)).toBe(true);
    expect(new Set(Array.from(xPx, (x, i) => `${x},${yPx[i]}`)).size).toBe(10);
    expect(() => makeJitteredGrid({ ...options, objectSizePx: 31 })).toThrow(/object of 32 px/);
  });

  it("moves points by its jitter and keeps them inside", () => {
    const still = makeJitteredGrid(options);
    const moved = makeJitteredGrid({ ...options, jitterPx: 2 });
    expect(moved.xPx).not.toEqual(still.xPx);
    expect(Math.max(...moved.xPx, ...moved.yPx)).toBeLessThanOrEqual(48);
    expect(Math.min(...moved.xPx, ...moved.yPx)).toBeGreaterThanOrEqual(16);
  });
});
