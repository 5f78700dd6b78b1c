// How a parity case is compared with its golden numbers.
import { type ComplexArray, isComplex, type NdArray } from "../../src/core/ndarray.js";

export interface CheckResult {
  /** What was compared, usually the name of an output array. */
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

export type CaseArray = NdArray | ComplexArray;
export type CaseArrays = Readonly<Record<string, CaseArray>>;

/** The description of a case: its JSON, of which every kind reads its own fields. */
// biome-ignore lint/suspicious/noExplicitAny: foreign JSON whose fields differ by kind
export type CaseJson = any;

export type CaseCheck = (json: CaseJson, arrays: CaseArrays, folder: string) => Promise<CheckResult[]>;

/** `tolerance.<array>` of a case. Absent or `exact`: every value must be equal. */
export interface Tolerance {
  readonly exact?: boolean;
  readonly atol?: number;
  readonly rel_l2?: number;
  /** Bound on the relative error of every single entry. */
  readonly elem_rel?: number;
}

/**
 * The rule of the golden README: max|y - ref| <= atol and ||y - ref|| / ||ref|| <= rel_l2 over the entries where ref is
 * finite; the same infinity where ref is infinite; nothing is required where ref is NaN. Complex entries by modulus.
 */
export function compareOutput(
  name: string,
  actual: CaseArray,
  reference: CaseArray,
  tolerance: Tolerance = {},
): CheckResult {
  const y = planes(actual);
  const ref = planes(reference);
  const count = ref.re.length;
  if (y.re.length !== count)
    return { name, passed: false, detail: `has ${y.re.length} values, expected ${count}` };
  const { atol = 0, rel_l2: relL2 = 0, elem_rel: elementwise } = tolerance;
  let worst = 0;
  let worstElement = 0;
  let differenceSquared = 0;
  let referenceSquared = 0;
  let wrongInfinities = 0;
  for (let i = 0; i < count; i++) {
    const size = Math.hypot(ref.re[i], ref.im[i]);
    if (Number.isNaN(size)) continue;
    if (size === Number.POSITIVE_INFINITY) {
      if (y.re[i] !== ref.re[i]) wrongInfinities++;
      continue;
    }
    const difference = Math.hypot(y.re[i] - ref.re[i], y.im[i] - ref.im[i]);
    if (Number.isNaN(difference))
      return { name, passed: false, detail: `NaN at ${i}, expected ${ref.re[i]}` };
    worst = Math.max(worst, difference);
    if (difference > 0) worstElement = Math.max(worstElement, difference / size);
    differenceSquared += difference * difference;
    referenceSquared += size * size;
  }
  const relative = differenceSquared === 0 ? 0 : Math.sqrt(differenceSquared / referenceSquared);
  const passed =
    worst <= atol &&
    relative <= relL2 &&
    wrongInfinities === 0 &&
    (elementwise === undefined || worstElement <= elementwise);
  const parts = [
    `max difference ${worst.toExponential(2)} (<= ${atol})`,
    `relative L2 ${relative.toExponential(2)} (<= ${relL2})`,
  ];
  if (elementwise !== undefined)
    parts.push(`worst entry ${worstElement.toExponential(2)} (<= ${elementwise})`);
  if (wrongInfinities > 0) parts.push(`${wrongInfinities} infinities differ`);
  return { name, passed, detail: parts.join(", ") };
}

function planes(array: CaseArray): { re: Float64Array; im: Float64Array } {
  if (isComplex(array)) return { re: Float64Array.from(array.re), im: Float64Array.from(array.im) };
  const re = Float64Array.from(array.data as ArrayLike<number | bigint>, Number);
  return { re, im: new Float64Array(re.length) };
}
