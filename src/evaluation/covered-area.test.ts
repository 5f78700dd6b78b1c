import { describe, expect, it } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { coveredArea, largestRectangle, type PlacedObject } from "./covered-area.js";

/** Canvas [60, 80] at origin, covered with weight 2 in [x0, x1) x [y0, y1) of the scan frame and 0.1 around it. */
function placed(origin: readonly [number, number], x0: number, x1: number, y0: number, y1: number) {
  const coverage = float32([60, 80]);
  for (let i = 0; i < 4800; i++) {
    const x = (i % 80) + Math.round(origin[0]);
    const y = Math.floor(i / 80) + Math.round(origin[1]);
    coverage.data[i] = x >= x0 && x < x1 && y >= y0 && y < y1 ? 2 : 0.1;
  }
  return { object: complex64([60, 80]), coverage, originPx: origin } satisfies PlacedObject;
}

describe("coveredArea", () => {
  it("is what all cover well, in the scan frame", () => {
    const area = coveredArea([placed([-10, 5], 0, 50, 10, 50), placed([-3.2, 8.4], 5, 70, 9, 60)]);
    const expected = { x: 5, y: 10, width: 45, height: 40 };
    expect(area.window).toEqual(expected);
    expect(area.rectangle).toEqual(expected);
    expect(area.pixels).toBe(45 * 40);
  });

  it("keeps to the rectangle of the positions, and leaves holes out of the rectangle only", () => {
    const a = placed([0, 0], 0, 70, 0, 60);
    a.coverage.data[30 * 80 + 25] = 0;
    const area = coveredArea([a, a], { positions: { xPx: [12.5, 49.1, 30], yPx: [5, 20, 54.5] } });
    expect(area.window).toEqual({ x: 12, y: 5, width: 39, height: 51 });
    expect(area.pixels).toBe(39 * 51 - 1);
    expect(area.rectangle).toEqual({ x: 26, y: 5, width: 25, height: 51 });
  });

  it("refuses halves that share too little", () => {
    expect(() => coveredArea([placed([0, 0], 0, 40, 0, 40), placed([0, 0], 30, 70, 0, 40)])).toThrow(
      /10x40 px, under 16x16/,
    );
    const empty = { ...placed([0, 0], 0, 40, 0, 40), coverage: float32([60, 80]) };
    expect(() => coveredArea([empty, empty])).toThrow(/coverage a sums to 0/);
    expect(() => coveredArea([{ ...empty, coverage: float32([6, 8]) }, empty])).toThrow(/coverage a/);
  });
});

describe("largestRectangle", () => {
  it("is as large as the best of all rectangles", () => {
    const random = pcg64Random(7);
    for (let round = 0; round < 40; round++) {
      const [width, height] = random.integers(1, 9, 2);
      const mask = Uint8Array.from(random.randoms(width * height), (v) => (v < 0.75 ? 1 : 0));
      let most = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let h = 1; y + h <= height; h++)
            for (let w = 1; x + w <= width; w++) {
              const full = Array.from(
                { length: w * h },
                (_, i) => (y + Math.floor(i / w)) * width + x + (i % w),
              );
              if (full.every((i) => mask[i])) most = Math.max(most, w * h);
            }
      const found = largestRectangle(mask, width, height);
      expect(found.width * found.height).toBe(most);
      for (let i = 0; i < most; i++)
        expect(mask[(found.y + Math.floor(i / found.width)) * width + found.x + (i % found.width)]).toBe(1);
    }
  });
});
