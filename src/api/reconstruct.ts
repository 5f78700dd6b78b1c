// Iterative reconstruction from a program: a scan -> an object and its probe, without a network.
import type { ReconstructResult, Work } from "../workflows/contract.js";
import { reconstructWorkflow } from "../workflows/reconstruct.js";
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

export interface ReconstructOptions extends CommonRequest<"reconstruct"> {
  /** Scan to reconstruct; one in memory must hold amplitudes (see `toAmplitude`). */
  readonly data: ScanSource;
}

/** The files and figures of `reconstruct`, and the object as arrays. */
export interface ReconstructOutcome extends ReconstructResult, Reconstructed {}

const MEMBERS = ["data", "outputDir", "settings", "signal"];

/**
 * Reconstructs with an iterative engine, as `ptychopinn reconstruct` does. The run is rejected with PtychoError:
 * UsageError for what was asked, DataError for the scan, ResourceError, Interrupted.
 */
export function reconstruct(options: ReconstructOptions): Run<ReconstructOutcome> {
  return startRun((signal) => reconstructNow(options, signal), options.signal);
}

async function* reconstructNow(options: ReconstructOptions, signal: AbortSignal): Work<ReconstructOutcome> {
  expectMembers("reconstruct()", options, MEMBERS);
  const { outputDir, settings } = options;
  expectPath("reconstruct(): outputDir", outputDir);
  const { path: file, scan } = scanOf("reconstruct(): data", options.data);
  const config = configOf("reconstruct", { outputDir: ["output_dir", outputDir] }, settings);
  if (scan !== undefined) refuseAxisOrder(config);
  yield* configWarnings(config);
  const given = scan === undefined ? {} : { scan };
  const result = yield* reconstructWorkflow({ file, ...given, config, signal });
  return { ...result, ...loadReconstruction(result.reconstructionPath) };
}
