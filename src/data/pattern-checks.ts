// What pixel values may be: finite, not negative, not a blank frame, and of the domain that was stated.

import { check, PtychoError } from "../core/errors.js";
import type { Domain } from "./raw-data.js";

/** Negative values up to this part of the maximum are dark-subtraction noise. */
const NEGATIVE_TOLERANCE = 1e-3;
/** Largest part of the scan that may be blank frames. */
const BLANK_LIMIT = 0.1;

/** What was found among pixel values so far. */
export interface PixelCount {
  notFinite: number;
  /** Index of the first of them. */
  firstNotFinite: number;
  negative: number;
  min: number;
  max: number;
}

export function noPixels(): PixelCount {
  return {
    notFinite: 0,
    firstNotFinite: -1,
    negative: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
}

/** Counts more pixel values in; `from` is the index of the first of them. */
export function countPixels(count: PixelCount, data: Float32Array, from = 0): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) {
      if (count.notFinite++ === 0) count.firstNotFinite = from + i;
      continue;
    }
    if (value < 0) count.negative++;
    if (value < count.min) count.min = value;
    if (value > count.max) count.max = value;
  }
}

/**
 * Judges all pixels of a scan, `pixels` to a pattern.
 *
 * @throws PtychoError DataError for NaN or infinite pixels (count and first index) and for real negatives.
 */
export function judgePixels(
  where: string,
  { notFinite, firstNotFinite, negative, min, max }: PixelCount,
  pixels: number,
  warnings: string[],
): void {
  check(
    notFinite === 0,
    "DataError",
    () =>
      `${where}: ${notFinite} diffraction pixels are NaN or infinite, first in pattern ` +
      `${Math.floor(firstNotFinite / pixels)} at pixel ${firstNotFinite % pixels}; replace them in the file`,
  );
  if (negative === 0) return;
  check(
    -min <= NEGATIVE_TOLERANCE * max,
    "DataError",
    () =>
      `${where}: ${negative} diffraction pixels are negative, down to ${min} (maximum ${max}); ` +
      `expected counts or amplitudes of 0 or more, check the dark subtraction`,
  );
  warnings.push(`${where}: ${negative} slightly negative pixels (down to ${min}) were set to 0`);
}

/** Checks patterns [n, pixels] as `judgePixels`, and clips small negatives to zero in place. */
export function checkPixels(where: string, data: Float32Array, pixels: number, warnings: string[]): void {
  const count = noPixels();
  countPixels(count, data);
  judgePixels(where, count, pixels, warnings);
  if (count.negative > 0) for (let i = 0; i < data.length; i++) if (data[i] < 0) data[i] = 0;
}

/** Indices of the patterns that hold any signal. @throws PtychoError as `judgeBlank`. */
export function patternsWithSignal(
  where: string,
  data: Float32Array,
  pixels: number,
  warnings: string[],
): Int32Array {
  const n = data.length / pixels;
  const blank: number[] = [];
  for (let i = 0; i < n; i++) {
    const frame = data.subarray(i * pixels, (i + 1) * pixels);
    if (!frame.some((value) => value !== 0)) blank.push(i);
  }
  return judgeBlank(where, blank, n, warnings);
}

/**
 * Indices of the patterns of 0..n-1 that are not among the blank ones.
 *
 * @throws PtychoError DataError if more than a tenth of the patterns are blank.
 */
export function judgeBlank(
  where: string,
  blank: readonly number[],
  n: number,
  warnings: string[],
): Int32Array {
  const list = blank.slice(0, 10).join(", ") + (blank.length > 10 ? ", ..." : "");
  check(
    blank.length <= BLANK_LIMIT * n,
    "DataError",
    () =>
      `${where}: ${blank.length} of ${n} patterns are all zero (${list}); ` +
      `expected at most ${BLANK_LIMIT * 100} %, remove them or check the beam`,
  );
  if (blank.length > 0) warnings.push(`${where}: ${blank.length} all-zero patterns left out: ${list}`);
  const left = new Set(blank);
  return Int32Array.from({ length: n }, (_, i) => i).filter((i) => !left.has(i));
}

/** What the values seen so far say of their domain. */
export interface DomainTrace {
  max: number;
  whole: boolean;
  squaresWhole: boolean;
}

export function noTrace(): DomainTrace {
  return { max: 0, whole: true, squaresWhole: true };
}

/** Takes more values in; values that are not above 0 say nothing. */
export function traceDomain(trace: DomainTrace, data: Float32Array): void {
  let { max, whole, squaresWhole } = trace;
  for (let i = 0; i < data.length && (whole || squaresWhole); i++) {
    const value = data[i];
    if (!(value > 0)) continue;
    if (value > max) max = value;
    if (!Number.isInteger(value)) whole = false;
    const square = value * value;
    if (Math.abs(square - Math.round(square)) > Math.min(1e-6 * square, 0.05)) squaresWhole = false;
  }
  Object.assign(trace, { max, whole, squaresWhole });
}

/**
 * What the values themselves say: whole numbers above 1 are counts; values that are not whole but whose squares are,
 * are amplitudes. Scaled data say nothing.
 */
function tracedDomain({ max, whole, squaresWhole }: DomainTrace): Domain | "unclear" {
  if (max <= 1) return "unclear";
  if (whole) return "counts";
  return squaresWhole ? "amplitude" : "unclear";
}

/** Refuses, or with "warn" reports, values that contradict the stated domain. */
export function checkDomain(
  where: string,
  data: Float32Array,
  stated: Domain,
  onConflict: "refuse" | "warn",
  warnings: string[],
): void {
  const trace = noTrace();
  traceDomain(trace, data);
  judgeDomain(where, trace, stated, onConflict, warnings);
}

/** Refuses, or with "warn" reports, values that contradict the stated domain. */
export function judgeDomain(
  where: string,
  trace: DomainTrace,
  stated: Domain,
  onConflict: "refuse" | "warn",
  warnings: string[],
): void {
  const found = tracedDomain(trace);
  if (found === "unclear" || found === stated) return;
  const why =
    found === "counts" ? "every value is a whole number" : "the square of every value is a whole number";
  const message = `${where}: diffraction was stated to be ${stated} but looks like ${found} (${why})`;
  if (onConflict === "refuse") {
    throw new PtychoError("DataError", `${message}; state its units as ${found}, or convert it`);
  }
  warnings.push(message);
}
