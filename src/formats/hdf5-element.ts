// What one element of an HDF5 array is, and bytes of such elements as arrays.
import type { Metadata } from "h5wasm";
import { type ComplexArray, type DType, sizeOf } from "../core/ndarray.js";
import { decodeElements, halfToSingle } from "./element.js";
import type { NpyArray } from "./npy.js";

/** Classes of HDF5 types (H5T_class_t). */
const CLASS = { integer: 0, float: 1, text: 3, compound: 6, enumeration: 8, complex: 11 } as const;

/** A type that can be read: a number, a pair of numbers, or text. */
export type Hdf5Element =
  | { readonly kind: "real"; readonly dtype: DType; readonly half: boolean }
  | {
      readonly kind: "complex";
      readonly part: "float32" | "float64";
      /** Bytes from one element to the next, and where the parts lie in it. */
      readonly bytes: number;
      readonly reAt: number;
      readonly imAt: number;
    }
  | { readonly kind: "text"; readonly variable: boolean; readonly bytes: number };

export type Hdf5DType = DType | "complex64" | "complex128" | "text";

/** The type of an array, or undefined for one that holds neither numbers nor text. */
export function elementOf(type: Metadata): Hdf5Element | undefined {
  const size = Number(type.size);
  switch (type.type) {
    case CLASS.integer:
      return integer(size, type.signed);
    case CLASS.float:
      if (size === 2) return { kind: "real", dtype: "float32", half: true };
      return size === 4 || size === 8
        ? { kind: "real", dtype: size === 4 ? "float32" : "float64", half: false }
        : undefined;
    case CLASS.enumeration:
      if (type.enum_type?.type !== CLASS.integer) return undefined;
      return isBoolean(type) ? { kind: "real", dtype: "bool", half: false } : integer(size, type.signed);
    case CLASS.text:
      return { kind: "text", variable: type.vlen, bytes: size };
    case CLASS.complex:
      return size === 8 || size === 16
        ? { kind: "complex", part: size === 8 ? "float32" : "float64", bytes: size, reAt: 0, imAt: size / 2 }
        : undefined;
    case CLASS.compound:
      return complexPair(type, size);
    default:
      return undefined;
  }
}

export function dtypeOf(element: Hdf5Element): Hdf5DType {
  if (element.kind === "text") return "text";
  if (element.kind === "real") return element.dtype;
  return element.part === "float32" ? "complex64" : "complex128";
}

function integer(size: number, signed: boolean): Hdf5Element | undefined {
  const names = { 1: "int8", 2: "int16", 4: "int32", 8: "int64" } as const;
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return undefined;
  const name = names[size];
  return { kind: "real", dtype: signed ? name : (`u${name}` as DType), half: false };
}

/** h5py stores bools as an enumeration of FALSE and TRUE. */
function isBoolean({ enum_type: names, size }: Metadata): boolean {
  return Number(size) === 1 && names?.nmembers === 2 && names.members.FALSE === 0 && names.members.TRUE === 1;
}

/** {r, i} as h5py and pytables write it, {real, imag} as MATLAB does. */
function complexPair({ compound_type: pair }: Metadata, bytes: number): Hdf5Element | undefined {
  if (pair?.nmembers !== 2) return undefined;
  const named = (...names: string[]) =>
    pair.members.find((member) => names.includes(member.name.toLowerCase()) && member.type === CLASS.float);
  const [re, im] = [named("r", "re", "real"), named("i", "im", "imag")];
  const size = Number(re?.size);
  if (re === undefined || im === undefined || Number(im.size) !== size || (size !== 4 && size !== 8))
    return undefined;
  if (!re.littleEndian || !im.littleEndian) return undefined;
  const part = size === 4 ? "float32" : "float64";
  return { kind: "complex", part, bytes, reAt: Number(re.offset), imAt: Number(im.offset) };
}

/** Little-endian bytes of numbers as an array of `shape`. */
export function decodeHdf5(
  element: Exclude<Hdf5Element, { kind: "text" }>,
  shape: readonly number[],
  bytes: Uint8Array,
): NpyArray {
  if (element.kind === "real")
    return {
      dtype: element.dtype,
      shape,
      data: element.half
        ? halfToSingle(decodeElements("uint16", bytes))
        : decodeElements(element.dtype, bytes),
    };
  const { bytes: step, reAt, imAt, part } = element;
  const count = sizeOf(shape);
  const single = part === "float32";
  const re = single ? new Float32Array(count) : new Float64Array(count);
  const im = single ? new Float32Array(count) : new Float64Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const from = i * step;
    re[i] = single ? view.getFloat32(from + reAt, true) : view.getFloat64(from + reAt, true);
    im[i] = single ? view.getFloat32(from + imAt, true) : view.getFloat64(from + imAt, true);
  }
  // Both parts have the type that `part` names.
  return { dtype: single ? "complex64" : "complex128", shape, re, im } as ComplexArray;
}
