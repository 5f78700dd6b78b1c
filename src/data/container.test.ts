import { describe, expect, it } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { epochBatches, gatherBatch, splitGroups } from "./batches.js";
import { makeAmplitudeContainer, makeCountsContainer } from "./container.js";
import { groupScan } from "./grouping.js";
import { patternSums, square } from "./normalise.js";
import { type Domain, expectDomain, type RawData } from "./raw-data.js";

const [n, N] = [20, 8];

function scan<D extends Domain>(domain: D): RawData<D> {
  const random = pcg64Random(4);
  const [xPx, yPx] = [random.uniform(0, 40, n), random.uniform(0, 40, n)];
  const data = Float32Array.from({ length: n * N * N }, () => random.poisson(3));
  return {
    diffraction: { domain, array: float32([n, N, N], data) },
    xPx,
    yPx,
    xStartPx: xPx,
    yStartPx: yPx,
    probe: complex64([1, N, N]),
    scanIndex: new Int32Array(n),
  };
}

const groupsOf = (raw: RawData) =>
  groupScan(raw.xPx, raw.yPx, { gridsize: 2, nGroups: 7, neighbourCount: 5 }, legacyRandom(1));

describe("containers", () => {
  it("bring the mean amplitude pattern to (N/2)^2, and by the physics scale to nphotons", () => {
    const raw = scan("amplitude");
    const { images, physicsScale } = makeAmplitudeContainer(raw, groupsOf(raw), 1e4);
    const energies = patternSums(images, square);
    const mean = energies.reduce((a, b) => a + b, 0) / energies.length;
    expect(mean).toBeCloseTo((N / 2) ** 2, 4);
    expect(mean * physicsScale ** 2).toBeCloseTo(1e4, 4);
  });

  it("keep counts as measured, with statistics that a test set may inherit", () => {
    const raw = scan("counts");
    const groups = groupsOf(raw);
    const counts = makeCountsContainer(raw, groups);
    expect(counts.images.data[0]).toBe(raw.diffraction.array.data[groups.nnIndices.data[0] * N * N]);
    const inherited = makeCountsContainer(raw, groups, { rmsInputScale: 2, meanMeasuredIntensity: 3 });
    expect([inherited.rmsInputScale, inherited.meanMeasuredIntensity]).toEqual([2, 3]);
  });

  it("do not take one domain for the other, at compile time or at run time", () => {
    const counts = scan("counts");
    // @ts-expect-error counts are not amplitudes
    expect(() => makeAmplitudeContainer(counts, groupsOf(counts), 1e4)).toThrow(
      "expected diffraction as amplitude, got counts",
    );
    const amplitude = scan("amplitude");
    // @ts-expect-error amplitudes are not counts
    expect(() => makeCountsContainer(amplitude, groupsOf(amplitude))).toThrow(
      "expected diffraction as counts",
    );
    const unknown: RawData = counts;
    expect(expectDomain("here", unknown, "counts").diffraction.domain).toBe("counts");
  });
});

describe("batches", () => {
  it("cover every group once, in an order that depends on seed and epoch alone", () => {
    const groups = Int32Array.from({ length: 23 }, (_, i) => i);
    const order = (seed: number, epoch: number) =>
      epochBatches(groups, 5, { seed, epoch }).flatMap((b) => [...b]);
    expect(order(1, 0)).toEqual(order(1, 0));
    expect(order(1, 0)).not.toEqual(order(1, 1));
    expect(order(1, 0)).not.toEqual(order(2, 0));
    expect(order(1, 0).sort((a, b) => a - b)).toEqual([...groups]);
    expect(epochBatches(groups, 5, undefined).map((b) => b.length)).toEqual([5, 5, 5, 5, 3]);
    expect(() => epochBatches(groups, 0, undefined)).toThrow("batch_size");
  });

  it("split groups without overlap and refuse an empty training part", () => {
    const { train, validation } = splitGroups(20, 0.25, 3);
    expect([train.length, validation.length]).toEqual([15, 5]);
    expect(new Set([...train, ...validation]).size).toBe(20);
    expect(splitGroups(20, 0, 3).validation.length).toBe(0);
    expect(() => splitGroups(1, 0.1, 0)).toThrow("leave none to train on");
  });

  it("gather the images and offsets of their groups", () => {
    const raw = scan("amplitude");
    const container = makeAmplitudeContainer(raw, groupsOf(raw), 1e4);
    const batch = gatherBatch(container, Int32Array.of(6, 2));
    expect(batch.images.shape).toEqual([2, 4, N, N]);
    expect(batch.images.data.subarray(4 * N * N)).toEqual(
      container.images.data.subarray(2 * 4 * N * N, 3 * 4 * N * N),
    );
    expect(batch.coordsRelative.data.subarray(0, 8)).toEqual(container.coordsRelative.data.subarray(48, 56));
    expect(() => gatherBatch(container, Int32Array.of(7))).toThrow("group 7");
  });
});
