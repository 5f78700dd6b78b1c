// The trackers by the name that --logger takes. A new one is a file, a line here, and its name in the field table.
import type { ExecutionConfig } from "../config/fields.js";
import type { EpochMetrics, OpenTracker, RunStatus, TrackedRun } from "./contract.js";
import { openCsv } from "./csv.js";
import { openMlflow } from "./mlflow.js";
import { openTensorboard } from "./tensorboard.js";

export type TrackerName = ExecutionConfig["logger_backend"];

const trackers: Readonly<Record<TrackerName, OpenTracker>> = {
  csv: openCsv,
  tensorboard: openTensorboard,
  mlflow: openMlflow,
  none: () => ({ record: () => {}, close: async () => {} }),
};

/** A tracker that cannot fail a training run: at its first failure it stops, and says so in one warning. */
export interface GuardedTracker {
  readonly file: string | undefined;
  record(rows: readonly EpochMetrics[]): void;
  /** The first call counts. */
  close(status: RunStatus): Promise<void>;
  /** What there is to tell; each text once. */
  takeWarnings(): string[];
}

/** @throws PtychoError UsageError for a setting that can not work, before anything is trained. */
export function openTracker(name: TrackerName, run: TrackedRun): GuardedTracker {
  const warnings: string[] = [];
  let [stopped, closed] = [false, false];
  const fail = (why: string): void => {
    if (stopped) return;
    stopped = true;
    warnings.push(`logger '${name}' stopped: ${why}; training goes on, and the rest is not logged`);
  };
  const failWith = (error: unknown): void => fail(error instanceof Error ? error.message : String(error));
  const tracker = trackers[name](run, fail);
  return {
    file: tracker.file,
    record: (rows) => {
      if (stopped) return;
      try {
        tracker.record(rows);
      } catch (error) {
        failWith(error);
      }
    },
    close: async (status) => {
      if (closed) return;
      closed = true;
      try {
        await tracker.close(status);
      } catch (error) {
        failWith(error);
      }
    },
    takeWarnings: () => warnings.splice(0),
  };
}
