// The threads of a reconstruction: the main thread hands out a phase, does its own part, and waits for the others.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { PtychoError } from "../core/errors.js";
import type { Engine } from "./contract.js";
import type { SharedBench } from "./workbench.js";
import { CONTROL, type WorkerStart } from "./worker-start.js";

export interface Threads {
  /** Before the first phase: a thread that cannot start is heard of only while the main thread does not wait for it. */
  ready(): Promise<void>;
  /** Carries out a phase on all threads; returns when every part is done. */
  run(phase: string): void;
  release(): Promise<void>;
}

/** Looks this often for the end of the others' parts before it sleeps. */
const GLANCES = 4000;

/** Starts the worker threads of a plan: none for one thread. */
export function openThreads(engine: Engine, { bench, memory, layout }: SharedBench): Threads {
  const { plan } = bench;
  const names = Object.keys(engine.phases);
  const control = new Int32Array(new SharedArrayBuffer(4 * Object.keys(CONTROL).length));
  const others = plan.threads - 1;
  let failure: unknown;
  const workers = Array.from({ length: others }, (_, i) => {
    const start: WorkerStart = { plan, layout, memory, control, thread: i + 1 };
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: start });
    worker.on("error", (error) => {
      failure = error;
    });
    return worker;
  });
  const started = Promise.all(workers.map((worker) => once(worker, "message")));
  started.catch(() => undefined); // told by ready()
  return {
    async ready() {
      await started.catch((cause: unknown) => {
        throw new PtychoError("EngineError", "reconstruction: a worker thread could not start", cause);
      });
    },
    run(name) {
      const phase = engine.phases[name];
      if (others > 0) {
        Atomics.store(control, CONTROL.phase, names.indexOf(name));
        Atomics.store(control, CONTROL.working, others);
        Atomics.add(control, CONTROL.round, 1);
        Atomics.notify(control, CONTROL.round);
      }
      phase(bench, 0, plan.threads);
      for (let glance = 0; others > 0; glance++) {
        const working = Atomics.load(control, CONTROL.working);
        if (working === 0) break;
        if (glance > GLANCES) Atomics.wait(control, CONTROL.working, working, 1000);
      }
      if (others > 0 && Atomics.load(control, CONTROL.failed) !== 0)
        throw new PtychoError(
          "EngineError",
          `reconstruction: a worker thread failed in phase ${name}`,
          failure,
        );
    },
    async release() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
