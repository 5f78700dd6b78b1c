// All that the checks look at: what a scan file holds, and what follows from it.
import { isPtychoError } from "../../core/errors.js";
import { float32 } from "../../core/ndarray.js";
import { type BadPixels, detectBadPixels } from "../bad-pixels.js";
import { photonsOf } from "../metadata.js";
import { type OverlapMetrics, overlapMetrics } from "../overlap-metrics.js";
import type { Domain } from "../raw-data.js";
import type { ScanContents, Trouble } from "../scan-contents.js";
import { selectMask } from "../unmeasured.js";
import type { OrientationSweep } from "./orientation.js";
import { gatherStatistics, type PatternStatistics } from "./pattern-statistics.js";
import { type PositionFacts, positionFacts } from "./position-facts.js";
import { type ProbeFacts, probeFacts } from "./probe-facts.js";
import { findWrappedCounts, type WrappedCounts } from "./wrapped-counts.js";

export interface ScanFacts {
  /** Undefined where the file as a whole cannot be opened. */
  readonly contents: ScanContents | undefined;
  readonly troubles: readonly Trouble[];
  /** Undefined where the patterns cannot be read. */
  readonly statistics: PatternStatistics | undefined;
  /** What the user says, or "amplitude", the contract of the file; and what the values are taken for. */
  readonly statedUnits: Domain;
  readonly units: Domain;
  /** [height * width] mean intensity, in the units of the file; 0 where a pixel is bad. */
  readonly meanIntensity: Float64Array | undefined;
  /** Mean of the pattern sums where the values are counts or their roots; and as the metadata say. */
  readonly countedPhotons: number | undefined;
  readonly statedPhotons: number | undefined;
  readonly positions: PositionFacts | undefined;
  readonly probe: ProbeFacts | undefined;
  readonly badPixels: BadPixels | undefined;
  readonly wrapped: WrappedCounts | undefined;
  readonly overlap: readonly OverlapMetrics[];
  /** Undefined where it was not asked for, or could not be made. */
  readonly sweep: OrientationSweep | undefined;
  /** The command that mends the file with these options of `prepare`. */
  readonly prepare: (options: string) => string;
}

/** Different places below which no groups of four are drawn. */
const LEAST_FOR_GROUPS = 8;
/** Positions that the overlap is taken over. */
const OVERLAP_IMAGES = 4000;

export interface FactsOptions {
  /** What the values of the file are; "amplitude" where it is not said. */
  readonly units?: Domain;
  readonly prepare: (options: string) => string;
}

/**
 * Reads the patterns through, and derives from the file what the checks need. Trouble becomes part of the facts.
 *
 * @throws whatever is no PtychoError, and Interrupted
 */
export async function gatherFacts(contents: ScanContents, options: FactsOptions): Promise<ScanFacts> {
  const troubles = [...contents.troubles];
  const statistics = await noting(troubles, contents, () => gatherStatistics(contents));
  const statedUnits = options.units ?? domainOf(contents.units);
  const statedPhotons = photonsOf(contents.metadata);
  const units = statistics === undefined ? statedUnits : unitsOf(statistics, statedUnits, statedPhotons);
  const positions = positionFacts(contents);
  const probe =
    contents.probe === undefined ? undefined : probeFacts(contents.probe, contents.patterns?.width);
  const square = statistics?.height === statistics?.width ? statistics : undefined;
  const amplitudes = square === undefined ? undefined : sampleAmplitudes(square, units);
  const mask =
    contents.mask !== undefined && statistics !== undefined
      ? selectMask(contents.mask, statistics.sampled)
      : undefined;
  const badPixels = amplitudes === undefined ? undefined : detectBadPixels(amplitudes, mask);
  return {
    ...{ contents, troubles, statistics, statedUnits, units, statedPhotons, positions, probe },
    meanIntensity: withoutBad(units === "counts" ? statistics?.mean : statistics?.meanSquare, badPixels),
    countedPhotons: statistics === undefined ? undefined : countedPhotons(statistics, units),
    badPixels,
    wrapped: square === undefined ? undefined : wrappedCounts(square, units),
    overlap: positions === undefined ? [] : overlapOf(positions, probe, contents),
    sweep: undefined,
    prepare: options.prepare,
  };
}

/** Intensities are counts up to a factor. */
function domainOf(units: ScanContents["units"]): Domain {
  return units === undefined || units === "amplitude" ? "amplitude" : "counts";
}

/** The facts of a file that could not be opened. */
export function noFacts(trouble: Trouble, options: FactsOptions): ScanFacts {
  const units = options.units ?? "amplitude";
  return {
    ...{ contents: undefined, troubles: [trouble], statistics: undefined, statedUnits: units, units },
    ...{ meanIntensity: undefined, countedPhotons: undefined, statedPhotons: undefined },
    ...{ positions: undefined, probe: undefined, badPixels: undefined, wrapped: undefined, overlap: [] },
    ...{ sweep: undefined, prepare: options.prepare },
  };
}

function withoutBad(mean: Float64Array | undefined, found: BadPixels | undefined): Float64Array | undefined {
  const { data } = found?.fixed ?? {};
  return data === undefined
    ? mean
    : mean?.map((value, p) => (data[p] === 1 && data.length === mean.length ? 0 : value));
}

/** Sampled patterns as amplitudes [m, N, N], -1 where not finite or negative. */
export function sampleAmplitudes({ sample, height, width }: PatternStatistics, units: Domain) {
  const data = units === "counts" ? sample.map((value) => (value < 0 ? -1 : Math.sqrt(value))) : sample;
  return float32([sample.length / (height * width), height, width], data);
}

async function noting<T>(
  troubles: Trouble[],
  { patterns }: ScanContents,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isPtychoError(error) || error.tag === "Interrupted") throw error;
    troubles.push({ place: patterns?.key ?? "diffraction", message: error.message });
    return undefined;
  }
}

/** How far sums may lie from the photons stated to be the sums of intensities. */
const PHOTON_TOLERANCE = 0.1;

/** What the values are: whole numbers above 1 are counts, and so is what sums to the photons that the file states. */
function unitsOf({ trace, sums }: PatternStatistics, stated: Domain, photons: number | undefined): Domain {
  if (stated === "counts") return stated;
  if (trace.max > 1 && trace.whole) return "counts";
  if (trace.max > 1 && trace.squaresWhole) return "amplitude";
  const mean = sums.reduce((total, value) => total + value, 0) / sums.length;
  const isSum = photons !== undefined && Math.abs(mean / photons - 1) < PHOTON_TOLERANCE;
  return isSum ? "counts" : stated;
}

function countedPhotons({ trace, sums, squares }: PatternStatistics, units: Domain): number | undefined {
  if (trace.max <= 1) return undefined;
  const isCounted = units === "counts" ? trace.whole : trace.squaresWhole;
  const values = units === "counts" ? sums : squares;
  return isCounted ? values.reduce((total, value) => total + value, 0) / values.length : undefined;
}

function wrappedCounts(
  { sample, trace, width: N }: PatternStatistics,
  units: Domain,
): WrappedCounts | undefined {
  if (!(units === "counts" ? trace.whole : trace.squaresWhole)) return undefined;
  const counts =
    units === "counts" ? sample : sample.map((value) => (value < 0 ? -1 : Math.round(value * value)));
  return findWrappedCounts(counts, N);
}

function overlapOf(
  { xPx, yPx, areFinite, unique, isCollinear }: PositionFacts,
  probe: ProbeFacts | undefined,
  { patterns }: ScanContents,
): readonly OverlapMetrics[] {
  const n = xPx.length;
  const probeDiameterPx = probe?.diameterPx ?? 0.6 * (patterns?.width ?? 0);
  if (!areFinite || n === 0 || !(probeDiameterPx > 0)) return [];
  const imageFraction = Math.min(1, OVERLAP_IMAGES / n);
  const base = { imageFraction, groups: Math.floor(imageFraction * n), probeDiameterPx, seed: 0 };
  const single = overlapMetrics(xPx, yPx, { ...base, gridsize: 1 });
  return unique < LEAST_FOR_GROUPS || isCollinear
    ? [single]
    : [single, overlapMetrics(xPx, yPx, { ...base, gridsize: 2 })];
}
