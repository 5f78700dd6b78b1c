// Where one reconstruction lies on another that may be of another program, with its own frame: as the files say, and where
// that does not fit, as the pictures say.
import { isPtychoError } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { fitPhaseRamp, type Plane, removePhaseRamp } from "./align.js";
import { coveredArea, type PlacedObject } from "./covered-area.js";
import { type Registration, registerObjects, sampleOnto } from "./register-objects.js";
import { phaseCorrelationShift } from "./registration.js";
import { sampleObject } from "./sample-object.js";
import type { Window } from "./window.js";

export interface FoundPlace {
  /** The object with an origin in the frame of the reference, whole pixels. */
  readonly placed: PlacedObject;
  /** What is left after that. */
  readonly registration: Registration;
  /** [x, y]: the object at position + shift matches the reference at position, each in its own frame; pixels. */
  readonly shiftPx: readonly [number, number];
  /** Slope [x, y] of its phase over that of the reference, radians per pixel. */
  readonly rampRadPerPx: readonly [number, number];
  /** "files": the origins in the files hold, up to the search. "pictures": they do not, the images were matched. */
  readonly placedBy: "files" | "pictures";
  /** Real part of the complex correlation coefficient of both about their means, where both are covered. */
  readonly agreement: number;
  /** The best match lies at the end of the search. */
  readonly isAtEnd: boolean;
}

/** Pixels along an axis, in the middle of what both cover, that registration looks at. */
const REGISTERED_PX = 512;
/** Largest correction of a shift, pixels along an axis, once the window fits. */
const CORRECTION_PX = 2;
/** Agreement from which on the origins of the files are believed. */
const BELIEVED = 0.5;

/**
 * Places `other` on `reference`. First as their origins say, up to `searchPx` away; where these have no area in common, or
 * the two agree badly or at the end of the search, also by the peak of the cross-correlation of the pictures, wherever it
 * lies. What agrees better is taken.
 *
 * @throws PtychoError DataError when an object has no covered area of 16x16 px, or both have none in common.
 */
export function placeObject(reference: PlacedObject, other: PlacedObject, searchPx: number): FoundPlace {
  const byFiles = tryPlace(reference, other, other, searchPx);
  if (byFiles !== undefined && byFiles.agreement >= BELIEVED && !byFiles.isAtEnd) return byFiles;
  const moved = { ...other, originPx: originByPicture(reference, other) };
  const byPictures = tryPlace(reference, other, moved, searchPx);
  if (byPictures === undefined && byFiles === undefined) coveredArea([reference, other]); // says why
  if (byFiles === undefined) return byPictures as FoundPlace;
  return byPictures === undefined || byPictures.agreement <= byFiles.agreement ? byFiles : byPictures;
}

/** The part of a window about its middle with sides of at most `edgePx`. */
export function centredWindow({ x, y, width, height }: Window, edgePx: number): Window {
  const [w, h] = [Math.min(width, edgePx), Math.min(height, edgePx)];
  return {
    x: x + Math.floor((width - w) / 2),
    y: y + Math.floor((height - h) / 2),
    width: w,
    height: h,
  };
}

/** `other` registered from the origin of `start`; undefined where both share too little. */
function tryPlace(
  reference: PlacedObject,
  other: PlacedObject,
  start: PlacedObject,
  searchPx: number,
): FoundPlace | undefined {
  const rough = inCommon(reference, start);
  if (rough === undefined) return undefined;
  const found = registerObjects(reference, start, rough, searchPx);
  // Once more in what both cover after the move: before it a part of the window is known to one of them alone.
  const placed = movedBy(start, found.shiftPx);
  const window = inCommon(reference, placed);
  if (window === undefined) return undefined;
  const registration = registerObjects(reference, placed, window, Math.min(searchPx, CORRECTION_PX));
  const mask = new Uint8Array(window.width * window.height).fill(1);
  const first = sampleObject(reference, window, { shiftPx: [0, 0], ramp: registration.rampA });
  const { image, rampB } = sampleOnto(first, placed, { window, mask }, registration);
  const along = (axis: 0 | 1) =>
    registration.shiftPx[axis] -
    placed.originPx[axis] +
    other.originPx[axis] +
    Math.round(reference.originPx[axis]) -
    reference.originPx[axis];
  const { rampA } = registration;
  return {
    ...{ placed, registration },
    shiftPx: [along(0), along(1)],
    rampRadPerPx: [rampB.gradientX - rampA.gradientX, rampB.gradientY - rampA.gradientY],
    placedBy: start === other ? "files" : "pictures",
    agreement: agreementOf(first, image),
    isAtEnd: searchPx > 0 && found.shiftPx.some((shift) => Math.abs(shift) >= searchPx),
  };
}

/** The middle of what two objects cover; undefined where that is too little. */
function inCommon(a: PlacedObject, b: PlacedObject): Window | undefined {
  try {
    return centredWindow(coveredArea([a, b]).rectangle, REGISTERED_PX);
  } catch (error) {
    if (isPtychoError(error, "DataError")) return undefined;
    throw error;
  }
}

/** An object whose pixel at position + shift, whole pixels, belongs at position. */
export function movedBy(object: PlacedObject, shiftPx: readonly [number, number]): PlacedObject {
  const along = (axis: 0 | 1) => Math.round(object.originPx[axis]) - Math.round(shiftPx[axis]);
  return { ...object, originPx: [along(0), along(1)] };
}

/** Origin for `other` at which its picture matches that of `reference` best, whole pixels. */
function originByPicture(reference: PlacedObject, other: PlacedObject): readonly [number, number] {
  const [a, b] = [contrastOf(reference), contrastOf(other)];
  const height = a.image.shape[0] + b.image.shape[0];
  const width = a.image.shape[1] + b.image.shape[1];
  const [dx, dy] = phaseCorrelationShift(padded(a.image, height, width), padded(b.image, height, width), 1, {
    normalization: "none",
  });
  // The window of b belongs at that of a, moved by [dx, dy].
  return [
    Math.round(other.originPx[0]) + a.window.x + dx - b.window.x,
    Math.round(other.originPx[1]) + a.window.y + dy - b.window.y,
  ];
}

const FLAT: Plane = { gradientX: 0, gradientY: 0, offset: 0 };

/** The covered middle of an object less its ramp and its mean. */
function contrastOf(placed: PlacedObject): { readonly image: ComplexArray; readonly window: Window } {
  const window = centredWindow(coveredArea([placed]).rectangle, REGISTERED_PX);
  const raw = sampleObject(placed, window, { shiftPx: [0, 0], ramp: FLAT });
  const { shape, re, im } = removePhaseRamp(raw, fitPhaseRamp(raw));
  const about = (values: Float32Array, level: number) => values.map((value) => value - level);
  return { image: complex64(shape, about(re, meanOf(re)), about(im, meanOf(im))), window };
}

function padded({ shape: [height, width], re, im }: ComplexArray, H: number, W: number): ComplexArray {
  const wide = complex64([H, W]);
  for (let row = 0; row < height; row++) {
    wide.re.set(re.subarray(row * width, (row + 1) * width), row * W);
    wide.im.set(im.subarray(row * width, (row + 1) * width), row * W);
  }
  return wide;
}

/** 0 where one of them is constant. */
function agreementOf(a: ComplexArray, b: ComplexArray): number {
  const [aRe, aIm, bRe, bIm] = [a.re, a.im, b.re, b.im].map(meanOf);
  let [cross, powerA, powerB] = [0, 0, 0];
  for (let i = 0; i < a.re.length; i++) {
    const [ar, ai, br, bi] = [a.re[i] - aRe, a.im[i] - aIm, b.re[i] - bRe, b.im[i] - bIm];
    cross += ar * br + ai * bi;
    powerA += ar * ar + ai * ai;
    powerB += br * br + bi * bi;
  }
  const power = Math.sqrt(powerA * powerB);
  return power > 0 ? cross / power : 0;
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
