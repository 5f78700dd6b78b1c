// Two reconstructions from halves of one scan: brought onto each other, then how far they agree inside the scanned
// area. Says what part of a picture is signal where no truth is known.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { amplitudeOf, fitPlane } from "./align.js";
import { type CoveredArea, type CoveredAreaOptions, coveredArea, type PlacedObject } from "./covered-area.js";
import { fourierRingCorrelation, type RingCorrelation } from "./fourier-ring-correlation.js";
import { correlation } from "./metrics.js";
import { commonPhases, phasorCorrelation } from "./phase-agreement.js";
import { type Registration, registerObjects, sampleOnto } from "./register-objects.js";
import { sampleObject } from "./sample-object.js";
import type { TaperOptions } from "./taper.js";
import { crop, type Window } from "./window.js";

export interface CompareHalvesOptions extends CoveredAreaOptions {
  /** Largest shift along each axis that is looked for. Default 8; 0 compares them as placed. */
  readonly searchPx?: number;
  /** Window and mean for the ring correlation; see fourierRingCorrelation. */
  readonly taper?: TaperOptions;
}

export interface HalvesComparison {
  /**
   * Pearson correlation of the phases over the covered area: common ramp removed, both phases cut at the one angle
   * where fewest pixels of either lie, then each less its own plane. Null where a phase is constant.
   */
  readonly phaseCorrelation: number | null;
  /**
   * The same of the phasors exp(i phase) about their means (real part), which do not jump at the cut: the number to
   * trust where `wrappedFraction` is not small. Equal to phaseCorrelation for weak phases.
   */
  readonly phasorCorrelation: number | null;
  /** Share of the covered pixels whose two phases lie on either side of the cut (differ by more than pi). */
  readonly wrappedFraction: number;
  /** Pearson correlation of the amplitudes over the covered area. Null where one is constant. */
  readonly amplitudeCorrelation: number | null;
  /** Complex objects in `area.rectangle`. */
  readonly rings: RingCorrelation;
  /** `rings.halfBitCrossing.periodPx`: null when the curve does not cross (see its verdict). */
  readonly halfBitPeriodPx: number | null;
  /** [x, y]: b at position + shift matches a at position; scan frame. */
  readonly shiftPx: readonly [number, number];
  /** Slope [x, y] of the phase of b over that of a, radians per pixel. */
  readonly rampRadPerPx: readonly [number, number];
  /** mean |a| / mean |b|: what b is multiplied by to match. */
  readonly amplitudeScale: number;
  readonly area: {
    /** Bounds of the covered area in the scan frame, and its pixels. */
    readonly window: Window;
    readonly pixels: number;
    /** Where the registration and the ring correlation are made. */
    readonly rectangle: Window;
  };
}

/**
 * Compares two reconstructions of one scan frame, such as those of interleaved halves of a scan. The area is what both
 * cover well (see coveredArea). b is moved onto a to 1/100 px by complex cross-correlation, its ramp and global phase
 * relative to a are removed, and the ramp of a is taken off both, so that no shared plane counts as agreement. Nothing
 * outside the coverage is read.
 *
 * @throws PtychoError DataError without a common area of 16x16 px or for covered values that are not finite,
 * ShapeError for a coverage of another shape than its object, UsageError for a negative search.
 */
export function compareHalves(
  a: PlacedObject,
  b: PlacedObject,
  options: CompareHalvesOptions = {},
): HalvesComparison {
  const searchPx = options.searchPx ?? 8;
  check(searchPx >= 0, "UsageError", () => `compareHalves: searchPx must be 0 or more, got ${searchPx}`);
  const area = coveredArea([a, b], options);
  const found = registerObjects(a, b, area.rectangle, searchPx);
  const { first, second, slopes } = matchInArea(a, b, area, found);

  const amplitudes = [first, second].map((image) => inMask(amplitudeOf(image), area.mask));
  const phases = commonPhases(first, second, area.mask);
  const [flatA, flatB] = phases.phases.map((image) => inMask(withoutPlane(image, area.mask), area.mask));
  const corner = [area.window.x, area.window.y] as const;
  const rings = fourierRingCorrelation(
    crop(first, area.rectangle, corner),
    crop(second, area.rectangle, corner),
    options.taper,
  );
  const fraction = (origin: readonly [number, number], axis: 0 | 1) =>
    origin[axis] - Math.round(origin[axis]);
  const shiftAlong = (axis: 0 | 1) =>
    found.shiftPx[axis] + fraction(b.originPx, axis) - fraction(a.originPx, axis);
  return {
    phaseCorrelation: correlation(flatA, flatB),
    phasorCorrelation: phasorCorrelation(flatA.data, flatB.data),
    wrappedFraction: phases.wrappedFraction,
    amplitudeCorrelation: correlation(amplitudes[0], amplitudes[1]),
    rings,
    halfBitPeriodPx: rings.halfBitCrossing.periodPx,
    shiftPx: [shiftAlong(0), shiftAlong(1)],
    rampRadPerPx: slopes,
    amplitudeScale: total(amplitudes[0]) / total(amplitudes[1]),
    area: { window: area.window, pixels: area.pixels, rectangle: area.rectangle },
  };
}

/** Both objects in the window of the area, ramps removed as fitted over the mask; slopes of b over a. */
function matchInArea(a: PlacedObject, b: PlacedObject, { window, mask }: CoveredArea, found: Registration) {
  const first = sampleObject(a, window, { shiftPx: [0, 0], ramp: found.rampA });
  const { image, rampB } = sampleOnto(first, b, { window, mask }, found);
  return {
    first,
    second: image,
    slopes: [rampB.gradientX - found.rampA.gradientX, rampB.gradientY - found.rampA.gradientY] as const,
  };
}

/** The covered pixels of an image, as one row. */
function inMask(image: NdArray<"float64">, mask: Uint8Array): NdArray<"float64"> {
  const data = image.data.filter((_, i) => mask[i] === 1);
  return { dtype: "float64", shape: [1, data.length], data };
}

/** `image` [H, W] less its least-squares plane over the mask. */
function withoutPlane(image: NdArray<"float64">, mask: Uint8Array): NdArray<"float64"> {
  const plane = fitPlane(image, mask);
  const width = image.shape[1];
  const data = image.data.map((value, i) => {
    const x = i % width;
    return value - plane.gradientX * x - (plane.gradientY * (i - x)) / width - plane.offset;
  });
  return { dtype: "float64", shape: image.shape, data };
}

function total(values: NdArray<"float64">): number {
  return values.data.reduce((sum, value) => sum + value, 0);
}
