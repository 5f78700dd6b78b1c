// What the parity checks share: arrays of a case by type and shape, and the comparison of all its outputs.
import { type ComplexArray, isComplex, type NdArray } from "../../src/core/ndarray.js";
import { type CaseArray, type CaseArrays, type CaseJson, type CheckResult, compareOutput } from "./check.js";

export function complexOf(array: CaseArray): ComplexArray {
  if (!isComplex(array)) throw new TypeError(`expected a complex array, got ${array.dtype}`);
  return array;
}

export function realOf(array: CaseArray): NdArray {
  if (isComplex(array)) throw new TypeError("expected a real array, got a complex one");
  return array;
}

export function withShape(array: ComplexArray, shape: readonly number[]): ComplexArray {
  return { ...array, shape };
}

export function reshaped(array: CaseArray, shape: readonly number[]): NdArray {
  return { ...realOf(array), shape };
}

/**
 * Compares every array of role output of the case; one that was not computed fails, unless `excluded` gives a reason, and
 * so does a shape other than the recorded one.
 */
export function compareAll(
  json: CaseJson,
  arrays: CaseArrays,
  actual: Readonly<Record<string, CaseArray>>,
  excluded: Readonly<Record<string, string>> = {},
): CheckResult[] {
  return Object.entries<CaseJson>(json.arrays)
    .filter(([, { role }]) => role === "output")
    .map(([name]): CheckResult => {
      const reason = excluded[name];
      if (reason !== undefined) return { name, passed: true, detail: `excluded: ${reason}` };
      const value = actual[name];
      if (value === undefined) return { name, passed: false, detail: "was not computed" };
      const reference = arrays[name];
      const result = compareOutput(name, value, reference, json.tolerance[name]);
      const sameShape =
        reference.shape.filter((e) => e !== 1).join() === value.shape.filter((e) => e !== 1).join();
      return sameShape
        ? result
        : { name, passed: false, detail: `shape [${value.shape}], expected [${reference.shape}]` };
    });
}

/** A number of `info`; not recorded in this case is not compared. */
export function compareNumber(name: string, actual: number, expected: unknown, relative = 0): CheckResult {
  if (typeof expected !== "number") return { name, passed: true, detail: "not recorded" };
  return {
    name,
    passed: Math.abs(actual - expected) <= relative * Math.abs(expected),
    detail: `${actual}, expected ${expected}`,
  };
}
