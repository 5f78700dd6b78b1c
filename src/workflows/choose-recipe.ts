// The starting probe and the recipe of a reconstruction: what was asked, what is in the file, and short trials where they
// must decide.
import type { Config } from "../config/fields.js";
import { PtychoError } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { estimateProbe } from "../data/estimate-probe.js";
import { centralPatterns } from "../data/scan-frames.js";
import type { ReconstructionInput } from "../engines/reconstruction.js";
import type { Work } from "./contract.js";
import { type RunOptions, runEngine } from "./reconstruct-run.js";
import { type EngineScan, withModes } from "./reconstruct-scan.js";
import { countedPhotons, explains, noiseResidual, type Recipe, recipeFor } from "./reconstruct-settings.js";

export interface Choice {
  readonly probe: ComplexArray;
  readonly recipe: Recipe;
  /** What was chosen and why: sentences. */
  readonly notes: readonly string[];
}

export type Base = Pick<ReconstructionInput, "xPx" | "yPx" | "object">;

/** What a choice is made from. */
interface Question {
  readonly scan: EngineScan;
  readonly config: Config<"reconstruct">;
  readonly run: RunOptions;
  readonly base: Base;
  readonly size: { readonly patterns: number; readonly modes: number };
}

/** Patterns in the middle of the scan from which a probe is estimated, and those in which counts are looked for. */
const SAMPLE_BYTES = 128 * 2 ** 20;
const LOOKED_AT = 50;

/** What a trial of a probe leaves out of the user's wishes: it asks one thing only. */
const PLAIN = {
  engine: "auto",
  noise: "amplitude",
  ...{ epochs: null, patterns_per_batch: null, relaxation: null, object_step: null, object_momentum: null },
  ...{ refine_positions: false, fit_brightness: false },
} as const;

/** Epochs of a trial: of a probe that may be known, and of each of several estimated ones. */
const TRIAL_EPOCHS = { known: 3, candidate: 10 } as const;

/**
 * Decides how to reconstruct a scan. The truth in the file is never read.
 *
 * @throws PtychoError UsageError for what cannot work, before any trial; as the engines do.
 */
export async function* chooseRecipe(
  scan: EngineScan,
  config: Config<"reconstruct">,
  run: RunOptions,
  base: Base,
): Work<Choice> {
  const size = { patterns: scan.frames.n, modes: config.engine.modes ?? scan.probe?.shape[0] ?? 1 };
  recipeFor(config.engine, config.execution.seed, size, true); // what cannot work is refused before any trial
  const question = { scan, config, run, base, size };
  return scan.probe === undefined
    ? yield* withEstimatedProbe(question)
    : yield* withProbe(question, scan.probe);
}

async function* withEstimatedProbe({ scan, config, run, base, size }: Question): Work<Choice> {
  const { engine, execution } = config;
  if (engine.refine_probe === "off")
    throw new PtychoError(
      "UsageError",
      "--refine_probe off needs a probe: the file has none, and an estimate must be fitted; give --probe FILE",
    );
  const { frames } = scan;
  const sample = centralPatterns(scan, Math.max(1, Math.floor(SAMPLE_BYTES / (4 * frames.N ** 2))));
  const { candidates, isMeasured } = estimateProbe(sample.amplitudes, sample.xPx, sample.yPx);
  let best = { ...candidates[0], residual: Number.POSITIVE_INFINITY };
  const tried: string[] = [];
  for (const candidate of isMeasured ? [] : candidates) {
    const plain = { ...engine, engine: "rpie", noise: "amplitude" } as const;
    const short = { ...recipeFor(plain, execution.seed, size, true), epochs: TRIAL_EPOCHS.candidate };
    const residual = yield* trial({ ...base, frames, probe: candidate.probe }, short, {
      ...run,
      label: `trying ${candidate.kind}`,
    });
    tried.push(`${candidate.kind} R ${residual.toFixed(4)}`);
    if (residual < best.residual) best = { ...candidate, residual };
  }
  const why = isMeasured ? "" : `; of ${tried.join(", ")} the best`;
  const recipe = recipeFor(engine, execution.seed, size, true);
  return {
    probe: withModes(best.probe, engine.modes),
    recipe,
    notes: [`no probe given, estimated: ${best.note}${why}`, describe(recipe, engine.engine === "auto")],
  };
}

async function* withProbe({ scan, config, run, base, size }: Question, given: ComplexArray): Work<Choice> {
  const { engine, execution } = config;
  const { frames } = scan;
  const recipe = (fitProbe: boolean) => recipeFor(engine, execution.seed, size, fitProbe);
  const probe = withModes(given, engine.modes);
  const decided = { on: true, off: false, auto: undefined }[engine.refine_probe];
  const grown = probe.shape[0] > given.shape[0];
  if (decided !== undefined || grown) {
    const chosen = recipe(decided ?? true);
    const why = grown
      ? "modes were added to the probe: it is fitted"
      : `--refine_probe ${engine.refine_probe}`;
    return { probe, recipe: chosen, notes: [why, describe(chosen, engine.engine === "auto")] };
  }
  const known = recipeFor({ ...engine, ...PLAIN }, execution.seed, size, false);
  const residual = yield* trial(
    { ...base, frames, probe },
    { ...known, epochs: TRIAL_EPOCHS.known },
    { ...run, label: "trying the probe as it is" },
  );
  const fits = explains(residual, noiseResidual(frames.N, photonsOf(scan)));
  const chosen = recipe(!fits);
  const finding = fits
    ? `the probe explains the patterns as it is (R ${residual.toFixed(4)} after ${TRIAL_EPOCHS.known} epochs): it is kept`
    : `the probe does not explain the patterns (R ${residual.toFixed(4)} after ${TRIAL_EPOCHS.known} epochs): it is fitted too`;
  return { probe, recipe: chosen, notes: [finding, describe(chosen, engine.engine === "auto")] };
}

/** R at the end of a short run. */
async function* trial(input: ReconstructionInput, recipe: Recipe, run: RunOptions): Work<number> {
  const { reconstruction, residuals } = yield* runEngine(input, recipe, run);
  await reconstruction.release();
  return residuals.at(-1) ?? Number.NaN;
}

/** Photons a pattern, as the file says or, where its values are roots of counts, as they show. */
function photonsOf(scan: EngineScan): number | undefined {
  if (scan.nphotons !== undefined) return scan.nphotons;
  const { amplitudes, xPx } = centralPatterns(scan, LOOKED_AT);
  return countedPhotons(amplitudes.data, xPx.length);
}

function describe({ engine, epochs, settings }: Recipe, auto: boolean): string {
  const { batchSize, objectStep, probeStart, momentum } = settings;
  const fit = Number.isFinite(probeStart) ? "object and probe" : "object alone";
  const how = `${engine}, ${epochs} epochs, batches of ${batchSize}, step ${objectStep}, momentum ${momentum}, ${fit}`;
  return auto ? `chosen: ${how} (measured best for such scans, docs/adr/0007)` : how;
}
