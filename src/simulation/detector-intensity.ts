// The far field of exit waves: what a detector without noise would see.
import { type ComplexArray, float64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { type Fft, makeFft2 } from "../numeric/fft.js";

/** Intensities [N, N] of one object patch at a time. */
export type PatchIntensity = (patch: {
  readonly re: ArrayLike<number>;
  readonly im: ArrayLike<number>;
}) => Float64Array;

/**
 * Prepares sum_p |fft2(P_p O)|^2 / N^2 (unitary, so the intensities sum to the energy of the exit waves), zero frequency
 * at N/2, for a probe [N, N] or incoherent modes [P, N, N]. Each call returns the same array, overwritten.
 *
 * @throws PtychoError ShapeError for a probe of another shape.
 */
export function makePatchIntensity(probe: ComplexArray): PatchIntensity {
  const { P, N } = expectModes("makePatchIntensity: probe", probe);
  const size = N * N;
  const transform: Fft = makeFft2(N, N);
  const exitWave = { re: new Float64Array(size), im: new Float64Array(size) };
  const intensity = new Float64Array(size);
  const place = Int32Array.from({ length: size }, (_, i) => centred(i, N));
  return (patch) => {
    intensity.fill(0);
    for (let p = 0; p < P; p++) {
      for (let i = 0; i < size; i++) {
        const [re, im] = [probe.re[p * size + i], probe.im[p * size + i]];
        exitWave.re[i] = re * patch.re[i] - im * patch.im[i];
        exitWave.im[i] = re * patch.im[i] + im * patch.re[i];
      }
      transform(exitWave, "forward");
      for (let i = 0; i < size; i++)
        intensity[place[i]] += (exitWave.re[i] ** 2 + exitWave.im[i] ** 2) / size;
    }
    return intensity;
  };
}

/** Intensities [n, N, N] of patches [n, N, N]; see makePatchIntensity. */
export function detectorIntensity(patches: ComplexArray, probe: ComplexArray): NdArray<"float64"> {
  const { N } = expectModes("detectorIntensity: probe", probe);
  const { n } = expectShape("detectorIntensity: patches", patches.shape, "n N N", { N });
  const intensityOf = makePatchIntensity(probe);
  const out = float64([n, N, N]);
  const size = N * N;
  for (let k = 0; k < n; k++) {
    const [from, to] = [k * size, (k + 1) * size];
    out.data.set(intensityOf({ re: patches.re.subarray(from, to), im: patches.im.subarray(from, to) }), from);
  }
  return out;
}

/** P and N of a probe [N, N] or [P, N, N]. */
export function expectModes(where: string, probe: ComplexArray): { readonly P: number; readonly N: number } {
  const shape = probe.shape.length === 2 ? [1, ...probe.shape] : probe.shape;
  const { P, N } = expectShape(where, shape, "P N N");
  return { P, N };
}

/** Where a frequency index of [N, N] lies once zero frequency is at N/2. */
function centred(index: number, N: number): number {
  const half = Math.floor(N / 2);
  const row = Math.floor(index / N);
  return ((row + half) % N) * N + (((index % N) + half) % N);
}
