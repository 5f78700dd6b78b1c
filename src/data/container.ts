// Grouped patterns ready for training or inference: what the network sees, where each pattern lies, and the scales.

import { check } from "../core/errors.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { countStatistics } from "./count-scale.js";
import type { FrameStack } from "./frame-stack.js";
import type { Groups } from "./grouping.js";
import { intensityScaleFromPhotons, rmsScaleContainer, scaleToFloat32 } from "./normalise.js";
import { type Domain, expectDomain, gatherFrames, type RawData, scanSize } from "./raw-data.js";

/** What a container holds beside its patterns. */
export interface ContainerCommon {
  readonly gridsize: number;
  /** [G, C, 1, 2] float32 minus (position - group centre), (x, y) in pixels. */
  readonly coordsRelative: NdArray<"float32">;
  /** [G, C, 1, 2] scan positions, (x, y) in pixels. */
  readonly coordsGlobal: NdArray<"float64">;
  /** [G, 1, 1, 2] group centres, (x, y) in pixels. */
  readonly globalOffsets: NdArray<"float64">;
  /** [G, C] patterns of each group, as indices into the scan. */
  readonly nnIndices: NdArray<"int32">;
  /** [P, N, N] probe modes as measured or guessed, not normalised. */
  readonly probe: ComplexArray;
  /** Object patches [G, C, N, N], only for supervised training. */
  readonly labels?: ComplexArray;
}

export interface AmplitudeContainer<Images extends FrameStack = NdArray<"float32">> extends ContainerCommon {
  readonly domain: "amplitude";
  /** [G, C, N, N] amplitudes times `rmsScale`: what the network sees and what the loss compares with. */
  readonly images: Images;
  /** sqrt((N/2)^2 / mean sum d^2) over the grouped patterns. */
  readonly rmsScale: number;
  /** Scale from `images` to sqrt(counts): sqrt(nphotons / mean sum images^2). */
  readonly physicsScale: number;
  readonly nphotons: number;
}

export interface CountsContainer<Images extends FrameStack = NdArray<"float32">> extends ContainerCommon {
  readonly domain: "counts";
  /** [G, C, N, N] measured counts; the network sees them times `rmsInputScale`. */
  readonly images: Images;
  /** sqrt((N/2)^2 / mean sum I^2) over the grouped patterns. */
  readonly rmsInputScale: number;
  readonly meanMeasuredIntensity: number;
}

/** A container in memory. */
export type Container = AmplitudeContainer | CountsContainer;

/** A container whose patterns are in memory or on disk. */
export type AnyContainer = AmplitudeContainer<FrameStack> | CountsContainer<FrameStack>;

/**
 * The container of the amplitude workflow.
 *
 * @param nphotons mean photons per pattern: from the file's metadata, or configured
 * @throws PtychoError DataError for counts, or patterns without energy.
 */
export function makeAmplitudeContainer(
  raw: RawData<"amplitude">,
  groups: Groups,
  nphotons: number,
): AmplitudeContainer {
  const measured = gather(expectDomain("amplitude container", raw, "amplitude"), groups);
  const rmsScale = rmsScaleContainer(measured);
  expectScale(rmsScale);
  const images = scaleToFloat32(measured, rmsScale);
  const physicsScale = intensityScaleFromPhotons(images, nphotons);
  return { domain: "amplitude", images, rmsScale, physicsScale, nphotons, ...placed(raw, groups) };
}

/**
 * The container of the count-intensity workflow. For a validation or test set hand in the statistics of training.
 *
 * @throws PtychoError DataError for amplitudes, or counts without energy.
 */
export function makeCountsContainer(
  raw: RawData<"counts">,
  groups: Groups,
  statistics?: Pick<CountsContainer, "rmsInputScale" | "meanMeasuredIntensity">,
): CountsContainer {
  const images = gather(expectDomain("counts container", raw, "counts"), groups);
  const { rmsInputScale, meanMeasuredIntensity } = statistics ?? countStatistics(images, scanSize(raw).N);
  return { domain: "counts", images, rmsInputScale, meanMeasuredIntensity, ...placed(raw, groups) };
}

/** Patterns of each group, [G, C, N, N]. */
function gather(raw: RawData<Domain>, groups: Groups): NdArray<"float32"> {
  const { n, N } = scanSize(raw);
  expectGroupsOf(n, groups);
  const [G, C] = groups.nnIndices.shape;
  return float32([G, C, N, N], gatherFrames(raw.diffraction.array.data, groups.nnIndices.data, N * N));
}

/** @throws PtychoError DataError for the scale of patterns without energy. */
export function expectScale(rmsScale: number): void {
  check(
    Number.isFinite(rmsScale) && rmsScale > 0,
    "DataError",
    () => `amplitude container: the grouped patterns have no energy, the scale would be ${rmsScale}`,
  );
}

/** @throws PtychoError ShapeError for groups of another scan than one of `n` patterns. */
export function expectGroupsOf(n: number, groups: Groups): void {
  for (const index of groups.nnIndices.data) {
    check(
      index >= 0 && index < n,
      "ShapeError",
      () => `container: groups refer to pattern ${index} of a scan of ${n}; group this scan anew`,
    );
  }
}

/** @returns where the patterns of the groups lie, and the probe. */
export function placedGroups(groups: Groups, probe: ComplexArray): ContainerCommon {
  return {
    gridsize: groups.gridsize,
    coordsRelative: float32(groups.offsetsPx.shape, Float32Array.from(groups.offsetsPx.data)),
    coordsGlobal: groups.positionsPx,
    globalOffsets: groups.centresPx,
    nnIndices: groups.nnIndices,
    probe,
  };
}

function placed(raw: RawData<Domain>, groups: Groups): ContainerCommon {
  const { N } = scanSize(raw);
  const [G, C] = groups.nnIndices.shape;
  const patches = raw.truth?.patches;
  return {
    ...placedGroups(groups, raw.probe),
    ...(patches !== undefined && {
      labels: {
        dtype: "complex64" as const,
        shape: [G, C, N, N],
        re: gatherFrames(patches.re, groups.nnIndices.data, N * N),
        im: gatherFrames(patches.im, groups.nnIndices.data, N * N),
      },
    }),
  };
}
