// Runs the graph of a case on the runtime: named inputs from its arrays, complex values as pairs.
import { input } from "../../src/compute/build-elementwise.js";
import type { Expr } from "../../src/compute/expr.js";
import { compile } from "../../src/compute/runtime.js";
import { complex64, float32, isComplex, type NdArray } from "../../src/core/ndarray.js";
import type { ComplexExpr } from "../../src/physics/complex.js";
import type { CaseArray, CaseArrays } from "./check.js";

export type CaseOutputs = Readonly<Record<string, Expr | ComplexExpr | undefined>>;

/** The input expression of a real array of the case; integers are fed as float32. */
export function realInput(arrays: CaseArrays, name: string): Expr {
  return input(name, arrays[name].shape);
}

export function complexInput(arrays: CaseArrays, name: string): ComplexExpr {
  const { shape } = arrays[name];
  return { re: input(`${name}.re`, shape), im: input(`${name}.im`, shape) };
}

/** Computes the outputs that are there; bool comes back as int32. */
export async function runCase(
  arrays: CaseArrays,
  outputs: CaseOutputs,
  extraFeeds: Readonly<Record<string, NdArray>> = {},
): Promise<Record<string, CaseArray>> {
  const flat: Record<string, Expr> = {};
  for (const [name, value] of Object.entries(outputs)) {
    if (value === undefined) continue;
    if ("re" in value) Object.assign(flat, { [`${name}.re`]: value.re, [`${name}.im`]: value.im });
    else flat[name] = value;
  }
  const executable = await compile({ outputs: flat });
  const results = await executable.run({ ...feedsOf(arrays), ...extraFeeds });
  await executable.release();
  const collected: Record<string, CaseArray> = {};
  for (const [name, value] of Object.entries(outputs)) {
    if (value === undefined) continue;
    if ("re" in value) {
      const [re, im] = [results[`${name}.re`], results[`${name}.im`]];
      collected[name] = complex64(re.shape, re.data as Float32Array, im.data as Float32Array);
    } else {
      collected[name] = results[name];
    }
  }
  return collected;
}

/** Every array of a case under the names of its inputs. */
export function feedsOf(arrays: CaseArrays): Record<string, NdArray> {
  const feeds: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(arrays)) {
    if (isComplex(array)) {
      feeds[`${name}.re`] = float32(array.shape, array.re);
      feeds[`${name}.im`] = float32(array.shape, array.im);
    } else {
      const values = Float32Array.from(array.data as ArrayLike<number | bigint>, Number);
      feeds[name] = float32(array.shape, values);
    }
  }
  return feeds;
}
