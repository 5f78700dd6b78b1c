// Least-squares maximum likelihood (Odstrcil, Menzel & Guizar-Sicairos 2018): a batch gives one direction for the object
// and one for the probe, and every pattern says how far along both it wants to go.
import { ALL_KNOBS, type Engine, type RunPhase } from "./contract.js";
import { forBatches, stepFactor } from "./epoch.js";
import { addProposals, findPeak, peakWeight } from "./merge.js";
import { applyWithMomentum, momentumPlanes, moveProbeWithMomentum } from "./momentum.js";
import { movePositions } from "./positions.js";
import { probeDirection } from "./probe-modes.js";
import { forPatterns, movedOf } from "./project.js";
import { propose } from "./propose.js";
import { NUMBER, type Workbench, windowStart } from "./workbench.js";

/** Added to the diagonal of the two equations, as a share of its trace: the directions may be alike. */
const DAMPING = 0.01;

/**
 * For every pattern the steps a, b that make |chi - a P dO - b dP O|^2 least (eq. 22), over all modes; `slotValues` 2
 * and 3 hold them. numbers.first: the floor of the object's divisor; numbers.second: whether the probe moves.
 */
function findSteps(bench: Workbench, part: number, parts: number): void {
  const { plan, change, sums, weight, canvas, chunkProbe, numbers, slotValues } = bench;
  const { N, width } = plan;
  const floor = numbers[NUMBER.first];
  const keep = 1 - plan.settings.relaxation;
  const movesProbe = numbers[NUMBER.second] === 1;
  forPatterns(bench, part, parts, (slot, pattern) => {
    const start = windowStart(bench, pattern);
    const probe = movedOf(bench, slot, pattern);
    let [aa, bb, ab, ac, bc] = [0, 0, 0, 0, 0];
    probe.forEach((mode, p) => {
      const chi = change[slot][p];
      const direction = chunkProbe[0][p];
      for (let r = 0, i = 0; r < N; r++) {
        for (let c = 0, at = start + r * width; c < N; c++, i++, at++) {
          const divisor = keep * weight[at] + floor;
          const [dr, di] = [sums.re[at] / divisor, sums.im[at] / divisor];
          const ar = mode.re[i] * dr - mode.im[i] * di;
          const ai = mode.re[i] * di + mode.im[i] * dr;
          aa += ar * ar + ai * ai;
          ac += ar * chi.re[i] + ai * chi.im[i];
          if (!movesProbe) continue;
          const br = direction.re[i] * canvas.re[at] - direction.im[i] * canvas.im[at];
          const bi = direction.re[i] * canvas.im[at] + direction.im[i] * canvas.re[at];
          bb += br * br + bi * bi;
          ab += ar * br + ai * bi;
          bc += br * chi.re[i] + bi * chi.im[i];
        }
      }
    });
    const damping = DAMPING * (aa + bb);
    const [pp, qq] = [aa + damping, bb + damping];
    const determinant = pp * qq - ab * ab;
    slotValues[4 * slot + 2] = movesProbe ? (ac * qq - ab * bc) / determinant : ac / pp;
    slotValues[4 * slot + 3] = movesProbe ? (bc * pp - ab * ac) / determinant : 0;
  });
}

/** numbers.third: the step of the object. */
function merge(bench: Workbench, part: number, parts: number): void {
  const { numbers, plan } = bench;
  applyWithMomentum(bench, part, parts, {
    step: numbers[NUMBER.third],
    keep: 1 - plan.settings.relaxation,
    floor: numbers[NUMBER.first],
  });
}

function meanStep({ slotValues, numbers }: Workbench, entry: number): number {
  const count = numbers[NUMBER.count];
  let sum = 0;
  for (let slot = 0; slot < count; slot++) sum += slotValues[4 * slot + entry];
  return Math.max(0, sum / count);
}

function* epoch(bench: Workbench, run: RunPhase): Iterable<void> {
  const { settings } = bench.plan;
  const { numbers } = bench;
  const movesProbe = numbers[NUMBER.epoch] >= settings.probeStart;
  for (const _ of forBatches(bench)) {
    run("propose");
    run("add");
    run("findPeak");
    numbers[NUMBER.first] = settings.relaxation * peakWeight(bench);
    numbers[NUMBER.second] = movesProbe ? 1 : 0;
    const direction = movesProbe ? probeDirection(bench) : [];
    run("findSteps");
    numbers[NUMBER.third] = settings.objectStep * stepFactor(bench) * meanStep(bench, 2);
    run("merge");
    if (movesProbe)
      moveProbeWithMomentum(bench, direction, settings.probeStep * stepFactor(bench) * meanStep(bench, 3));
    if (numbers[NUMBER.epoch] >= settings.positionStart) movePositions(bench);
    yield;
  }
}

export const lsqml: Engine = {
  title:
    "least-squares maximum likelihood: every batch finds its own step; relaxation damps where little light falls",
  defaults: { epochs: 30, batchSize: 64, objectStep: 1, probeStep: 1, momentum: 0, relaxation: 0.1 },
  knobs: ALL_KNOBS,
  noise: ["amplitude", "poisson"],
  planes: momentumPlanes,
  phases: { propose, add: addProposals, findPeak, findSteps, merge },
  epoch,
};
