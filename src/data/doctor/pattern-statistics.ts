// One pass over all patterns of a scan file as they are stored, good or not.
import { createHash } from "node:crypto";
import {
  countPixels,
  type DomainTrace,
  noPixels,
  noTrace,
  type PixelCount,
  traceDomain,
} from "../pattern-checks.js";
import type { ScanContents } from "../scan-contents.js";

export interface PatternStatistics {
  /** n of height x width pixels. */
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly count: PixelCount;
  readonly trace: DomainTrace;
  /** Sum of the finite values of every pattern, and of their squares [n]. */
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  /** Smallest value above or at 0 of every pixel in any pattern, mean value, mean square [height * width]. */
  readonly least: Float32Array;
  readonly mean: Float64Array;
  readonly meanSquare: Float64Array;
  /** Patterns that equal an earlier one to the last bit, blank ones left out. */
  readonly repeated: readonly number[];
  /** Some patterns spread evenly over the scan [m, height * width], -1 where not finite or negative. */
  readonly sample: Float32Array;
  /** Their numbers [m]. */
  readonly sampled: Int32Array;
}

const SAMPLE_BYTES = 128 * 2 ** 20;
const MOST_SAMPLED = 1000;

/** @throws PtychoError as the reading of the patterns does. */
export async function gatherStatistics(contents: ScanContents): Promise<PatternStatistics | undefined> {
  const { patterns } = contents;
  if (patterns?.order === undefined) return undefined;
  const { n, height, width } = patterns;
  const pixels = height * width;
  const room = Math.max(1, Math.min(MOST_SAMPLED, Math.floor(SAMPLE_BYTES / (4 * pixels))));
  const stride = Math.ceil(n / room);
  const sampled = Int32Array.from({ length: Math.ceil(n / stride) }, (_, i) => i * stride);
  const sample = new Float32Array(sampled.length * pixels);
  const [count, trace] = [noPixels(), noTrace()];
  const [sums, squares] = [new Float64Array(n), new Float64Array(n)];
  const [mean, meanSquare] = [new Float64Array(pixels), new Float64Array(pixels)];
  const least = new Float32Array(pixels).fill(Number.POSITIVE_INFINITY);
  const times = new Uint32Array(pixels);
  const seen = new Set<string>();
  const repeated: number[] = [];
  for await (const { first, values } of contents.blocks()) {
    countPixels(count, values, first * pixels);
    traceDomain(trace, values);
    for (let from = 0, pattern = first; from < values.length; from += pixels, pattern++) {
      const frame = values.subarray(from, from + pixels);
      for (let p = 0; p < pixels; p++) {
        const value = frame[p];
        if (!Number.isFinite(value)) continue;
        sums[pattern] += value;
        squares[pattern] += value * value;
        mean[p] += value;
        meanSquare[p] += value * value;
        times[p]++;
        if (value < least[p]) least[p] = value;
      }
      if (squares[pattern] > 0 && isRepeat(seen, frame)) repeated.push(pattern);
      if (pattern % stride === 0)
        sample.set(
          frame.map((value) => (value >= 0 && Number.isFinite(value) ? value : -1)),
          (pattern / stride) * pixels,
        );
    }
  }
  for (let p = 0; p < pixels; p++) {
    mean[p] /= Math.max(1, times[p]);
    meanSquare[p] /= Math.max(1, times[p]);
  }
  return {
    n,
    height,
    width,
    count,
    trace,
    sums,
    squares,
    least,
    mean,
    meanSquare,
    repeated,
    sample,
    sampled,
  };
}

function isRepeat(seen: Set<string>, frame: Float32Array): boolean {
  const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
  const digest = createHash("sha1").update(bytes).digest("base64");
  if (seen.has(digest)) return true;
  seen.add(digest);
  return false;
}
