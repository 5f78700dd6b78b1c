// How wide the beam is on the object, told by the finest fringes in the patterns.
import type { NdArray } from "../core/ndarray.js";
import { makeFft2 } from "../numeric/fft.js";

/** Patterns that are looked at. */
const PATTERNS = 200;
/** The fringes' power is followed down to this part. */
const LEVEL = 0.02;
/**
 * Where it is reached, over the diameter of the disk. Two equal disks alone would have it at 0.75; simulated objects of
 * lines and of leaves, with phase and without, have it at 0.63 to 0.91.
 */
const DISTANCE_AT_LEVEL = 0.79;

/**
 * Radius in pixels of the disk whose autocorrelation is as wide as that of the exit waves. The transform of a pattern
 * is the autocorrelation of its exit wave, which ends at the diameter of the beam whatever its phase; the mean pattern
 * is taken off first, because its transform may be much narrower, and the flat power of photon noise last.
 *
 * @param amplitudes [n, N, N], negative where not measured
 * @param mean mean intensity [N * N]
 */
export function measureProbeRadius(amplitudes: NdArray<"float32">, mean: Float64Array): number {
  const [n, N] = amplitudes.shape;
  const pixels = N * N;
  const transform = makeFft2(N, N);
  const power = new Float64Array(N / 2);
  const times = new Float64Array(N / 2);
  const stride = Math.max(1, Math.floor(n / PATTERNS));
  for (let pattern = 0; pattern < n; pattern += stride) {
    const re = Float64Array.from(
      amplitudes.data.subarray(pattern * pixels, (pattern + 1) * pixels),
      (value, p) => (value < 0 ? 0 : value * value - mean[p]),
    );
    const field = { re, im: new Float64Array(pixels) };
    transform(field, "forward");
    for (let p = 0; p < pixels; p++) {
      const lag = (index: number) => Math.min(index, N - index);
      const radius = Math.round(Math.hypot(lag(Math.floor(p / N)), lag(p % N)));
      if (radius === 0 || radius >= N / 2) continue;
      power[radius] += field.re[p] ** 2 + field.im[p] ** 2;
      times[radius]++;
    }
  }
  const profile = power.map((value, radius) => (radius === 0 ? 0 : value / times[radius]));
  const floor = profile.subarray(1).reduce((a, b) => Math.min(a, b));
  const peak = profile.reduce((a, b) => Math.max(a, b));
  let radius = profile.indexOf(peak);
  while (radius < N / 2 - 1 && profile[radius + 1] - floor >= LEVEL * (peak - floor)) radius++;
  return Math.min(Math.max((radius + 0.5) / DISTANCE_AT_LEVEL / 2, 1.5), 0.45 * N);
}
