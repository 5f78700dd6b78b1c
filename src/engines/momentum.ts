// Nesterov momentum of object and probe, batch by batch: a batch is a noisy gradient, and coarse structure needs many of
// them in one direction. u <- m u + s; x <- x + s + m u, s the step of the batch (Nesterov 1983; batches as in Kandel et
// al. 2021).

import type { Wave } from "../numeric/wave-memory.js";
import { applyProposals, stripPixels } from "./merge.js";
import { moveProbe } from "./probe-modes.js";
import type { Plan, Workbench } from "./workbench.js";

/** The velocities of object and probe. */
export function momentumPlanes({ settings, width, height, N, modes }: Plan): Record<string, number> {
  if (settings.momentum === 0) return {};
  return { objectVelocity: 2 * width * height, probeVelocity: 2 * modes * N * N };
}

interface Merge {
  readonly step: number;
  readonly keep: number;
  readonly floor: number;
}

/** As `applyProposals`, with momentum where the plan has some. */
export function applyWithMomentum(bench: Workbench, part: number, parts: number, merge: Merge): void {
  const { kernels, plan, canvas, own } = bench;
  const { momentum } = plan.settings;
  if (momentum === 0) {
    applyProposals(bench, part, parts, merge);
    return;
  }
  const size = plan.width * plan.height;
  const [from, to] = stripPixels(plan, part, parts);
  const velocity = { re: own.objectVelocity.subarray(0, size), im: own.objectVelocity.subarray(size) };
  const strip = ({ re, im }: Wave): Wave => ({ re: re.subarray(from, to), im: im.subarray(from, to) });
  kernels.decayAndSubtract(strip(canvas), strip(velocity), momentum);
  applyProposals({ ...bench, canvas: velocity }, part, parts, merge);
  kernels.addScaled(strip(canvas), strip(velocity), 1 + momentum);
}

/** As `moveProbe`, with momentum where the plan has some. */
export function moveProbeWithMomentum(bench: Workbench, direction: readonly Wave[], step: number): void {
  const { plan, own } = bench;
  const { momentum } = plan.settings;
  if (momentum === 0) {
    moveProbe(bench, direction, step);
    return;
  }
  const velocity = own.probeVelocity;
  const size = plan.N * plan.N;
  direction.forEach(({ re, im }, mode) => {
    [re, im].forEach((values, plane) => {
      const at = (2 * mode + plane) * size;
      for (let i = 0; i < size; i++) {
        const moved = momentum * velocity[at + i] + step * values[i];
        velocity[at + i] = moved;
        values[i] = step * values[i] + momentum * moved;
      }
    });
  });
  moveProbe(bench, direction, 1);
}
