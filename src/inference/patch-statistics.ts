// Statistics of the amplitude of predicted patches, and many patches as one image.
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

/** What is known of some amplitudes; of several parts the sums add up. */
export interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
  /** Sum of squared distances from the mean of the own plane. */
  readonly aboutPlanes: number;
  readonly min: number;
  readonly max: number;
}

const NONE: Moments = { count: 0, sum: 0, squares: 0, aboutPlanes: 0, min: Infinity, max: -Infinity };

/** Moments of |values| [.., N, N] over whole planes of `planePx` = N * N pixels. */
export function amplitudeMoments(values: Pick<ComplexArray, "re" | "im">, planePx: number): Moments {
  let total = NONE;
  for (let from = 0; from < values.re.length; from += planePx) {
    let [sum, squares, min, max] = [0, 0, Infinity, -Infinity];
    for (let i = from; i < from + planePx; i++) {
      const amplitude = Math.hypot(values.re[i], values.im[i]);
      sum += amplitude;
      squares += amplitude * amplitude;
      min = Math.min(min, amplitude);
      max = Math.max(max, amplitude);
    }
    const aboutPlanes = Math.max(0, squares - (sum * sum) / planePx);
    total = addMoments(total, { count: planePx, sum, squares, aboutPlanes, min, max });
  }
  return total;
}

export function addMoments(a: Moments, b: Moments): Moments {
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    squares: a.squares + b.squares,
    aboutPlanes: a.aboutPlanes + b.aboutPlanes,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/**
 * Mean, spread and limits. `degrees` is subtracted from the count under the variance: 0 as NumPy's std does, 1 as PyTorch's.
 */
export function summaryOf({ count, sum, squares, aboutPlanes, min, max }: Moments, degrees: 0 | 1) {
  const mean = sum / count;
  const std = Math.sqrt(Math.max(0, squares - count * mean * mean) / Math.max(1, count - degrees));
  return { mean, std, min, max, varZeroMean: aboutPlanes / count };
}

/** One batch in the original's file torch_patch_stats.json. */
export interface BatchStatistics {
  readonly phase: "train" | "inference";
  readonly batch_idx: number;
  readonly batch_size: number;
  readonly global_mean: number;
  readonly global_std: number;
  readonly var_zero_mean: number;
  /** Of the first samples, over their channels. */
  readonly per_patch: readonly {
    readonly patch_idx: number;
    readonly mean: number;
    readonly std: number;
    readonly min: number;
    readonly max: number;
  }[];
}

const FIRST_SAMPLES = 4;

/** Statistics of |patches| [B, C, N, N], with the keys and formulas of the original (patch_stats_instrumentation.py). */
export function batchStatistics(
  patches: ComplexArray,
  phase: BatchStatistics["phase"],
  batch: number,
): BatchStatistics {
  const { B, C, N } = expectShape("patches", patches.shape, "B C N N");
  const samplePx = C * N * N;
  const sample = (index: number) => {
    const part = {
      re: patches.re.subarray(index * samplePx, (index + 1) * samplePx),
      im: patches.im.subarray(index * samplePx, (index + 1) * samplePx),
    };
    const { mean, std, min, max } = summaryOf(amplitudeMoments(part, N * N), 1);
    return { patch_idx: index, mean, std, min, max };
  };
  const whole = summaryOf(amplitudeMoments(patches, N * N), 1);
  return {
    ...{ phase, batch_idx: batch, batch_size: B },
    ...{ global_mean: whole.mean, global_std: whole.std, var_zero_mean: whole.varZeroMean },
    per_patch: Array.from({ length: Math.min(FIRST_SAMPLES, B) }, (_, index) => sample(index)),
  };
}

/** Planes of |patches| [n, N, N] in rows of four, [H, W]; NaN between and after them. */
export function patchGrid(patches: ComplexArray): NdArray<"float32"> {
  const { n, N } = expectShape("patches", patches.shape, "n N N");
  const columns = Math.min(4, n);
  const shape = [Math.ceil(n / columns) * (N + 1) - 1, columns * (N + 1) - 1];
  const grid = float32(shape, new Float32Array(shape[0] * shape[1]).fill(Number.NaN));
  for (let k = 0; k < n; k++) {
    const left = (k % columns) * (N + 1);
    const top = Math.floor(k / columns) * (N + 1);
    for (let i = 0; i < N * N; i++) {
      const at = (top + Math.floor(i / N)) * shape[1] + left + (i % N);
      grid.data[at] = Math.hypot(patches.re[k * N * N + i], patches.im[k * N * N + i]);
    }
  }
  return grid;
}
