import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import { makeDeadLeavesObject, makeLinesObject } from "./objects.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/objects_lines.npz`;
const amplitudeAt = (object: { re: Float32Array; im: Float32Array }, i: number) =>
  Math.hypot(object.re[i], object.im[i]);

describe("gaussianBlur", () => {
  it("is the sum over mirrored neighbours that it claims to be, also when the kernel outgrows the image", () => {
    const [height, width, sigma] = [3, 5, 1.7];
    const image = Float64Array.from({ length: 15 }, (_, i) => Math.sin(i * 3.1));
    const blurred = gaussianBlur(image, height, width, sigma);
    const fold = (i: number, n: number): number =>
      i < 0 ? fold(-1 - i, n) : i >= n ? fold(2 * n - 1 - i, n) : i;
    const radius = Math.floor(4 * sigma + 0.5);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0;
        let weights = 0;
        for (let dy = -radius; dy <= radius; dy++)
          for (let dx = -radius; dx <= radius; dx++) {
            const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
            sum += weight * image[fold(y + dy, height) * width + fold(x + dx, width)];
            weights += weight;
          }
        expect(blurred[y * width + x]).toBeCloseTo(sum / weights, 12);
      }
    expect(gaussianBlur(image, height, width, 0)).toEqual(image);
  });
});

describe("lines object", () => {
  it("repeats with its seed, differs with another, and is real when asked", () => {
    const one = makeLinesObject({ sidePx: 32, seed: 4 });
    expect(makeLinesObject({ sidePx: 32, seed: 4 })).toEqual(one);
    expect(makeLinesObject({ sidePx: 32, seed: 5 })).not.toEqual(one);
    expect(one.im.some((value) => Math.abs(value) > 0.1)).toBe(true);
    const real = makeLinesObject({ sidePx: 32, seed: 4, phaseRad: 0 });
    expect(real.im.every((value) => value === 0)).toBe(true);
    expect(amplitudeAt(one, 77)).toBeCloseTo(real.re[77], 4);
    expect(() => makeLinesObject({ sidePx: 31, seed: 1 })).toThrow(/even/);
  });
});

describe("dead leaves object", () => {
  it("covers everything within its ranges, repeats with its seed", () => {
    const options = { sidePx: 80, seed: 3, amplitude: [0.4, 0.9], phaseRad: [-0.5, 1] } as const;
    const object = makeDeadLeavesObject(options);
    const phases = Float64Array.from(object.re, (re, i) => Math.atan2(object.im[i], re));
    const amplitudes = phases.map((_, i) => amplitudeAt(object, i));
    expect(Math.min(...amplitudes)).toBeGreaterThanOrEqual(0.4 - 1e-6);
    expect(Math.max(...amplitudes)).toBeLessThanOrEqual(0.9 + 1e-6);
    expect(Math.min(...phases)).toBeGreaterThanOrEqual(-0.5 - 1e-6);
    expect(Math.max(...phases)).toBeLessThanOrEqual(1 + 1e-6);
    expect(Math.max(...phases) - Math.min(...phases)).toBeGreaterThan(1);
    expect(makeDeadLeavesObject(options)).toEqual(object);
    expect(makeDeadLeavesObject({ ...options, seed: 4 })).not.toEqual(object);
    expect(() => makeDeadLeavesObject({ sidePx: 80, seed: 3, radiusPx: [5, 5] })).toThrow(/radius/);
  });
});

describe.skipIf(!existsSync(golden))(`golden objects_lines (${golden})`, () => {
  const read = (name: string) => (openNpz(golden).read(name) as NdArray<"float64">).data;

  it.each([0, 42])("lines of seed %i", (seed) => {
    const object = makeLinesObject({ sidePx: 64, seed, phaseRad: 0 });
    read(`image_s${seed}`).forEach((value, i) => {
      expect(object.re[i]).toBeCloseTo(value, 5);
    });
  });

  it("the dummy phase", () => {
    const object = makeLinesObject({ sidePx: 64, seed: 42 });
    read("dummy_phi_last").forEach((value, i) => {
      expect(Math.atan2(object.im[i], object.re[i])).toBeCloseTo(value, 5);
    });
  });
});
