// Counts that ran over the end of their integer type and began again at 0.
import { neighboursOf } from "../watched-pixels.js";

export interface WrappedCounts {
  /** Width of the integer type, 8 or 16. */
  readonly bits: number;
  /** Values that lie where the counts around them say that one turn of the type is missing. */
  readonly values: number;
}

/** The largest value must lie in this top part of the range of the type. */
const TOP = 0.9;
/** Fewer such values are chance. */
const LEAST_VALUES = 10;

/**
 * Looks for values that fit the middle of their eight neighbours better with one more turn of the type, 2^bits, and
 * whose neighbours lie above its half. Undefined where there are fewer than ten of them, or where no value comes near
 * the end of an 8- or 16-bit type.
 *
 * @param counts [m, N, N] whole numbers, negative where not measured
 */
export function findWrappedCounts(counts: Float32Array, N: number): WrappedCounts | undefined {
  let most = 0;
  for (const count of counts) if (count > most) most = count;
  const bits = [8, 16].find((width) => most < 2 ** width && most >= TOP * 2 ** width);
  if (bits === undefined) return undefined;
  const turn = 2 ** bits;
  const pixels = N * N;
  const around = Array.from({ length: pixels }, (_, p) => neighboursOf(p, N));
  const rises = new Uint32Array(pixels);
  for (let from = 0; from < counts.length; from += pixels) {
    for (let p = 0; p < pixels; p++) {
      const value = counts[from + p];
      if (value < 0 || value >= turn / 2) continue;
      // The middle of the neighbours lies above value + turn / 2: more than half of them do.
      let above = 0;
      for (const q of around[p]) if (counts[from + q] > value + turn / 2) above++;
      if (2 * above > around[p].length) rises[p]++;
    }
  }
  const patterns = counts.length / pixels;
  // A pixel that is low in every pattern is dead, not wrapped.
  let values = 0;
  for (const times of rises) if (times < 0.9 * patterns) values += times;
  return values >= LEAST_VALUES ? { bits, values } : undefined;
}
