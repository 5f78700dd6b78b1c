import { describe, expect, it } from "vitest";
import { complex64 } from "../core/ndarray.js";
import { registerAndCrop, shiftAndCrop } from "./register-and-crop.js";
import { fourierShift } from "./registration.js";
import { resample } from "./resample.js";
import { centralWindow, cropToStitch, scanAreaWindow, windowWithin } from "./scan-crop.js";

const counted = (H: number, W: number) =>
  complex64(
    [H, W],
    Float32Array.from({ length: H * W }, (_, i) => i),
  );

describe("windows", () => {
  it("central: what is odd is cut at the right and bottom", () => {
    expect(centralWindow([7, 9], { height: 4, width: 4 })).toEqual({ x: 2, y: 1, width: 4, height: 4 });
    expect(windowWithin([7, 9], 2)).toEqual({ x: 2, y: 2, width: 5, height: 3 });
    expect(windowWithin([7, 9], 100)).toEqual({ x: 3, y: 3, width: 3, height: 1 });
    expect(() => windowWithin([7, 9], 1.5)).toThrow(/border/);
  });

  it("of the scan: half a probe radius around the positions, within the object", () => {
    const area = { xPx: [10.9, 20.2], yPx: [5.5, 8] };
    expect(scanAreaWindow(area, 7, [30, 40])).toEqual({ x: 6, y: 1, width: 19, height: 12 });
    expect(scanAreaWindow(area, 100, [30, 40])).toEqual({ x: 0, y: 0, width: 40, height: 30 });
    expect(() => scanAreaWindow(area, -1, [30, 40])).toThrow(/radius/);
  });

  it("a stitched object and its truth: the same pixels of both", () => {
    const truth = counted(30, 40);
    // Positions 10..20 and 10..16 with windows of 8 px: truth rows 6..20, columns 6..24.
    const stitched = counted(13, 18);
    const { object, truth: cut } = cropToStitch(stitched, truth, { xPx: [10, 20], yPx: [10, 16] }, 8);
    expect(cut.shape).toEqual(object.shape);
    expect(cut.shape).toEqual([13, 18]);
    expect(cut.re[0]).toBe(6 * 40 + 6);
    expect(object.re[0]).toBe(0);
    expect(() => cropToStitch(stitched, truth, { xPx: [100], yPx: [100] }, 8)).toThrow(/outside/);
  });
});

describe("registerAndCrop", () => {
  it("takes a known shift back and cuts the rim of both", () => {
    const reference = complex64(
      [24, 32],
      Float32Array.from(
        { length: 768 },
        (_, i) => 1 + Math.exp(-(((i % 32) - 14) ** 2 + (Math.floor(i / 32) - 11) ** 2) / 9),
      ),
    );
    const moved = fourierShift(reference, [1.5, -0.75]);
    const found = registerAndCrop(moved, reference, { upsample: 100, borderPx: 3 });
    expect(found.shiftPx[0]).toBeCloseTo(-1.5, 1);
    expect(found.shiftPx[1]).toBeCloseTo(0.75, 1);
    expect(found.image.shape).toEqual([18, 26]);
    const worst = Math.max(...found.image.re.map((value, i) => Math.abs(value - found.reference.re[i])));
    expect(worst).toBeLessThan(0.02);
    expect(() => shiftAndCrop(reference, reference, [0, 0], 12)).toThrow(/leaves nothing/);
  });
});

describe("resample", () => {
  it("keeps the pixels that it lands on, and is exact for a cubic away from the mirrored edges", () => {
    const cubic = (x: number) => 1 + 0.1 * x - 0.02 * x * x + 0.001 * x ** 3;
    const n = 41;
    const image = complex64(
      [n, n],
      Float32Array.from({ length: n * n }, (_, i) => cubic(i % n)),
      Float32Array.from({ length: n * n }, (_, i) => cubic(Math.floor(i / n))),
    );
    const fine = resample(image, [2 * n - 1, 2 * n - 1]);
    const side = 2 * n - 1;
    for (const [row, column] of [
      [0, 0],
      [10, 20],
      [side - 1, side - 1],
    ])
      expect(fine.re[row * side + column]).toBeCloseTo(image.re[(row / 2) * n + column / 2], 4);
    for (const k of [31, 41, 51]) {
      expect(fine.re[40 * side + k]).toBeCloseTo(cubic(k / 2), 4);
      expect(fine.im[k * side + 40]).toBeCloseTo(cubic(k / 2), 4);
    }
    expect(() => resample(image, [1, 5])).toThrow(/2x2/);
  });
});
