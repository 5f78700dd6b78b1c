// Scan positions, refined with the object: the shift under which the model of a pattern fits its amplitudes best, by one
// step of Gauss and Newton in a visit. Steps along the gradient alone (Odstrcil, Menzel & Guizar-Sicairos 2018, section
// 2.5) are slow here: most of what a shift does to an exit wave turns phases of the far field, which no pattern shows.
import type { Wave } from "../numeric/wave-memory.js";
import { forPatterns, measuredOf, model, movedProbe } from "./project.js";
import { NUMBER, type Workbench, windowStart } from "./workbench.js";

/** Largest shift in one visit, pixels: beyond it the object is not linear in the shift. */
const LARGEST_STEP_PX = 1;
/** Added to the diagonal of the two equations, as a share of its trace: stripes show no shift along them. */
const DAMPING = 1e-3;
/** Added to modelled amplitudes, whose mean square is 1, so that dark pixels divide. */
const DARK = 1e-6;

/** Finds the moves of a part of the batch with the object and the probe as they are. */
export function findMoves(bench: Workbench, part: number, parts: number): void {
  const { change } = bench;
  forPatterns(bench, part, parts, (slot, pattern) => {
    const probe = movedProbe(bench, slot, pattern);
    refinePosition(bench, slot, pattern, probe, change[slot], model(bench, probe, pattern, change[slot]));
  });
}

/**
 * Finds the move (x, y) of a pattern from its modelled far fields and their summed intensity, as `model` gives them, into
 * entries 0 and 1 of `slotValues`: the (x, y) that makes sum (A - a - x da/dx - y da/dy)^2 least over the measured
 * pixels, a the modelled amplitudes; a pixel at most. da/dx comes from central differences of the object. Uses the
 * proposal of the slot and the scratch wave.
 */
export function refinePosition(
  bench: Workbench,
  slot: number,
  pattern: number,
  probe: readonly Wave[],
  far: readonly Wave[],
  intensity: Float32Array,
): void {
  const { plan, slotValues, proposal } = bench;
  const { re: alongX, im: alongY } = proposal[slot];
  const start = windowStart(bench, pattern);
  shiftIntensity(bench, alongX, start, 1, probe, far);
  shiftIntensity(bench, alongY, start, plan.width, probe, far);
  const measured = measuredOf(bench, slot, pattern);
  let [xx, xy, yy, xRest, yRest] = [0, 0, 0, 0, 0];
  for (let i = 0; i < measured.length; i++) {
    if (measured[i] < 0) continue;
    const amplitude = Math.sqrt(intensity[i]) + DARK;
    const [x, y] = [alongX[i] / amplitude, alongY[i] / amplitude];
    const rest = measured[i] - amplitude;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xRest += x * rest;
    yRest += y * rest;
  }
  const damping = DAMPING * (xx + yy);
  const determinant = (xx + damping) * (yy + damping) - xy * xy;
  const x = determinant > 0 ? (xRest * (yy + damping) - yRest * xy) / determinant : 0;
  const y = determinant > 0 ? (yRest * (xx + damping) - xRest * xy) / determinant : 0;
  const share = LARGEST_STEP_PX / Math.max(LARGEST_STEP_PX, Math.hypot(x, y));
  slotValues[4 * slot] = share * x;
  slotValues[4 * slot + 1] = share * y;
}

/** Half of what a shift of the window by a pixel changes in the intensity: sum_p Re(conj(far_p) FFT(P_p dO)). */
function shiftIntensity(
  { plan, canvas, kernels, scratch }: Workbench,
  out: Float32Array,
  start: number,
  stride: number,
  probe: readonly Wave[],
  far: readonly Wave[],
): void {
  const { N, width } = plan;
  const { re, im } = scratch.wave;
  probe.forEach((mode, p) => {
    for (let r = 0, i = 0; r < N; r++) {
      for (let c = 0, at = start + r * width; c < N; c++, i++, at++) {
        const a = (canvas.re[at + stride] - canvas.re[at - stride]) / 2;
        const b = (canvas.im[at + stride] - canvas.im[at - stride]) / 2;
        re[i] = mode.re[i] * a - mode.im[i] * b;
        im[i] = mode.re[i] * b + mode.im[i] * a;
      }
    }
    kernels.fft2(scratch.wave, N, "forward");
    const field = far[p];
    for (let i = 0; i < out.length; i++)
      out[i] = (p > 0 ? out[i] : 0) + field.re[i] * re[i] + field.im[i] * im[i];
  });
}

/** Makes the moves of the batch. */
export function movePositions(bench: Workbench): void {
  const { plan, batch, slotValues, numbers, xPx, yPx, xStartPx, yStartPx } = bench;
  const { positionLimitPx } = plan.settings;
  for (let slot = 0; slot < numbers[NUMBER.count]; slot++) {
    const pattern = batch[slot];
    const dx = xPx[pattern] + slotValues[4 * slot] - xStartPx[pattern];
    const dy = yPx[pattern] + slotValues[4 * slot + 1] - yStartPx[pattern];
    xPx[pattern] = xStartPx[pattern] + limited(dx, positionLimitPx);
    yPx[pattern] = yStartPx[pattern] + limited(dy, positionLimitPx);
  }
}

/** Takes the mean shift out, within the limit: all positions moved together are the same object, moved. */
export function centrePositions({ plan, xPx, yPx, xStartPx, yStartPx }: Workbench): void {
  const { positionLimitPx } = plan.settings;
  for (const [now, start] of [
    [xPx, xStartPx],
    [yPx, yStartPx],
  ]) {
    let mean = 0;
    for (let i = 0; i < plan.n; i++) mean += (now[i] - start[i]) / plan.n;
    for (let i = 0; i < plan.n; i++) now[i] = start[i] + limited(now[i] - start[i] - mean, positionLimitPx);
  }
}

function limited(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
