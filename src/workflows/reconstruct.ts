// Scan file -> iterative engine -> object, probe, pictures and a report. The truth in the file is never read.

import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { ComplexArray } from "../core/ndarray.js";
import { selectFrames } from "../data/frame-source.js";
import type { PlacedObject, ReconstructionInput } from "../engines/reconstruction.js";
import { compareHalves, type HalvesComparison } from "../evaluation/compare-halves.js";
import { prepareOutputFolder, reapPartials, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { shiftStatistics } from "../inference/position-moves.js";
import { lockRun } from "../training/run-lock.js";
import { type Base, chooseRecipe } from "./choose-recipe.js";
import type { HalvesReport, ReconstructRequest, ReconstructResult, Work } from "./contract.js";
import { expectOutputFolder } from "./output-file.js";
import { earlierRuns } from "./read-run-record.js";
import { previewPicture, writeOutcome } from "./reconstruct-files.js";
import { reconstructByNetwork } from "./reconstruct-pinn.js";
import { type EngineRun, HALF, type RunOptions, runEngine } from "./reconstruct-run.js";
import { type EngineScan, openEngineScan } from "./reconstruct-scan.js";
import { type Recipe, toleranceOf } from "./reconstruct-settings.js";
import { finite, loadRunState, type RunState, saveRunState } from "./reconstruct-state.js";
import { checkpointFolder, runIdentity } from "./run-checkpoints.js";
import { inputsOf } from "./run-inputs.js";
import { RUN_FILE, type RunRecorder, recordRun } from "./run-record.js";
import { startingObject } from "./starting-object.js";
import { saveProduct } from "./write-product.js";

/** @throws PtychoError as its parts do; after an interruption `Interrupted`, with the last whole epoch saved. */
export function reconstructWorkflow(request: ReconstructRequest): Work<ReconstructResult> {
  return recordRun({ command: "reconstruct" }, (run) => reconstruct(request, run));
}

async function* reconstruct(request: ReconstructRequest, run: RunRecorder): Work<ReconstructResult> {
  run.phase("read");
  const { engine, execution } = request.config.config;
  const outputDir = execution.output_dir;
  expectOutputFolder(outputDir);
  if (engine.engine === "pinn") return yield* reconstructByNetwork(request, run);
  const isNew = !existsSync(outputDir);
  prepareOutputFolder(outputDir);
  const lock = lockRun(outputDir);
  let scan: EngineScan | undefined;
  try {
    for (const path of [outputDir, checkpointFolder(outputDir)]) reapPartials(path);
    scan = yield* openEngineScan(request);
    for (const text of scan.notes ?? []) yield { kind: "message", text };
    for (const text of scan.warnings) yield { kind: "warning", text };
    return yield* reconstructScan(request, scan, run);
  } finally {
    scan?.close();
    lock.release();
    // A scan that could not be read leaves no folder behind.
    if (isNew && scan === undefined && readdirSync(outputDir).length === 0) rmdirSync(outputDir);
  }
}

async function* reconstructScan(
  request: ReconstructRequest,
  scan: EngineScan,
  record: RunRecorder,
): Work<ReconstructResult> {
  const { file, signal } = request;
  const { config } = request.config;
  const { engine, execution } = config;
  const outputDir = execution.output_dir;
  const startedMs = performance.now();
  const identity = runIdentity(config, scan.sha256);
  const resumed = execution.resume ? loadRunState(outputDir, identity, execution.allow_mismatch) : undefined;
  // Only now: a run that is refused must not replace the record of the one it would have resumed.
  const path = join(outputDir, RUN_FILE);
  const inputs = { ...(request.scan === undefined ? { scan: file } : {}), ...inputsOf(request.config) };
  const earlier = execution.resume ? earlierRuns(path, request.config) : [];
  await record.begin({ path, config: request.config, inputs, earlier });
  record.phase("choose");
  const run: RunOptions = {
    ...{ threads: engine.threads, memoryMiB: engine.memory_limit, tolerance: 0, signal },
    label: "",
  };
  const object =
    engine.init === null || resumed !== undefined ? undefined : yield* startingObject(engine.init, request);
  const base = { xPx: scan.xPx, yPx: scan.yPx, ...(object === undefined ? {} : { object }) };
  const chosen =
    resumed === undefined
      ? yield* chooseRecipe(scan, config, run, base)
      : { ...resumed, probe: resumed.startProbe };
  const recipe: Recipe = { ...chosen.recipe, epochs: engine.epochs ?? chosen.recipe.epochs };
  const { probe, notes } = chosen;
  for (const text of scan.maskNotes) yield { kind: "message", text };
  for (const text of notes) yield { kind: "message", text };
  if (resumed !== undefined)
    yield { kind: "message", text: `resuming after epoch ${resumed.residuals.length}` };
  const { xPx, yPx } = scan;
  const input: ReconstructionInput = { ...base, frames: scan.frames, probe };
  record.phase("reconstruct");
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
  if (engine.halves) record.phase("halves");
  const halves = engine.halves ? yield* runHalves(scan, { ...base, probe }, recipe, run) : undefined;
  const moved = rmsShift(positions, scan);
  const report = {
    scan: file,
    ...{ engine: recipe.engine, settings: finite(recipe.settings), notes, mask: scan.maskNotes },
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
  record.phase("save");
  const files = writeOutcome(
    outputDir,
    {
      placed,
      probe: found,
      positions,
      recorded: engine.refine_positions ? { xPx, yPx } : undefined,
      residuals,
      halves,
      pixelSizeM: scan.pixelSizeM,
    },
    report,
  );
  yield* saveProduct(outputDir, {
    ...{ object: placed.object, originPx: placed.originPx, probe: found, ...positions, losses: residuals },
    ...{ geometry: scan, nphotons: scan.nphotons },
  });
  const positionNote = engine.refine_positions
    ? [`positions moved by ${moved.toFixed(2)} px r.m.s., see positions.png`]
    : [];
  return {
    ...{ outputDir, ...files, engine: recipe.engine, epochs: residuals.length, residual: residuals.at(-1) },
    notes: [...scan.maskNotes, ...notes, ...positionNote],
    halves: halves === undefined ? undefined : halvesReport(halves),
  };
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

interface Positions {
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}

/** r.m.s. distance of refined positions from recorded ones, pixels. */
function rmsShift(now: Positions, start: Positions): number {
  const moves = Array.from(now.xPx, (x, i) => ({
    start: { x: start.xPx[i], y: start.yPx[i] },
    end: { x, y: now.yPx[i] },
  }));
  return shiftStatistics(moves).rms;
}
