import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float64 } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { matchPhasePlane, originalFrcPair, phaseVariation } from "./original-frc-pair.js";
import { splitFrequencies, symmetrised } from "./original-steps.js";

const n = 32;

function textured(phaseAt: (x: number, y: number) => number): ComplexArray {
  const noise = pcg64Random(4).uniform(-0.3, 0.3, n * n);
  const image = complex64([n, n]);
  for (let i = 0; i < n * n; i++) {
    const angle = noise[i] + phaseAt(i % n, Math.floor(i / n));
    image.re[i] = Math.cos(angle);
    image.im[i] = Math.sin(angle);
  }
  return image;
}

describe("matchPhasePlane", () => {
  it("takes off the plane by which two images differ", () => {
    const flat = textured(() => 0);
    const ramped = textured((x, y) => 0.4 + 0.03 * x - 0.02 * y);
    for (const weighting of ["magnitude", "uniform"] as const) {
      const matched = matchPhasePlane(ramped, flat, weighting);
      const worst = Math.max(
        ...matched.re.map((value, i) => Math.hypot(value - flat.re[i], matched.im[i] - flat.im[i])),
      );
      expect(worst).toBeLessThan(1e-4);
    }
  });
});

describe("phaseVariation", () => {
  it("of a plane is its slope, at the edges too", () => {
    const image = complex64([4, 5]);
    for (let i = 0; i < 20; i++) {
      image.re[i] = Math.cos(0.3 * (i % 5) + 0.4 * Math.floor(i / 5));
      image.im[i] = Math.sin(0.3 * (i % 5) + 0.4 * Math.floor(i / 5));
    }
    for (const value of phaseVariation(image).data) expect(value).toBeCloseTo(0.5, 5);
  });
});

describe("originalFrcPair", () => {
  it("cuts equal images by nothing, tapers both to 0 at the rim, and keeps their middle", () => {
    const image = textured(() => 0.2);
    const [a, b] = originalFrcPair(image, image, { taperPx: 4 });
    expect(a.shape).toEqual([n, n]);
    expect(Math.hypot(a.re[0], a.im[0])).toBeCloseTo(0, 9);
    const middle = 16 * n + 16;
    expect(Math.hypot(b.re[middle], b.im[middle])).toBeCloseTo(1, 5);
    const worst = Math.max(...a.re.map((value, i) => Math.hypot(value - b.re[i], a.im[i] - b.im[i])));
    expect(worst).toBeLessThan(1e-4);
    expect(() => originalFrcPair(image, image, { taperPx: -1 })).toThrow(/taper/);
  });

  it("cuts a pair that is three pixels apart to what both hold", () => {
    const image = textured(() => 0);
    const rolled = complex64([n, n]);
    for (let i = 0; i < n * n; i++) {
      const from = Math.floor(i / n) * n + (((i % n) + 3) % n);
      rolled.re[i] = image.re[from];
      rolled.im[i] = image.im[from];
    }
    const [a] = originalFrcPair(image, rolled, { taperPx: 0 });
    expect(a.shape[1]).toBe(n - 3);
  });
});

describe("splitFrequencies and symmetrised", () => {
  it("split into parts that sum to the image, the low one with low frequencies alone", () => {
    const wave = (k: number) =>
      Float64Array.from({ length: n * n }, (_, i) => Math.cos((2 * Math.PI * k * (i % n)) / n));
    const [slow, fast] = [wave(2), wave(7)];
    const image = float64(
      [n, n],
      slow.map((value, i) => 1 + value + fast[i]),
    );
    const { low, high } = splitFrequencies(image, 3);
    expect(Math.max(...low.data.map((value, i) => Math.abs(value - 1 - slow[i])))).toBeLessThan(1e-9);
    expect(Math.max(...high.data.map((value, i) => Math.abs(value - fast[i])))).toBeLessThan(1e-9);
    expect(Math.max(...splitFrequencies(image, 0).low.data)).toBeCloseTo(1, 9);
    expect(() => splitFrequencies(image, 16)).toThrow(/reach/);
  });

  it("the mean with the turned image equals its own turn", () => {
    const image = float64([2, 3], [1, 2, 3, 4, 5, 7]);
    expect([...symmetrised(image).data]).toEqual([4, 3.5, 3.5, 3.5, 3.5, 4]);
  });
});
