// The real workflows, each loaded when its command runs, so that --help does not load the compute engine.
import type { Work, Workflows } from "../workflows/contract.js";

export const workflows: Workflows = {
  train: (request) => later(async () => (await import("../workflows/train.js")).trainWorkflow(request)),
  infer: (request) => later(async () => (await import("../workflows/infer.js")).inferWorkflow(request)),
  adapt: (request) => later(async () => (await import("../workflows/adapt.js")).adaptWorkflow(request)),
  simulate: (request) =>
    later(async () => (await import("../workflows/simulate.js")).simulateWorkflow(request)),
  evaluate: (request) =>
    later(async () => (await import("../workflows/evaluate.js")).evaluateWorkflow(request)),
  compare: (request) => later(async () => (await import("../workflows/compare.js")).compareWorkflow(request)),
  reconstruct: (request) =>
    later(async () => (await import("../workflows/reconstruct.js")).reconstructWorkflow(request)),
  inspect: (request) => later(async () => (await import("../workflows/inspect.js")).inspectWorkflow(request)),
  prepare: (request) => later(async () => (await import("../workflows/prepare.js")).prepareWorkflow(request)),
  demo: (request) => later(async () => (await import("../workflows/demo.js")).demoWorkflow(request)),
  fixture: (request) => later(async () => (await import("../workflows/fixture.js")).fixtureWorkflow(request)),
  replay: (request) => later(async () => (await import("../workflows/replay.js")).replayWorkflow(request)),
};

async function* later<R>(load: () => Promise<Work<R>>): Work<R> {
  return yield* await load();
}
