// Scoring from a program: a reconstruction against a known object.
import type { EvaluateRequest, EvaluateResult } from "../workflows/contract.js";
import { evaluateWorkflow } from "../workflows/evaluate.js";
import { expectMembers } from "./request.js";
import { type Run, startRun } from "./run.js";

export interface EvaluateOptions extends Omit<EvaluateRequest, "signal"> {
  readonly signal?: AbortSignal;
}

const MEMBERS: readonly (keyof EvaluateOptions)[] = [
  ...(["reconstruction", "truth", "cropPx", "pixelSizeM", "outputFile", "signal"] as const),
];

/**
 * Scores, as `ptychopinn evaluate` does. The run is rejected with PtychoError: DataError for files that are not what they
 * should be, UsageError for a window that does not fit, Interrupted.
 */
export function evaluate(options: EvaluateOptions): Run<EvaluateResult> {
  return startRun((signal) => {
    expectMembers("evaluate()", options, MEMBERS);
    return evaluateWorkflow({ ...options, signal });
  }, options.signal);
}
