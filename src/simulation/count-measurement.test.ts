import { describe, expect, it } from "vitest";
import { complex64, float64 } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { measureCounts, roundToCounts } from "./count-measurement.js";
import { detectorIntensity } from "./detector-intensity.js";

const N = 8;
const patches = complex64(
  [3, N, N],
  Float32Array.from({ length: 3 * N * N }, (_, i) => 1 + 0.3 * Math.sin(i)),
  Float32Array.from({ length: 3 * N * N }, (_, i) => 0.2 * Math.cos(2 * i)),
);
const probe = complex64(
  [N, N],
  Float32Array.from({ length: N * N }, (_, i) => Math.exp(-(((i % N) - 3.5) ** 2) / 6)),
);

describe("detectorIntensity", () => {
  it("is the O(n^4) transform of the exit wave, zero frequency in the middle", () => {
    const found = detectorIntensity(patches, probe);
    for (const [row, column] of [
      [4, 4],
      [0, 0],
      [6, 1],
    ]) {
      let [re, im] = [0, 0];
      for (let i = 0; i < N * N; i++) {
        const angle = (-2 * Math.PI * ((row - 4) * Math.floor(i / N) + (column - 4) * (i % N))) / N;
        const [a, b] = [probe.re[i] * patches.re[i], probe.re[i] * patches.im[i]];
        re += a * Math.cos(angle) - b * Math.sin(angle);
        im += a * Math.sin(angle) + b * Math.cos(angle);
      }
      expect(found.data[row * N + column]).toBeCloseTo((re * re + im * im) / (N * N), 6);
    }
    expect(() => detectorIntensity(patches, complex64([N, N + 1]))).toThrow(/probe/);
  });
});

describe("measureCounts", () => {
  it("has the mean asked for, and a probe that gives it", () => {
    const measured = measureCounts(patches, probe, 40, pcg64Random(1));
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(mean(measured.expected.data)).toBeCloseTo(40, 4);
    expect(mean(measured.counts.data)).toBeCloseTo(40, 0);
    expect(mean(detectorIntensity(patches, measured.probe).data)).toBeCloseTo(40, 4);
    expect(measured.doseAmplitude ** 2).toBeCloseTo(measured.doseIntensity, 6);
    expect(() => measureCounts(patches, probe, 0, pcg64Random(1))).toThrow(/positive/);
    expect(() => measureCounts(patches, complex64([N, N]), 1, pcg64Random(1))).toThrow(/no light/);
    expect(() => measureCounts(patches, probe, 1e6, pcg64Random(1))).toThrow(/65535/);
  });
});

describe("roundToCounts", () => {
  it("rounds halves to even at the mean asked for", () => {
    // Intensities 1, 9, 25, 0 with mean 35/4; at half of it they are 0.5, 4.5, 12.5, 0.
    const amplitude = float64([1, 2, 2], [1, 3, 5, 0]);
    expect([...roundToCounts(amplitude, 35 / 8).data]).toEqual([0, 4, 12, 0]);
    expect(() => roundToCounts(float64([1, 1, 2]), 1)).toThrow(/zero/);
  });
});
