// How well the patterns agree with the positions in several orientations, each judged by a short reconstruction.
import type { Orientation } from "../orient-positions.js";

export interface OrientationScore {
  /** "as it is", or the changes in words. */
  readonly name: string;
  readonly orientation: Orientation;
  /** R of patterns that the reconstruction has not seen: sqrt(sum (sqrt(model) - A)^2 / sum A^2). */
  readonly residual: number;
  /**
   * R with the positions dealt out at random, at the same scale where that is smaller: what no agreement at all gives. A
   * smaller canvas has less to find out, so that its R is lower even then.
   */
  readonly shuffled: number;
}

export interface OrientationSweep {
  /** The file's own orientation first. */
  readonly scores: readonly OrientationScore[];
  /** How far several random orders of the positions lie apart in R, over their mean. */
  readonly spread: number;
  readonly patterns: number;
  readonly epochs: number;
  /** Where the probe comes from. */
  readonly probe: string;
}

/**
 * What another orientation must have before the file's own one is doubted: a part of the way from no agreement to its
 * own, or an R smaller by a factor. More for scales and turns than for swaps and mirrors, between which nothing lies.
 */
const DOUBT = { axes: { share: 0.2, ratio: 1.15 }, finer: { share: 0.4, ratio: 1.5 } } as const;
/** R must lie this part below that of shuffled positions, and as many times their spread, else nothing can be said. */
const AGREEMENT = { part: 0.02, spreads: 2 } as const;

/** R over that of no agreement. */
const relative = ({ residual, shuffled }: OrientationScore): number => residual / shuffled;

/** The orientation that explains the patterns best, against no agreement. */
export function bestOrientation(scores: readonly OrientationScore[]): OrientationScore {
  return scores.reduce((best, score) => (relative(score) < relative(best) ? score : best));
}

/** Whether any orientation explains the patterns better than shuffled positions do. */
export function agrees({ scores, spread }: OrientationSweep): boolean {
  const least = Math.max(AGREEMENT.part, AGREEMENT.spreads * spread);
  return relative(bestOrientation(scores)) <= 1 - least;
}

/**
 * The orientation that explains the patterns clearly better than the file's own; undefined where that one stands, or
 * where nothing agrees. Swaps and mirrors count before scales and turns.
 *
 * @param sweep the file's own orientation first
 */
export function betterOrientation(sweep: OrientationSweep): OrientationScore | undefined {
  if (!agrees(sweep)) return undefined;
  const { scores } = sweep;
  const [own] = scores;
  const isAxes = ({ orientation }: OrientationScore) =>
    orientation.rotateDeg === 0 && orientation.scale === 1;
  const axes = bestOrientation(scores.filter(isAxes));
  const base = beats(axes, own, DOUBT.axes) ? axes : own;
  const best = bestOrientation(scores);
  if (!isAxes(best) && beats(best, base, DOUBT.finer)) return best;
  return base === own ? undefined : base;
}

function beats(
  score: OrientationScore,
  other: OrientationScore,
  { share, ratio }: { readonly share: number; readonly ratio: number },
): boolean {
  const [mine, theirs] = [relative(score), relative(other)];
  return score !== other && (theirs - mine >= share * (1 - mine) || theirs >= ratio * mine);
}
