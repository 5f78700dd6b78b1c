// A training run and its tracker: each epoch is recorded, the end is told, and a tracker that fails becomes a warning.
import type { ResolvedConfig } from "../config/resolve.js";
import { isPtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import type { EpochMetrics, RunStatus } from "../tracking/contract.js";
import { type GuardedTracker, openTracker } from "../tracking/registry.js";
import type { Snapshot } from "../training/fit.js";
import type { Work } from "./contract.js";

/** The tracker that a configuration asks for, of a run that goes on after `resumedEpochs`. @throws PtychoError UsageError */
export function trackerOf(
  { sources, config }: ResolvedConfig<"train">,
  resumedEpochs: number,
): GuardedTracker {
  const { logger_backend, mlflow_tracking_uri, output_dir } = config.execution;
  return openTracker(logger_backend, {
    outputDir: output_dir,
    parameters: Object.fromEntries(
      Object.entries(sources).map(([name, { value }]) => [name, value === null ? "none" : String(value)]),
    ),
    resumedEpochs,
    trackingUri: mlflow_tracking_uri,
    environment: process.env,
  });
}

/** The rows of all epochs done. */
export function rowsOf({ history }: Snapshot): EpochMetrics[] {
  return history.trainLoss.map((trainLoss, epoch) => ({
    ...{ epoch, trainLoss, validationLoss: history.validationLoss?.[epoch] },
    learningRate: history.learningRate[epoch],
  }));
}

/** `work` with the warnings of the tracker in between; however it ends, the tracker is told and closed. */
export async function* tracked<R>(work: Work<R>, tracker: GuardedTracker): Work<R> {
  let status: RunStatus = "interrupted"; // unless it comes to an end here
  try {
    for (;;) {
      const { value, done } = await work.next();
      yield* warningsOf(tracker);
      if (!done) yield value;
      else {
        status = "completed";
        await tracker.close(status);
        yield* warningsOf(tracker);
        return value;
      }
    }
  } catch (error) {
    status = isPtychoError(error, "Interrupted") ? "interrupted" : "failed";
    await tracker.close(status);
    yield* warningsOf(tracker);
    throw error;
  } finally {
    await work.return(undefined as never); // no effect on a generator that has ended
    await tracker.close(status);
  }
}

function* warningsOf(tracker: GuardedTracker): Generator<ProgressEvent, void> {
  for (const text of tracker.takeWarnings()) yield { kind: "warning", text };
}
