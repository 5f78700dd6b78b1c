// Scan file -> groups -> training -> one model archive. The truth in the file is never read, except for supervised labels.
import { join } from "node:path";
import { withFacts } from "../config/facts.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { float32 } from "../core/ndarray.js";
import { epochBatches, gatherBatch, splitGroups } from "../data/batches.js";
import { scanSize } from "../data/raw-data.js";
import { prepareOutputFolder, reapPartials, writeFileAtomic } from "../formats/files.js";
import { initialParameters } from "../model/initialise.js";
import { layoutOf, packParameters } from "../model/parameters.js";
import { buildNetwork } from "../model/registry.js";
import { metricsTable } from "../tracking/metrics-table.js";
import { type BatchData, batchFeeds } from "../training/batch-feeds.js";
import { type FitRequest, type Snapshot, startSnapshot, trainEpochs } from "../training/fit.js";
import { physicsParameters } from "../training/objective.js";
import { lockRun } from "../training/run-lock.js";
import { makeSchedule } from "../training/schedule.js";
import { initialState, type TrainingState } from "../training/step.js";
import type { TrainRequest, TrainResult, Work } from "./contract.js";
import { contrastInspector } from "./inspect-contrast.js";
import {
  modelOptionsOf,
  objectiveSettingsOf,
  optimiserSettingsOf,
  profileOf,
  scheduleSettingsOf,
} from "./model-settings.js";
import { resumeFrom, runIdentity, snapshotSaver } from "./run-checkpoints.js";
import { saveModel } from "./save-model.js";
import { dataFingerprint, groupedData, readTrainingScan } from "./training-data.js";
import {
  calibratedRectangularScale,
  type GraphSettings,
  initialBuffers,
  openTrainingGraphs,
} from "./training-graphs.js";

/** @throws PtychoError as its parts do; after an interruption `Interrupted`, with the state saved. */
export async function* trainWorkflow({ config: asked, signal }: TrainRequest): Work<TrainResult> {
  const loaded = readData(asked);
  const outputDir = asked.config.execution.output_dir;
  prepareOutputFolder(outputDir);
  const lock = lockRun(outputDir);
  try {
    reapPartials(outputDir);
    return yield* trainOn(loaded, signal);
  } finally {
    lock.release();
  }
}

interface Loaded {
  readonly resolved: ResolvedConfig<"train">;
  readonly train: BatchData;
  /** Groups of `train` to train on. */
  readonly groups: Int32Array;
  readonly validation: { readonly data: BatchData; readonly groups: Int32Array } | undefined;
  readonly warnings: readonly string[];
}

async function* trainOn(loaded: Loaded, signal: AbortSignal): Work<TrainResult> {
  const { resolved, train, groups, validation } = loaded;
  const { config } = resolved;
  const { execution, training } = config;
  const network = buildNetwork(modelOptionsOf(config.model));
  for (const text of [...loaded.warnings, ...network.warnings]) yield { kind: "warning", text };
  yield { kind: "message", text: describe(loaded, network.parameters.length) };
  const settings = graphSettings(resolved, network);
  const [, channels, N] = train.container.images.shape;
  const graphs = openTrainingGraphs(settings, { channels, N, modes: train.probe.shape[0] });
  const schedule = makeSchedule(scheduleSettingsOf(training));
  const identity = runIdentity(config, dataFingerprint(train));
  const outputDir = execution.output_dir;
  let start: Snapshot;
  if (execution.resume) {
    const found = resumeFrom(outputDir, identity, execution.allow_mismatch);
    for (const text of found.notes) yield { kind: "message", text };
    start = found.snapshot;
  } else {
    const state = await firstState(settings, resolved, train, groups);
    start = startSnapshot(state, schedule, training.accum_steps > 1, validation !== undefined);
  }
  const keep = snapshotSaver(outputDir, config, identity);
  const save: FitRequest["save"] = (snapshot, metric, reason) => {
    keep(snapshot, metric, reason);
    if (execution.logger_backend === "csv") writeMetrics(outputDir, snapshot);
  };
  const validationBatches = validation && epochBatches(validation.groups, training.batch_size, undefined);
  const batches = (epoch: number) =>
    epochBatches(groups, training.batch_size, { seed: execution.seed, epoch }).map((batch) => ({
      patterns: batch.length * channels,
      size: batch.length,
      feeds: () => batchFeeds(train, batch),
    }));
  const sample = gatherBatch(train.container, groups.slice(0, training.batch_size)).images;
  const inputScale = train.container.domain === "counts" ? train.container.rmsInputScale : 1;
  const { snapshot, ended } = yield* trainEpochs({
    start,
    epochs: training.nepochs,
    schedule,
    optimiser: settings.optimiser,
    accumulate: training.accum_steps,
    batches: { batchesOf: batches },
    steps: graphs,
    ...(validation && validationBatches
      ? { validate: (state: TrainingState) => graphs.meanLoss(state, validation.data, validationBatches) }
      : {}),
    earlyStopPatience: training.early_stop_patience,
    save,
    inspect: contrastInspector(network, settings.layout, sample, inputScale),
    signal,
  });
  await graphs.release();
  const model = { config, network, layout: settings.layout, state: snapshot.state, data: train };
  const archivePath = saveModel(outputDir, model);
  yield { kind: "wrote", path: archivePath, what: "model archive" };
  const { trainLoss, validationLoss } = snapshot.history;
  return {
    archivePath,
    outputDir,
    history: { trainLoss, ...(validationLoss === undefined ? {} : { validationLoss }) },
    ended,
  };
}

/** Reads, checks and groups everything before any file is written. */
function readData(asked: ResolvedConfig<"train">): Loaded {
  const { data, execution } = asked.config;
  const profile = profileOf(asked.config);
  const scan = readTrainingScan(data.train_data_file, profile, data);
  const { N } = scanSize(scan.raw);
  const resolved = withFacts(asked, { N, nphotons: scan.raw.nphotons });
  const train = groupedData(scan.raw, profile, resolved);
  const count = train.container.images.shape[0];
  const warnings = [...scan.warnings];
  if (data.test_data_file !== null) {
    const test = readTrainingScan(data.test_data_file, profile, data);
    warnings.push(...test.warnings);
    const held = groupedData(test.raw, profile, resolved, train);
    const everything = (size: number) => Int32Array.from({ length: size }, (_, group) => group);
    const validation = { data: held, groups: everything(held.container.images.shape[0]) };
    return { resolved, train, groups: everything(count), validation, warnings };
  }
  const split = splitGroups(count, data.validation_split, execution.seed);
  const validation = split.validation.length === 0 ? undefined : { data: train, groups: split.validation };
  if (
    validation === undefined &&
    execution.checkpoint_monitor_metric === "val_loss" &&
    execution.enable_checkpointing
  ) {
    warnings.push("there is no validation data: checkpoints are ranked by train_loss instead of val_loss");
  }
  return { resolved, train, groups: split.train, validation, warnings };
}

function graphSettings(
  { config }: ResolvedConfig<"train">,
  network: GraphSettings["network"],
): GraphSettings {
  const { gradient_clip_val: limit, gradient_clip_algorithm: algorithm, accum_steps } = config.training;
  const objective = objectiveSettingsOf(config);
  return {
    objective,
    network,
    layout: layoutOf([...network.parameters, ...physicsParameters(objective)]),
    optimiser: optimiserSettingsOf(config.training),
    accumulate: accum_steps,
    ...(limit === null ? {} : { clip: { algorithm, limit } }),
  };
}

/** Seeded weights; the rectangular scales from one batch where the configuration asks for it. */
async function firstState(
  settings: GraphSettings,
  { config }: ResolvedConfig<"train">,
  train: BatchData,
  groups: Int32Array,
): Promise<TrainingState> {
  const { network, layout, objective, optimiser } = settings;
  const scales = physicsParameters(objective);
  const initial = initialParameters([...network.parameters, ...scales], config.execution.seed);
  const state = (): TrainingState =>
    initialState(packParameters(layout, initial), optimiser, initialBuffers(network));
  if (scales.length > 0 && config.model.rect_s1s2_init === "data") {
    const batch = groups.slice(0, config.training.batch_size);
    const scale = await calibratedRectangularScale(settings, state(), train, batch);
    for (const { name, shape } of scales)
      initial[name] = float32(shape, new Float32Array(shape[0]).fill(scale));
  }
  return state();
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

function describe({ resolved, train, groups, validation }: Loaded, tensors: number): string {
  const [, channels, N] = train.container.images.shape;
  const held = validation === undefined ? "none" : `${validation.groups.length} groups`;
  const { architecture } = resolved.config.model;
  return (
    `training ${architecture} (${tensors} tensors) on ${groups.length} groups of ${channels}, patterns ${N} x ${N}; ` +
    `validation: ${held}; device: cpu`
  );
}
