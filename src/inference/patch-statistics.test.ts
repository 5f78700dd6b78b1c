import { describe, expect, it } from "vitest";
import { complex64 } from "../core/ndarray.js";
import { addMoments, amplitudeMoments, batchStatistics, patchGrid, summaryOf } from "./patch-statistics.js";

const shape = [5, 2, 4, 4];
const values = (k: number) => Float32Array.from({ length: 160 }, (_, i) => Math.sin(k + 3 * i + i * i));
const patches = complex64(shape, values(1), values(2));
const amplitudes = Array.from(patches.re, (re, i) => Math.hypot(re, patches.im[i]));

const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
const variance = (of: readonly number[], degrees: number) =>
  of.reduce((sum, value) => sum + (value - mean(of)) ** 2, 0) / (of.length - degrees);

describe("statistics of patches", () => {
  const { per_patch, ...whole } = batchStatistics(patches, "inference", 3);

  it("are those of the definition, with PyTorch's std", () => {
    const planes = Array.from({ length: 10 }, (_, p) => variance(amplitudes.slice(16 * p, 16 * p + 16), 0));
    expect(whole).toEqual({
      ...{ phase: "inference", batch_idx: 3, batch_size: 5 },
      global_mean: expect.closeTo(mean(amplitudes), 12),
      global_std: expect.closeTo(Math.sqrt(variance(amplitudes, 1)), 12),
      var_zero_mean: expect.closeTo(mean(planes), 12),
    });
  });

  it("give the first four samples over their channels", () => {
    const third = amplitudes.slice(64, 96);
    expect(per_patch.map(({ patch_idx }) => patch_idx)).toEqual([0, 1, 2, 3]);
    expect(per_patch[2]).toEqual({
      patch_idx: 2,
      mean: expect.closeTo(mean(third), 12),
      std: expect.closeTo(Math.sqrt(variance(third, 1)), 12),
      ...{ min: Math.min(...third), max: Math.max(...third) },
    });
  });

  it("add up over parts, with NumPy's std", () => {
    const part = (from: number, to: number) =>
      amplitudeMoments({ re: patches.re.subarray(from, to), im: patches.im.subarray(from, to) }, 16);
    const { std, max } = summaryOf(addMoments(part(0, 48), part(48, 160)), 0);
    expect(std).toBeCloseTo(Math.sqrt(variance(amplitudes, 0)), 12);
    expect(max).toBe(Math.max(...amplitudes));
  });
});

it("a grid has rows of four planes, apart by a line", () => {
  const grid = patchGrid(complex64([6, 4, 4], patches.re.slice(0, 96), patches.im.slice(0, 96)));
  expect(grid.shape).toEqual([9, 19]);
  const at = (row: number, column: number) => grid.data[row * 19 + column];
  expect([at(4, 0), at(0, 4), at(8, 12)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  // Plane 5 is the second of the second row; its pixel (1, 2) lies at row 5 + 1, column 5 + 2.
  expect(at(6, 7)).toBeCloseTo(amplitudes[5 * 16 + 4 + 2], 6);
});
