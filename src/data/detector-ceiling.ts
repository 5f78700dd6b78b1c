// The value that a detector cannot exceed, told by the values that pile up there.
import type { PixelMask } from "./pixel-mask.js";

export interface DetectorCeiling {
  /** Amplitude at the ceiling; nothing lies above it. */
  readonly level: number;
  /** How many values lie there, and in how many different pixels of the detector. */
  readonly values: number;
  readonly pixels: number;
}

/** The next lower values that the pile at the ceiling is compared with. */
const LOWER_LEVELS = 10;
/** A pile of fewer values is chance. */
const LEAST_VALUES = 10;
/** The pile over the most frequent of the next lower values. */
const LEAST_RATIO = 5;

/**
 * The ceiling of amplitudes (or counts) [n, N, N], undefined where nothing piles up. The largest value is a ceiling
 * if it occurs at least 10 times, and more than 10 + 5 times as often as the most frequent of the next 10 lower
 * values. Where nothing is cut off, frequencies fall towards the largest value, so that it is the rarest: a
 * maximum that is shared by chance passes neither test. Not found: a ceiling in only a few values, or one that
 * differs between patterns because they were scaled apart.
 */
export function detectorCeiling(data: Float32Array, bad: PixelMask): DetectorCeiling | undefined {
  // The highest different values in falling order, and how often each occurs. One that falls out never comes back.
  const levels: number[] = [];
  const times: number[] = [];
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value < 0 || (levels.length > LOWER_LEVELS && value < levels[LOWER_LEVELS])) continue;
    if (bad.data[i % bad.data.length] === 1) continue;
    const place = levels.findIndex((level) => level <= value);
    if (place >= 0 && levels[place] === value) {
      times[place]++;
      continue;
    }
    levels.splice(place < 0 ? levels.length : place, 0, value);
    times.splice(place < 0 ? times.length : place, 0, 1);
    levels.length = Math.min(levels.length, LOWER_LEVELS + 1);
    times.length = levels.length;
  }
  const [level = 0, ...lower] = levels;
  const [values = 0, ...lowerTimes] = times;
  if (level === 0 || lower.length === 0 || values < LEAST_VALUES) return undefined;
  if (values <= LEAST_VALUES + LEAST_RATIO * Math.max(...lowerTimes)) return undefined;
  return { level, values, pixels: pixelsAt(data, level, bad) };
}

function pixelsAt(data: Float32Array, level: number, bad: PixelMask): number {
  const size = bad.shape[bad.shape.length - 1] ** 2;
  const pixels = new Set<number>();
  for (let i = 0; i < data.length; i++)
    if (data[i] === level && bad.data[i % bad.data.length] === 0) pixels.add(i % size);
  return pixels.size;
}
