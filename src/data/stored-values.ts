// Numbers of any stored type as float32.

import { PtychoError } from "../core/errors.js";
import { sizeOf } from "../core/ndarray.js";
import type { NpyArray } from "../formats/npy.js";

/** Real values as float32; integers of any width are promoted first, so that nothing overflows later. */
export function realValues(array: NpyArray, where: string, key: string): Float32Array {
  if (!("data" in array)) {
    throw new PtychoError("DataError", `${where}: ${key} must hold real numbers, got ${array.dtype}`);
  }
  if (array.data instanceof Float32Array) return array.data;
  return Float32Array.from(array.data as ArrayLike<number | bigint>, Number);
}

export function complexValues(array: NpyArray, where: string, key: string) {
  if ("re" in array) {
    return { shape: array.shape, re: Float32Array.from(array.re), im: Float32Array.from(array.im) };
  }
  const re = realValues(array, where, key);
  return { shape: array.shape, re, im: new Float32Array(sizeOf(array.shape)) };
}
