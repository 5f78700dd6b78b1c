import { describe, expect, it } from "vitest";
import { bool, float32, type NdArray } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { simulateScan } from "../simulation/acquire.js";
import { withBadPixels } from "../simulation/faults.js";
import { makeDeadLeavesObject } from "../simulation/objects.js";
import { makeDiskProbe } from "../simulation/probes.js";
import { makeRasterScan } from "../simulation/scans.js";
import { detectBadPixels } from "./bad-pixels.js";
import { detectorCeiling } from "./detector-ceiling.js";

const N = 32;
const n = 64;

function scan(photons: number, radiusPx = 7): NdArray<"float32"> {
  return simulateScan({
    object: makeDeadLeavesObject({ sidePx: 72, seed: 1, radiusPx: [2, 8] }),
    probe: makeDiskProbe({ sidePx: N, radiusPx, edgePx: 0.6 }),
    ...makeRasterScan({ columns: 8, rows: 8, stepPx: 4.3, centrePx: [36, 36], jitterPx: 1, seed: 2 }),
    photons,
    noise: { kind: "poisson", seed: 3 },
  }).diffraction;
}

/** The patterns with one pixel, [row, column], of every pattern changed. */
function planted(
  from: NdArray<"float32">,
  pixel: readonly [number, number],
  value: (pattern: number, was: number) => number,
): NdArray<"float32"> {
  const data = from.data.slice();
  for (let j = 0; j < from.shape[0]; j++) {
    const i = (j * N + pixel[0]) * N + pixel[1];
    data[i] = value(j, data[i]);
  }
  return float32(from.shape, data);
}

const found = (mask: NdArray<"bool">) => [...mask.data].flatMap((value, i) => (value === 1 ? [i] : []));

describe("detectBadPixels", () => {
  // A wide probe gives sharp patterns, few photons leave most pixels dark.
  it.each([
    [1e6, 7],
    [1e4, 7],
    [200, 7],
    [20, 7],
    [1e6, 4],
    [1e6, 10],
    [1e8, 13],
    [1e8, 15],
    [1e4, 14],
  ])("finds nothing in good patterns: %f photons, probe radius %f", (photons, radiusPx) => {
    const { mask, counts, sentences } = detectBadPixels(scan(photons, radiusPx));
    expect(found(mask)).toEqual([]);
    expect(counts).toEqual({ known: 0, dead: 0, stuck: 0, hot: 0, saturatedValues: 0 });
    expect(sentences).toEqual([]);
  });

  it("takes at most one pixel in 500 where a probe fills the window, so that spikes are one pixel wide", () => {
    expect(found(detectBadPixels(scan(1e6, 12)).mask).length).toBeLessThanOrEqual(2);
  });

  it("finds dead pixels, single and two by two, in the light; not the dark corner of a bright field", () => {
    let patterns = scan(1e5);
    const dead = [
      [13, 15],
      [18, 18],
      [18, 19],
      [19, 18],
      [19, 19],
    ] as const;
    for (const pixel of dead) patterns = planted(patterns, pixel, () => 0);
    const { data } = patterns;
    for (let i = 0; i < data.length; i++) {
      const [row, column] = [Math.floor(i / N) % N, i % N];
      if (Math.hypot(row - 16, column - 16) > 9) data[i] = 0;
    }
    const { mask, counts, sentences } = detectBadPixels(patterns);
    expect(found(mask)).toEqual(dead.map(([row, column]) => row * N + column));
    expect(counts.dead).toBe(5);
    expect(sentences[0]).toContain("5 dead pixels");
    expect(sentences[0]).toContain("(13, 15)");
  });

  it("finds hot pixels, also two side by side and one at the border, and stuck ones", () => {
    const random = pcg64Random(8);
    const hot = [
      [3, 4],
      [3, 5],
      [0, 20],
      [20, 27],
    ] as const;
    let patterns = scan(1e4);
    for (const pixel of hot) patterns = planted(patterns, pixel, () => Math.sqrt(random.poisson(300)));
    patterns = planted(patterns, [25, 10], () => 2);
    const { mask, counts } = detectBadPixels(patterns);
    expect(found(mask)).toEqual([...hot, [25, 10]].map(([r, c]) => r * N + c).sort((a, b) => a - b));
    expect(counts).toMatchObject({ hot: 4, stuck: 1, dead: 0 });
  });

  it("never takes the direct beam for a hot pixel, even focused on one pixel", () => {
    // Plane wave through a nearly empty window: all light in one pixel and 1/30 of it beside.
    const patterns = float32([n, N, N]);
    const random = pcg64Random(4);
    for (let j = 0; j < n; j++)
      for (let i = 0; i < N * N; i++) {
        const distance = Math.hypot(Math.floor(i / N) - 16, (i % N) - 16);
        const rate = distance === 0 ? 30_000 : distance < 1.1 ? 1000 : 5;
        patterns.data[j * N * N + i] = Math.sqrt(random.poisson(rate));
      }
    expect(detectBadPixels(patterns).counts).toMatchObject({ hot: 0, dead: 0, saturatedValues: 0 });
  });

  it("masks every value at the ceiling of the detector, in its pattern alone", () => {
    const free = scan(1e6);
    const ceiling = Math.sqrt(20_000);
    const patterns = float32(
      free.shape,
      free.data.map((value) => Math.min(value, ceiling)),
    );
    const cut = [...free.data].flatMap((value, i) => (value >= ceiling ? [i] : []));
    expect(cut.length).toBeGreaterThan(40);
    const { mask, counts, sentences } = detectBadPixels(patterns);
    expect(mask.shape).toEqual([n, N, N]);
    expect(found(mask)).toEqual(cut);
    // A pixel that is cut off in every pattern counts as stuck.
    expect(counts.stuck).toBeGreaterThan(0);
    expect(counts.saturatedValues + counts.stuck * n).toBe(cut.length);
    expect(sentences[1]).toContain("ceiling of the detector");
  });

  it("looks past known pixels and keeps them in the mask", () => {
    const known = bool([N, N]);
    known.data[100] = 1;
    const patterns = planted(scan(1e4), [3, 7], () => 1e4);
    const { mask, counts } = detectBadPixels(patterns, known);
    expect(found(mask)).toEqual([100, 3 * N + 7]);
    expect([counts.known, counts.stuck]).toEqual([1, 1]);
  });

  it("finds most of a simulated detector's faults, and few others", () => {
    const { diffraction, badPixels } = withBadPixels(scan(1e6), 0.02, 5);
    const { mask } = detectBadPixels(diffraction);
    const truly = found(badPixels).length;
    const hits = found(mask).filter((i) => badPixels.data[i] === 1).length;
    expect(hits / truly).toBeGreaterThan(0.9);
    expect(found(mask).length - hits).toBe(0);
  });

  it("says so where patterns are too few", () => {
    const few = scan(1e4);
    const { mask, sentences } = detectBadPixels(float32([10, N, N], few.data.slice(0, 10 * N * N)));
    expect(found(mask)).toEqual([]);
    expect(sentences[0]).toContain("too few");
  });
});

describe("detectorCeiling", () => {
  const none = bool([1, 1]);
  it("is not the largest of few counts, nor a maximum that is shared by chance", () => {
    const random = pcg64Random(1);
    for (const rate of [0.02, 0.3, 1, 4, 100]) {
      const counts = Float32Array.from({ length: 200_000 }, () => random.poisson(rate));
      expect(detectorCeiling(counts, none), `rate ${rate}`).toBeUndefined();
    }
    expect(detectorCeiling(new Float32Array(50).fill(3), none)).toBeUndefined();
  });

  it("is found where counts of a wide range are cut off", () => {
    const random = pcg64Random(2);
    const counts = Float32Array.from({ length: 50_000 }, () => random.poisson(255 * 1.1 * random.random()));
    const cut = counts.map((value) => Math.min(value, 255));
    expect(detectorCeiling(counts, none)).toBeUndefined();
    expect(detectorCeiling(cut, none)?.level).toBe(255);
    expect(detectorCeiling(cut, none)?.values).toBe(counts.filter((value) => value >= 255).length);
  });
});
