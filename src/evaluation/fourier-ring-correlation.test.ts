import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float64 } from "../core/ndarray.js";
import { fft2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import {
  findCrossing,
  fourierRingCorrelation,
  halfBitThreshold,
  type RingCorrelation,
} from "./fourier-ring-correlation.js";

const PLAIN = { window: "none", mean: "keep" } as const;

function noise(seed: number, rows: number, columns: number): ComplexArray {
  const random = pcg64Random(seed);
  const n = rows * columns;
  return complex64(
    [rows, columns],
    Float32Array.from(random.standardNormal(n)),
    Float32Array.from(random.standardNormal(n)),
  );
}

/** White noise whose spectrum is multiplied by gain(frequency in cycles per pixel). */
function coloured(seed: number, edge: number, gain: (f: number) => number): ComplexArray {
  const { re, im } = noise(seed, edge, edge);
  const buffer = { re: Float64Array.from(re), im: Float64Array.from(im) };
  fft2(buffer, edge, edge, "forward");
  const signed = (k: number) => (k < edge / 2 ? k : k - edge) / edge;
  for (let i = 0; i < re.length; i++) {
    const g = gain(Math.hypot(signed(i % edge), signed(Math.floor(i / edge))));
    buffer.re[i] *= g;
    buffer.im[i] *= g;
  }
  fft2(buffer, edge, edge, "inverse");
  return complex64([edge, edge], Float32Array.from(buffer.re), Float32Array.from(buffer.im));
}

function sum(a: ComplexArray, b: ComplexArray): ComplexArray {
  return complex64(
    a.shape,
    a.re.map((v, i) => v + b.re[i]),
    a.im.map((v, i) => v + b.im[i]),
  );
}

/** The definition, with a slow transform of every Fourier pixel. */
function byDefinition(a: ComplexArray, b: ComplexArray): { correlation: number[]; pixels: number[] } {
  const [H, W] = a.shape;
  const edge = Math.min(H, W);
  const sums = Array.from({ length: Math.floor(edge / 2) + 1 }, () => [0, 0, 0, 0]);
  const at = (image: ComplexArray, kx: number, ky: number) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < image.re.length; i++) {
      const angle = -2 * Math.PI * ((kx * (i % W)) / W + (ky * Math.floor(i / W)) / H);
      re += image.re[i] * Math.cos(angle) - image.im[i] * Math.sin(angle);
      im += image.re[i] * Math.sin(angle) + image.im[i] * Math.cos(angle);
    }
    return [re, im];
  };
  for (let ky = -Math.floor(H / 2); ky < Math.ceil(H / 2); ky++)
    for (let kx = -Math.floor(W / 2); kx < Math.ceil(W / 2); kx++) {
      const ring = sums[Math.round(edge * Math.hypot(kx / W, ky / H))];
      if (ring === undefined) continue;
      const [p, q] = [at(a, kx, ky), at(b, kx, ky)];
      ring[0] += p[0] * q[0] + p[1] * q[1];
      ring[1] += p[0] ** 2 + p[1] ** 2;
      ring[2] += q[0] ** 2 + q[1] ** 2;
      ring[3]++;
    }
  const rings = sums.slice(1);
  return { correlation: rings.map((r) => r[0] / Math.sqrt(r[1] * r[2])), pixels: rings.map((r) => r[3]) };
}

describe("fourierRingCorrelation", () => {
  it.each([
    [12, 12],
    [11, 11],
    [14, 9],
    [7, 16],
  ])("is the definition for %i x %i", (rows, columns) => {
    const a = noise(1, rows, columns);
    const b = sum(a, noise(2, rows, columns));
    const found = fourierRingCorrelation(a, b, PLAIN);
    const expected = byDefinition(a, b);
    expect(Array.from(found.pixels)).toEqual(expected.pixels);
    found.correlation.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.correlation[i], 5);
    });
    expect(found.frequency[1]).toBeCloseTo(2 / Math.min(rows, columns), 12);
    expect(found.frequency.at(-1)).toBeLessThanOrEqual(0.5);
  });

  it("is 1 for identical images, whatever their scale, and never crosses", () => {
    const a = noise(3, 45, 60);
    const scaled = complex64(
      [45, 60],
      a.re.map((v) => 3 * v + 2),
      a.im.map((v) => 3 * v),
    );
    for (const window of ["none", "hann", "tukey"] as const) {
      const rings = fourierRingCorrelation(a, scaled, { window });
      for (const value of rings.correlation) expect(value).toBeCloseTo(1, 5);
      expect(rings.halfBitCrossing).toEqual({ verdict: "above", frequency: null, periodPx: null });
      expect(rings.oneSeventhCrossing.verdict).toBe("above");
    }
  });

  it("of unrelated images scatters about 0 with the variance of its pixels", () => {
    // The correlation of n independent complex pixels has variance 1 / (2 n); of real images the same for n / 2 pairs.
    for (const kind of ["complex", "real"] as const) {
      let squares = 0;
      let count = 0;
      for (let seed = 0; seed < 6; seed++) {
        const [a, b] = [noise(10 + seed, 64, 64), noise(50 + seed, 64, 64)];
        const image = (c: ComplexArray) => (kind === "real" ? float64([64, 64], Float64Array.from(c.re)) : c);
        const rings = fourierRingCorrelation(image(a), image(b), PLAIN);
        expect(rings.halfBitCrossing.verdict).toBe("below");
        expect(rings.pixels[9]).toBe(byRing(rings, 64)[9] * (kind === "real" ? 0.5 : 1));
        for (let i = 3; i < 31; i++) {
          squares += rings.correlation[i] ** 2 * 2 * rings.pixels[i];
          expect(Math.abs(rings.correlation[i])).toBeLessThan(5 / Math.sqrt(2 * rings.pixels[i]));
          count++;
        }
      }
      expect(squares / count).toBeGreaterThan(0.75);
      expect(squares / count).toBeLessThan(1.3);
    }
  });

  it("gives SNR / (1 + SNR) in every ring", () => {
    const snr = (f: number) => 4 * (1 - 1.6 * f);
    const signal = coloured(1, 128, (f) => Math.sqrt(Math.max(0, snr(f))));
    const rings = fourierRingCorrelation(
      sum(signal, noise(2, 128, 128)),
      sum(signal, noise(3, 128, 128)),
      PLAIN,
    );
    for (let i = 3; i < 64; i++) {
      const expected = snr(rings.frequency[i]) / (1 + snr(rings.frequency[i]));
      expect(Math.abs(rings.correlation[i] - expected)).toBeLessThan(5 / Math.sqrt(2 * rings.pixels[i]));
    }
  });

  it.each([
    ["none", 0.2],
    ["hann", 0.2],
    ["tukey", 0.3],
  ] as const)("crosses where a band-limited signal ends (%s, %f)", (window, limit) => {
    const signal = coloured(4, 150, (f) => (f < limit ? 3 : 0));
    const rings = fourierRingCorrelation(sum(signal, noise(5, 150, 150)), sum(signal, noise(6, 150, 150)), {
      window,
    });
    const { verdict, frequency, periodPx } = rings.halfBitCrossing;
    expect(verdict).toBe("crosses");
    expect(Math.abs((frequency ?? 0) - limit)).toBeLessThan(1.5 / 150);
    expect(periodPx).toBeCloseTo(1 / (frequency ?? 0), 12);
    expect(rings.oneSeventhCrossing.frequency).toBeGreaterThan((frequency ?? 1) - 1e-9);
  });

  it("does not count a shared mean or ramp of edges as agreement", () => {
    const ramped = (seed: number) => {
      const { re, im } = noise(seed, 64, 64);
      return complex64(
        [64, 64],
        re.map((v, i) => v + 40 + 0.5 * (i % 64)),
        im,
      );
    };
    const edges = (rings: RingCorrelation) => rings.correlation.slice(16).reduce((s, v) => s + v, 0) / 16;
    expect(edges(fourierRingCorrelation(ramped(1), ramped(2), { window: "none" }))).toBeGreaterThan(0.1);
    expect(Math.abs(edges(fourierRingCorrelation(ramped(1), ramped(2))))).toBeLessThan(0.03);
  });

  it("refuses what it cannot compare", () => {
    expect(() => fourierRingCorrelation(noise(1, 8, 8), noise(1, 8, 9))).toThrow(/second/);
    expect(() => fourierRingCorrelation(noise(1, 3, 8), noise(1, 3, 8))).toThrow(/4x4/);
    const broken = noise(1, 8, 8);
    broken.im[5] = Number.NaN;
    expect(() => fourierRingCorrelation(broken, noise(1, 8, 8))).toThrow(/not finite/);
    expect(() => fourierRingCorrelation(noise(1, 8, 8), noise(2, 8, 8), { tukeyFraction: 2 })).toThrow(
      /tukeyFraction/,
    );
  });
});

/** Pixels per ring by counting, for a square. */
function byRing(rings: RingCorrelation, edge: number): number[] {
  const counts = new Array<number>(rings.frequency.length + 1).fill(0);
  for (let ky = -edge / 2; ky < edge / 2; ky++)
    for (let kx = -edge / 2; kx < edge / 2; kx++) {
      const ring = Math.round(Math.hypot(kx, ky));
      if (ring < counts.length) counts[ring]++;
    }
  return counts.slice(1);
}

describe("halfBitThreshold", () => {
  it("starts at 1 for one pixel and tends to 0.1716", () => {
    expect(halfBitThreshold(1)).toBeCloseTo(1, 12);
    expect(halfBitThreshold(100)).toBeCloseTo((0.2071 + 0.19102) / (1.2071 + 0.09102), 12);
    expect(halfBitThreshold(1e12)).toBeCloseTo(0.2071 / 1.2071, 5);
  });
});

describe("findCrossing", () => {
  it("interpolates the first fall below a curve", () => {
    const found = findCrossing([0.1, 0.2, 0.3, 0.4], [1, 0.8, 0.2, 0.9], [0.6, 0.5, 0.4, 0.3]);
    expect(found.verdict).toBe("crosses");
    expect(found.frequency).toBeCloseTo(0.26, 12);
    expect(found.periodPx).toBeCloseTo(1 / 0.26, 10);
  });

  it("tells no agreement from agreement throughout", () => {
    expect(findCrossing([0.1, 0.2], [0.1, 0.9], [0.5, 0.5]).verdict).toBe("below");
    expect(findCrossing([0.1, 0.2], [0.5, 0.5], [0.5, 0.5]).verdict).toBe("above");
  });
});
