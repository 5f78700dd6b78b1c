// What the steps of a preparation that change the size of a pattern make of the probe, so that both still agree.
import type { ComplexArray } from "../../core/ndarray.js";
import { complex64 } from "../../core/ndarray.js";
import { fftShift2, ifftShift2, makeFft2 } from "../../numeric/fft.js";

export type ProbeStep = (probe: ComplexArray) => ComplexArray;

export const exchangeProbeAxes: ProbeStep = (probe) => {
  const [modes, N] = probe.shape;
  const turned = complex64([modes, N, N]);
  for (let i = 0; i < turned.re.length; i++) {
    const [mode, row, column] = [Math.floor(i / (N * N)), Math.floor(i / N) % N, i % N];
    turned.re[i] = probe.re[(mode * N + column) * N + row];
    turned.im[i] = probe.im[(mode * N + column) * N + row];
  }
  return turned;
};

/** A detector cut or widened to `size` pixels: the same window of the object, in pixels N / size as large. */
export function withDetectorOf(size: number): ProbeStep {
  return (probe) => {
    const [modes, N] = probe.shape;
    const [from, to] = [makeFft2(N, N), makeFft2(size, size)];
    const changed = complex64([modes, size, size]);
    for (let mode = 0; mode < modes; mode++) {
      const wave = {
        re: ifftShift2(plane(probe.re, mode, N), N, N),
        im: ifftShift2(plane(probe.im, mode, N), N, N),
      };
      from(wave, "forward");
      const far = { re: fftShift2(wave.re, N, N), im: fftShift2(wave.im, N, N) };
      const cut = { re: aboutMiddle(far.re, N, size), im: aboutMiddle(far.im, N, size) };
      const near = { re: ifftShift2(cut.re, size, size), im: ifftShift2(cut.im, size, size) };
      to(near, "inverse");
      // Unitary both ways: the energy of the pattern stays that of the wave. The inverse above has 1 / size^2.
      const factor = size / N;
      changed.re.set(
        fftShift2(near.re, size, size).map((value) => value * factor),
        mode * size * size,
      );
      changed.im.set(
        fftShift2(near.im, size, size).map((value) => value * factor),
        mode * size * size,
      );
    }
    return changed;
  };
}

/**
 * Bins of k x k detector pixels: a window k times smaller, in the same pixels. The middle of the bin at zero frequency
 * lies (k - 1) / 2 detector pixels beside it, which is a phase ramp on the wave.
 */
export function withBinsOf(k: number): ProbeStep {
  return (probe) => {
    const [modes, N] = probe.shape;
    const size = N / k;
    const changed = complex64([modes, size, size]);
    for (let mode = 0; mode < modes; mode++) {
      const re = aboutMiddle(plane(probe.re, mode, N), N, size);
      const im = aboutMiddle(plane(probe.im, mode, N), N, size);
      for (let p = 0; p < size * size; p++) {
        const [row, column] = [Math.floor(p / size) - size / 2, (p % size) - size / 2];
        const angle = (-Math.PI * (k - 1) * (row + column)) / N;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        changed.re[mode * size * size + p] = re[p] * cos - im[p] * sin;
        changed.im[mode * size * size + p] = re[p] * sin + im[p] * cos;
      }
    }
    return changed;
  };
}

function plane(values: Float32Array, mode: number, N: number): Float64Array {
  return Float64Array.from(values.subarray(mode * N * N, (mode + 1) * N * N));
}

/** [N, N] cut to, or widened with zeros to, [size, size] about the middle. */
function aboutMiddle(values: Float64Array, N: number, size: number): Float64Array {
  const offset = Math.floor(N / 2) - Math.floor(size / 2);
  return Float64Array.from({ length: size * size }, (_, p) => {
    const [row, column] = [Math.floor(p / size) + offset, (p % size) + offset];
    return row < 0 || column < 0 || row >= N || column >= N ? 0 : values[row * N + column];
  });
}
