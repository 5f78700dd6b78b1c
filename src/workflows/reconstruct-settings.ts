// What was asked of a reconstruction, and what the engines' defaults or our measurements add to it.
import type { EngineConfig } from "../config/fields.js";
import { PtychoError } from "../core/errors.js";
import type { Engine, Knob } from "../engines/contract.js";
import { engineNamed, engines } from "../engines/registry.js";
import type { EngineSettings } from "../engines/settings.js";

/** An engine with all its settings. */
export interface Recipe {
  readonly engine: string;
  readonly epochs: number;
  readonly settings: EngineSettings;
}

/** R below which a probe counts as known where the noise allows it, and the factor on the noise's own R. */
const EXPLAINED_R = 0.03;
const EXPLAINED_ABOVE_NOISE = 1.1;
/** Batches in a pass that fits object and probe together; measured on both scans of the data set, see ADR 7. */
const BATCHES = 9;

const DEFAULT_TOLERANCE = 1e-3;

/** For a scan whose probe is known: rPIE in small batches is at its end within a dozen passes, and stops when it is. */
const knownProbe = (patterns: number) => ({
  ...{ epochs: 12, relaxation: 0.1, momentum: 0, objectStep: 1 },
  batchSize: Math.max(1, Math.min(32, Math.ceil(patterns / 30))),
});

/**
 * The recipe for a probe that is fitted too (or not), where `engine` is a name or "auto". Explicit values win.
 *
 * @throws PtychoError UsageError for a setting that the engine cannot honour.
 */
export function recipeFor(
  asked: EngineConfig,
  seed: number,
  { patterns, modes }: { readonly patterns: number; readonly modes: number },
  fitProbe: boolean,
): Recipe {
  const auto = asked.engine === "auto";
  const name = auto ? "rpie" : asked.engine;
  const engine = engineNamed(name);
  if (!engine.noise.includes(asked.noise))
    throw new PtychoError(
      "UsageError",
      `--noise ${asked.noise}: engine ${name} projects on measured amplitudes and knows no other noise model; ` +
        "take rpie, lsqml or gradient, or leave the option out",
    );
  for (const [option, knob] of Object.entries(OPTIONS)) {
    if (asked[option as keyof typeof OPTIONS] === null || engine.knobs[knob] === "used") continue;
    throw new PtychoError(
      "UsageError",
      `--${option}: engine ${name} ${engine.knobs[knob]}; leave the option out, or take ${enginesWith(knob).join(", ")}`,
    );
  }
  const objectAlone = !fitProbe && !asked.refine_positions && !asked.fit_brightness;
  const start = auto && objectAlone ? knownProbe(patterns) : acceleratedDefaults(name, patterns);
  const epochs = asked.epochs ?? start.epochs;
  const momentum = asked.object_momentum ?? start.momentum;
  const from = fitProbe ? 1 : Number.POSITIVE_INFINITY;
  return {
    engine: name,
    epochs,
    settings: {
      batchSize: asked.patterns_per_batch ?? start.batchSize,
      seed,
      noise: asked.noise,
      objectStep: asked.object_step ?? start.objectStep,
      probeStep: asked.probe_step ?? engine.defaults.probeStep * (name === "rpie" && modes > 1 ? 1.5 : 1),
      decay: decays(momentum, asked.tolerance) ? [Math.ceil(epochs / 2), epochs] : NO_DECAY,
      probeStart: from,
      positionStart: asked.refine_positions ? 3 : Number.POSITIVE_INFINITY,
      positionLimitPx: asked.position_limit,
      brightnessStart: asked.fit_brightness ? 2 : Number.POSITIVE_INFINITY,
      momentum,
      relaxation: asked.relaxation ?? start.relaxation,
    },
  };
}

/** The options that set a knob of the engine. */
const OPTIONS = {
  patterns_per_batch: "batchSize",
  object_step: "objectStep",
  probe_step: "probeStep",
  object_momentum: "momentum",
  relaxation: "relaxation",
} as const satisfies Partial<Record<keyof EngineConfig, Knob>>;

const enginesWith = (knob: Knob): string[] =>
  Object.entries<Engine>(engines).flatMap(([name, { knobs }]) => (knobs[knob] === "used" ? [name] : []));

const NO_DECAY = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/**
 * Momentum leaves the noise of the batches in the picture; smaller and smaller steps take it out. They need a planned
 * end, so that a tolerance asked for by name leaves them out.
 */
const decays = (momentum: number, tolerance: number | null): boolean =>
  momentum > 0 && (tolerance ?? 0) === 0;

/** The tolerance of a recipe: what was asked, else none where the end is planned. */
export function toleranceOf(asked: number | null, { settings }: Recipe): number {
  return asked ?? (Number.isFinite(settings.decay[0]) ? 0 : DEFAULT_TOLERANCE);
}

/** The engine's defaults; rPIE's batch grows with the scan. */
function acceleratedDefaults(name: string, patterns: number) {
  const { defaults } = engineNamed(name);
  if (name !== "rpie") return defaults;
  const batchSize = Math.max(8, Math.min(256, Math.ceil(patterns / BATCHES)));
  return { ...defaults, batchSize };
}

/**
 * The R that Poisson noise alone leaves: the variance of sqrt(counts) is 1/4, so R^2 = N^2 / 4 / photons. 0 where the
 * photons of a pattern are not known.
 */
export function noiseResidual(N: number, photons: number | undefined): number {
  return photons === undefined ? 0 : N / 2 / Math.sqrt(photons);
}

/** Whether a probe that was not fitted explains the patterns. */
export function explains(residual: number, noise: number): boolean {
  return residual <= Math.max(EXPLAINED_R, EXPLAINED_ABOVE_NOISE * noise);
}

/** Photons of the mean of some patterns, where their amplitudes are square roots of whole numbers. */
export function countedPhotons(amplitudes: Float32Array, patterns: number): number | undefined {
  let total = 0;
  let looked = 0;
  for (const amplitude of amplitudes) {
    if (amplitude <= 0) continue;
    const count = amplitude * amplitude;
    total += count;
    // float32 keeps sqrt(count) to 6e-8, so count to 1.2e-7 of itself.
    if (looked < 100_000 && Math.abs(count - Math.round(count)) > 1e-6 * count + 1e-6) return undefined;
    looked++;
  }
  return looked === 0 ? undefined : total / patterns;
}
