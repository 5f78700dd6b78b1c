// The mean of all patterns, without holes where pixels were not measured.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

/**
 * Mean intensity [N * N] of amplitudes [n, N, N], each pixel over the patterns in which it was measured (not
 * negative). A pixel that never was gets the mean of its measured neighbours, from the rim of a hole inwards.
 *
 * @throws PtychoError DataError if no light was measured.
 */
export function meanPattern(amplitudes: NdArray<"float32">): Float64Array {
  const { N } = expectShape("meanPattern", amplitudes.shape, "n N N");
  const pixels = N * N;
  const mean = new Float64Array(pixels);
  const times = new Uint32Array(pixels);
  const { data } = amplitudes;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < 0) continue;
    mean[i % pixels] += data[i] * data[i];
    times[i % pixels]++;
  }
  for (let p = 0; p < pixels; p++) mean[p] = times[p] === 0 ? Number.NaN : mean[p] / times[p];
  check(
    mean.some((value) => value > 0),
    "DataError",
    () => "mean pattern: the patterns hold no light; check the file and its mask",
  );
  fillHoles(mean, N);
  return mean;
}

function fillHoles(mean: Float64Array, N: number): void {
  for (;;) {
    const filled: (readonly [number, number])[] = [];
    for (let p = 0; p < mean.length; p++) {
      if (!Number.isNaN(mean[p])) continue;
      const [row, column] = [Math.floor(p / N), p % N];
      let [sum, count] = [0, 0];
      for (let r = Math.max(0, row - 1); r <= Math.min(N - 1, row + 1); r++)
        for (let c = Math.max(0, column - 1); c <= Math.min(N - 1, column + 1); c++)
          if (!Number.isNaN(mean[r * N + c])) {
            sum += mean[r * N + c];
            count++;
          }
      if (count > 0) filled.push([p, sum / count]);
    }
    if (filled.length === 0) return;
    for (const [p, value] of filled) mean[p] = value;
  }
}
