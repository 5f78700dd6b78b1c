// Several reconstructions of one thing in one window: all registered to the first, then scored against each other.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32 } from "../core/ndarray.js";
import { amplitudeOf, removeGlobalPhase } from "./align.js";
import { type CoveredArea, type CoveredAreaOptions, coveredArea, type PlacedObject } from "./covered-area.js";
import { evaluateReconstruction, type ReconstructionMetrics } from "./evaluate-reconstruction.js";
import { centredWindow, type FoundPlace, movedBy } from "./place-objects.js";
import { sampleOnto } from "./register-objects.js";
import { sampleObject } from "./sample-object.js";
import { crop, type Window } from "./window.js";

export interface RegisteredObjects {
  /** Each object [window.height, window.width], the reference first, without ramps, on the mean amplitude of the first. */
  readonly objects: readonly ComplexArray[];
  /** What each was multiplied by for that. */
  readonly scales: readonly number[];
  /** What is seen, in the frame of the reference, whole pixels. */
  readonly window: Window;
  /** [window.height, window.width]: 1 where all cover. */
  readonly mask: Uint8Array;
  /** What is scored: the largest rectangle that all cover, or its middle. */
  readonly rectangle: Window;
}

export interface RegisterOptions {
  /** Largest side of what is seen and scored, about the middle of the common area; all of it when absent. */
  readonly cropPx?: number;
  /** Keep to the rectangle of these scan positions, pixels in the frame of the reference. */
  readonly positions?: NonNullable<CoveredAreaOptions["positions"]>;
}

/** Longest side that is compared: beyond it the transforms need gigabytes. */
const LARGEST_SIDE_PX = 2048;

/**
 * The objects at the places that `placeObject` found, sampled on the pixels of the reference, in what all of them cover.
 *
 * @throws PtychoError DataError without a common area of 16x16 px, UsageError for an area that is too large.
 */
export function registerAll(
  reference: PlacedObject,
  places: readonly FoundPlace[],
  { cropPx, positions }: RegisterOptions = {},
): RegisteredObjects {
  const moved = places.map(({ placed, registration }) => movedBy(placed, registration.shiftPx));
  const area = coveredArea([reference, ...moved], positions === undefined ? {} : { positions });
  const { window, mask, rectangle } = cropPx === undefined ? area : croppedArea(area, cropPx);
  check(
    window.width <= LARGEST_SIDE_PX && window.height <= LARGEST_SIDE_PX,
    "UsageError",
    () =>
      `compare: the common area is ${window.width} x ${window.height} px, up to ${LARGEST_SIDE_PX} px a side are ` +
      `compared; give --crop ${LARGEST_SIDE_PX} for its middle`,
  );
  const flat = { gradientX: 0, gradientY: 0, offset: 0 };
  const rampA = places.at(0)?.registration.rampA ?? flat;
  const first = removeGlobalPhase(sampleObject(reference, window, { shiftPx: [0, 0], ramp: rampA }));
  const level = meanAmplitude(first, mask);
  const found = places.map(({ placed, registration }) => {
    const { image } = sampleOnto(first, placed, { window, mask }, registration);
    const scale = level / meanAmplitude(image, mask);
    check(
      Number.isFinite(scale),
      "DataError",
      () => "compare: a reconstruction is 0 all over the common area; reconstruct it again",
    );
    return { image: scaled(image, scale), scale };
  });
  return {
    objects: [first, ...found.map(({ image }) => image)],
    scales: [1, ...found.map(({ scale }) => scale)],
    ...{ window, mask, rectangle },
  };
}

/** Object `index` scored against object `against`, both in the rectangle; see evaluateReconstruction. */
export function scorePair(
  { objects, window, rectangle }: RegisteredObjects,
  against: number,
  index: number,
  pixelSizeM: number | undefined,
): ReconstructionMetrics {
  const [truth, object] = [against, index].map((i) => crop(objects[i], rectangle, [window.x, window.y]));
  const { width, height } = rectangle;
  const coverage = float32([height, width]);
  coverage.data.fill(1);
  return evaluateReconstruction(
    { ...{ object, truth, coverage, originPx: [0, 0] }, xPx: [0, width - 1], yPx: [0, height - 1] },
    { registration: "none", ...(pixelSizeM === undefined ? {} : { pixelSizeM }) },
  );
}

function croppedArea({ rectangle }: CoveredArea, cropPx: number) {
  const window = centredWindow(rectangle, cropPx);
  return { window, rectangle: window, mask: new Uint8Array(window.width * window.height).fill(1) };
}

function meanAmplitude(image: ComplexArray, mask: Uint8Array): number {
  const { data } = amplitudeOf(image);
  let [sum, pixels] = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    sum += mask[i] * data[i];
    pixels += mask[i];
  }
  return sum / pixels;
}

function scaled({ shape, re, im }: ComplexArray, factor: number): ComplexArray {
  return complex64(
    shape,
    re.map((value) => value * factor),
    im.map((value) => value * factor),
  );
}
