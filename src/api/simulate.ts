// Simulation from a program: a synthetic scan with its truth, in a file.
import type { SimulateRequest, SimulateResult } from "../workflows/contract.js";
import { simulateWorkflow } from "../workflows/simulate.js";
import { type Run, startRun } from "./run.js";

export interface SimulateOptions extends Omit<SimulateRequest, "signal"> {
  readonly signal?: AbortSignal;
}

/**
 * Writes a scan file, as `ptychopinn simulate` does. The run is rejected with PtychoError: UsageError for what cannot be
 * simulated or written, ResourceError, Interrupted.
 */
export function simulate(options: SimulateOptions): Run<SimulateResult> {
  return startRun((signal) => simulateWorkflow({ ...options, signal }), options.signal);
}
