import { describe, expect, it } from "vitest";
import { float32, type NdArray } from "../core/ndarray.js";
import { withBeamStop, withReadoutNoise, withSaturation } from "./detector.js";

const flat = (counts: number): NdArray<"float32"> =>
  float32([20, 16, 16], new Float32Array(20 * 256).fill(Math.sqrt(counts)));
const counts = ({ data }: NdArray<"float32">) => Array.from(data, (value) => value * value);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("readout noise", () => {
  it("has the spread asked for, is never negative, and repeats with its seed", () => {
    const read = withReadoutNoise(flat(1000), 20, 3);
    const values = counts(read);
    expect(Math.abs(mean(values) - 1000)).toBeLessThan(1.2);
    expect(Math.sqrt(mean(values.map((value) => (value - 1000) ** 2)))).toBeCloseTo(20, 0);
    expect(withReadoutNoise(flat(1000), 20, 3)).toEqual(read);
    expect(withReadoutNoise(flat(1000), 20, 4)).not.toEqual(read);
    const dark = counts(withReadoutNoise(flat(0), 5, 1));
    expect(Math.min(...dark)).toBe(0);
    // Half of the noise about darkness is cut off: the mean is 5 / sqrt(2 pi).
    expect(mean(dark)).toBeCloseTo(5 / Math.sqrt(2 * Math.PI), 0);
    expect(() => withReadoutNoise(flat(1), -1, 1)).toThrow(/readout noise/);
  });
});

describe("saturation", () => {
  it("cuts at the full well and says how many values it cut", () => {
    const bright = flat(50);
    bright.data[7] = Math.sqrt(900);
    bright.data[8] = Math.sqrt(100);
    const { diffraction, saturated } = withSaturation(bright, 100);
    expect(saturated).toBe(1);
    expect(counts(diffraction)[7]).toBeCloseTo(100, 3);
    expect(counts(diffraction)[0]).toBeCloseTo(50, 3);
    expect(bright.data[7]).toBeCloseTo(30, 5);
  });
});

describe("beam stop", () => {
  it("darkens and masks the disk about the direct beam in every pattern", () => {
    const { diffraction, badPixels } = withBeamStop(flat(9), 2);
    // Pixels within 2 of [8, 8]: 13.
    expect(badPixels.data.reduce((sum, value) => sum + value, 0)).toBe(13);
    for (let i = 0; i < diffraction.data.length; i++)
      expect(diffraction.data[i]).toBe(badPixels.data[i % 256] === 1 ? 0 : 3);
    expect(badPixels.data[8 * 16 + 8]).toBe(1);
    expect(() => withBeamStop(flat(9), 8)).toThrow(/beam stop/);
  });
});
