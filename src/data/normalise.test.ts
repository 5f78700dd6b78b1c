import { expect, it } from "vitest";
import { complex64, float32, type NdArray } from "../core/ndarray.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { amplitudeToCounts, countStatistics, normaliseCountLoss } from "./count-scale.js";
import {
  intensityScaleFromPhotons,
  physicsScaleTorch,
  rmsScaleContainer,
  rmsScaleTorch,
} from "./normalise.js";
import { hardProbeMask, normaliseProbe, softProbeMask } from "./probe-normalisation.js";
import { changeCoordinates, subsampleIndices } from "./subsample.js";

// Two patterns of 2 x 2 in one group: energies 4 and 16, totals 4 and 8.
const patterns = float32([1, 2, 2, 2], [1, 1, 1, 1, 2, 2, 2, 2]);

it("gives each named scale its own constant", () => {
  expect(rmsScaleContainer(patterns)).toBeCloseTo(Math.sqrt(1 / 10), 12);
  expect(rmsScaleTorch(patterns, 2, "Parseval", "Batch").data[0]).toBeCloseTo(Math.sqrt(4 / 10), 6);
  expect([...rmsScaleTorch(patterns, 2, "Parseval", "Each").data]).toEqual([1, 0.5]);
  expect(physicsScaleTorch(patterns, "Parseval", "Group").data[0]).toBeCloseTo(1 / 6, 6);
  expect(physicsScaleTorch(patterns, "Max", "Batch").data[0]).toBeCloseTo(1 / 8, 6);
  expect(intensityScaleFromPhotons(patterns, 1000)).toBeCloseTo(10, 12);
  expect(countStatistics(patterns, 2).rmsInputScale).toBeCloseTo(Math.sqrt(1 / 10), 12);
  expect(countStatistics(patterns, 2).meanMeasuredIntensity).toBe(1.5);
});

it("does not overflow uint16 squares", () => {
  const counts: NdArray = { dtype: "uint16", shape: [1, 1, 2, 2], data: new Uint16Array(4).fill(60000) };
  expect(rmsScaleContainer(counts)).toBeCloseTo(1 / 120000, 12);
});

it("refuses what has no meaning", () => {
  expect(() => rmsScaleTorch(patterns, 2, "Parseval", "None")).toThrow("no meaning");
  expect(() => rmsScaleTorch(float32([1, 1, 2, 2]), 2, "Max", "Batch")).toThrow("strictly positive");
  expect(() => intensityScaleFromPhotons(patterns, 0)).toThrow("nphotons must be positive");
  expect(() => countStatistics(float32([1, 1, 2, 2], [1, 1, 1, -1]), 2)).toThrow("nonnegative");
});

it("divides the probe by scale times mean modulus under the mask, without applying the mask", () => {
  const probe = complex64([2, 2], Float32Array.of(3, 3, 3, 3), Float32Array.of(4, 4, 4, 4));
  expect(normaliseProbe(probe, 2, undefined).factor).toBeCloseTo(0.1, 12);
  const half = normaliseProbe(probe, 2, float32([2, 2], [1, 1, 0, 0]));
  expect(half.factor).toBeCloseTo(0.2, 12);
  expect(half.probe.re[3]).toBeCloseTo(0.6, 6);
  const soft = softProbeMask(16);
  expect(Math.max(...soft.data)).toBe(1);
  expect(soft.data.slice(8 * 16, 9 * 16)).toEqual(soft.data.slice(7 * 16, 8 * 16)); // symmetric about the centre
  expect(softProbeMask(16, 0).data).toEqual(hardProbeMask(16).data);
});

it("converts amplitude and probe to counts together, and divides losses by the mean counts", () => {
  const physical = amplitudeToCounts(patterns, complex64([1, 1], Float32Array.of(1)), 3);
  expect([physical.counts.data[0], physical.counts.data[7], physical.probe.re[0]]).toEqual([9, 36, 3]);
  expect([...normaliseCountLoss(float32([2], [6, 8]), float32([2, 1], [2, 4])).data]).toEqual([3, 2]);
});

it("subsamples sorted and without repetition, drawing nothing when all are taken", () => {
  const random = legacyRandom(1);
  const untouched = legacyRandom(1);
  expect(subsampleIndices(4, 9, random)).toEqual(Int32Array.of(0, 1, 2, 3));
  expect(random.nextUint32()).toBe(untouched.nextUint32());
  const picked = subsampleIndices(50, 20, random);
  expect(new Set(picked).size).toBe(20);
  expect([...picked]).toEqual([...picked].sort((a, b) => a - b));
  const [x, y] = changeCoordinates(Float64Array.of(1), Float64Array.of(2), {
    flipY: true,
    swapXy: true,
    scale: 2,
  });
  expect([x[0], y[0]]).toEqual([-4, 2]);
});
