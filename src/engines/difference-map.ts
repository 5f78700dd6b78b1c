// Difference map (Thibault et al. 2009) and RAAR (Luke 2005): the exit waves of all patterns are kept, and reflected
// between what was measured and what one object and one probe can make together.
import type { Wave } from "../numeric/wave-memory.js";
import { ALL_KNOBS, type Engine, type RunPhase } from "./contract.js";
import { forBatches } from "./epoch.js";
import { addProposals, stripPixels } from "./merge.js";
import { findMoves, movePositions } from "./positions.js";
import { addToProbe, clearChunks, moveProbe, peakLight, probeDirection } from "./probe-modes.js";
import {
  applyFactor,
  fitBrightness,
  forPatterns,
  model,
  movedProbe,
  proposeObject,
  weigh,
} from "./project.js";
import { NUMBER, type Plan, type Workbench, windowStart } from "./workbench.js";

/** Weight of the old object where no light falls, as a share of the peak light. */
const DARK_FLOOR = 1e-3;

/** Every exit wave starts as what the first object and probe make. */
function begin(bench: Workbench, run: RunPhase): void {
  for (const _ of forBatches(bench)) run("expose");
}

function expose(bench: Workbench, part: number, parts: number): void {
  forPatterns(bench, part, parts, (slot, pattern) => {
    movedProbe(bench, slot, pattern).forEach((probe, p) => {
      illuminated(bench, exitWave(bench, pattern, p), probe, pattern);
    });
  });
}

/**
 * psi <- P O + beta (M(2 P O - psi) - (2 P O - psi)), M the projection on the measured amplitudes; beta = 1 is the
 * difference map. The residual, and the brightness, are those of P O itself.
 */
function reflect(bench: Workbench, part: number, parts: number): void {
  const { plan, change, kernels, scratch, numbers, misfit } = bench;
  const { relaxation, brightnessStart } = plan.settings;
  const epoch = numbers[NUMBER.epoch];
  forPatterns(bench, part, parts, (slot, pattern) => {
    const probe = movedProbe(bench, slot, pattern);
    const intensity = model(bench, probe, pattern, change[slot]);
    if (epoch >= brightnessStart) fitBrightness(bench, slot, pattern, intensity);
    misfit[pattern] = weigh(bench, slot, pattern, intensity);
    probe.forEach((mode, p) => {
      const field = change[slot][p];
      illuminated(bench, field, mode, pattern);
      const psi = exitWave(bench, pattern, p);
      for (let i = 0; i < field.re.length; i++) {
        field.re[i] = 2 * field.re[i] - psi.re[i];
        field.im[i] = 2 * field.im[i] - psi.im[i];
      }
      kernels.fft2(field, plan.N, "forward");
      kernels.intensity(scratch.plane, field, p > 0);
    });
    weigh(bench, slot, pattern, scratch.plane);
    applyFactor(bench, change[slot], scratch.plane);
    probe.forEach((mode, p) => {
      const psi = exitWave(bench, pattern, p);
      const field = change[slot][p];
      illuminated(bench, psi, mode, pattern);
      for (let i = 0; i < psi.re.length; i++) {
        psi.re[i] += relaxation * field.re[i];
        psi.im[i] += relaxation * field.im[i];
      }
    });
    proposeObject(bench, slot, probe, (p) => exitWave(bench, pattern, p));
  });
}

/** The object that explains all exit waves best, row by row: (sum conj(P) psi + f O) / (sum |P|^2 + f). */
function gather({ plan, canvas, sums, weight, numbers }: Workbench, part: number, parts: number): void {
  const floor = DARK_FLOOR * numbers[NUMBER.first];
  const [from, to] = stripPixels(plan, part, parts);
  for (let i = from; i < to; i++) {
    const divisor = weight[i] + floor;
    canvas.re[i] = (sums.re[i] + floor * canvas.re[i]) / divisor;
    canvas.im[i] = (sums.im[i] + floor * canvas.im[i]) / divisor;
    sums.re[i] = 0;
    sums.im[i] = 0;
    weight[i] = 0;
  }
}

/** What the exit waves ask of the probe, given the object. */
function proposeProbe(bench: Workbench, part: number, parts: number): void {
  const { change } = bench;
  forPatterns(bench, part, parts, (slot, pattern, chunk) => {
    movedProbe(bench, slot, pattern).forEach((mode, p) => {
      const field = change[slot][p];
      illuminated(bench, field, mode, pattern);
      const psi = exitWave(bench, pattern, p);
      for (let i = 0; i < psi.re.length; i++) {
        field.re[i] = psi.re[i] - field.re[i];
        field.im[i] = psi.im[i] - field.im[i];
      }
    });
    addToProbe(bench, chunk, pattern, change[slot]);
  });
}

function* epoch(bench: Workbench, run: RunPhase): Iterable<void> {
  const { numbers } = bench;
  const { probeStart, positionStart, probeStep } = bench.plan.settings;
  for (const _ of forBatches(bench)) {
    run("reflect");
    run("add");
    yield;
  }
  numbers[NUMBER.first] = peakLight(bench);
  run("gather");
  if (numbers[NUMBER.epoch] >= probeStart) {
    run("clear");
    for (const _ of forBatches(bench)) run("proposeProbe");
    moveProbe(bench, probeDirection(bench), probeStep);
  }
  if (numbers[NUMBER.epoch] < positionStart) return;
  for (const _ of forBatches(bench)) {
    run("findMoves");
    const before = wholePositions(bench);
    movePositions(bench);
    exposeAgain(bench, run, before);
  }
}

function wholePositions({ batch, numbers, xPx, yPx }: Workbench): string[] {
  const patterns = Array.from(batch.subarray(0, numbers[NUMBER.count]));
  return patterns.map((j) => `${Math.round(xPx[j])} ${Math.round(yPx[j])}`);
}

/** The window of a pattern that has moved to another whole pixel is another one: its exit waves start again. */
function exposeAgain(bench: Workbench, run: RunPhase, before: readonly string[]): void {
  const { batch, numbers } = bench;
  const now = wholePositions(bench);
  const jumped = Array.from(batch.subarray(0, before.length)).filter((_, slot) => now[slot] !== before[slot]);
  batch.set(jumped);
  numbers[NUMBER.count] = jumped.length;
  run("expose");
  numbers[NUMBER.count] = before.length;
}

/** out = P O in the window of a pattern. */
function illuminated(bench: Workbench, out: Wave, probe: Wave, pattern: number): void {
  const { kernels, canvas, plan } = bench;
  kernels.illuminate(out, probe, canvas, windowStart(bench, pattern), plan.width, plan.N);
}

function exitWave({ plan, own }: Workbench, pattern: number, mode: number): Wave {
  const size = plan.N * plan.N;
  const from = (pattern * plan.modes + mode) * size;
  return { re: own.exitRe.subarray(from, from + size), im: own.exitIm.subarray(from, from + size) };
}

const common = {
  planes: ({ n, N, modes }: Plan) => ({ exitRe: n * modes * N * N, exitIm: n * modes * N * N }),
  phases: { expose, reflect, add: addProposals, gather, clear: clearChunks, proposeProbe, findMoves },
  begin,
  epoch,
  knobs: {
    ...ALL_KNOBS,
    batchSize: "changes the object once in a pass, after all patterns",
    objectStep: "solves for the object that explains all exit waves, without a step",
    momentum: "has no momentum",
  },
  noise: ["amplitude"],
} as const;

export const dm: Engine = {
  ...common,
  title: "difference map: keeps the exit waves of all patterns; relaxation is its beta",
  defaults: { epochs: 60, batchSize: 64, objectStep: 1, probeStep: 1, momentum: 0, relaxation: 1 },
};

export const raar: Engine = {
  ...common,
  title: "relaxed averaged alternating reflections: a difference map that settles; relaxation is its beta",
  defaults: { epochs: 60, batchSize: 64, objectStep: 1, probeStep: 1, momentum: 0, relaxation: 0.8 },
};
