// Snapshots of a training run as checkpoints in its output folder, and back.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/fields.js";
import { check, PtychoError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import {
  type Checkpoint,
  expectSameRun,
  identityDifferences,
  type RunIdentity,
} from "../training/checkpoint.js";
import { keepCheckpoint, latestCheckpoint, removeRanked, saveLast } from "../training/checkpoint-folder.js";
import type { FitRequest, History, Snapshot } from "../training/fit.js";
import type { TrainingState } from "../training/step.js";

/** Fields that a resumed run may change: they do not enter the steps already done. */
const FREE_FIELDS = [
  "training.nepochs",
  "training.early_stop_patience",
  "execution.output_dir",
  "execution.resume",
  "execution.allow_mismatch",
  "execution.enable_progress_bar",
  "execution.logger_backend",
  "execution.mlflow_tracking_uri",
  "execution.enable_checkpointing",
  "execution.checkpoint_save_top_k",
  "execution.max_memory",
  "execution.console_level",
  "execution.do_stitching",
  "execution.log_patch_stats",
  "execution.recon_log_every_n_epochs",
  "execution.recon_log_num_patches",
  "execution.recon_log_fixed_indices",
  "execution.recon_log_stitch",
  "execution.recon_log_max_stitch_samples",
  "execution.patch_stats_limit",
  "data.train_data_file",
  "data.test_data_file",
];

export const checkpointFolder = (outputDir: string): string => join(outputDir, "checkpoints");

/** What a run must have in common with the one that it resumes. */
export function runIdentity(
  config: Config<"train"> | Config<"reconstruct">,
  dataSha256: string,
): RunIdentity {
  return { config: config as unknown as Json, dataSha256, version: VERSION }; // plain values by section
}

/**
 * The `save` of a run: after every epoch the last and the best, on an interruption the last alone. A run that begins
 * anew replaces the checkpoints that an earlier one left in the folder.
 */
export function snapshotSaver(
  outputDir: string,
  config: Config<"train">,
  identity: RunIdentity,
): FitRequest["save"] {
  const { execution } = config;
  const folder = checkpointFolder(outputDir);
  let ofEarlierRun = !execution.resume;
  return (snapshot, reason) => {
    if (reason === "epoch" && !execution.enable_checkpointing) return;
    const checkpoint = toCheckpoint(snapshot, identity);
    if (ofEarlierRun || reason === "interrupted") saveLast(folder, checkpoint);
    // Only now is something of this run safe; the best of another one must not compete with it.
    if (ofEarlierRun) removeRanked(folder);
    ofEarlierRun = false;
    if (reason === "epoch") {
      keepCheckpoint(folder, checkpoint, {
        metric: monitored(snapshot, execution.checkpoint_monitor_metric),
        mode: execution.checkpoint_mode,
        topK: execution.checkpoint_save_top_k,
      });
    }
  };
}

/** The metric that ranks checkpoints: val_loss falls back to train_loss without validation data. */
function monitored({ history }: Snapshot, asked: "val_loss" | "train_loss"): "val_loss" | "train_loss" {
  return history.validationLoss === undefined ? "train_loss" : asked;
}

/** Refuses to resume in a folder without checkpoints, before anything is made there. @throws PtychoError UsageError */
export function expectCheckpoints(outputDir: string): void {
  if (existsSync(checkpointFolder(outputDir))) return;
  throw new PtychoError(
    "UsageError",
    `--resume: ${checkpointFolder(outputDir)} holds no checkpoint; leave --resume out to start anew`,
  );
}

/**
 * The snapshot to go on from. `fresh` is the snapshot that a new run would start from, for its shapes.
 *
 * @throws PtychoError UsageError when there is none, when it belongs to another run (see expectSameRun), or when, with a
 * mismatch allowed, its state does not fit the network or optimiser; ArtefactError when no checkpoint is whole.
 */
export function resumeFrom(
  outputDir: string,
  identity: RunIdentity,
  fresh: Snapshot,
  allowMismatch: boolean,
): { readonly snapshot: Snapshot; readonly notes: readonly string[] } {
  const found = latestCheckpoint(checkpointFolder(outputDir));
  if (found === undefined) {
    throw new PtychoError(
      "UsageError",
      `--resume: ${checkpointFolder(outputDir)} holds no checkpoint; leave --resume out to start anew`,
    );
  }
  if (!allowMismatch) expectSameRun(found.checkpoint.identity, identity, FREE_FIELDS);
  const snapshot = toSnapshot(found.checkpoint);
  expectFits(snapshot, fresh);
  const { position } = found.checkpoint;
  const resumed = `resuming from ${found.name}: epoch ${position.epoch + 1}, ${position.batch} of its batches done`;
  const differences = identityDifferences(found.checkpoint.identity, identity, FREE_FIELDS);
  const allowed = differences.length === 0 ? [] : [`allowed mismatch: ${differences.join("; ")}`];
  const accumulated = fresh.accumulated && (snapshot.accumulated ?? fresh.accumulated);
  return { snapshot: { ...snapshot, accumulated }, notes: [...found.skipped, ...allowed, resumed] };
}

function expectFits({ state, history }: Snapshot, fresh: Snapshot): void {
  const shapesOf = ({ parameters, slots, buffers }: TrainingState): string =>
    [["parameters", parameters] as const, ...Object.entries(slots), ...Object.entries(buffers)]
      .map(([name, { shape }]) => `${name} [${shape}]`)
      .sort()
      .join(", ");
  const [found, expected] = [shapesOf(state), shapesOf(fresh.state)];
  check(
    found === expected,
    "UsageError",
    () =>
      `--resume: the checkpoint does not fit this network or optimiser: it holds ${found}, expected ${expected}; ` +
      "undo the change, or start a new run in another folder",
  );
  check(
    history.trainLoss.length === 0 ||
      history.validationLoss !== undefined ||
      fresh.history.validationLoss === undefined,
    "UsageError",
    () =>
      "--resume: the run so far had no validation data; leave it out, or start a new run in another folder",
  );
}

/** What a checkpoint keeps beside tensors and schedule. */
interface Progress {
  readonly lossSum: number;
  readonly patterns: number;
  readonly trainLoss: readonly number[];
  readonly validationLoss: readonly number[] | null;
  readonly learningRate: readonly number[];
}

function toCheckpoint(snapshot: Snapshot, identity: RunIdentity): Checkpoint {
  const { state, history } = snapshot;
  const named = (prefix: string, arrays: Readonly<Record<string, NdArray>>): [string, NdArray][] =>
    Object.entries(arrays).map(([name, array]) => [`${prefix}.${name}`, array]);
  const progress: Progress = {
    lossSum: snapshot.lossSum,
    patterns: snapshot.patterns,
    trainLoss: history.trainLoss,
    validationLoss: history.validationLoss ?? null,
    learningRate: history.learningRate,
  };
  const last = (values: readonly number[] | undefined): number | null => values?.at(-1) ?? null;
  return {
    position: { step: state.count, epoch: snapshot.epoch, batch: snapshot.batch },
    tensors: new Map<string, NdArray>([
      ["parameters", state.parameters],
      ...named("slot", state.slots),
      ...named("buffer", state.buffers),
      ...(snapshot.accumulated ? [["accumulated", snapshot.accumulated] as [string, NdArray]] : []),
    ]),
    schedule: snapshot.schedule,
    random: progress as unknown as Json, // the order of batches is a function of seed and epoch; only sums are needed
    metrics: {
      train_loss: last(history.trainLoss),
      val_loss: last(history.validationLoss),
    },
    identity,
  };
}

function toSnapshot({ position, tensors, schedule, random }: Checkpoint): Snapshot {
  const progress = random as unknown as Progress;
  const group = (prefix: string): Record<string, NdArray<"float32">> =>
    Object.fromEntries(
      [...tensors]
        .filter(([name]) => name.startsWith(`${prefix}.`))
        .map(([name, array]) => [name.slice(prefix.length + 1), array as NdArray<"float32">]),
    );
  const history: History = {
    trainLoss: progress.trainLoss,
    validationLoss: progress.validationLoss ?? undefined,
    learningRate: progress.learningRate,
  };
  const parameters = tensors.get("parameters") as NdArray<"float32"> | undefined;
  if (parameters === undefined) {
    throw new PtychoError(
      "ArtefactError",
      "checkpoint: holds no parameters; start the run anew without --resume",
    );
  }
  const accumulated = tensors.get("accumulated") as NdArray<"float32"> | undefined;
  return {
    state: {
      parameters: float32(parameters.shape, parameters.data),
      slots: group("slot"),
      buffers: group("buffer"),
      count: position.step,
    },
    epoch: position.epoch,
    batch: position.batch,
    schedule,
    accumulated,
    lossSum: progress.lossSum,
    patterns: progress.patterns,
    history,
  };
}
