// The heart of every engine: what the measured amplitudes ask of the exit waves of one pattern.
import type { Wave } from "../numeric/wave-memory.js";
import { CHUNKS, NUMBER, type Workbench, windowStart } from "./workbench.js";

/** Added to modelled intensities, whose mean is 1, so that dark pixels divide. */
const DARK = 1e-12;
/**
 * Largest relative change of a far-field amplitude that one Poisson step asks for. It must let a single count stand
 * against 1/20 expected: a tighter limit takes more light away from dark pixels than their rare counts bring back.
 */
export const POISSON_LIMIT = 10;

/** Calls `work` with the slots of the batch that belong to a part: whole chunks, in order. */
export function forChunks(
  bench: Workbench,
  part: number,
  parts: number,
  work: (chunk: number, from: number, to: number) => void,
): void {
  const count = bench.numbers[NUMBER.count];
  for (let chunk = part; chunk < CHUNKS; chunk += parts)
    work(chunk, Math.floor((chunk * count) / CHUNKS), Math.floor(((chunk + 1) * count) / CHUNKS));
}

/** Calls `work` for every pattern of the batch that belongs to a part. */
export function forPatterns(
  bench: Workbench,
  part: number,
  parts: number,
  work: (slot: number, pattern: number, chunk: number) => void,
): void {
  forChunks(bench, part, parts, (chunk, from, to) => {
    for (let slot = from; slot < to; slot++) work(slot, bench.batch[slot], chunk);
  });
}

/** The measured amplitudes of a pattern of the batch. */
export function measuredOf({ plan, frames }: Workbench, slot: number, pattern: number): Float32Array {
  return frames[plan.framesResident ? pattern : slot];
}

/** Where the moved probe of a pattern of the batch lies. */
export function movedOf({ plan, moved }: Workbench, slot: number, pattern: number): readonly Wave[] {
  return moved[plan.probesResident ? pattern : slot];
}

/** The probe modes at the position of a pattern: moved by the rest of its position, times its brightness. */
export function movedProbe(bench: Workbench, slot: number, pattern: number): readonly Wave[] {
  const moved = movedOf(bench, slot, pattern);
  if (!bench.plan.probesResident) moveTo(bench, pattern, moved);
  return moved;
}

function moveTo(bench: Workbench, pattern: number, into: readonly Wave[]): void {
  const { plan, spectrum, kernels } = bench;
  const { rows, columns } = rampOf(bench, pattern);
  into.forEach((probe, mode) => {
    kernels.modulate(probe, spectrum[mode], rows, columns, false, false);
    kernels.fft2(probe, plan.N, "inverse");
  });
}

/**
 * What a pattern proposes for its window of the object, sum_p conj(P_p) wave_p, and the weight of its word, sum |P_p|^2 of
 * the probe where it was: with the light of the unmoved probe, edges of a sharp probe would take steps that grow.
 */
export function proposeObject(
  { kernels, proposal, slotLight }: Workbench,
  slot: number,
  probe: readonly Wave[],
  waveOf: (mode: number) => Wave,
): void {
  probe.forEach((mode, p) => {
    kernels.conjugateProduct(proposal[slot], mode, waveOf(p), p > 0);
    kernels.intensity(slotLight[slot], mode, p > 0);
  });
}

/** Fills the resident moved probes: once, for probes and positions that stay as they are. */
export function moveAllProbes(bench: Workbench): void {
  const { plan, moved } = bench;
  if (!plan.probesResident) return;
  for (let pattern = 0; pattern < plan.n; pattern++) moveTo(bench, pattern, moved[pattern]);
}

/** exp(-2 pi i k d / N) along both axes for the sub-pixel rest d of a position, the rows times the brightness. */
export function rampOf({ plan, scratch, xPx, yPx, brightness }: Workbench, pattern: number) {
  fillRamp(scratch.rows, plan.N, yPx[pattern] - Math.round(yPx[pattern]), brightness[pattern]);
  fillRamp(scratch.columns, plan.N, xPx[pattern] - Math.round(xPx[pattern]), 1);
  return scratch;
}

function fillRamp({ re, im }: Wave, N: number, shiftPx: number, factor: number): void {
  for (let k = 0; k < N; k++) {
    const angle = (-2 * Math.PI * (k < N / 2 ? k : k - N) * shiftPx) / N;
    re[k] = factor * Math.cos(angle);
    im[k] = factor * Math.sin(angle);
  }
}

/** The far fields of a pattern into `far`, their summed intensity into the scratch plane. */
export function model(
  bench: Workbench,
  probe: readonly Wave[],
  pattern: number,
  far: readonly Wave[],
): Float32Array {
  const { plan, canvas, kernels, scratch } = bench;
  const start = windowStart(bench, pattern);
  probe.forEach((mode, p) => {
    kernels.illuminate(far[p], mode, canvas, start, plan.width, plan.N);
    kernels.fft2(far[p], plan.N, "forward");
    kernels.intensity(scratch.plane, far[p], p > 0);
  });
  return scratch.plane;
}

/**
 * Compares a modelled intensity with what was measured: turns it into the factor of `applyFactor`, and returns the
 * misfit, sum (sqrt(I) - A)^2 over the measured pixels.
 */
export function weigh(bench: Workbench, slot: number, pattern: number, intensity: Float32Array): number {
  const { plan, kernels } = bench;
  const measured = measuredOf(bench, slot, pattern);
  return plan.settings.noise === "poisson"
    ? kernels.poissonFactor(intensity, measured, DARK, POISSON_LIMIT)
    : kernels.amplitudeFactor(intensity, measured, DARK);
}

/** Turns far fields into the change that the measured amplitudes ask of the exit waves. */
export function applyFactor({ plan, kernels }: Workbench, far: readonly Wave[], factor: Float32Array): void {
  for (const field of far) {
    kernels.scale(field, factor);
    kernels.fft2(field, plan.N, "inverse");
  }
}

/** Both of them, noting the misfit. */
export function correct(
  bench: Workbench,
  slot: number,
  pattern: number,
  far: readonly Wave[],
  intensity: Float32Array,
): void {
  bench.misfit[pattern] = weigh(bench, slot, pattern, intensity);
  applyFactor(bench, far, intensity);
}

/**
 * Fits the factor on the modelled amplitude of a pattern, sum A sqrt(I) / sum I over the measured pixels, half way. Its
 * effect begins with the next visit of the pattern.
 */
export function fitBrightness(
  bench: Workbench,
  slot: number,
  pattern: number,
  intensity: Float32Array,
): void {
  const measured = measuredOf(bench, slot, pattern);
  let [cross, own] = [0, 0];
  for (let i = 0; i < measured.length; i++) {
    if (measured[i] < 0) continue;
    cross += measured[i] * Math.sqrt(intensity[i]);
    own += intensity[i];
  }
  if (own > 0) bench.brightness[pattern] *= 1 + 0.5 * (cross / own - 1);
}

/** Makes the mean brightness 1, the object as much brighter: one factor for all patterns is the object's own. */
export function settleBrightness({ plan, canvas, brightness }: Workbench): void {
  const mean = brightness.reduce((sum, value) => sum + value, 0) / plan.n;
  for (let i = 0; i < brightness.length; i++) brightness[i] /= mean;
  for (let i = 0; i < canvas.re.length; i++) {
    canvas.re[i] *= mean;
    canvas.im[i] *= mean;
  }
}
