// Learning rate by epoch. A schedule is a pure { init, step }; its state is plain data that a checkpoint stores as JSON.
import { check, nearestName, PtychoError } from "../core/errors.js";

export const SCHEDULERS = ["Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

export interface ScheduleSettings {
  readonly scheduler: Scheduler;
  readonly learningRate: number;
  readonly epochs: number;
  /** WarmupCosine: epochs of linear rise from a tenth of the learning rate; 0 leaves the rise out. */
  readonly lrWarmupEpochs: number;
  /** WarmupCosine: the lowest learning rate as a share of the first. */
  readonly lrMinRatio: number;
  /** ReduceLROnPlateau: factor, epochs of patience, floor, and the relative gain that counts as better. */
  readonly plateauFactor: number;
  readonly plateauPatience: number;
  readonly plateauMinLr: number;
  readonly plateauThreshold: number;
}

export interface ScheduleState {
  /** Epoch in progress, from 0. */
  readonly epoch: number;
  /** Learning rate in force during this epoch. */
  readonly learningRate: number;
  /** ReduceLROnPlateau: best metric so far, null before the first. */
  readonly best: number | null;
  /** ReduceLROnPlateau: epochs without a gain since the best or the last reduction. */
  readonly badEpochs: number;
}

export interface Schedule {
  init(): ScheduleState;
  /** State of the next epoch. `metric` (to be minimised) is what the finished epoch reached. */
  step(state: ScheduleState, metric: number | undefined): ScheduleState;
}

/** The state after these finished epochs. */
export function scheduleAfter(
  schedule: Schedule,
  history: { readonly trainLoss: readonly number[]; readonly validationLoss: readonly number[] | undefined },
): ScheduleState {
  const metrics = history.validationLoss ?? history.trainLoss;
  return metrics.reduce((state, metric) => schedule.step(state, metric), schedule.init());
}

/** The names of the original that never did more than warn. */
const WITHOUT_EFFECT = ["MultiStage", "Adaptive"];

/** A scheduler's name, checked. @throws PtychoError UsageError listing the known ones. */
export function expectScheduler(name: string): Scheduler {
  const known = SCHEDULERS.find((scheduler) => scheduler === name);
  if (known !== undefined) return known;
  const list = `known are ${SCHEDULERS.join(", ")}`;
  if (WITHOUT_EFFECT.includes(name))
    throw new PtychoError(
      "UsageError",
      `scheduler '${name}' is not offered: in the original it only warned and kept the rate constant; ${list}`,
    );
  const near = nearestName(name, SCHEDULERS);
  const hint = near === undefined ? "" : ` (is '${near}' meant?)`;
  throw new PtychoError("UsageError", `scheduler '${name}' is unknown${hint}; ${list}`);
}

/** @throws PtychoError UsageError for an unknown scheduler or a setting out of range. */
export function makeSchedule(settings: ScheduleSettings): Schedule {
  const scheduler = expectScheduler(settings.scheduler);
  checkSettings(settings);
  const rateOf = RATES[scheduler];
  const init = (): ScheduleState => ({
    epoch: 0,
    learningRate: rateOf(settings, 0),
    best: null,
    badEpochs: 0,
  });
  if (scheduler === "ReduceLROnPlateau")
    return { init, step: (state, metric) => stepPlateau(settings, state, metric) };
  return {
    init,
    step: (state) => ({ ...state, epoch: state.epoch + 1, learningRate: rateOf(settings, state.epoch + 1) }),
  };
}

/** Learning rate of an epoch where it depends on the epoch alone (the first one, for ReduceLROnPlateau). */
const RATES: { readonly [S in Scheduler]: (settings: ScheduleSettings, epoch: number) => number } = {
  Default: ({ learningRate }) => learningRate,
  Exponential: ({ learningRate }, epoch) => learningRate * 0.95 ** epoch,
  WarmupCosine: warmupCosine,
  ReduceLROnPlateau: ({ learningRate }) => learningRate,
};

/** Linear from 0.1 to 1 over the warm-up, then cosine annealing to lr x lrMinRatio, which is periodic past its end. */
function warmupCosine(settings: ScheduleSettings, epoch: number): number {
  const { learningRate, epochs, lrWarmupEpochs: warmup, lrMinRatio } = settings;
  if (epoch < warmup) return learningRate * (0.1 + (0.9 * epoch) / warmup);
  const period = Math.max(1, epochs - warmup);
  const lowest = learningRate * lrMinRatio;
  return lowest + ((learningRate - lowest) * (1 + Math.cos((Math.PI * (epoch - warmup)) / period))) / 2;
}

/** Rate changes smaller than this are not made. */
const SMALLEST_REDUCTION = 1e-8;

/** An epoch is bad unless metric < best (1 - threshold); after patience + 1 bad ones the rate is multiplied by factor. */
function stepPlateau(
  settings: ScheduleSettings,
  state: ScheduleState,
  metric: number | undefined,
): ScheduleState {
  if (metric === undefined)
    throw new PtychoError(
      "UsageError",
      "scheduler 'ReduceLROnPlateau' needs the loss of every epoch; give validation data or let it follow the training loss",
    );
  const epoch = state.epoch + 1;
  const { best, learningRate } = state;
  if (best === null ? !Number.isNaN(metric) : metric < best * (1 - settings.plateauThreshold))
    return { epoch, learningRate, best: metric, badEpochs: 0 };
  const badEpochs = state.badEpochs + 1;
  if (badEpochs <= settings.plateauPatience) return { epoch, learningRate, best, badEpochs };
  const reduced = Math.max(learningRate * settings.plateauFactor, settings.plateauMinLr);
  const changed = learningRate - reduced > SMALLEST_REDUCTION;
  return { epoch, learningRate: changed ? reduced : learningRate, best, badEpochs: 0 };
}

function checkSettings(settings: ScheduleSettings): void {
  const demand = (holds: boolean, name: keyof ScheduleSettings, expected: string): void =>
    check(holds, "UsageError", () => `${name}: got ${settings[name]}, expected ${expected}`);
  const { learningRate, epochs, lrWarmupEpochs, lrMinRatio } = settings;
  demand(learningRate > 0 && Number.isFinite(learningRate), "learningRate", "a positive number");
  demand(Number.isInteger(epochs) && epochs > 0, "epochs", "a whole number above 0");
  if (settings.scheduler === "WarmupCosine") {
    demand(
      Number.isInteger(lrWarmupEpochs) && lrWarmupEpochs >= 0,
      "lrWarmupEpochs",
      "a whole number, 0 or more",
    );
    demand(lrMinRatio >= 0 && lrMinRatio <= 1, "lrMinRatio", "a share between 0 and 1");
  }
  if (settings.scheduler === "ReduceLROnPlateau") {
    const { plateauFactor, plateauPatience, plateauMinLr, plateauThreshold } = settings;
    demand(
      plateauFactor > 0 && plateauFactor < 1,
      "plateauFactor",
      "a number between 0 and 1, both excluded",
    );
    demand(
      Number.isInteger(plateauPatience) && plateauPatience >= 0,
      "plateauPatience",
      "a whole number, 0 or more",
    );
    demand(plateauMinLr >= 0, "plateauMinLr", "0 or more");
    demand(plateauThreshold >= 0 && plateauThreshold < 1, "plateauThreshold", "a number from 0 to below 1");
  }
}
