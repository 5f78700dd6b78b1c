// Scan file -> training -> one model archive. The truth in the file is never read, except for supervised labels.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../bundle/load-bundle.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { prepareOutputFolder, reapPartials } from "../formats/files.js";
import { initialParameters } from "../model/initialise.js";
import { layoutOf, type ParameterLayout, packParameters, unpackParameters } from "../model/parameters.js";
import { fingerprintOf } from "../training/checkpoint.js";
import {
  type FitRequest,
  type FitResult,
  type History,
  type Snapshot,
  startSnapshot,
  trainEpochs,
} from "../training/fit.js";
import { lockRun } from "../training/run-lock.js";
import { makeSchedule, scheduleAfter } from "../training/schedule.js";
import { initialState, type TrainingState } from "../training/step.js";
import { initialBuffers } from "./bright-start.js";
import type { TrainRequest, TrainResult, Work } from "./contract.js";
import { optimiserSettingsOf, scheduleSettingsOf } from "./model-settings.js";
import type { RunScan } from "./open-run-scan.js";
import { openPatchLog } from "./patch-watch.js";
import { earlierRuns } from "./read-run-record.js";
import { readTask } from "./read-task.js";
import { openReconLog, type ReconLogSettings } from "./recon-log.js";
import {
  checkpointFolder,
  expectCheckpoints,
  resumeFrom,
  runIdentity,
  snapshotSaver,
} from "./run-checkpoints.js";
import { inputsOf } from "./run-inputs.js";
import { RUN_FILE, type RunRecorder, recordRun } from "./run-record.js";
import { saveModel } from "./save-model.js";
import { modelIdentity, startWeights } from "./start-model.js";
import { stitchAfterTraining } from "./stitch-after-training.js";
import { rowsOf, tracked, trackerOf } from "./track-training.js";
import { type GraphSettings, openTrainingGraphs } from "./training-graphs.js";
import type { TrainingTask } from "./training-task.js";

/**
 * @param outer the run that this one is a part of, which keeps the record of both.
 * @throws PtychoError as its parts do; after an interruption `Interrupted`, with the state saved.
 */
export function trainWorkflow(request: TrainRequest, outer?: RunRecorder): Work<TrainResult> {
  return recordRun({ command: "train", outer }, (run) => train(request, run));
}

async function* train(request: TrainRequest, run: RunRecorder): Work<TrainResult> {
  run.phase("read");
  const opened: RunScan[] = [];
  try {
    return yield* trainOn(request, run, opened);
  } finally {
    for (const scan of opened) scan.close();
  }
}

async function* trainOn(request: TrainRequest, run: RunRecorder, opened: RunScan[]): Work<TrainResult> {
  const { start, signal } = request;
  const { resolved, task, notes } = yield* readTask(request, opened);
  const { output_dir: outputDir, resume } = resolved.config.execution;
  if (resume) expectCheckpoints(outputDir);
  prepareOutputFolder(outputDir);
  const lock = lockRun(outputDir);
  try {
    for (const folder of [outputDir, checkpointFolder(outputDir)]) reapPartials(folder);
    for (const text of notes) yield { kind: "message", text };
    const trained = yield* trainTask({ resolved, task, model: start, run, signal });
    if (!resolved.config.execution.do_stitching) return trained;
    return { ...trained, stitched: yield* stitchAfterTraining(request, trained.archivePath, run) };
  } finally {
    lock.release();
  }
}

interface TaskRun {
  readonly resolved: ResolvedConfig<"train">;
  readonly task: TrainingTask;
  readonly model: Bundle | undefined;
  readonly run: RunRecorder;
  readonly signal: AbortSignal;
}

async function* trainTask({ resolved, task, model, run, signal }: TaskRun): Work<TrainResult> {
  const { config } = resolved;
  const { execution, training } = config;
  const outputDir = execution.output_dir;
  const { validation } = task;
  for (const text of task.warnings) yield { kind: "warning", text };
  if (
    validation === undefined &&
    execution.enable_checkpointing &&
    execution.checkpoint_monitor_metric === "val_loss"
  ) {
    yield {
      kind: "warning",
      text: "there is no validation data: checkpoints are ranked by train_loss instead of val_loss",
    };
  }
  for (const text of [task.summary, ...task.notes]) yield { kind: "message", text };
  const settings = graphSettings(resolved, task);
  const schedule = makeSchedule(scheduleSettingsOf(training));
  const origin = model === undefined ? {} : { start: modelIdentity(model) };
  const identity = runIdentity({ ...config, ...origin }, fingerprintOf(task.arrays));
  let start: Snapshot;
  if (execution.resume) {
    const buffers = initialBuffers(task.network);
    const shapes = initialState(new Float32Array(settings.layout.size), settings.optimiser, buffers);
    const fresh = startSnapshot(shapes, schedule, training.accum_steps > 1, validation !== undefined);
    const found = resumeFrom(outputDir, identity, fresh, execution.allow_mismatch);
    for (const text of found.notes) yield { kind: "message", text };
    // The rate under the present settings, which may differ in the number of epochs; else it is the stored one.
    start = { ...found.snapshot, schedule: scheduleAfter(schedule, found.snapshot.history) };
  } else {
    const { given, buffers } =
      model === undefined
        ? { given: initialParameters(task.specs, execution.seed), buffers: initialBuffers(task.network) }
        : startWeights(model, task);
    const { weights, notes } = (await task.start?.(given, model === undefined ? "drawn" : "trained")) ?? {
      weights: given,
      notes: [],
    };
    for (const text of notes) yield { kind: "message", text };
    const parameters = packParameters(settings.layout, weights);
    const state = initialState(parameters, settings.optimiser, buffers);
    start = startSnapshot(state, schedule, training.accum_steps > 1, validation !== undefined);
  }
  const tracker = trackerOf(resolved, start.epoch);
  await beginTraining(resolved, task.device.name, model, run);
  const keep = snapshotSaver(outputDir, config, identity);
  const save: FitRequest["save"] = (snapshot, reason) => {
    keep(snapshot, reason);
    tracker.record(rowsOf(snapshot));
  };
  const graphs = openTrainingGraphs(settings);
  const inspect = inspectorOf(task, settings.layout, execution);
  async function* epochs(): Work<FitResult> {
    const fitted = yield* trainEpochs({
      start,
      epochs: training.nepochs,
      schedule,
      optimiser: settings.optimiser,
      accumulate: training.accum_steps,
      batches: task,
      steps: graphs,
      ...(validation === undefined
        ? {}
        : { validate: (state: TrainingState) => graphs.meanLoss(state, validation) }),
      earlyStopPatience: training.early_stop_patience,
      save,
      inspect,
      signal,
    });
    tracker.record(rowsOf(fitted.snapshot)); // a run killed after its last checkpoint may lack the last row
    return fitted;
  }
  run.phase("train");
  let fitted: FitResult;
  try {
    fitted = yield* tracked(epochs(), tracker);
  } finally {
    await graphs.release();
  }
  run.phase("save");
  const { snapshot, ended } = fitted;
  if (tracker.file !== undefined) yield { kind: "wrote", path: tracker.file, what: "losses" };
  const archivePath = saveModel(outputDir, { ...config, ...origin }, task, settings.layout, snapshot.state);
  yield { kind: "wrote", path: archivePath, what: "model archive" };
  if (execution.log_patch_stats && task.patches !== undefined) {
    const log = openPatchLog(outputDir, "train", execution.patch_stats_limit);
    const weights = unpackParameters(settings.layout, snapshot.state.parameters.data);
    for await (const patches of task.patches({ ...weights, ...snapshot.state.buffers })) {
      log.add(patches);
      if (!log.isOpen()) break;
    }
    yield { kind: "wrote", path: log.write(), what: "patch statistics" };
  }
  const { trainLoss, validationLoss } = snapshot.history;
  return {
    archivePath,
    outputDir,
    history: { trainLoss, ...(validationLoss === undefined ? {} : { validationLoss }) },
    ended,
    containerShapes: Object.fromEntries(Array.from(task.arrays, ([name, { shape }]) => [name, shape])),
    intensityScale: intensityScaleOf(task),
  };
}

function inspectorOf(task: TrainingTask, layout: ParameterLayout, settings: ReconLogSettings) {
  const watch = task.inspect?.(layout);
  const log = task.preview && openReconLog(settings, layout, task.preview);
  return async (state: TrainingState, history: History): Promise<void> => {
    await watch?.(state, history);
    await log?.(state, history);
  };
}

/** Only now: a run that is refused must not replace the record of the one it would have resumed. */
async function beginTraining(
  config: ResolvedConfig<"train">,
  device: string,
  model: Bundle | undefined,
  run: RunRecorder,
) {
  const path = join(config.config.execution.output_dir, RUN_FILE);
  const start = model !== undefined && existsSync(model.path) ? { start: model.path } : {};
  const earlier = config.config.execution.resume ? earlierRuns(path, config) : [];
  await run.begin({ path, config, inputs: { ...inputsOf(config), ...start }, device, earlier });
}

function intensityScaleOf({ statistics }: TrainingTask): number | undefined {
  const scale = statistics.physics_scale ?? statistics.rms_input_scale;
  return typeof scale === "number" ? scale : undefined;
}

function graphSettings({ config }: ResolvedConfig<"train">, task: TrainingTask): GraphSettings {
  const { gradient_clip_val: limit, gradient_clip_algorithm: algorithm, accum_steps } = config.training;
  return {
    objective: task.objective,
    placement: task.device.placement,
    buffers: Object.fromEntries(task.network.buffers.map(({ name, shape }) => [name, shape])),
    layout: layoutOf(task.specs),
    optimiser: optimiserSettingsOf(config.training),
    accumulate: accum_steps,
    ...(limit === null ? {} : { clip: { algorithm, limit } }),
  };
}
