// Elements of arrays as bytes: sizes, byte order, half floats. Which type a file names is for its own reader.
import { endianness } from "node:os";
import type { DType, TypedArrays } from "../core/ndarray.js";

/** Bytes of one element. */
export const ELEMENT_BYTES: { readonly [D in DType]: number } = {
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

const CONSTRUCTORS: { readonly [D in DType]: new (buffer: ArrayBuffer) => TypedArrays[D] } = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Copies bytes, a whole number of elements, into a typed array of their own. A bool is 0 or 1 (any other byte is 1). */
export function decodeElements<D extends DType>(
  dtype: D,
  bytes: Uint8Array,
  bigEndian = false,
): TypedArrays[D] {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (bigEndian !== (endianness() === "BE")) swapBytes(copy, ELEMENT_BYTES[dtype]);
  if (dtype === "bool") for (let i = 0; i < copy.length; i++) copy[i] = copy[i] === 0 ? 0 : 1;
  return new CONSTRUCTORS[dtype](copy.buffer);
}

/** The little-endian bytes of a typed array: a view of it, or a swapped copy on a big-endian machine. */
export function encodeElements(data: TypedArrays[DType]): Uint8Array {
  const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (endianness() === "LE") return view;
  const copy = new Uint8Array(view);
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function swapBytes(bytes: Uint8Array, elementBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (elementBytes === 2) buffer.swap16();
  else if (elementBytes === 4) buffer.swap32();
  else if (elementBytes === 8) buffer.swap64();
}

/** IEEE 754 binary16 words widened to float32 (exact for every value). */
export function halfToSingle(words: Uint16Array): Float32Array {
  const singles = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const sign = (words[i] & 0x8000) === 0 ? 1 : -1;
    const exponent = (words[i] >> 10) & 31;
    const fraction = words[i] & 1023;
    if (exponent === 31) singles[i] = fraction === 0 ? sign * Infinity : Number.NaN;
    else if (exponent === 0) singles[i] = sign * fraction * 2 ** -24;
    else singles[i] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return singles;
}

/** bfloat16 words widened to float32: the upper half of its bits. */
export function bfloatToSingle(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i] * 65536;
  return new Float32Array(bits.buffer);
}
