// Automatic differentiation: the likelihood of the patterns is differentiated as a graph over the physics of training,
// and object and probe follow it by Adam (as in Kandel et al. 2019).
import { type AdamStep, momentsSize, openMoments, takeGradient, takeStep } from "./adam.js";
import { ALL_KNOBS, type Engine, type RunPhase } from "./contract.js";
import { forBatches, stepFactor } from "./epoch.js";
import { addProposals, peakWeight, stripPixels } from "./merge.js";
import { movePositions } from "./positions.js";
import { addMovedBack, clearChunks, peakLight, probeChanged, sumChunks } from "./probe-modes.js";
import { forPatterns, movedProbe, rampOf } from "./project.js";
import { examine } from "./propose.js";
import { NUMBER, type Plan, type Workbench } from "./workbench.js";

/** Step of an object near 1, and of a probe as a share of its brightest amplitude. */
const OBJECT_RATE = 0.04;
const PROBE_RATE = 0.08;

/** Entries of the plane `steps`: steps that the object and the probe have made. */
const STEPS = { object: 0, probe: 1 } as const;

function planes({ width, height, modes, N }: Plan): Record<string, number> {
  return {
    steps: Object.keys(STEPS).length,
    objectMoments: momentsSize(width * height),
    probeMoments: modes * momentsSize(N * N),
  };
}

function moveProbes(bench: Workbench, part: number, parts: number): void {
  forPatterns(bench, part, parts, (slot, pattern) => {
    movedProbe(bench, slot, pattern);
  });
}

/** Window gradients, summed on the canvas, into the moments. Their weights stay zero. */
function gather(bench: Workbench, part: number, parts: number): void {
  const { sums, own, numbers, plan } = bench;
  addProposals(bench, part, parts);
  const [from, to] = stripPixels(plan, part, parts);
  const moments = openMoments(own.objectMoments);
  numbers[NUMBER.parts + part] = takeGradient(moments, sums, plan.settings.momentum, from, to);
  sums.re.fill(0, from, to);
  sums.im.fill(0, from, to);
}

/** numbers.first: the largest second moment. */
function moveObject(bench: Workbench, part: number, parts: number): void {
  const { canvas, own, plan, numbers } = bench;
  const [from, to] = stripPixels(plan, part, parts);
  const rate = OBJECT_RATE * plan.settings.objectStep;
  const step = adamStep(bench, rate, own.steps[STEPS.object], numbers[NUMBER.first]);
  takeStep(canvas, openMoments(own.objectMoments), step, from, to);
}

function adamStep(bench: Workbench, rate: number, count: number, largest: number): AdamStep {
  const { momentum, relaxation } = bench.plan.settings;
  return { rate: rate * stepFactor(bench), momentum, count, largest, damping: relaxation };
}

/** Probe gradients in `change`, moved back to whole pixels. */
function addProbe(bench: Workbench, part: number, parts: number): void {
  const { change, chunkProbe } = bench;
  clearChunks(bench, part, parts);
  forPatterns(bench, part, parts, (slot, pattern, chunk) => {
    const ramp = rampOf(bench, pattern);
    change[slot].forEach((wave, mode) => {
      addMovedBack(bench, chunkProbe[chunk][mode], wave, ramp);
    });
  });
}

function stepProbe(bench: Workbench): void {
  const { plan, own, probe } = bench;
  const { momentum, probeStep } = plan.settings;
  const size = plan.N * plan.N;
  const moments = probe.map((_, p) =>
    openMoments(own.probeMoments.subarray(momentsSize(p * size), momentsSize((p + 1) * size))),
  );
  const largest = sumChunks(bench).map((sum, p) => takeGradient(moments[p], sum, momentum, 0, size));
  own.steps[STEPS.probe]++;
  const rate = PROBE_RATE * probeStep * Math.sqrt(peakLight(bench));
  const step = adamStep(bench, rate, own.steps[STEPS.probe], Math.max(...largest));
  probe.forEach((mode, p) => {
    takeStep(mode, moments[p], step, 0, size);
  });
  probeChanged(bench);
}

/** Positions and brightness, as every engine fits them, with the object and the probe as they are. */
function fitPatterns(bench: Workbench, part: number, parts: number): void {
  forPatterns(bench, part, parts, (slot, pattern) => {
    examine(bench, slot, pattern);
  });
}

async function* epoch(bench: Workbench, run: RunPhase): AsyncIterable<void> {
  const { plan, numbers, proposal, change, own } = bench;
  const { probeStart, positionStart, brightnessStart } = plan.settings;
  const now = numbers[NUMBER.epoch];
  const fitsProbe = now >= probeStart;
  const windows = proposal.map((wave) => [wave]);
  // Here and not above: workers and other engines import this file and never load ONNX Runtime.
  const { noteMisfits, openGradient, spreadGradient } = await import("./gradient-batch.js");
  const graph = await openGradient(plan, fitsProbe ? ["window", "probe"] : ["window"]);
  try {
    for (const _ of forBatches(bench)) {
      run("moveProbes");
      const answers = await graph.ask(bench);
      noteMisfits(answers, bench);
      spreadGradient(answers, "window", windows);
      run("gather");
      own.steps[STEPS.object]++;
      numbers[NUMBER.first] = peakWeight(bench);
      run("moveObject");
      if (fitsProbe) {
        spreadGradient(answers, "probe", change);
        run("addProbe");
        stepProbe(bench);
      }
      if (now >= Math.min(positionStart, brightnessStart)) run("fitPatterns");
      if (now >= positionStart) movePositions(bench);
      yield;
    }
  } finally {
    await graph.release();
  }
}

export const gradient: Engine = {
  title:
    "automatic differentiation with Adam; momentum is its first decay, relaxation damps where gradients are small",
  defaults: { epochs: 20, batchSize: 32, objectStep: 1, probeStep: 1, momentum: 0.9, relaxation: 0.01 },
  knobs: ALL_KNOBS,
  noise: ["amplitude", "poisson"],
  planes,
  phases: { moveProbes, gather, moveObject, addProbe, fitPatterns },
  epoch,
};
