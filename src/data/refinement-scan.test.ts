import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32 } from "../core/ndarray.js";
import { makeDiskProbe } from "../simulation/probes.js";
import type { RawData } from "./raw-data.js";
import { prepareRefinement, refinedWindowPx, refinementBatch } from "./refinement-scan.js";

const N = 16;
const MODES = 2;
const wave = (seed: number) => (_: unknown, i: number) => Math.sin(seed + 1.3 * i + 0.01 * i * i);
const probe: ComplexArray = complex64(
  [MODES, N, N],
  Float32Array.from({ length: MODES * N * N }, wave(1)),
  Float32Array.from({ length: MODES * N * N }, wave(2)),
);

function scanAt(xPx: number[], yPx: number[], brightness = 3): RawData<"amplitude"> {
  const n = xPx.length;
  const [x, y] = [Float64Array.from(xPx), Float64Array.from(yPx)];
  const data = Float32Array.from({ length: n * N * N }, (_, i) => brightness * Math.abs(Math.sin(0.7 * i)));
  return {
    diffraction: { domain: "amplitude", array: float32([n, N, N], data) },
    xPx: x,
    yPx: y,
    xStartPx: x,
    yStartPx: y,
    probe,
    scanIndex: new Int32Array(n),
  };
}

/** Probes of a scan with one pattern per position, moved as the batch moves them: [n, P, N, N] flat. */
function movedProbes(xPx: number[], yPx: number[]) {
  const scan = prepareRefinement(scanAt(xPx, yPx));
  const batch = refinementBatch(
    scan,
    Int32Array.from(xPx, (_, i) => i),
  );
  const size = MODES * N * N;
  return {
    scan,
    of: (i: number) => ({
      re: batch.probe_re.data.subarray(i * size, (i + 1) * size),
      im: batch.probe_im.data.subarray(i * size, (i + 1) * size),
    }),
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 5);
}

const energyOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((total, value) => total + value * value, 0);

describe("prepareRefinement", () => {
  const scan = prepareRefinement(scanAt([10.2, -3.7, 5.5], [0, 2.49, -8.5]));

  it("brings patterns and probe to energy N^2, and keeps the factor back to the file", () => {
    expect(energyOf(scan.amplitude.data) / 3).toBeCloseTo(N * N, 2);
    expect(energyOf(scan.probe.re) + energyOf(scan.probe.im)).toBeCloseTo(N * N, 2);
    // A = |F(P O)| in both units, so the objects differ by the two factors.
    const patternFactor = scan.amplitude.data[5] / scanAt([0], [0]).diffraction.array.data[5];
    const probeFactor = scan.probe.re[5] / probe.re[5];
    expect(scan.objectScale).toBeCloseTo(probeFactor / patternFactor, 6);
    const light = Array.from({ length: N * N }, (_, i) =>
      [i, N * N + i].reduce((sum, j) => sum + scan.probe.re[j] ** 2 + scan.probe.im[j] ** 2, 0),
    );
    expect(scan.probePeak).toBeCloseTo(Math.max(...light), 6);
  });

  it("is the same scan at any brightness, but for the object's scale", () => {
    const bright = prepareRefinement(scanAt([10.2, -3.7, 5.5], [0, 2.49, -8.5], 300));
    expectClose(bright.amplitude.data, scan.amplitude.data);
    expect(bright.objectScale / scan.objectScale).toBeCloseTo(100, 3);
  });

  it("splits positions into whole pixels and at most half a pixel of rest", () => {
    const [x, y] = [
      [10.2, -3.7, 5.5],
      [0, 2.49, -8.5],
    ];
    for (let i = 0; i < 3; i++) {
      expect(scan.xWholePx[i] + scan.xRestPx[i]).toBeCloseTo(x[i], 12);
      expect(scan.yWholePx[i] + scan.yRestPx[i]).toBeCloseTo(y[i], 12);
      expect(Math.max(Math.abs(scan.xRestPx[i]), Math.abs(scan.yRestPx[i]))).toBeLessThanOrEqual(0.5);
    }
  });

  it("refuses patterns or a probe without light", () => {
    expect(() => prepareRefinement(scanAt([0], [0], 0))).toThrow(/patterns are zero everywhere/);
    const dark = { ...scanAt([0], [0]), probe: complex64([1, N, N]) };
    expect(() => prepareRefinement(dark)).toThrow(/probe is zero everywhere/);
  });
});

describe("refinementBatch", () => {
  it("gathers the patterns that were asked for, with the probe as it is at whole positions", () => {
    const scan = prepareRefinement(scanAt([3, 4, 5], [1, 1, 1]));
    const batch = refinementBatch(scan, Int32Array.of(2, 0));
    expect(batch.amplitude.shape).toEqual([2, 1, N, N]);
    expect(batch.probe_re.shape).toEqual([2, 1, MODES, N, N]);
    const frame = (i: number) => scan.amplitude.data.subarray(i * N * N, (i + 1) * N * N);
    expect(batch.amplitude.data.subarray(0, N * N)).toEqual(frame(2));
    expect(batch.amplitude.data.subarray(N * N)).toEqual(frame(0));
    expectClose(batch.probe_re.data.subarray(0, MODES * N * N), scan.probe.re);
    expectClose(batch.probe_im.data.subarray(MODES * N * N), scan.probe.im);
    expect(batch.probe_peak.data[0]).toBeCloseTo(scan.probePeak, 5);
  });

  it("moves the probe with the position: by the trigonometric interpolation, x along columns", () => {
    const [dx, dy] = [0.3, -0.4];
    const { scan, of } = movedProbes([7 + dx], [2 + dy]);
    const expected = direct(scan.probe, dx, dy);
    expectClose(of(0).re.subarray(0, N * N), expected.re);
    expectClose(of(0).im.subarray(0, N * N), expected.im);
  });

  it("two moves of half a pixel are a move by one", () => {
    const once = movedProbes([-7.5], [0]);
    expect(once.scan.xRestPx[0]).toBe(-0.5);
    const half = once.of(0);
    const again = prepareRefinement({
      ...scanAt([-7.5], [0]),
      probe: complex64([MODES, N, N], half.re.slice(), half.im.slice()),
    });
    const twice = refinementBatch(again, Int32Array.of(0));
    for (const [moved, part] of [
      [twice.probe_re.data, once.scan.probe.re],
      [twice.probe_im.data, once.scan.probe.im],
    ]) {
      // One pixel towards smaller x: pixel c holds what was at c + 1, periodically.
      const rolled = Array.from(part, (_, i) => part[i - (i % N) + (((i % N) + 1) % N)]);
      expectClose(moved, rolled);
    }
  });

  it("keeps the energy of the probe at any position", () => {
    const { of } = movedProbes([0.21, 0.5, -0.37], [-0.5, 0.13, 0.44]);
    for (let i = 0; i < 3; i++) expect(energyOf(of(i).re) + energyOf(of(i).im)).toBeCloseTo(N * N, 2);
  });
});

describe("refinedWindowPx", () => {
  it("is the smallest window in steps of 16 pixels with 99 % of the light", () => {
    const disk = makeDiskProbe({ sidePx: 64, radiusPx: 14, edgePx: 0.5 });
    expect(refinedWindowPx(complex64([1, 64, 64], disk.re, disk.im))).toBe(32);
    const wide = makeDiskProbe({ sidePx: 64, radiusPx: 20, edgePx: 0.5 });
    expect(refinedWindowPx(complex64([1, 64, 64], wide.re, wide.im))).toBe(48);
    const flat = new Float32Array(64 * 64).fill(1);
    expect(refinedWindowPx(complex64([1, 64, 64], flat))).toBe(64);
  });

  it("counts the light of all modes", () => {
    const narrow = makeDiskProbe({ sidePx: 64, radiusPx: 6, edgePx: 0.5 });
    const flat = new Float32Array(64 * 64).fill(1);
    const re = new Float32Array(2 * 64 * 64);
    re.set(narrow.re);
    expect(refinedWindowPx(complex64([2, 64, 64], re))).toBe(16);
    re.set(flat, 64 * 64);
    expect(refinedWindowPx(complex64([2, 64, 64], re))).toBe(64);
  });
});

/** The first mode moved by (dx, dy), sample by sample from the definition of its Fourier series. */
function direct({ re, im }: ComplexArray, dx: number, dy: number): { re: number[]; im: number[] } {
  const signed = (k: number): number => (k < N / 2 ? k : k - N);
  const moved = { re: new Array<number>(N * N).fill(0), im: new Array<number>(N * N).fill(0) };
  for (let k = 0; k < N; k++)
    for (let l = 0; l < N; l++) {
      let [sumRe, sumIm] = [0, 0];
      for (let i = 0; i < N * N; i++) {
        const angle = (-2 * Math.PI * (k * Math.floor(i / N) + l * (i % N))) / N;
        sumRe += re[i] * Math.cos(angle) - im[i] * Math.sin(angle);
        sumIm += re[i] * Math.sin(angle) + im[i] * Math.cos(angle);
      }
      for (let i = 0; i < N * N; i++) {
        const [y, x] = [Math.floor(i / N) - dy, (i % N) - dx];
        const angle = (2 * Math.PI * (signed(k) * y + signed(l) * x)) / N;
        moved.re[i] += (sumRe * Math.cos(angle) - sumIm * Math.sin(angle)) / (N * N);
        moved.im[i] += (sumRe * Math.sin(angle) + sumIm * Math.cos(angle)) / (N * N);
      }
    }
  return moved;
}
