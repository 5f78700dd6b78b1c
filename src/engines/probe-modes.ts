// The probe: its spectra and light after every change, its part of a batch, and what keeps it well defined.
import type { Wave } from "../numeric/wave-memory.js";
import { rampOf } from "./project.js";
import { CHUNKS, type Workbench, windowStart } from "./workbench.js";

/** Share of the brightest object light in the divisor of a change of the probe. */
const REGULARISATION = 0.1;

/** Brings spectra and summed light up to date with the modes. */
export function probeChanged({ probe, spectrum, light, kernels, plan }: Workbench): void {
  probe.forEach((mode, p) => {
    spectrum[p].re.set(mode.re);
    spectrum[p].im.set(mode.im);
    kernels.fft2(spectrum[p], plan.N, "forward");
    kernels.intensity(light, mode, p > 0);
  });
}

/** Largest sum of |P|^2 over the modes. */
export function peakLight({ light }: Workbench): number {
  return light.reduce((most, value) => Math.max(most, value), 0);
}

/** Clears the sums of a part's chunks. */
export function clearChunks({ chunkProbe, chunkLight }: Workbench, part: number, parts: number): void {
  for (let chunk = part; chunk < CHUNKS; chunk += parts) {
    chunkLight[chunk].fill(0);
    for (const { re, im } of chunkProbe[chunk]) {
      re.fill(0);
      im.fill(0);
    }
  }
}

/** Adds what a pattern asks of the probe, conj(O) chi, and the light of the object under it, to the sums of its chunk. */
export function addToProbe(bench: Workbench, chunk: number, pattern: number, change: readonly Wave[]): void {
  const { kernels, canvas, plan, scratch, chunkProbe, chunkLight } = bench;
  const start = windowStart(bench, pattern);
  const ramp = rampOf(bench, pattern);
  change.forEach((field, mode) => {
    kernels.conjugateWindow(scratch.wave, canvas, start, plan.width, field, plan.N, false);
    addMovedBack(bench, chunkProbe[chunk][mode], scratch.wave, ramp);
  });
  addWindowLight(chunkLight[chunk], canvas, start, plan.width, plan.N);
}

/**
 * Adds what a pattern asks of a moved probe mode, moved back to whole pixels by the pattern's ramp, to a sum. As spectra:
 * one transform back serves the whole batch. `wave` is used up.
 */
export function addMovedBack(
  { kernels, plan }: Workbench,
  sum: Wave,
  wave: Wave,
  { rows, columns }: Readonly<Record<"rows" | "columns", Wave>>,
): void {
  kernels.fft2(wave, plan.N, "forward");
  kernels.modulate(sum, wave, rows, columns, true, true);
}

function addWindowLight(
  light: Float32Array,
  { re, im }: Wave,
  start: number,
  stride: number,
  N: number,
): void {
  for (let r = 0; r < N; r++) {
    const row = start + r * stride;
    for (let c = 0; c < N; c++) light[r * N + c] += re[row + c] ** 2 + im[row + c] ** 2;
  }
}

/** The mean change of the probe that the batch asks for, into the first chunk's planes. */
export function probeDirection(bench: Workbench): readonly Wave[] {
  const [lightSum, ...lights] = bench.chunkLight;
  for (const light of lights) for (let i = 0; i < light.length; i++) lightSum[i] += light[i];
  const floor = REGULARISATION * lightSum.reduce((most, value) => Math.max(most, value), 0);
  const direction = sumChunks(bench);
  for (const { re, im } of direction) {
    for (let i = 0; i < re.length; i++) {
      const divisor = (1 - REGULARISATION) * lightSum[i] + floor;
      re[i] /= divisor;
      im[i] /= divisor;
    }
  }
  return direction;
}

/** The sums of all chunks by mode, transformed back, in the first chunk's planes. */
export function sumChunks({ chunkProbe, kernels, plan }: Workbench): readonly Wave[] {
  const [sum, ...others] = chunkProbe;
  sum.forEach(({ re, im }, mode) => {
    for (const other of others)
      for (let i = 0; i < re.length; i++) {
        re[i] += other[mode].re[i];
        im[i] += other[mode].im[i];
      }
    kernels.fft2({ re, im }, plan.N, "inverse");
  });
  return sum;
}

/** probe += step * direction. */
export function moveProbe(bench: Workbench, direction: readonly Wave[], step: number): void {
  bench.probe.forEach(({ re, im }, mode) => {
    const change = direction[mode];
    for (let i = 0; i < re.length; i++) {
      re[i] += step * change.re[i];
      im[i] += step * change.im[i];
    }
  });
  probeChanged(bench);
}

/**
 * Gives the probe the energy N^2 that the mean pattern has, and the object the inverse factor: the product, all that is
 * measured, stays. Modes stay as they are: any unitary mixture of them predicts the same and takes the same steps, while
 * what an engine keeps of every mode (velocities, exit waves) would have to be mixed with them.
 */
export function settleProbe(bench: Workbench): void {
  const { probe, canvas, plan, kernels } = bench;
  const energy = probe.reduce((sum, mode) => sum + kernels.energy(mode), 0);
  const factor = plan.N / Math.sqrt(energy);
  for (const { re, im } of probe) {
    for (let i = 0; i < re.length; i++) {
      re[i] *= factor;
      im[i] *= factor;
    }
  }
  for (let i = 0; i < canvas.re.length; i++) {
    canvas.re[i] /= factor;
    canvas.im[i] /= factor;
  }
  probeChanged(bench);
}

/** Replaces the modes by the eigenvectors of their Gram matrix, brightest first (Thibault & Menzel 2013). */
export function orthogonalise(modes: readonly Wave[]): void {
  const count = modes.length;
  if (count === 1) return;
  const gram = Array.from({ length: count }, () => new Float64Array(2 * count));
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++) {
      let [re, im] = [0, 0];
      for (let i = 0; i < modes[a].re.length; i++) {
        re += modes[a].re[i] * modes[b].re[i] + modes[a].im[i] * modes[b].im[i];
        im += modes[a].re[i] * modes[b].im[i] - modes[a].im[i] * modes[b].re[i];
      }
      gram[a][2 * b] = re;
      gram[a][2 * b + 1] = im;
    }
  const { vectors, values } = hermitianEigen(gram);
  const order = values.map((_, k) => k).sort((a, b) => values[b] - values[a]);
  const old = modes.map(({ re, im }) => ({ re: re.slice(), im: im.slice() }));
  order.forEach((k, target) => {
    const { re, im } = modes[target];
    re.fill(0);
    im.fill(0);
    for (let a = 0; a < count; a++) {
      const [vr, vi] = [vectors[a][2 * k], vectors[a][2 * k + 1]];
      for (let i = 0; i < re.length; i++) {
        re[i] += vr * old[a].re[i] - vi * old[a].im[i];
        im[i] += vr * old[a].im[i] + vi * old[a].re[i];
      }
    }
  });
}

/** Eigenvectors (columns, interleaved re, im) of a Hermitian matrix by cyclic Jacobi rotations. */
function hermitianEigen(matrix: readonly Float64Array[]): { vectors: Float64Array[]; values: number[] } {
  const n = matrix.length;
  const a = matrix.map((row) => row.slice());
  const vectors = Array.from({ length: n }, (_, r) => {
    const row = new Float64Array(2 * n);
    row[2 * r] = 1;
    return row;
  });
  const scale = a.reduce((sum, row, r) => sum + Math.abs(row[2 * r]), 0);
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const size = Math.hypot(a[p][2 * q], a[p][2 * q + 1]);
        off = Math.max(off, size);
        if (size > 1e-15 * scale) rotate(a, vectors, p, q, size);
      }
    if (off <= 1e-14 * scale) break;
  }
  return { vectors, values: a.map((row, r) => row[2 * r]) };
}

/** One complex Jacobi rotation in the plane (p, q): A <- U^H A U, V <- V U. */
function rotate(a: Float64Array[], vectors: Float64Array[], p: number, q: number, size: number): void {
  const [cr, ci] = [a[p][2 * q] / size, a[p][2 * q + 1] / size];
  const theta = (a[q][2 * q] - a[p][2 * p]) / (2 * size);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const columns = (rows: readonly Float64Array[]) => {
    for (const row of rows) {
      const [pr, pi, qr, qi] = [row[2 * p], row[2 * p + 1], row[2 * q], row[2 * q + 1]];
      // u_p = c e_p - s conj(phase) e_q, u_q = s phase e_p + c e_q, phase = a_pq / |a_pq|
      row[2 * p] = c * pr - s * (qr * cr + qi * ci);
      row[2 * p + 1] = c * pi - s * (qi * cr - qr * ci);
      row[2 * q] = s * (pr * cr - pi * ci) + c * qr;
      row[2 * q + 1] = s * (pi * cr + pr * ci) + c * qi;
    }
  };
  columns(a);
  columns(vectors);
  for (let k = 0; k < a.length; k++) {
    const [pr, pi, qr, qi] = [a[p][2 * k], a[p][2 * k + 1], a[q][2 * k], a[q][2 * k + 1]];
    a[p][2 * k] = c * pr - s * (qr * cr - qi * ci);
    a[p][2 * k + 1] = c * pi - s * (qi * cr + qr * ci);
    a[q][2 * k] = s * (pr * cr + pi * ci) + c * qr;
    a[q][2 * k + 1] = s * (pi * cr - pr * ci) + c * qi;
  }
}
