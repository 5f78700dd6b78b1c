import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float64 } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { structuralSimilarity } from "./metrics.js";
import { multiscaleSimilarity } from "./multiscale-similarity.js";
import { originalFigures, psnrPeak255 } from "./original-figures.js";
import { crossShellMeans, shellCorrelation, shellCutoff, snrThreshold } from "./shell-correlation.js";

const [H, W] = [36, 40];

function objectOf(seed: number, noise: number): ComplexArray {
  const random = pcg64Random(seed);
  const object = complex64([H, W]);
  for (let i = 0; i < H * W; i++) {
    const [x, y] = [i % W, Math.floor(i / W)];
    const amplitude = 1 + 0.3 * Math.sin(x / 3) * Math.cos(y / 4) + noise * random.standardNormal(1)[0];
    const phase = 0.5 * Math.cos((x + y) / 5) + noise * random.standardNormal(1)[0];
    object.re[i] = amplitude * Math.cos(phase);
    object.im[i] = amplitude * Math.sin(phase);
  }
  return object;
}

describe("the original's figures", () => {
  const truth = objectOf(1, 0);

  it("of equal images: no error, full similarity, curves that never fall, and its 361 dB", () => {
    const { amplitude, phase } = originalFigures(truth, truth);
    for (const image of [amplitude, phase]) {
      expect(image).toMatchObject({ mae: 0, mse: 0, ssim: 1, ms_ssim: 1 });
      expect(image.psnr_peak255).toBeCloseTo(361.202, 3);
      // 32 x 32 px after the trim and the cut to a square: rings 0 .. 23.
      expect(image.frc.length).toBe(24);
      expect(image.frc50_shell).toBe(24);
    }
  });

  it("do not see a scale or a phase plane, and fall with noise", () => {
    const ramped = complex64([H, W]);
    for (let i = 0; i < H * W; i++) {
      const angle = 0.02 * (i % W) - 0.01 * Math.floor(i / W) + 0.3;
      ramped.re[i] = 3 * (truth.re[i] * Math.cos(angle) - truth.im[i] * Math.sin(angle));
      ramped.im[i] = 3 * (truth.re[i] * Math.sin(angle) + truth.im[i] * Math.cos(angle));
    }
    const same = originalFigures(truth, ramped);
    expect(same.amplitude.mae).toBeLessThan(1e-6);
    expect(same.phase.mae).toBeLessThan(1e-6);
    const byMean = originalFigures(truth, ramped, { phaseAlign: "mean" });
    expect(byMean.phase.mae).toBeGreaterThan(0.05);
    const noisy = originalFigures(truth, objectOf(2, 0.1));
    const noisier = originalFigures(truth, objectOf(2, 0.3));
    for (const part of ["amplitude", "phase"] as const) {
      expect(noisy[part].ssim).toBeGreaterThan(noisier[part].ssim);
      expect(noisy[part].mae).toBeLessThan(noisier[part].mae);
      expect(noisy[part].frc50_shell).toBeGreaterThanOrEqual(noisier[part].frc50_shell);
    }
  });

  it("refuse a trim that leaves nothing and values that are not finite", () => {
    expect(() => originalFigures(truth, truth, { trimPx: 15 })).toThrow(/trim of 15/);
    const broken = complex64([H, W], truth.re.slice(), truth.im.slice());
    broken.re[20 * W + 20] = Number.NaN;
    expect(() => originalFigures(truth, broken)).toThrow(/not finite/);
    // The rim is cut off first.
    broken.re[20 * W + 20] = 1;
    broken.re[0] = Number.NaN;
    expect(originalFigures(truth, broken).amplitude.mae).toBeGreaterThan(0);
  });

  it("psnr of peak 255 is 20 log10(255 / rms)", () => {
    const [a, b] = [0, 0.5].map((level) => float64([2, 2], new Float64Array(4).fill(level)));
    expect(psnrPeak255(a, b)).toBeCloseTo(20 * Math.log10(510), 9);
  });
});

describe("MS-SSIM", () => {
  const image = (seed: number) => float64([40, 40], pcg64Random(seed).randoms(1600));

  it("with one level is SSIM to the power of its weight; falls with each level it looks at", () => {
    const [a, b] = [image(1), image(2)];
    const mixed = float64(
      [40, 40],
      a.data.map((value, i) => 0.8 * value + 0.2 * b.data[i]),
    );
    const range = Math.max(...a.data) - Math.min(...a.data);
    expect(multiscaleSimilarity(a, mixed, { levels: 1 })).toBeCloseTo(
      structuralSimilarity(a, mixed, range) ** 0.0448,
      9,
    );
    expect(multiscaleSimilarity(a, mixed)).toBeLessThan(multiscaleSimilarity(a, mixed, { levels: 2 }));
    // 40, 20, 10 and then 5 px, where it stops: three levels and five are the same.
    expect(multiscaleSimilarity(a, mixed)).toBe(multiscaleSimilarity(a, mixed, { levels: 3 }));
    expect(() => multiscaleSimilarity(a, b, { levels: 6 })).toThrow(/levels/);
  });

  it("counts a negative similarity as 1e-4 and knows none of two constants", () => {
    const a = image(3);
    const negative = float64(
      [40, 40],
      a.data.map((value) => 1 - value),
    );
    expect(multiscaleSimilarity(a, negative, { levels: 1 })).toBeCloseTo(1e-4 ** 0.0448, 9);
    const flat = float64([8, 8], new Float64Array(64).fill(2));
    expect(multiscaleSimilarity(flat, flat)).toBeNaN();
  });
});

describe("shell correlation", () => {
  it("is the definition: ring sums of O(n^4) transforms", () => {
    const n = 9;
    const [a, b] = [1, 2].map((seed) => float64([n, n], pcg64Random(seed).randoms(n * n)));
    const transform = (image: Float64Array, ky: number, kx: number) => {
      let [re, im] = [0, 0];
      image.forEach((value, i) => {
        const angle = (-2 * Math.PI * (ky * Math.floor(i / n) + kx * (i % n))) / n;
        re += value * Math.cos(angle);
        im += value * Math.sin(angle);
      });
      return [re, im] as const;
    };
    const ring = 3;
    let [cross, crossIm, powerA, powerB, count] = [0, 0, 0, 0, 0];
    for (let ky = -4; ky <= 4; ky++)
      for (let kx = -4; kx <= 4; kx++) {
        if (Math.round(Math.hypot(ky, kx)) !== ring) continue;
        const [p, q] = [transform(a.data, ky, kx), transform(b.data, ky, kx)];
        cross += p[0] * q[0] + p[1] * q[1];
        crossIm += p[1] * q[0] - p[0] * q[1];
        powerA += p[0] ** 2 + p[1] ** 2;
        powerB += q[0] ** 2 + q[1] ** 2;
        count++;
      }
    const curve = shellCorrelation(a, b);
    expect(curve.length).toBe(7);
    expect(curve[ring]).toBeCloseTo(Math.hypot(cross, crossIm) / Math.sqrt(powerA * powerB), 9);
    expect(crossShellMeans(a, b).re[ring]).toBeCloseTo(cross / count, 9);
    expect(() => shellCorrelation(a, float64([n, 8]))).toThrow(/second/);
  });

  it("cutoffs: interpolated, 0 at once, the length for never", () => {
    expect(shellCutoff([1, 0.8, 0.2], 0.5)).toBeCloseTo(1.5, 12);
    expect(shellCutoff([0.4, 1], 0.5)).toBe(0);
    expect(shellCutoff([1, 0.9], 0.5)).toBe(2);
    expect(shellCutoff([1, Number.NaN, 0.2], 0.5)).toBe(2);
    expect(shellCutoff([], 0.5)).toBeNaN();
  });

  it("the threshold falls from 1 towards the limit of many pixels", () => {
    const curve = snrThreshold(64, 0.5);
    expect(curve.length).toBe(33);
    expect(curve[0]).toBeCloseTo(1, 12);
    expect(curve.every((value, r) => r === 0 || value < curve[r - 1])).toBe(true);
    expect(snrThreshold(4e6, 0.5).at(-1)).toBeCloseTo(0.5 / 1.5, 3);
  });
});
