import { describe, expect, it } from "vitest";
import { float64 } from "../core/ndarray.js";
import { cutPatches, nestedGrid, normaliseRegions } from "./nested-grid.js";

describe("nested grid", () => {
  const options = { N: 4, gridsize: 2, offsetPx: 2, outerOffsetPx: 6 };
  const grid = nestedGrid(13, options);

  it("steps regions by half the outer offset and patches by the offset, and leaves the rest", () => {
    // Regions of 6 px at 0, 3, 6 along both axes; 1 px is left over.
    expect(grid.cornersPx.shape).toEqual([9, 4, 2]);
    expect([...grid.cornersPx.data.slice(0, 8)]).toEqual([0, 0, 2, 0, 0, 2, 2, 2]);
    expect([...grid.cornersPx.data.slice(8 * 5, 8 * 5 + 2)]).toEqual([6, 3]);
    expect([...grid.centresPx.data.slice(0, 2)]).toEqual([1.5, 1.5]);
    expect([...grid.offsetsPx.data.slice(0, 4)]).toEqual([1, 1, -1, 1]);
  });

  it("cuts the patches at those corners", () => {
    const image = float64(
      [13, 13],
      Float64Array.from({ length: 169 }, (_, i) => i),
    );
    const patches = cutPatches(image, grid, 4);
    const [x, y] = [6 + 2, 3];
    const patch = (5 * 4 + 1) * 16;
    expect(patches.data[patch]).toBe(y * 13 + x);
    expect(patches.data[patch + 15]).toBe((y + 3) * 13 + x + 3);
    const { amplitudes, norm } = normaliseRegions(patches);
    // The largest value of a region is its last pixel.
    const largest = [0, 3, 6].flatMap((row) => [0, 3, 6].map((column) => (row + 5) * 13 + column + 5));
    expect(norm).toBeCloseTo(largest.reduce((a, b) => a + b) / 9, 9);
    expect(amplitudes.data[patch]).toBeCloseTo((y * 13 + x) / norm, 12);
    expect(() => nestedGrid(5, options)).toThrow(/region of 6 px/);
    expect(() => normaliseRegions(float64([1, 1, 2, 2]))).toThrow(/above 0/);
  });
});
