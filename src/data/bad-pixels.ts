// Detector pixels that must not be fitted, found in the patterns themselves: dead, stuck, hot and saturated ones.
import { check } from "../core/errors.js";
import { bool, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { detectorCeiling } from "./detector-ceiling.js";
import { type PixelMask, uniteMasks } from "./pixel-mask.js";
import { neighboursOf, type Watched, watchPixels } from "./watched-pixels.js";

export interface BadPixels {
  /** The known pixels and those found: [N, N], or [n, N, N] if single values are saturated or were known bad. */
  readonly mask: PixelMask;
  /** The same without single saturated values. */
  readonly fixed: PixelMask;
  /** Amplitude from which on a value is saturated; undefined where none is. */
  readonly ceiling: number | undefined;
  /** What was found beside the known ones. A saturated value is one pixel of one pattern. */
  readonly counts: Readonly<Record<"known" | StaticFault, number>> & { readonly saturatedValues: number };
  /** The same for a report; empty where nothing was found. */
  readonly sentences: readonly string[];
}

export type StaticFault = "dead" | "stuck" | "hot";

/** With fewer patterns a static fault cannot be told from chance. */
const LEAST_PATTERNS = 20;
/** A dead pixel is lit in at most this share of the patterns. */
const DEAD_SHARE = 0.01;
/** Widest run of dead pixels, between lit ones, that is found. */
const DEAD_RUN = 3;
/** Chernoff exponent that makes chance an excuse of less than e^-21 = 1e-9 for a dead pixel. */
const CERTAINTY = 21;
/** Share of the patterns in which a hot pixel must stand out. */
const HOT_SHARE = 0.75;

/**
 * Finds bad pixels in amplitudes [n, N, N], zero frequency at N/2; negative values are not measured and not looked at.
 *
 * Dead: above 0 in at most 1 % of the patterns, between two lit pixels of one line at most 4 pixels apart, and so lit
 * that even half their rate would leave it dark with a chance below 1e-9. Dark corners and the dark beside a bright
 * field never lie between lit pixels.
 *
 * Stuck: one and the same value above 0 in every pattern, most neighbours varying; also a pixel at the ceiling in all of
 * them. Chance for counts: below 0.37^n.
 *
 * Hot: in 75 % of the patterns more than six times as intense as the third brightest of its 8 neighbours (the
 * brightest of the 5 or 3 at the border), so that groups of up to three hot pixels are found, and edges of a bright
 * field have brighter neighbours enough. For independent speckle or Poisson noise that happens to a good pixel in at
 * most 17 % of the patterns: a chance of e^(-0.8 n) a pixel. A spike one pixel wide that
 * stands in every pattern, as the far field of a sharp probe that fills its window may have, is not told from a hot
 * pixel. In the 5 x 5 pixels of the direct beam the ratio is 50, above that of a beam focused on one pixel (30).
 *
 * Saturated: see `detectorCeiling`; every value at the ceiling is masked in its pattern.
 *
 * @param known pixels that are bad already, and not looked at
 */
export function detectBadPixels(diffraction: NdArray<"float32">, known?: PixelMask): BadPixels {
  const { n, N } = expectShape("detectBadPixels", diffraction.shape, "n N N");
  const { data } = diffraction;
  check(
    known === undefined || data.length % known.data.length === 0,
    "ShapeError",
    () =>
      `detectBadPixels: known pixels [${known?.shape.join(", ")}] do not fit patterns [${diffraction.shape.join(", ")}]`,
  );
  const sentences: string[] = [];
  const counts = {
    known: known?.data.reduce((sum, value) => sum + value, 0) ?? 0,
    dead: 0,
    stuck: 0,
    hot: 0,
  };
  const found = bool([N, N]);
  if (n < LEAST_PATTERNS) {
    sentences.push(
      `${n} patterns are too few to tell dead and hot pixels; at least ${LEAST_PATTERNS} are needed`,
    );
  } else {
    const seen = watchPixels(data, N, known);
    const rules: readonly [StaticFault, (pixel: number) => boolean, string][] = [
      ["dead", (p) => isDead(seen, N, p), "dark in 99 % of the patterns between lit neighbours"],
      ["stuck", (p) => isStuck(seen, N, p), "at one and the same value in every pattern"],
      ["hot", (p) => isHot(seen, p), "far brighter than their neighbours in most patterns"],
    ];
    for (const [fault, holds, what] of rules) {
      const pixels: number[] = [];
      for (let p = 0; p < N * N; p++) if (found.data[p] === 0 && holds(p)) pixels.push(p);
      for (const p of pixels) found.data[p] = 1;
      counts[fault] = pixels.length;
      if (pixels.length > 0) sentences.push(sentenceOf(fault, pixels, N, what));
    }
  }
  const fixed = uniteMasks(found, known);
  const ceiling = detectorCeiling(data, fixed);
  if (ceiling === undefined)
    return {
      mask: fixed,
      fixed,
      ceiling: undefined,
      counts: { ...counts, saturatedValues: 0 },
      sentences,
    };
  const share = ((100 * ceiling.values) / data.length).toPrecision(2);
  sentences.push(
    `${ceiling.values} values (${share} %) in ${ceiling.pixels} pixels lie at the ceiling of the detector, amplitude ` +
      `${ceiling.level.toPrecision(6)}; they are not fitted`,
  );
  const saturated = bool([n, N, N]);
  for (let i = 0; i < data.length; i++) if (data[i] >= ceiling.level) saturated.data[i] = 1;
  return {
    mask: uniteMasks(saturated, fixed),
    fixed,
    ceiling: ceiling.level,
    counts: { ...counts, saturatedValues: ceiling.values },
    sentences,
  };
}

function sentenceOf(fault: StaticFault, pixels: readonly number[], N: number, what: string): string {
  const places = pixels.slice(0, 8).map((p) => `(${Math.floor(p / N)}, ${p % N})`);
  const list = places.join(", ") + (pixels.length > places.length ? ", ..." : "");
  const many =
    pixels.length > 0.05 * N * N ? "; so many are unusual, look at them before you trust this" : "";
  return `${pixels.length} ${fault} pixels (${what}) are not fitted: row, column ${list}${many}`;
}

function isHot({ times, outstanding }: Watched, p: number): boolean {
  return times[p] >= LEAST_PATTERNS && outstanding[p] >= HOT_SHARE * times[p];
}

function isStuck({ times, least, most }: Watched, N: number, p: number): boolean {
  if (times[p] < LEAST_PATTERNS || least[p] !== most[p] || most[p] === 0) return false;
  const around = neighboursOf(p, N);
  return 2 * around.filter((q) => times[q] > 0 && least[q] !== most[q]).length > around.length;
}

function isDead(seen: Watched, N: number, p: number): boolean {
  if (seen.times[p] < LEAST_PATTERNS || !isDark(seen, p)) return false;
  const [row, column] = [Math.floor(p / N), p % N];
  /** The first pixel that is not dark along a line and its distance; undefined beyond the edge or the run. */
  const firstLit = (down: number, right: number) => {
    for (let step = 1; step <= DEAD_RUN; step++) {
      const [r, c] = [row + step * down, column + step * right];
      if (r < 0 || c < 0 || r >= N || c >= N) return undefined;
      if (!isDark(seen, r * N + c)) return { step, pixel: r * N + c };
    }
    return undefined;
  };
  for (const [down, right] of [
    [0, 1],
    [1, 0],
    [1, 1],
    [1, -1],
  ]) {
    const [ahead, behind] = [firstLit(down, right), firstLit(-down, -right)];
    if (ahead === undefined || behind === undefined || ahead.step + behind.step > DEAD_RUN + 1) continue;
    const rate = Math.min(...[ahead, behind].map(({ pixel }) => seen.lit[pixel] / seen.times[pixel])) / 2;
    if (seen.times[p] * divergence(seen.lit[p] / seen.times[p], rate) >= CERTAINTY) return true;
  }
  return false;
}

/** Dark, or never measured. */
function isDark({ lit, times }: Watched, p: number): boolean {
  return lit[p] <= DEAD_SHARE * times[p];
}

/** Chernoff: the chance of a share of at most `share` hits in n trials of chance `rate` is below e^(-n divergence). */
function divergence(share: number, rate: number): number {
  if (share >= rate) return 0;
  const term = (a: number, b: number) => (a === 0 ? 0 : a * Math.log(a / b));
  return term(share, rate) + term(1 - share, 1 - rate);
}
