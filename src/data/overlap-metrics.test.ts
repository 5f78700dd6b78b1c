import { expect, it } from "vitest";
import { discOverlap, overlapMetrics } from "./overlap-metrics.js";

it("is the shared area of two discs: the figures of the specification, and a count of points", () => {
  expect(discOverlap(0, 10)).toBe(1);
  expect(discOverlap(5, 10)).toBeCloseTo(0.391, 3);
  expect(discOverlap(10, 10)).toBe(0);
  let [both, one] = [0, 0];
  for (let x = -10; x < 10; x += 0.05)
    for (let y = -5; y < 5; y += 0.05) {
      if (Math.hypot(x, y) > 5) continue;
      one++;
      if (Math.hypot(x - 3, y) <= 5) both++;
    }
  expect(discOverlap(3, 10)).toBeCloseTo(both / one, 2);
});

const grid = (edge: number, step: number) => ({
  x: Float64Array.from({ length: edge * edge }, (_, i) => step * (i % edge)),
  y: Float64Array.from({ length: edge * edge }, (_, i) => step * Math.floor(i / edge)),
});
const base = { gridsize: 1, imageFraction: 1, groups: 9, probeDiameterPx: 10, seed: 1 } as const;

it("takes metric 2 over different positions and their nearest neighbours, by brute force", () => {
  const { x, y } = grid(4, 3);
  const doubled = overlapMetrics(Float64Array.of(...x, ...x), Float64Array.of(...y, ...y), {
    ...base,
    neighbourCount: 3,
  });
  let sum = 0;
  for (let i = 0; i < 16; i++) {
    const distances = [...x.keys()].filter((j) => j !== i).map((j) => Math.hypot(x[i] - x[j], y[i] - y[j]));
    sum +=
      distances
        .sort((a, b) => a - b)
        .slice(0, 3)
        .reduce((total, d) => total + discOverlap(d, 10), 0) / 3;
  }
  expect(doubled.metric_2_image_based_avg).toBeCloseTo(sum / 16, 12);
  expect(doubled).toMatchObject({ n_images: 32, n_unique_images: 16, neighbor_count: 3 });
});

it("takes metric 3 over all groups nearer than the diameter, by brute force; far ones count 0", () => {
  const { x, y } = grid(5, 4);
  const far = Float64Array.of(...x, 1000);
  const farY = Float64Array.of(...y, 1000);
  let total = 0;
  for (let i = 0; i < 25; i++) {
    const near = [...x.keys()]
      .map((j) => Math.hypot(x[i] - x[j], y[i] - y[j]))
      .filter((d, j) => j !== i && d < 10);
    total += near.reduce((sum, d) => sum + discOverlap(d, 10), 0) / near.length;
  }
  expect(overlapMetrics(far, farY, base).metric_3_group_to_group_avg).toBeCloseTo(total / 26, 12);
  expect(overlapMetrics(far, farY, base)).not.toHaveProperty("metric_1_group_based_avg");
});

it("has metric 1 for groups of four alone, and higher for a denser scan", () => {
  const at = (step: number) => {
    const { x, y } = grid(6, step);
    return overlapMetrics(x, y, { ...base, gridsize: 2, groups: 20 }).metric_1_group_based_avg ?? Number.NaN;
  };
  expect(at(1)).toBeGreaterThan(0.7);
  expect(at(4)).toBeLessThan(at(2));
  expect(at(50)).toBe(0);
});

it("draws the share of patterns that was asked for, the same for one seed", () => {
  const { x, y } = grid(10, 2);
  const half = overlapMetrics(x, y, { ...base, imageFraction: 0.5 });
  expect(half.n_images).toBe(50);
  expect(overlapMetrics(x, y, { ...base, imageFraction: 0.5 })).toEqual(half);
  expect(half.metric_2_image_based_avg).toBeLessThan(overlapMetrics(x, y, base).metric_2_image_based_avg);
});

it("refuses a share outside (0, 1] and a diameter that is none", () => {
  const { x, y } = grid(3, 2);
  expect(() => overlapMetrics(x, y, { ...base, imageFraction: 0 })).toThrow(/share of patterns/);
  expect(() => overlapMetrics(x, y, { ...base, probeDiameterPx: 0 })).toThrow(/probe diameter/);
});
