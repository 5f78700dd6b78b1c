// Scan file -> training -> one model archive. The truth in the file is never read, except for supervised labels.

import { join } from "node:path";
import type { Bundle } from "../bundle/load-bundle.js";
import { withFacts } from "../config/facts.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { splitGroups } from "../data/batches.js";
import { scanSize } from "../data/raw-data.js";
import { prepareOutputFolder, reapPartials, writeFileAtomic } from "../formats/files.js";
import { initialParameters } from "../model/initialise.js";
import { layoutOf, packParameters } from "../model/parameters.js";
import { metricsTable } from "../tracking/metrics-table.js";
import { fingerprintOf } from "../training/checkpoint.js";
import {
  type FitRequest,
  type FitResult,
  type Snapshot,
  startSnapshot,
  trainEpochs,
} from "../training/fit.js";
import { lockRun } from "../training/run-lock.js";
import { makeSchedule, scheduleAfter } from "../training/schedule.js";
import { initialState, type TrainingState } from "../training/step.js";
import { initialBuffers } from "./bright-start.js";
import type { TrainRequest, TrainResult, Work } from "./contract.js";
import { groupedTask } from "./grouped-task.js";
import { optimiserSettingsOf, profileOf, scheduleSettingsOf } from "./model-settings.js";
import {
  checkpointFolder,
  expectCheckpoints,
  resumeFrom,
  runIdentity,
  snapshotSaver,
} from "./run-checkpoints.js";
import { saveModel } from "./save-model.js";
import { expectPatternSize, modelIdentity, startWeights } from "./start-model.js";
import { readTeacher } from "./teacher.js";
import { groupedData, readTrainingScan } from "./training-data.js";
import { type GraphSettings, openTrainingGraphs } from "./training-graphs.js";
import type { TrainingTask } from "./training-task.js";
import { unrolledTask } from "./unrolled-task.js";

/** @throws PtychoError as its parts do; after an interruption `Interrupted`, with the state saved. */
export async function* trainWorkflow({ config: asked, start, signal }: TrainRequest): Work<TrainResult> {
  const { resolved, task } = await readTask(asked, start);
  const { output_dir: outputDir, resume } = resolved.config.execution;
  if (resume) expectCheckpoints(outputDir);
  prepareOutputFolder(outputDir);
  const lock = lockRun(outputDir);
  try {
    for (const folder of [outputDir, checkpointFolder(outputDir)]) reapPartials(folder);
    return yield* trainTask(resolved, task, start, signal);
  } finally {
    lock.release();
  }
}

/** Reads and checks everything before any file is written. */
async function readTask(
  asked: ResolvedConfig<"train">,
  start: Bundle | undefined,
): Promise<{ resolved: ResolvedConfig<"train">; task: TrainingTask }> {
  const { data, execution } = asked.config;
  const profile = profileOf(asked.config);
  const teacher = readTeacher(asked.config.training);
  const scan = readTrainingScan(data.train_data_file, profile, data);
  if (start !== undefined) expectPatternSize(start, scanSize(scan.raw).N);
  const resolved = withFacts(asked, { N: scanSize(scan.raw).N, nphotons: scan.raw.nphotons });
  const test =
    data.test_data_file === null ? undefined : readTrainingScan(data.test_data_file, profile, data);
  const warnings = [...scan.warnings, ...(test?.warnings ?? [])];
  if (resolved.config.model.architecture === "unrolled") {
    const clusters = { scan: scan.raw, test: test?.raw, teacher, warnings };
    return { resolved, task: await unrolledTask(resolved, clusters) };
  }
  const train = groupedData(scan.raw, profile, resolved);
  const count = train.container.images.shape[0];
  if (resolved.sources.n_groups?.givenAs !== undefined && data.n_groups > count)
    warnings.push(`${data.n_groups} groups were asked for, the scan has patterns for ${count}: all are used`);
  if (test !== undefined) {
    const held = groupedData(test.raw, profile, resolved, train);
    const everything = (size: number) => Int32Array.from({ length: size }, (_, group) => group);
    const validation = { data: held, groups: everything(held.container.images.shape[0]) };
    const heldOut = { train, groups: everything(count), validation, teacher, warnings };
    return { resolved, task: await groupedTask(resolved, heldOut) };
  }
  const split = splitGroups(count, data.validation_split, execution.seed);
  const validation = split.validation.length === 0 ? undefined : { data: train, groups: split.validation };
  const groups = { train, groups: split.train, validation, teacher, warnings };
  return { resolved, task: await groupedTask(resolved, groups) };
}

async function* trainTask(
  resolved: ResolvedConfig<"train">,
  task: TrainingTask,
  model: Bundle | undefined,
  signal: AbortSignal,
): Work<TrainResult> {
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
  const keep = snapshotSaver(outputDir, config, identity);
  const record = execution.logger_backend === "csv" ? writeMetrics : () => {};
  const save: FitRequest["save"] = (snapshot, reason) => {
    keep(snapshot, reason);
    record(outputDir, snapshot);
  };
  const graphs = openTrainingGraphs(settings);
  let fitted: FitResult;
  try {
    fitted = yield* trainEpochs({
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
      ...(task.inspect === undefined ? {} : { inspect: task.inspect(settings.layout) }),
      signal,
    });
  } finally {
    await graphs.release();
  }
  const { snapshot, ended } = fitted;
  record(outputDir, snapshot); // a run killed after its last checkpoint may lack the last row
  const archivePath = saveModel(outputDir, { ...config, ...origin }, task, settings.layout, snapshot.state);
  yield { kind: "wrote", path: archivePath, what: "model archive" };
  const { trainLoss, validationLoss } = snapshot.history;
  return {
    archivePath,
    outputDir,
    history: { trainLoss, ...(validationLoss === undefined ? {} : { validationLoss }) },
    ended,
  };
}

function graphSettings({ config }: ResolvedConfig<"train">, task: TrainingTask): GraphSettings {
  const { gradient_clip_val: limit, gradient_clip_algorithm: algorithm, accum_steps } = config.training;
  return {
    objective: task.objective,
    buffers: Object.fromEntries(task.network.buffers.map(({ name, shape }) => [name, shape])),
    layout: layoutOf(task.specs),
    optimiser: optimiserSettingsOf(config.training),
    accumulate: accum_steps,
    ...(limit === null ? {} : { clip: { algorithm, limit } }),
  };
}

function writeMetrics(outputDir: string, { history }: Snapshot): void {
  const rows = history.trainLoss.map((trainLoss, epoch) => ({
    epoch,
    trainLoss,
    validationLoss: history.validationLoss?.[epoch],
    learningRate: history.learningRate[epoch],
  }));
  writeFileAtomic(join(outputDir, "metrics.csv"), Buffer.from(metricsTable(rows)));
}
