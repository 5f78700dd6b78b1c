// ePIE (Maiden & Rodenburg 2009) and its regularised form rPIE (Maiden, Johnson & Li 2017), for batches of patterns: a
// batch of one is the published algorithm; the patterns of a larger batch propose together and are merged by their light.
import { ALL_KNOBS, type Engine, type RunPhase } from "./contract.js";
import { forBatches, stepFactor } from "./epoch.js";
import { addProposals, findPeak, peakWeight } from "./merge.js";
import { applyWithMomentum, momentumPlanes, moveProbeWithMomentum } from "./momentum.js";
import { movePositions } from "./positions.js";
import { probeDirection } from "./probe-modes.js";
import { propose } from "./propose.js";
import { NUMBER, type Workbench } from "./workbench.js";

/** numbers.first: the largest weight of the batch. alpha = 1 is ePIE. */
function merge(bench: Workbench, part: number, parts: number): void {
  const { objectStep, relaxation } = bench.plan.settings;
  applyWithMomentum(bench, part, parts, {
    step: objectStep * stepFactor(bench),
    keep: 1 - relaxation,
    floor: relaxation * bench.numbers[NUMBER.first],
  });
}

function* epoch(bench: Workbench, run: RunPhase): Iterable<void> {
  const { settings } = bench.plan;
  for (const _ of forBatches(bench)) {
    run("propose");
    run("add");
    run("findPeak");
    bench.numbers[NUMBER.first] = peakWeight(bench);
    run("merge");
    const now = bench.numbers[NUMBER.epoch];
    if (now >= settings.probeStart)
      moveProbeWithMomentum(bench, probeDirection(bench), settings.probeStep * stepFactor(bench));
    if (now >= settings.positionStart) movePositions(bench);
    yield;
  }
}

const phases = { propose, add: addProposals, findPeak, merge };

export const rpie: Engine = {
  title: "regularised ePIE: fast, robust; relaxation is its alpha",
  defaults: { epochs: 36, batchSize: 64, objectStep: 0.5, probeStep: 0.2, momentum: 0.9, relaxation: 1 },
  knobs: ALL_KNOBS,
  noise: ["amplitude", "poisson"],
  planes: momentumPlanes,
  phases,
  epoch,
};

export const epie: Engine = {
  title: "extended ptychographical iterative engine, one pattern after another",
  defaults: { epochs: 50, batchSize: 1, objectStep: 1, probeStep: 1, momentum: 0, relaxation: 1 },
  knobs: { ...ALL_KNOBS, momentum: "has no momentum" },
  noise: ["amplitude", "poisson"],
  phases,
  epoch,
};
