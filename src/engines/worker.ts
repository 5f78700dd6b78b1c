// A worker thread: waits for a phase, does its part, says so; until the main thread ends it.
import { parentPort, workerData } from "node:worker_threads";
import { engineNamed } from "./registry.js";
import { openWorkbench } from "./workbench.js";
import { CONTROL, type WorkerStart } from "./worker-start.js";

const { plan, layout, memory, control, thread } = workerData as WorkerStart;
const bench = openWorkbench(plan, layout, memory, thread);
const phases = Object.values(engineNamed(plan.engine).phases);
parentPort?.postMessage("ready");
for (let seen = 0; ; ) {
  // Awake without a new round is possible, and a thread that took it for one would never be in step again.
  while (Atomics.load(control, CONTROL.round) === seen) Atomics.wait(control, CONTROL.round, seen);
  seen = Atomics.load(control, CONTROL.round);
  try {
    phases[Atomics.load(control, CONTROL.phase)](bench, thread, plan.threads);
  } catch (error) {
    Atomics.store(control, CONTROL.failed, 1);
    throw error;
  } finally {
    Atomics.sub(control, CONTROL.working, 1);
    Atomics.notify(control, CONTROL.working);
  }
}
