// The picture of a phase: cyclic colours from -pi to pi where it wraps, else a scale of its own range.
import { PtychoError } from "../core/errors.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { removeGlobalPhase } from "../evaluation/align.js";
import { drawPicture, type Picture } from "../inference/picture.js";
import { percentileRange } from "../inference/picture-scale.js";

/** Widest range of phases, radians, that is drawn on a scale of its own. */
const NO_WRAP = Math.PI;

/** Phases at the ends of the colours, radians about the mean; null: as the object has them. */
export interface PhaseRange {
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * The phase of `object` [H, W] about its mean, which is free in ptychography; drawn where `seen` [H, W] is not 0.
 *
 * @throws PtychoError UsageError when one end of `asked` lies beyond what the object has at the other.
 */
export function phasePicture(
  object: ComplexArray,
  seen: NdArray<"float32">,
  asked: PhaseRange = { low: null, high: null },
  pixelSizeM?: number,
): Picture {
  const scale = pixelSizeM === undefined ? {} : { pixelSizeM };
  const isSeen = (i: number): boolean => seen.data[i] > 0;
  const masked = (part: Float32Array): Float32Array => part.map((value, i) => (isSeen(i) ? value : 0));
  const { re, im } = removeGlobalPhase({ ...object, re: masked(object.re), im: masked(object.im) });
  const phase = float32(
    object.shape,
    re.map((real, i) => Math.atan2(im[i], real)),
  );
  const title = "reconstructed phase";
  const own = percentileRange(phase.data, isSeen);
  const [low, high] = [asked.low ?? own[0], asked.high ?? own[1]];
  if (asked.low !== null || asked.high !== null) {
    if (low >= high)
      throw new PtychoError(
        "UsageError",
        `phase picture: the phases lie in [${own.map((end) => end.toPrecision(3)).join(", ")}] rad about their mean, which leaves no range from ` +
          `${low.toPrecision(3)} to ${high.toPrecision(3)}; give both --phase_vmin and --phase_vmax`,
      );
    return drawPicture(phase, {
      title,
      map: "viridis",
      unit: "rad",
      coverage: seen,
      range: [low, high],
      ...scale,
    });
  }
  return high - low < NO_WRAP
    ? drawPicture(phase, { title, map: "viridis", unit: "rad", coverage: seen, ...scale })
    : drawPicture(phase, { title, map: "phase", coverage: seen, ...scale });
}
