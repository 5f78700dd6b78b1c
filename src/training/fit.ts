// The training loop: epochs of steps, validation, schedule, early stop. It knows no files; the caller saves snapshots.
import type { Executable } from "../compute/runtime.js";
import { PtychoError } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import { type OptimiserSettings, STEP_SCALARS, stepScalars } from "./optimiser.js";
import type { Schedule, ScheduleState } from "./schedule.js";
import { nextState, stateFeeds, type TrainingState } from "./step.js";

/** The batches of an epoch; a pure function of the epoch, so that a run can be resumed anywhere. */
export interface BatchSource {
  batchesOf(epoch: number): readonly TrainingBatch[];
}

export interface TrainingBatch {
  /** Patterns in the batch, for the rate. */
  readonly patterns: number;
  /** Shape key: batches with one key share their compiled step. */
  readonly size: number;
  /** Inputs of the objective. */
  feeds(): Readonly<Record<string, NdArray>>;
}

/** Compiled steps by batch size. */
export interface StepRunner {
  update(size: number): Promise<Executable>;
  /** With accumulation: adds a gradient without a step. */
  accumulate?(size: number): Promise<Executable>;
}

/** Everything that the rest of the run depends on. */
export interface Snapshot {
  readonly state: TrainingState;
  /** Epoch in progress and batches of it already done. */
  readonly epoch: number;
  readonly batch: number;
  readonly schedule: ScheduleState;
  /** Gradient gathered since the last step; undefined without accumulation. */
  readonly accumulated: NdArray<"float32"> | undefined;
  /** Sum of the losses of the epoch's batches so far, weighted by their patterns, and those patterns. */
  readonly lossSum: number;
  readonly patterns: number;
  readonly history: History;
}

export interface History {
  readonly trainLoss: readonly number[];
  /** Absent without validation data. */
  readonly validationLoss: readonly number[] | undefined;
  readonly learningRate: readonly number[];
}

export interface FitRequest {
  readonly start: Snapshot;
  readonly epochs: number;
  readonly schedule: Schedule;
  readonly optimiser: OptimiserSettings;
  readonly accumulate: number;
  readonly batches: BatchSource;
  readonly steps: StepRunner;
  /** Mean loss on the validation data, if there is any. */
  readonly validate?: (state: TrainingState) => Promise<number>;
  /** Epochs without a better metric before training ends. */
  readonly earlyStopPatience: number;
  /** Called after every epoch, and before leaving on abort. */
  readonly save: (snapshot: Snapshot, reason: "epoch" | "interrupted") => void;
  /** Refuses a state that can not recover; called after every epoch. */
  readonly inspect?: (state: TrainingState, history: History) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface FitResult {
  readonly snapshot: Snapshot;
  readonly ended: "completed" | "early stop";
}

/** The snapshot before the first step. */
export function startSnapshot(
  state: TrainingState,
  schedule: Schedule,
  accumulates: boolean,
  validates: boolean,
): Snapshot {
  return {
    state,
    epoch: 0,
    batch: 0,
    schedule: schedule.init(),
    accumulated: accumulates ? float32([state.parameters.data.length]) : undefined,
    lossSum: 0,
    patterns: 0,
    history: { trainLoss: [], validationLoss: validates ? [] : undefined, learningRate: [] },
  };
}

/**
 * Trains from `start` to `epochs`. Yields a step event per batch and an epoch event per epoch.
 *
 * @throws PtychoError DivergenceError at the first training or validation loss that is not finite; Interrupted after an abort, when the step
 * in progress is finished and its snapshot saved.
 */
export async function* trainEpochs(request: FitRequest): AsyncGenerator<ProgressEvent, FitResult, void> {
  let now = request.start;
  const startedMs = performance.now();
  let patternsDone = 0;
  while (now.epoch < request.epochs) {
    // Before the epoch, not after it, so that a run resumed here decides alike.
    if (now.batch === 0 && epochsWithoutGain(now.history) >= request.earlyStopPatience) {
      return { snapshot: now, ended: "early stop" };
    }
    if (request.signal.aborted) interrupt(request, now);
    const epochStartMs = performance.now();
    const batches = request.batches.batchesOf(now.epoch);
    while (now.batch < batches.length) {
      const batch = batches[now.batch];
      const { after, loss } = await runBatch(request, now, batch, batches.length);
      now = after;
      patternsDone += batch.patterns;
      const rate = (1000 * patternsDone) / (performance.now() - startedMs);
      const perEpoch = batches.reduce((total, { patterns }) => total + patterns, 0);
      const left = perEpoch * (request.epochs - now.epoch) - now.patterns;
      yield {
        kind: "step",
        epoch: now.epoch,
        epochs: request.epochs,
        batch: now.batch,
        batches: batches.length,
        loss,
        patternsPerSecond: rate,
        secondsLeft: left / rate,
      };
      if (request.signal.aborted) interrupt(request, now);
    }
    const validationLoss = request.validate === undefined ? undefined : await request.validate(now.state);
    if (validationLoss !== undefined && !Number.isFinite(validationLoss)) {
      diverged(now, `the validation loss is ${validationLoss} after epoch ${now.epoch + 1}`);
    }
    const trainLoss = now.lossSum / now.patterns;
    now = closeEpoch(request, now, trainLoss, validationLoss);
    request.save(now, "epoch");
    yield {
      kind: "epoch",
      epoch: now.epoch - 1,
      epochs: request.epochs,
      trainLoss,
      validationLoss,
      learningRate: now.history.learningRate[now.epoch - 1],
      elapsedMs: performance.now() - epochStartMs,
    };
    await request.inspect?.(now.state, now.history);
  }
  return { snapshot: now, ended: "completed" };
}

async function runBatch(
  request: FitRequest,
  now: Snapshot,
  batch: TrainingBatch,
  batches: number,
): Promise<{ after: Snapshot; loss: number }> {
  // A last, incomplete round of accumulation steps too, so that no pattern of the epoch is lost.
  const steps = (now.batch + 1) % request.accumulate === 0 || now.batch + 1 === batches;
  const { update, accumulate } = request.steps;
  const executable = await (steps || accumulate === undefined ? update(batch.size) : accumulate(batch.size));
  const results = await executable.run({
    ...stateFeeds(now.state),
    ...batch.feeds(),
    scalars: float32(
      [STEP_SCALARS],
      stepScalars(request.optimiser, now.schedule.learningRate, now.state.count + 1),
    ),
    ...(now.accumulated === undefined ? {} : { accumulated: now.accumulated }),
  });
  const loss = Number(results.loss.data[0]);
  if (!Number.isFinite(loss)) {
    diverged(now, `the loss is ${loss} at epoch ${now.epoch + 1}, batch ${now.batch + 1}`);
  }
  const gathered = results.accumulated_next as NdArray<"float32"> | undefined;
  const after: Snapshot = {
    ...now,
    state: nextState(now.state, results, steps),
    batch: now.batch + 1,
    accumulated: now.accumulated && (steps ? float32(now.accumulated.shape) : gathered),
    lossSum: now.lossSum + loss * batch.patterns,
    patterns: now.patterns + batch.patterns,
  };
  return { after, loss };
}

function closeEpoch(
  request: FitRequest,
  now: Snapshot,
  trainLoss: number,
  validationLoss: number | undefined,
): Snapshot {
  const { history } = now;
  return {
    ...now,
    epoch: now.epoch + 1,
    batch: 0,
    lossSum: 0,
    patterns: 0,
    schedule: request.schedule.step(now.schedule, validationLoss ?? trainLoss),
    history: {
      trainLoss: [...history.trainLoss, trainLoss],
      validationLoss:
        validationLoss === undefined ? undefined : [...(history.validationLoss ?? []), validationLoss],
      learningRate: [...history.learningRate, now.schedule.learningRate],
    },
  };
}

function interrupt(request: FitRequest, now: Snapshot): never {
  request.save(now, "interrupted");
  throw new PtychoError(
    "Interrupted",
    `training was interrupted in epoch ${now.epoch + 1} of ${request.epochs}; its state is saved, add --resume to go on`,
  );
}

function diverged({ schedule }: Snapshot, what: string): never {
  throw new PtychoError(
    "DivergenceError",
    `training diverged: ${what} (learning rate ${schedule.learningRate}); the checkpoints before it are kept. ` +
      "Lower --learning_rate, or set --gradient_clip_val 1",
  );
}

function epochsWithoutGain(history: History): number {
  const metric = history.validationLoss ?? history.trainLoss;
  const best = metric.indexOf(Math.min(...metric));
  return metric.length - 1 - best;
}
