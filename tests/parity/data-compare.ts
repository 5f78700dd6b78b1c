// Comparison of number lists for the data cases, whose tolerances are stated in words in their JSON.

import { isPtychoError } from "../../src/core/errors.js";
import { type ComplexArray, isComplex, type NdArray } from "../../src/core/ndarray.js";
import type { CaseArray, CaseArrays, CheckResult } from "./check.js";

/** The values of an array; of a complex one all real parts, then all imaginary parts. */
export function numbers(array: CaseArray | NdArray | ComplexArray): number[] {
  if (isComplex(array)) return [...array.re, ...array.im];
  return Array.from(array.data as ArrayLike<number | bigint>, Number);
}

/** Every entry within `tolerance`, absolute or relative to the reference; equal infinities and NaN agree. */
export function compareValues(
  name: string,
  actual: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance: number,
  sense: "absolute" | "relative" = "absolute",
): CheckResult {
  if (actual.length !== reference.length) {
    return { name, passed: false, detail: `has ${actual.length} values, expected ${reference.length}` };
  }
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] === reference[i] || (Number.isNaN(actual[i]) && Number.isNaN(reference[i]))) continue;
    const difference = Math.abs(actual[i] - reference[i]);
    const measured = sense === "relative" ? difference / Math.abs(reference[i]) : difference;
    if (!(measured <= tolerance)) {
      return {
        name,
        passed: false,
        detail: `entry ${i} is ${actual[i]}, expected ${reference[i]} (${sense} ${tolerance})`,
      };
    }
    worst = Math.max(worst, measured);
  }
  return {
    name,
    passed: true,
    detail: `${actual.length} values, worst ${sense} difference ${worst.toExponential(2)}`,
  };
}

/** Every value of `actual` against the array of its name, within an absolute tolerance. */
export function compareNamed(
  arrays: CaseArrays,
  tolerance: number,
  actual: Readonly<Record<string, ArrayLike<number>>>,
): CheckResult[] {
  return Object.entries(actual).map(([name, values]) =>
    arrays[name] === undefined
      ? { name, passed: false, detail: "is not in the case" }
      : compareValues(name, values, numbers(arrays[name]), tolerance),
  );
}

/** Absolute, relative to the largest entry of the reference. */
export function compareToLargest(
  name: string,
  actual: ArrayLike<number>,
  reference: readonly number[],
  share: number,
) {
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return compareValues(name, actual, reference, share * largest);
}

/** Passes if `act` throws one of our errors whose message has every one of `phrases`. */
export function expectRefusal(name: string, act: () => unknown, phrases: readonly string[]): CheckResult {
  try {
    act();
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    const absent = phrases.filter((phrase) => !error.message.includes(phrase));
    return {
      name,
      passed: absent.length === 0,
      detail: absent.length === 0 ? error.message : `"${error.message}" lacks "${absent.join('", "')}"`,
    };
  }
  return { name, passed: false, detail: "was not refused" };
}
