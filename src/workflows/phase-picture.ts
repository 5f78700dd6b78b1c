// The picture of a phase: cyclic colours from -pi to pi where it wraps, else a scale of its own range.
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { removeGlobalPhase } from "../evaluation/align.js";
import { drawPicture, type Picture } from "../inference/picture.js";
import { percentileRange } from "../inference/picture-scale.js";

/** Widest range of phases, radians, that is drawn on a scale of its own. */
const NO_WRAP = Math.PI;

/** The phase of `object` [H, W] about its mean, which is free in ptychography; drawn where `seen` [H, W] is not 0. */
export function phasePicture(object: ComplexArray, seen: NdArray<"float32">): Picture {
  const isSeen = (i: number): boolean => seen.data[i] > 0;
  const masked = (part: Float32Array): Float32Array => part.map((value, i) => (isSeen(i) ? value : 0));
  const { re, im } = removeGlobalPhase({ ...object, re: masked(object.re), im: masked(object.im) });
  const phase = float32(
    object.shape,
    re.map((real, i) => Math.atan2(im[i], real)),
  );
  const title = "reconstructed phase";
  const [low, high] = percentileRange(phase.data, isSeen);
  return high - low < NO_WRAP
    ? drawPicture(phase, { title, map: "viridis", unit: "rad", coverage: seen })
    : drawPicture(phase, { title, map: "phase", coverage: seen });
}
