// What a tracker gets to know of a training run, and what it does with it. The trackers import this; the registry them.

export interface EpochMetrics {
  /** From 0. */
  readonly epoch: number;
  readonly trainLoss: number;
  /** Undefined without validation data. */
  readonly validationLoss: number | undefined;
  readonly learningRate: number;
}

export interface TrackedRun {
  readonly outputDir: string;
  /** Every setting of the run by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Epochs done before a resumed run goes on; 0 for a new one. What an earlier run recorded of later epochs is void. */
  readonly resumedEpochs: number;
  /** Where an MLflow run is kept, where that was asked for. */
  readonly trackingUri: string | null;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type RunStatus = "completed" | "interrupted" | "failed";

export interface Tracker {
  /** The file that is kept, where it is one. */
  readonly file?: string;
  /** Takes the rows of all epochs so far, at the end of each; a row that was taken before is not taken twice. */
  record(rows: readonly EpochMetrics[]): void;
  /** Hands on what is left, within a bounded time. */
  close(status: RunStatus): Promise<void>;
}

/**
 * @param fail to be called, instead of throwing, when something fails while nobody waits for it.
 * @throws PtychoError UsageError for a setting that can not work.
 */
export type OpenTracker = (run: TrackedRun, fail: (why: string) => void) => Tracker;

/** Scalars of a row by name; without validation data there is no val_loss. */
export function scalarsOf({ trainLoss, validationLoss, learningRate }: EpochMetrics): [string, number][] {
  const validation: [string, number][] = validationLoss === undefined ? [] : [["val_loss", validationLoss]];
  return [["train_loss", trainLoss], ...validation, ["learning_rate", learningRate]];
}
