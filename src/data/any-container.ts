// Containers of a scan wherever it lies. Of patterns on disk the figures are found pattern by pattern, number for number as
// in memory.
import { check } from "../core/errors.js";
import { float32 } from "../core/ndarray.js";
import {
  type AmplitudeContainer,
  type CountsContainer,
  expectGroupsOf,
  expectScale,
  makeAmplitudeContainer,
  makeCountsContainer,
  placedGroups,
} from "./container.js";
import { type CountStatistics, countStatisticsOf } from "./count-scale.js";
import type { FrameStack, StoredStack } from "./frame-stack.js";
import type { Groups } from "./grouping.js";
import { patternSums, photonScaleOf, rmsScaleOf, scaleToFloat32, square } from "./normalise.js";
import { scanSize } from "./raw-data.js";
import { type AnyRaw, isStoredScan, type StoredRaw } from "./stored-scan.js";

/** The container of the amplitude workflow. @throws PtychoError as `makeAmplitudeContainer`. */
export function amplitudeContainer(
  raw: AnyRaw<"amplitude">,
  groups: Groups,
  nphotons: number,
): AmplitudeContainer<FrameStack> {
  return isStoredScan(raw)
    ? storedAmplitudeContainer(raw, groups, nphotons)
    : makeAmplitudeContainer(raw, groups, nphotons);
}

/** The container of the count-intensity workflow. @throws PtychoError as `makeCountsContainer`. */
export function countsContainer(
  raw: AnyRaw<"counts">,
  groups: Groups,
  statistics?: CountStatistics,
): CountsContainer<FrameStack> {
  return isStoredScan(raw)
    ? storedCountsContainer(raw, groups, statistics)
    : makeCountsContainer(raw, groups, statistics);
}

/**
 * The patterns of the groups are read twice: for the scale of the amplitudes, and for that of the photons, which is found
 * from the scaled and rounded ones.
 */
function storedAmplitudeContainer(
  raw: StoredRaw<"amplitude">,
  groups: Groups,
  nphotons: number,
): AmplitudeContainer<StoredStack> {
  const { N } = scanSize(raw);
  const measured = raw.diffraction.array;
  const [energies] = figuresOf(measured, groups, (frame) => [sumOf(frame, square)]);
  const rmsScale = rmsScaleOf(energies, N);
  expectScale(rmsScale);
  const scaled = (values: Float32Array) => scaleToFloat32(float32([values.length], values), rmsScale).data;
  const [scaledEnergies] = figuresOf(measured, groups, (frame) => [sumOf(scaled(frame), square)]);
  const physicsScale = photonScaleOf(scaledEnergies, nphotons);
  const images = grouped(measured, groups, scaled);
  return {
    domain: "amplitude",
    ...{ images, rmsScale, physicsScale, nphotons },
    ...placedGroups(groups, raw.probe),
  };
}

function storedCountsContainer(
  raw: StoredRaw<"counts">,
  groups: Groups,
  statistics?: CountStatistics,
): CountsContainer<StoredStack> {
  const { N } = scanSize(raw);
  const measured = raw.diffraction.array;
  const found = (): CountStatistics => {
    const [energies, totals] = figuresOf(measured, groups, (frame) => [
      sumOf(frame, square),
      sumOf(frame, (value) => value),
    ]);
    return countStatisticsOf({ energies, totals }, N);
  };
  const { rmsInputScale, meanMeasuredIntensity } = statistics ?? found();
  const images = grouped(measured, groups, (values) => values);
  return {
    domain: "counts",
    images,
    rmsInputScale,
    meanMeasuredIntensity,
    ...placedGroups(groups, raw.probe),
  };
}

function grouped(
  stack: StoredStack,
  groups: Groups,
  scaled: (values: Float32Array) => Float32Array,
): StoredStack {
  const [n, N] = stack.shape;
  expectGroupsOf(n, groups);
  const { data, shape } = groups.nnIndices;
  const [G, C] = shape;
  return {
    dtype: "float32",
    shape: [G, C, N, N],
    gather: (chosen) => {
      const patterns = new Int32Array(chosen.length * C);
      chosen.forEach((group, g) => {
        check(group >= 0 && group < G, "ShapeError", () => `container: group ${group} is not in 0..${G - 1}`);
        patterns.set(data.subarray(group * C, (group + 1) * C), g * C);
      });
      return scaled(stack.gather(patterns));
    },
  };
}

/** Figures of every pattern of the groups, [G * C] each, in their order; each pattern is read once, in order of the scan. */
function figuresOf(
  stack: StoredStack,
  groups: Groups,
  figures: (frame: Float32Array) => readonly number[],
): Float64Array[] {
  const [n] = stack.shape;
  expectGroupsOf(n, groups);
  const indices = groups.nnIndices.data;
  const found = new Map<number, readonly number[]>();
  for (const pattern of Int32Array.from(new Set(indices)).sort())
    found.set(pattern, figures(stack.gather(Int32Array.of(pattern))));
  const [first] = found.values();
  return first.map((_, k) => Float64Array.from(indices, (pattern) => found.get(pattern)?.[k] ?? Number.NaN));
}

function sumOf(frame: Float32Array, f: (value: number) => number): number {
  return patternSums(float32([1, frame.length], frame), f)[0];
}
