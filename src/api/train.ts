// Training from a program: a scan -> a saved model.
import type { Bundle } from "../bundle/load-bundle.js";
import type { TrainResult, Work } from "../workflows/contract.js";
import { trainWorkflow } from "../workflows/train.js";
import {
  type CommonRequest,
  configOf,
  configWarnings,
  expectMembers,
  expectPath,
  refuseAxisOrder,
  type ScanSource,
  scanOf,
} from "./request.js";
import { type Run, startRun } from "./run.js";

export interface TrainOptions extends CommonRequest<"train"> {
  /** Scan to train on. */
  readonly data: ScanSource;
  /** Scan to validate on; a share of the groups of `data` where it is absent (`validation_split`). */
  readonly testData?: ScanSource;
  /** A named set of defaults: "unrolled" or "parity". */
  readonly preset?: string;
  /** Profile of the original: "ci", for count intensities. */
  readonly profile?: string;
  /** A trained model to start from instead of drawn weights; its network must be the one of the settings. */
  readonly start?: Bundle;
}

const MEMBERS = ["data", "testData", "outputDir", "settings", "preset", "profile", "start", "signal"];

/**
 * Trains a network and saves it as `<outputDir>/wts.h5.zip`, as `ptychopinn train` does. The truth is never read, except
 * the patches of a supervised training.
 *
 * The run is rejected with PtychoError: UsageError for what was asked, DataError or ShapeError for the scan,
 * ResourceError, DivergenceError, Interrupted.
 */
export function train(options: TrainOptions): Run<TrainResult> {
  return startRun((signal) => trainNow(options, signal), options.signal);
}

/** The work of `train`. */
export async function* trainNow(options: TrainOptions, signal: AbortSignal): Work<TrainResult> {
  expectMembers("train()", options, MEMBERS);
  const { outputDir, settings, start } = options;
  expectPath("train(): outputDir", outputDir);
  const data = scanOf("train(): data", options.data);
  const test = options.testData === undefined ? undefined : scanOf("train(): testData", options.testData);
  const config = configOf(
    "train",
    {
      data: ["train_data_file", data.path],
      ...(test === undefined ? {} : { testData: ["test_data_file", test.path] as const }),
      outputDir: ["output_dir", outputDir],
    },
    settings,
    { preset: options.preset, profile: options.profile },
  );
  if (data.scan !== undefined || test?.scan !== undefined) refuseAxisOrder(config);
  yield* configWarnings(config);
  return yield* trainWorkflow({
    config,
    ...(start === undefined ? {} : { start }),
    ...(data.scan === undefined ? {} : { scan: data.scan }),
    ...(test?.scan === undefined ? {} : { testScan: test.scan }),
    signal,
  });
}
