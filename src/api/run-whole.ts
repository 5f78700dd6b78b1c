// The whole way in one call: train -> save -> load -> infer -> stitch.
import type { TrainResult, Work } from "../workflows/contract.js";
import { type Inferred, inferNow } from "./infer.js";
import { expectMembers, type Settings } from "./request.js";
import { type Run, startRun } from "./run.js";
import { type TrainOptions, trainNow } from "./train.js";

export interface RunWholeOptions extends Omit<TrainOptions, "settings"> {
  /** Settings of the training. */
  readonly training?: Settings<"train">;
  /** Settings of the inference. */
  readonly inference?: Settings<"infer">;
}

/** What `train` and `infer` leave, all in `outputDir`. */
export interface WholeResult extends TrainResult, Inferred {}

const MEMBERS = [
  ...["data", "testData", "outputDir", "training", "inference"],
  ...["preset", "profile", "start", "signal"],
];

/**
 * Trains on `data`, then reconstructs `testData` (where there is none: `data`) with the saved model. The run is rejected
 * as those of `train` and `infer`.
 */
export function runWhole(options: RunWholeOptions): Run<WholeResult> {
  return startRun((signal) => runWholeNow(options, signal), options.signal);
}

async function* runWholeNow(options: RunWholeOptions, signal: AbortSignal): Work<WholeResult> {
  expectMembers("runWhole()", options, MEMBERS);
  const { training, inference, ...common } = options;
  const trained = yield* trainNow(
    { ...common, ...(training === undefined ? {} : { settings: training }) },
    signal,
  );
  const inferred = yield* inferNow(
    {
      model: trained.archivePath,
      data: options.testData ?? options.data,
      outputDir: options.outputDir,
      ...(inference === undefined ? {} : { settings: inference }),
    },
    signal,
  );
  return { ...trained, ...inferred };
}
