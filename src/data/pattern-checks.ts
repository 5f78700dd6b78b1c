// What pixel values may be: finite, not negative, not a blank frame, and of the domain that was stated.

import { check, PtychoError } from "../core/errors.js";
import type { Domain } from "./raw-data.js";

/** Negative values up to this part of the maximum are dark-subtraction noise. */
const NEGATIVE_TOLERANCE = 1e-3;
/** Largest part of the scan that may be blank frames. */
const BLANK_LIMIT = 0.1;

/**
 * Checks patterns [n, pixels] and clips small negatives to zero in place.
 *
 * @throws PtychoError DataError for NaN or infinite pixels (count and first index) and for real negatives.
 */
export function checkPixels(where: string, data: Float32Array, pixels: number, warnings: string[]): void {
  let bad = 0;
  let firstBad = -1;
  let negative = 0;
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) {
      if (bad++ === 0) firstBad = i;
      continue;
    }
    if (value < 0) negative++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  check(
    bad === 0,
    "DataError",
    () =>
      `${where}: ${bad} diffraction pixels are NaN or infinite, first in pattern ` +
      `${Math.floor(firstBad / pixels)} at pixel ${firstBad % pixels}; replace them in the file`,
  );
  if (negative === 0) return;
  check(
    -min <= NEGATIVE_TOLERANCE * max,
    "DataError",
    () =>
      `${where}: ${negative} diffraction pixels are negative, down to ${min} (maximum ${max}); ` +
      `expected counts or amplitudes of 0 or more, check the dark subtraction`,
  );
  for (let i = 0; i < data.length; i++) if (data[i] < 0) data[i] = 0;
  warnings.push(`${where}: ${negative} slightly negative pixels (down to ${min}) were set to 0`);
}

/**
 * Indices of the patterns that hold any signal.
 *
 * @throws PtychoError DataError if more than a tenth of the patterns are blank.
 */
export function patternsWithSignal(
  where: string,
  data: Float32Array,
  pixels: number,
  warnings: string[],
): Int32Array {
  const n = data.length / pixels;
  const kept: number[] = [];
  const blank: number[] = [];
  for (let i = 0; i < n; i++) {
    const frame = data.subarray(i * pixels, (i + 1) * pixels);
    (frame.some((value) => value !== 0) ? kept : blank).push(i);
  }
  const list = blank.slice(0, 10).join(", ") + (blank.length > 10 ? ", ..." : "");
  check(
    blank.length <= BLANK_LIMIT * n,
    "DataError",
    () =>
      `${where}: ${blank.length} of ${n} patterns are all zero (${list}); ` +
      `expected at most ${BLANK_LIMIT * 100} %, remove them or check the beam`,
  );
  if (blank.length > 0) warnings.push(`${where}: ${blank.length} all-zero patterns left out: ${list}`);
  return Int32Array.from(kept);
}

/**
 * What the values themselves say: whole numbers above 1 are counts; values that are not whole but whose squares are,
 * are amplitudes. Scaled data say nothing.
 */
export function domainEvidence(data: Float32Array): Domain | "unclear" {
  let max = 0;
  let whole = true;
  let squaresWhole = true;
  for (let i = 0; i < data.length && (whole || squaresWhole); i++) {
    const value = data[i];
    if (value > max) max = value;
    if (!Number.isInteger(value)) whole = false;
    const square = value * value;
    if (Math.abs(square - Math.round(square)) > Math.min(1e-6 * square, 0.05)) squaresWhole = false;
  }
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
  const found = domainEvidence(data);
  if (found === "unclear" || found === stated) return;
  const why =
    found === "counts" ? "every value is a whole number" : "the square of every value is a whole number";
  const message = `${where}: diffraction was stated to be ${stated} but looks like ${found} (${why})`;
  if (onConflict === "refuse") {
    throw new PtychoError("DataError", `${message}; state its units as ${found}, or convert it`);
  }
  warnings.push(message);
}
