// Tries the positions of a scan in several orientations, each by a short reconstruction of some patterns, and scores how
// well it foretells others.
import { check, isPtychoError } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import type { OrientationScore, OrientationSweep } from "../data/doctor/orientation.js";
import { betterOrientation } from "../data/doctor/orientation.js";
import { residentFrames, selectFrames } from "../data/frame-source.js";
import { AS_IT_IS, type Orientation, orientPositions } from "../data/orient-positions.js";
import type { ScanPositions } from "../data/scan-contents.js";
import type { PlacedObject } from "../engines/reconstruction.js";
import type { EngineSettings } from "../engines/settings.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import type { Work } from "./contract.js";
import { runEngine } from "./reconstruct-run.js";

export interface SweepInput {
  /** Neighbouring patterns of the scan [m, N, N], -1 where not measured. */
  readonly amplitudes: NdArray<"float32">;
  /** Their positions [m], as in the file. */
  readonly positions: ScanPositions;
  /** Start of the probe, [P, N, N], and where it comes from. */
  readonly probe: ComplexArray;
  readonly probeSource: string;
  /** null: the cores of this machine, 8 at most. */
  readonly threads: number | null;
  readonly signal: AbortSignal;
}

const EPOCHS = 8;
const MEMORY_MIB = 1024;
/** Every third pattern is foretold, the others are fitted. */
const FOLD = 3;
/** Random orders of the positions that are tried. */
const RANDOM_ORDERS = 3;
const NEVER = Number.POSITIVE_INFINITY;

const ORIENTATIONS: readonly Partial<Orientation>[] = [
  {},
  { flipX: true },
  { flipY: true },
  { flipX: true, flipY: true },
  { swap: true },
  { swap: true, flipX: true },
  { swap: true, flipY: true },
  { swap: true, flipX: true, flipY: true },
];
/** Tried around the best of those. */
const FINER: readonly Partial<Orientation>[] = [
  ...[0.5, 0.8, 1.25, 2].map((scale) => ({ scale })),
  ...[-20, -5, 5, 20].map((rotateDeg) => ({ rotateDeg })),
];

/** Patterns that make a sweep a matter of seconds: fewer of large ones. */
export function sweepPatterns(N: number): number {
  return Math.round(Math.min(300, Math.max(60, (150 * 128 ** 2) / N ** 2)));
}

/**
 * Scores swap and mirrors (eight orientations), then four scales and four turns around the file's own one
 * or what is clearly better; and the positions dealt out at random, three times, which stand for no agreement at all. A third of the patterns is foretold by what the others gave:
 * a canvas with more freedom gains nothing.
 *
 * @throws PtychoError ResourceError for a canvas beyond 1 GiB, Interrupted
 */
export async function* sweepOrientations(input: SweepInput): Work<OrientationSweep> {
  const { positions, signal, probeSource } = input;
  const patterns = positions.xPx.length;
  check(
    patterns >= 2 * FOLD,
    "DataError",
    () => `orientation sweep: at least ${2 * FOLD} patterns are needed, got ${patterns}`,
  );
  yield {
    kind: "message",
    text: `trying the positions in several orientations: ${patterns} patterns, ${EPOCHS} epochs each`,
  };
  const random = pcg64Random(0);
  const orders = Array.from({ length: RANDOM_ORDERS }, () => dealt(positions, random.permutation(patterns)));
  const nulls: number[] = [];
  for (const order of orders) nulls.push(await foretold(input, order));
  const shuffled = nulls.reduce((sum, value) => sum + value, 0) / RANDOM_ORDERS;
  const spread = (Math.max(...nulls) - Math.min(...nulls)) / shuffled;
  const score = async (orientation: Orientation): Promise<OrientationScore> => ({
    ...{ name: nameOf(orientation), orientation, shuffled },
    residual: await foretold(input, orientPositions(positions, orientation)),
  });
  const scores: OrientationScore[] = [];
  for (const change of ORIENTATIONS) scores.push(await score({ ...AS_IT_IS, ...change }));
  const sweep = { scores, spread, patterns, epochs: EPOCHS, probe: probeSource };
  const base = betterOrientation(sweep) ?? scores[0];
  for (const change of FINER) {
    signal.throwIfAborted();
    const found = await score({ ...base.orientation, ...change });
    const { scale } = found.orientation;
    const isSmall = scale < 1 && found.residual < base.residual;
    const own = isSmall
      ? await foretold(input, orientPositions(orders[0], { ...AS_IT_IS, scale }))
      : shuffled;
    scores.push({ ...found, shuffled: own });
  }
  return sweep;
}

/** "as it is", or what is changed, in words. */
export function nameOf({ swap, flipX, flipY, rotateDeg, scale }: Orientation): string {
  const words = [
    ...(swap ? ["x and y swapped"] : []),
    ...(flipX && flipY ? ["both mirrored"] : flipX ? ["x mirrored"] : flipY ? ["y mirrored"] : []),
    ...(rotateDeg === 0 ? [] : [`turned by ${rotateDeg} degrees`]),
    ...(scale === 1 ? [] : [`scaled by ${scale}`]),
  ];
  return words.length === 0 ? "as it is" : words.join(", ");
}

/** The places dealt out in another order. */
function dealt({ xPx, yPx }: ScanPositions, order: Int32Array): ScanPositions {
  const deal = (values: Float64Array) => Float64Array.from(order, (i) => values[i]);
  return { xPx: deal(xPx), yPx: deal(yPx) };
}

/** R of a run that left the finite: as bad as foretelling darkness. */
const DIVERGED = 1;

/** R of every third pattern under the object and probe that the others gave. */
async function foretold(input: SweepInput, { xPx, yPx }: ScanPositions): Promise<number> {
  const { amplitudes, probe, threads, signal } = input;
  const [n] = amplitudes.shape;
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const fitted = all.filter((i) => i % FOLD !== 0);
  const hidden = all.filter((i) => i % FOLD === 0);
  const frames = residentFrames(amplitudes);
  const part = (indices: Int32Array) => ({
    frames: selectFrames(frames, indices),
    xPx: Float64Array.from(indices, (i) => xPx[i]),
    yPx: Float64Array.from(indices, (i) => yPx[i]),
  });
  const options = { threads, memoryMiB: MEMORY_MIB, tolerance: 0, signal, label: "orientation sweep" };
  const run = async (
    indices: Int32Array,
    settings: EngineSettings,
    epochs: number,
    start: { readonly probe: ComplexArray; readonly object?: PlacedObject },
  ) => {
    const { reconstruction, residuals } = await result(
      runEngine({ ...part(indices), ...start }, { engine: "rpie", settings, epochs }, options),
    );
    const found = {
      ...{ object: reconstruction.picture(), probe: reconstruction.probe() },
      residual: residuals.at(-1) ?? Number.NaN,
    };
    await reconstruction.release();
    return found;
  };
  const settings = settingsFor(fitted.length);
  const still = {
    ...settings,
    objectStep: 0,
    probeStart: NEVER,
    momentum: 0,
    decay: [NEVER, NEVER] as const,
  };
  try {
    const start = await run(fitted, settings, EPOCHS, { probe });
    return (await run(hidden, still, 1, { probe: start.probe, object: start.object })).residual;
  } catch (error) {
    if (isPtychoError(error, "DivergenceError")) return DIVERGED;
    throw error;
  }
}

/** The engine's own accelerated settings for object and probe together, with an end at which nothing moves any more. */
function settingsFor(patterns: number): EngineSettings {
  return {
    ...{ batchSize: Math.max(4, Math.ceil(patterns / 9)), seed: 0, noise: "amplitude" },
    ...{ objectStep: 0.5, probeStep: 0.2, momentum: 0.9, relaxation: 1 },
    ...{ decay: [EPOCHS / 2, EPOCHS], probeStart: 1 },
    ...{ positionStart: NEVER, positionLimitPx: 5, brightnessStart: NEVER },
  };
}

/** The result of a work whose events nobody wants. */
async function result<R>(work: Work<R>): Promise<R> {
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}
