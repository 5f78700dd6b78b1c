// What the main thread and a worker thread agree on.
import type { Layout, Plan } from "./workbench.js";

export interface WorkerStart {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
  /** Entries by `CONTROL`. */
  readonly control: Int32Array;
  /** From 1; 0 is the main thread. */
  readonly thread: number;
}

/** Entries of the control words: phases handed out so far, threads still at work, the phase, whether one has failed. */
export const CONTROL = { round: 0, working: 1, phase: 2, failed: 3 } as const;
