// Recorded runs from a program: one repeated, and two compared.
import { type Difference, differencesOf } from "../workflows/compare-runs.js";
import type { ReplayRequest, ReplayResult } from "../workflows/contract.js";
import { readRunRecord } from "../workflows/read-run-record.js";
import { replayWorkflow } from "../workflows/replay.js";
import { expectMembers, expectPath } from "./request.js";
import { type Run, startRun } from "./run.js";

export interface ReplayOptions extends Omit<ReplayRequest, "signal" | "allowMismatch"> {
  /** Go on although an input is not the recorded one; false when absent. */
  readonly allowMismatch?: boolean;
  readonly signal?: AbortSignal;
}

const MEMBERS = ["record", "outputDir", "allowMismatch", "signal"];

/**
 * Repeats a run from its run.json, as `ptychopinn replay` does; the result names what came out equal, bit for bit, and what
 * did not. The run is rejected with PtychoError: UsageError where there is no record or an input changed, ArtefactError for
 * a damaged record, else as the run that it repeats.
 */
export function replay(options: ReplayOptions): Run<ReplayResult> {
  return startRun((signal) => {
    expectMembers("replay()", options, MEMBERS);
    const { record, outputDir, allowMismatch = false } = options;
    expectPath("replay(): record", record);
    expectPath("replay(): outputDir", outputDir);
    return replayWorkflow({ record, outputDir, allowMismatch, signal });
  }, options.signal);
}

/**
 * The differences of two recorded runs, as `ptychopinn diff` tells them: fields with their sources, inputs, versions,
 * machine, figures and outputs.
 *
 * @param first,second run.json, or the folder that holds it.
 * @throws PtychoError UsageError where there is no record, ArtefactError for a damaged one.
 */
export function diffRuns(first: string, second: string): readonly Difference[] {
  expectPath("diffRuns(): first", first);
  expectPath("diffRuns(): second", second);
  return differencesOf(readRunRecord(first).record, readRunRecord(second).record);
}
