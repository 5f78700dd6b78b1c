// Mean, median and percentiles of plain arrays, as NumPy defines them.

import { check } from "../core/errors.js";

/** Arithmetic mean, summed in float64. */
export function mean(values: ArrayLike<number>): number {
  expectSome(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Middle value, or the mean of the two middle values. */
export function median(values: ArrayLike<number>): number {
  return percentile(values, 50);
}

/** Percentile 0 to 100 with linear interpolation between order statistics at (n - 1) p / 100. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  expectSome(values);
  check(percent >= 0 && percent <= 100, "UsageError", () => `percentile: expected 0 to 100, got ${percent}`);
  const sorted = Float64Array.from(values).sort();
  if (Number.isNaN(sorted[sorted.length - 1])) return Number.NaN;
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const fraction = position - below;
  if (fraction === 0 || sorted[below] === sorted[above]) return sorted[below];
  return sorted[below] + (sorted[above] - sorted[below]) * fraction;
}

function expectSome(values: ArrayLike<number>): void {
  check(values.length > 0, "ShapeError", () => "statistics: expected at least one value, got none");
}
