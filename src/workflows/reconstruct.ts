// Scan file -> iterative engine -> object, probe, pictures and a report. The truth in the file is never read.

import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/fields.js";
import { PtychoError } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { estimateProbe } from "../data/estimate-probe.js";
import { selectFrames } from "../data/frame-source.js";
import { centralPatterns } from "../data/scan-frames.js";
import type { PlacedObject, ReconstructionInput } from "../engines/reconstruction.js";
import { compareHalves, type HalvesComparison } from "../evaluation/compare-halves.js";
import { prepareOutputFolder, reapPartials, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { lockRun } from "../training/run-lock.js";
import type { HalvesReport, ReconstructRequest, ReconstructResult, Work } from "./contract.js";
import { expectOutputFolder } from "./output-file.js";
import { previewPicture, writeOutcome } from "./reconstruct-files.js";
import { reconstructByNetwork } from "./reconstruct-pinn.js";
import { type EngineRun, HALF, type RunOptions, runEngine } from "./reconstruct-run.js";
import { type EngineScan, openEngineScan, withModes } from "./reconstruct-scan.js";
import {
  countedPhotons,
  explains,
  noiseResidual,
  type Recipe,
  recipeFor,
  toleranceOf,
} from "./reconstruct-settings.js";
import {
  checkpointsIn,
  loadRunState,
  type RunState,
  runIdentityOf,
  saveRunState,
} from "./reconstruct-state.js";
import { startingObject } from "./starting-object.js";

/** @throws PtychoError as its parts do; after an interruption `Interrupted`, with the last whole epoch saved. */
export async function* reconstructWorkflow(request: ReconstructRequest): Work<ReconstructResult> {
  const { engine, execution } = request.config.config;
  const outputDir = execution.output_dir;
  expectOutputFolder(outputDir);
  if (engine.engine === "pinn") return yield* reconstructByNetwork(request);
  const isNew = !existsSync(outputDir);
  prepareOutputFolder(outputDir);
  const lock = lockRun(outputDir);
  let scan: EngineScan | undefined;
  try {
    for (const path of [outputDir, checkpointsIn(outputDir)]) reapPartials(path);
    scan = yield* openEngineScan(request.file, request.config.config, request.signal);
    for (const text of scan.warnings) yield { kind: "warning", text };
    return yield* reconstructScan(request, scan);
  } finally {
    scan?.close();
    lock.release();
    // A scan that could not be read leaves no folder behind.
    if (isNew && scan === undefined && readdirSync(outputDir).length === 0) rmdirSync(outputDir);
  }
}

async function* reconstructScan(request: ReconstructRequest, scan: EngineScan): Work<ReconstructResult> {
  const { file, signal } = request;
  const { config } = request.config;
  const { engine, execution } = config;
  const outputDir = execution.output_dir;
  const startedMs = performance.now();
  const identity = runIdentityOf(config, scan.sha256);
  const resumed = execution.resume ? loadRunState(outputDir, identity, execution.allow_mismatch) : undefined;
  const run: RunOptions = {
    ...{ threads: engine.threads, memoryMiB: engine.memory_limit, tolerance: 0, signal },
    label: "",
  };
  const object =
    engine.init === null || resumed !== undefined ? undefined : yield* startingObject(engine.init, request);
  const base = { xPx: scan.xPx, yPx: scan.yPx, ...(object === undefined ? {} : { object }) };
  const chosen =
    resumed === undefined
      ? yield* choose(scan, config, run, base)
      : { ...resumed, probe: resumed.startProbe };
  const recipe: Recipe = { ...chosen.recipe, epochs: engine.epochs ?? chosen.recipe.epochs };
  const { probe, notes } = chosen;
  for (const text of scan.maskNotes) yield { kind: "message", text };
  for (const text of notes) yield { kind: "message", text };
  if (resumed !== undefined)
    yield { kind: "message", text: `resuming after epoch ${resumed.residuals.length}` };
  const { xPx, yPx } = scan;
  const input: ReconstructionInput = { ...base, frames: scan.frames, probe };
  const main = yield* runEngine(
    input,
    recipe,
    {
      ...run,
      tolerance: toleranceOf(engine.tolerance, recipe),
      afterEpoch(state, residuals) {
        const facts = { identity, recipe, notes, residuals, startProbe: probe };
        saveRunState(outputDir, { ...facts, state: state.save() } satisfies RunState);
        if (engine.preview_every > 0 && residuals.length % engine.preview_every === 0)
          writeFileAtomic(
            join(outputDir, "preview.png"),
            encodePng(previewPicture(state.picture(), residuals)),
          );
      },
    },
    resumed,
  );
  const { reconstruction, residuals, ended } = main;
  const [placed, found, positions] = [
    reconstruction.picture(),
    reconstruction.probe(),
    reconstruction.positions(),
  ];
  await reconstruction.release();
  const halves = engine.halves ? yield* runHalves(scan, { ...base, probe }, recipe, run) : undefined;
  const moved = rmsShift(positions, scan);
  const report = {
    scan: file,
    ...{ engine: recipe.engine, settings: printable(recipe), notes, mask: scan.maskNotes },
    ...{ epochs: residuals.length, ended, residual: residuals.at(-1), residuals },
    patterns: scan.frames.n,
    pattern_px: scan.frames.N,
    patterns_on_disk: scan.streamed,
    threads: reconstruction.plan.threads,
    memory_mib: Math.ceil(reconstruction.bytes / 2 ** 20),
    patterns_in_memory: reconstruction.plan.framesResident,
    ...(engine.refine_positions ? { position_shift_rms_px: moved } : {}),
    ...(halves === undefined ? {} : { halves: halvesReport(halves) }),
    seconds: (performance.now() - startedMs) / 1000,
    data_sha256: scan.sha256,
    config,
  };
  const files = writeOutcome(
    outputDir,
    {
      placed,
      probe: found,
      positions,
      recorded: engine.refine_positions ? { xPx, yPx } : undefined,
      residuals,
      halves,
    },
    report,
  );
  const positionNote = engine.refine_positions
    ? [`positions moved by ${moved.toFixed(2)} px r.m.s., see positions.png`]
    : [];
  return {
    ...{ outputDir, ...files, engine: recipe.engine, epochs: residuals.length, residual: residuals.at(-1) },
    notes: [...scan.maskNotes, ...notes, ...positionNote],
    halves: halves === undefined ? undefined : halvesReport(halves),
  };
}

interface Choice {
  readonly probe: ComplexArray;
  readonly recipe: Recipe;
  readonly notes: readonly string[];
}

type Base = Pick<ReconstructionInput, "xPx" | "yPx" | "object">;

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

/** The starting probe and the recipe, by what was asked, what is in the file, and short trials where they must decide. */
async function* choose(
  scan: EngineScan,
  { engine, execution }: Config<"reconstruct">,
  run: RunOptions,
  base: Base,
): Work<Choice> {
  const { seed } = execution;
  const { frames } = scan;
  const { n, N } = frames;
  const size = { patterns: n, modes: engine.modes ?? scan.probe?.shape[0] ?? 1 };
  const recipe = (fitProbe: boolean) => recipeFor(engine, seed, size, fitProbe);
  recipe(true); // what cannot work is refused before any trial
  if (scan.probe === undefined) {
    if (engine.refine_probe === "off")
      throw new PtychoError(
        "UsageError",
        "--refine_probe off needs a probe: the file has none, and an estimate must be fitted; give --probe FILE",
      );
    const sample = centralPatterns(scan, Math.max(1, Math.floor(SAMPLE_BYTES / (4 * N * N))));
    const { candidates, isMeasured } = estimateProbe(sample.amplitudes, sample.xPx, sample.yPx);
    let best = { ...candidates[0], residual: Number.POSITIVE_INFINITY };
    const tried: string[] = [];
    for (const candidate of isMeasured ? [] : candidates) {
      const short = {
        ...recipeFor({ ...engine, engine: "rpie", noise: "amplitude" }, seed, size, true),
        epochs: TRIAL_EPOCHS.candidate,
      };
      const result = yield* runEngine({ ...base, frames, probe: candidate.probe }, short, {
        ...run,
        label: `trying ${candidate.kind}`,
      });
      await result.reconstruction.release();
      const residual = result.residuals.at(-1) ?? Number.NaN;
      tried.push(`${candidate.kind} R ${residual.toFixed(4)}`);
      if (residual < best.residual) best = { ...candidate, residual };
    }
    const why = isMeasured ? "" : `; of ${tried.join(", ")} the best`;
    return {
      probe: withModes(best.probe, engine.modes),
      recipe: recipe(true),
      notes: [
        `no probe given, estimated: ${best.note}${why}`,
        describe(recipe(true), engine.engine === "auto"),
      ],
    };
  }
  const probe = withModes(scan.probe, engine.modes);
  const decided = { on: true, off: false, auto: undefined }[engine.refine_probe];
  const grown = probe.shape[0] > scan.probe.shape[0];
  if (decided !== undefined || grown) {
    const chosen = recipe(decided ?? true);
    const why = grown
      ? "modes were added to the probe: it is fitted"
      : `--refine_probe ${engine.refine_probe}`;
    return { probe, recipe: chosen, notes: [why, describe(chosen, engine.engine === "auto")] };
  }
  const plain = { ...engine, ...PLAIN };
  const known = recipeFor(plain, seed, size, false);
  const result = yield* runEngine(
    { ...base, frames, probe },
    { ...known, epochs: TRIAL_EPOCHS.known },
    { ...run, label: "trying the probe as it is" },
  );
  await result.reconstruction.release();
  const residual = result.residuals.at(-1) ?? Number.NaN;
  const sample = centralPatterns(scan, LOOKED_AT);
  const photons = scan.nphotons ?? countedPhotons(sample.amplitudes.data, sample.xPx.length);
  const fits = explains(residual, noiseResidual(N, photons));
  const chosen = recipe(!fits);
  const finding = fits
    ? `the probe explains the patterns as it is (R ${residual.toFixed(4)} after ${TRIAL_EPOCHS.known} epochs): it is kept`
    : `the probe does not explain the patterns (R ${residual.toFixed(4)} after ${TRIAL_EPOCHS.known} epochs): it is fitted too`;
  return { probe, recipe: chosen, notes: [finding, describe(chosen, engine.engine === "auto")] };
}

function describe({ engine, epochs, settings }: Recipe, auto: boolean): string {
  const { batchSize, objectStep, probeStart, momentum } = settings;
  const fit = Number.isFinite(probeStart) ? "object and probe" : "object alone";
  const how = `${engine}, ${epochs} epochs, batches of ${batchSize}, step ${objectStep}, momentum ${momentum}, ${fit}`;
  return auto ? `chosen: ${how} (measured best for such scans, docs/adr/0007)` : how;
}

/** Two reconstructions, of the patterns with even and with odd number, and how far they agree. */
async function* runHalves(
  scan: EngineScan,
  base: Base & { readonly probe: ComplexArray },
  recipe: Recipe,
  run: RunOptions,
): Work<HalvesComparison> {
  const { n } = scan.frames;
  const parts: PlacedObject[] = [];
  for (const half of [0, 1]) {
    const indices = Int32Array.from({ length: Math.floor((n + 1 - half) / 2) }, (_, i) => 2 * i + half);
    const pick = (values: Float64Array) => Float64Array.from(indices, (i) => values[i]);
    const batchSize = Math.max(1, Math.round((recipe.settings.batchSize * indices.length) / n));
    const result: EngineRun = yield* runEngine(
      {
        ...{ frames: selectFrames(scan.frames, indices), probe: base.probe },
        ...{ xPx: pick(scan.xPx), yPx: pick(scan.yPx) },
      },
      { ...recipe, settings: { ...recipe.settings, batchSize } },
      { ...run, tolerance: toleranceOf(null, recipe), label: `${HALF} ${half + 1}` },
    );
    parts.push(result.reconstruction.picture());
    await result.reconstruction.release();
  }
  return compareHalves(parts[0], parts[1], {
    taper: { window: "hann" },
    positions: { xPx: scan.xPx, yPx: scan.yPx },
  });
}

function halvesReport({
  phaseCorrelation,
  amplitudeCorrelation,
  halfBitPeriodPx,
}: HalvesComparison): HalvesReport {
  return { phaseCorrelation, amplitudeCorrelation, halfBitPeriodPx };
}

/** r.m.s. distance of refined positions from recorded ones. */
function rmsShift(
  now: { readonly xPx: Float64Array; readonly yPx: Float64Array },
  start: { readonly xPx: Float64Array; readonly yPx: Float64Array },
): number {
  let sum = 0;
  for (let i = 0; i < now.xPx.length; i++)
    sum += (now.xPx[i] - start.xPx[i]) ** 2 + (now.yPx[i] - start.yPx[i]) ** 2;
  return Math.sqrt(sum / now.xPx.length);
}

/** The settings for a report: a start at Infinity is "never". */
function printable({ settings }: Recipe): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value === Number.POSITIVE_INFINITY ? "never" : value,
    ]),
  );
}
