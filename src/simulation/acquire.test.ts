import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { extractPatch, type ScanOptions, simulateScan } from "./acquire.js";
import { makeDeadLeavesObject } from "./objects.js";
import { makeDefocusedProbe } from "./probes.js";
import { makeRasterScan } from "./scans.js";

const goldenFolder = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data`;
const N = 16;

function smallScan(noise: ScanOptions["noise"], photons = 1e4): ScanOptions {
  const beam = { sidePx: N, radiusPx: 5, wavelengthM: 1e-10, pixelSizeM: 2e-8, defocusM: 2e-5 };
  return {
    object: makeDeadLeavesObject({ sidePx: 48, seed: 1, radiusPx: [2, 8] }),
    probe: makeDefocusedProbe(beam),
    ...makeRasterScan({ columns: 5, rows: 4, stepPx: 3.3, centrePx: [24, 24], jitterPx: 1, seed: 2 }),
    photons,
    noise,
  };
}

describe("extractPatch", () => {
  it("starts at y - N/2 and x - N/2, bilinear between pixels, zero outside", () => {
    const plane = complex64(
      [10, 12],
      Float32Array.from({ length: 120 }, (_, i) => 3 * (i % 12) + 50 * Math.floor(i / 12)),
    );
    const patch = extractPatch(plane, 6.25, 5.5, 4);
    expect(patch.isOverEdge).toBe(false);
    for (let r = 0; r < 4; r++)
      for (let c = 0; c < 4; c++)
        expect(patch.re[r * 4 + c]).toBeCloseTo(3 * (c + 4.25) + 50 * (r + 3.5), 10);
    const over = extractPatch(plane, 1, 5, 4);
    expect(over.isOverEdge).toBe(true);
    expect(over.re[0]).toBe(0);
    expect(over.re[1]).toBe(3 * 0 + 50 * 3);
  });
});

describe("simulateScan", () => {
  it("gives the DFT of the exit wave by definition, zero frequency at N/2", () => {
    const options = smallScan({ kind: "none" });
    const scan = simulateScan(options);
    const patch = extractPatch(options.object, options.xPx[7], options.yPx[7], N);
    for (const [row, column] of [
      [8, 8],
      [3, 12],
      [0, 15],
    ]) {
      let [re, im] = [0, 0];
      for (let i = 0; i < N * N; i++) {
        const psiRe = scan.probe.re[i] * patch.re[i] - scan.probe.im[i] * patch.im[i];
        const psiIm = scan.probe.re[i] * patch.im[i] + scan.probe.im[i] * patch.re[i];
        const angle = (-2 * Math.PI * ((column - 8) * (i % N) + (row - 8) * Math.floor(i / N))) / N;
        re += psiRe * Math.cos(angle) - psiIm * Math.sin(angle);
        im += psiRe * Math.sin(angle) + psiIm * Math.cos(angle);
      }
      expect(scan.diffraction.data[(7 * N + row) * N + column]).toBeCloseTo(Math.hypot(re, im) / N, 3);
    }
  });

  it("spends the photon budget as the mean over the scan", () => {
    const scan = simulateScan(smallScan({ kind: "none" }));
    const counts = scan.diffraction.data.reduce((sum, a) => sum + a * a, 0) / 20;
    expect(counts / 1e4).toBeCloseTo(1, 5);
    expect(scan.meanCounts / 1e4).toBeCloseTo(1, 6);
    expect(scan.domain).toBe("amplitude");
    expect(scan.patternsOverEdge).toBe(0);
  });

  it("draws whole counts with Poisson spread about the expectation, repeatably", () => {
    const expected = simulateScan(smallScan({ kind: "none" })).diffraction.data;
    const noisy = simulateScan(smallScan({ kind: "poisson", seed: 5 }));
    let chi = 0;
    let used = 0;
    noisy.diffraction.data.forEach((amplitude, i) => {
      const count = amplitude ** 2;
      expect(Math.abs(count - Math.round(count))).toBeLessThan(1e-3);
      const rate = expected[i] ** 2;
      if (rate < 5) return;
      chi += (count - rate) ** 2 / rate;
      used++;
    });
    expect(used).toBeGreaterThan(300);
    expect(Math.abs(chi / used - 1)).toBeLessThan(5 * Math.sqrt(2 / used));
    expect(simulateScan(smallScan({ kind: "poisson", seed: 5 })).diffraction).toEqual(noisy.diffraction);
    expect(simulateScan(smallScan({ kind: "poisson", seed: 6 })).diffraction).not.toEqual(noisy.diffraction);
  });

  it("adds incoherent modes as intensities", () => {
    const options = smallScan({ kind: "none" });
    const { probe } = options;
    const other = complex64(
      [N, N],
      probe.im.slice(),
      probe.re.map((v, i) => (i % 3) * v),
    );
    const both = complex64(
      [2, N, N],
      Float32Array.from([...probe.re, ...other.re]),
      Float32Array.from([...probe.im, ...other.im]),
    );
    const sum = simulateScan({ ...options, probe: both });
    const parts = [probe, other].map((mode) => simulateScan({ ...options, probe: mode }));
    for (let i = 0; i < 500; i++) {
      const [a, b] = parts.map((part) => (part.diffraction.data[i] / part.intensityScale) ** 2);
      expect((sum.diffraction.data[i] / sum.intensityScale) ** 2).toBeCloseTo(a + b, 4);
    }
  });

  it("refuses what it cannot simulate, and counts patterns over the edge", () => {
    const options = smallScan({ kind: "none" });
    expect(() => simulateScan({ ...options, photons: 0 })).toThrow(/photons/);
    expect(() => simulateScan({ ...options, yPx: options.yPx.slice(1) })).toThrow(/yPx/);
    expect(() => simulateScan({ ...options, probe: complex64([N, 8]) })).toThrow(/probe/);
    expect(() => simulateScan({ ...options, probe: complex64([N, N]) })).toThrow(/no light/);
    const xPx = options.xPx.slice();
    xPx[3] = 2;
    expect(simulateScan({ ...options, xPx }).patternsOverEdge).toBe(1);
  });
});

for (const name of ["sim_N64_g1_gauss", "sim_N64_g1_default", "sim_N128_g1_gauss"]) {
  const path = `${goldenFolder}/${name}.npz`;
  describe.skipIf(!existsSync(path))(`golden ${name} (${path})`, () => {
    it("patches, noise-free patterns and intensity scale", () => {
      const read = (array: string) => openNpz(path).read(array);
      const object = read("object") as ComplexArray;
      const [xPx, yPx] = ["xcoords", "ycoords"].map((array) => (read(array) as NdArray<"float64">).data);
      const probe = read("probe") as ComplexArray;
      const patches = read("patches") as ComplexArray;
      const n = probe.shape[0];
      const photons = name === "sim_N64_g1_gauss" ? 1e6 : name === "sim_N64_g1_default" ? 1e9 : 1e7;
      for (let k = 0; k < xPx.length; k++) {
        const patch = extractPatch(object, xPx[k], yPx[k], n);
        let worst = 0;
        for (let i = 0; i < n * n; i++)
          worst = Math.max(
            worst,
            Math.abs(patch.re[i] - patches.re[k * n * n + i]),
            Math.abs(patch.im[i] - patches.im[k * n * n + i]),
          );
        expect(worst).toBeLessThan(1e-5);
      }
      const scan = simulateScan({ object, probe, xPx, yPx, photons, noise: { kind: "none" } });
      const scale = (read("intensity_scale") as NdArray<"float64">).data[0];
      expect(scan.intensityScale / scale).toBeCloseTo(1, 5);
      const expected = (read("X_noise_free") as NdArray<"float32">).data;
      let worst = 0;
      let largest = 0;
      expected.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(scan.diffraction.data[i] / scan.intensityScale - value));
        largest = Math.max(largest, value);
      });
      expect(worst / largest).toBeLessThan(2e-5);
    });
  });
}
