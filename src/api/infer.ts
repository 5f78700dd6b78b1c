// Inference from a program: a trained model and a scan -> one stitched object.
import { type Bundle, loadBundle } from "../bundle/load-bundle.js";
import { check } from "../core/errors.js";
import type { InferResult, Work } from "../workflows/contract.js";
import { inferWorkflow } from "../workflows/infer.js";
import { loadReconstruction, type Reconstructed } from "./picture.js";
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

export interface InferOptions extends CommonRequest<"infer"> {
  /** A loaded model; or its archive `wts.h5.zip`, or the folder that holds that. */
  readonly model: Bundle | string;
  /** Scan to reconstruct. */
  readonly data: ScanSource;
}

/** The files of `infer`, and the object as arrays. */
export interface Inferred extends InferResult, Reconstructed {}

const MEMBERS = ["model", "data", "outputDir", "settings", "signal"];

/**
 * Predicts and stitches, as `ptychopinn infer` does. The run is rejected with PtychoError: UsageError for what was asked,
 * ArtefactError for the archive, DataError for the scan, ResourceError, Interrupted.
 */
export function infer(options: InferOptions): Run<Inferred> {
  return startRun((signal) => inferNow(options, signal), options.signal);
}

/** The work of `infer`. */
export async function* inferNow(options: InferOptions, signal: AbortSignal): Work<Inferred> {
  expectMembers("infer()", options, MEMBERS);
  const { model: given, outputDir } = options;
  expectPath("infer(): outputDir", outputDir);
  const data = scanOf("infer(): data", options.data);
  const model = openModel("infer(): model", given);
  const config = configOf(
    "infer",
    {
      model: ["model_path", model.path],
      data: ["test_data_file", data.path],
      outputDir: ["output_dir", outputDir],
    },
    options.settings,
  );
  if (data.scan !== undefined) refuseAxisOrder(config);
  yield* configWarnings(config);
  const inferred = yield* inferWorkflow({
    ...{ config, model, signal },
    ...(data.scan === undefined ? {} : { scan: data.scan }),
  });
  return { ...inferred, ...loadReconstruction(inferred.reconstructionPath) };
}

/** @throws PtychoError UsageError or ArtefactError */
function openModel(where: string, given: Bundle | string): Bundle {
  if (typeof given === "string") return loadBundle(given);
  check(
    typeof given === "object" && given !== null && "manifest" in given,
    "UsageError",
    () =>
      `${where}: expected a model archive, its folder, or what loadBundle gives, got ${given === undefined ? "nothing" : typeof given}`,
  );
  return given;
}
