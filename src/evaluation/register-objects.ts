// Two stitched canvases brought onto each other: a shift to a fraction of a pixel, and the phase ramp of either.
import type { ComplexArray } from "../core/ndarray.js";
import { fitPhaseRamp, type Plane, removePhaseRamp } from "./align.js";
import type { CoveredArea, PlacedObject } from "./covered-area.js";
import { phaseCorrelationShift } from "./registration.js";
import { sampleObject } from "./sample-object.js";
import { taperImage } from "./taper.js";
import type { Window } from "./window.js";

export interface Registration {
  /** b at pixel + shift, whole pixels of both canvases as placed by their rounded origins. */
  readonly shiftPx: readonly [number, number];
  /** Phase of a, and of b, that is taken off; counted from the corner of the rectangle. */
  readonly rampA: Plane;
  readonly rampB: Plane;
}

const FLAT: Plane = { gradientX: 0, gradientY: 0, offset: 0 };
const UPSAMPLE = 100;
const ROUNDS = 4;

/**
 * Where b lies on a, seen in `rectangle` (scan frame), which both must cover: the shift to 1/100 px, up to `searchPx` along
 * each axis (0: as placed), by complex cross-correlation, and the phase ramps. Ramp and shift are found by turns: the one
 * can only be seen well when the other is gone.
 *
 * @throws PtychoError DataError for covered values that are not finite.
 */
export function registerObjects(
  a: PlacedObject,
  b: PlacedObject,
  rectangle: Window,
  searchPx: number,
): Registration {
  const raw = sampleObject(a, rectangle, { shiftPx: [0, 0], ramp: FLAT });
  const rampA = fitPhaseRamp(raw);
  const first = removePhaseRamp(raw, rampA);
  const tapered = taperImage(first, { window: "hann" });
  let shiftPx: readonly [number, number] = [0, 0];
  let rampB = FLAT;
  for (let round = 0; round < ROUNDS; round++) {
    const rest = sampleObject(b, rectangle, { shiftPx, ramp: rampB });
    const extra = fitPhaseRamp(rest, first);
    rampB = addPlanes(rampB, extra);
    if (searchPx === 0 || round === ROUNDS - 1) break;
    const [dx, dy] = phaseCorrelationShift(
      tapered,
      taperImage(removePhaseRamp(rest, extra), { window: "hann" }),
      UPSAMPLE,
      { normalization: "none", searchPx },
    );
    shiftPx = [within(shiftPx[0] - dx, searchPx), within(shiftPx[1] - dy, searchPx)];
  }
  return { shiftPx, rampA, rampB };
}

/**
 * b in the window of an area, as it lies on `first` [h, w] there, with the ramp that the mask says; its corner may be
 * another than that of the registration, which leaves a global phase that this fit removes.
 */
export function sampleOnto(
  first: ComplexArray,
  b: PlacedObject,
  { window, mask }: Pick<CoveredArea, "window" | "mask">,
  found: Registration,
): { readonly image: ComplexArray; readonly rampB: Plane } {
  const rough = sampleObject(b, window, { shiftPx: found.shiftPx, ramp: found.rampB });
  const extra = fitPhaseRamp(masked(rough, mask), masked(first, mask));
  return { image: removePhaseRamp(rough, extra), rampB: addPlanes(found.rampB, extra) };
}

function addPlanes(a: Plane, b: Plane): Plane {
  return {
    gradientX: a.gradientX + b.gradientX,
    gradientY: a.gradientY + b.gradientY,
    offset: a.offset + b.offset,
  };
}

function within(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function masked(image: ComplexArray, mask: Uint8Array): ComplexArray {
  return { ...image, re: image.re.map((v, i) => v * mask[i]), im: image.im.map((v, i) => v * mask[i]) };
}
