// .npy bytes to arrays and back. Fortran order becomes row-major, big-endian becomes native, float16 becomes float32.
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, type DType, type NdArray, sizeOf, type TypedArrays } from "../core/ndarray.js";
import { decodeElements, encodeElements, halfToSingle } from "./element.js";
import { checkNpyLength, type FileTag, type NpyHeader, readNpyHeader } from "./npy-header.js";

/** A row-major array of strings. */
export interface TextArray {
  readonly dtype: "text";
  readonly shape: readonly number[];
  readonly values: readonly string[];
}

/** Everything a .npy file can hold here; `dtype` tells which. */
export type NpyArray = NdArray | ComplexArray<"float32"> | ComplexArray<"float64"> | TextArray;

/**
 * Reads one .npy file of numbers, complex numbers, bools or text (`<U`, or `|S` in UTF-8), shape as stored,
 * row-major. All sizes are checked before anything is allocated.
 *
 * @throws PtychoError with `tag`; an object array is refused, since reading its pickle could run code.
 */
export function parseNpy(bytes: Uint8Array, where: string, tag: FileTag = "DataError"): NpyArray {
  const header = readNpyHeader(bytes, where, tag);
  check(
    header.dtype !== "object",
    tag,
    () => `${where}: pickled object arrays are never loaded; save it as numbers or as text (numpy.str_)`,
  );
  checkNpyLength(header, bytes.length, where, tag);
  const data = bytes.subarray(header.dataOffset);
  if (header.dtype === "complex64") return complexOf(header, "float32", data);
  if (header.dtype === "complex128") return complexOf(header, "float64", data);
  if (header.dtype === "text") return textOf(header, data, where, tag);
  return {
    dtype: header.dtype,
    shape: header.shape,
    data: toRowMajor(decodeNumbers(header, header.dtype, data), header),
  };
}

/** Some elements of an array of real numbers or bools, in the order of the file. */
export function decodeNumbers(
  { descr, bigEndian }: NpyHeader,
  dtype: DType,
  bytes: Uint8Array,
): TypedArrays[DType] {
  return descr.slice(1) === "f2"
    ? halfToSingle(decodeElements("uint16", bytes, bigEndian))
    : decodeElements(dtype, bytes, bigEndian);
}

function complexOf<D extends "float32" | "float64">(
  header: NpyHeader,
  part: D,
  data: Uint8Array,
): ComplexArray<"float32"> | ComplexArray<"float64"> {
  const pairs = decodeElements(part, data, header.bigEndian) as Float32Array | Float64Array;
  const size = pairs.length / 2;
  const re = pairs.slice(0, size);
  const im = pairs.slice(0, size);
  for (let i = 0; i < size; i++) {
    re[i] = pairs[2 * i];
    im[i] = pairs[2 * i + 1];
  }
  const parts = {
    shape: header.shape,
    re: toRowMajor(re, header),
    im: toRowMajor(im, header),
  };
  return part === "float32"
    ? { dtype: "complex64", ...(parts as { shape: number[]; re: Float32Array; im: Float32Array }) }
    : { dtype: "complex128", ...(parts as { shape: number[]; re: Float64Array; im: Float64Array }) };
}

function textOf(header: NpyHeader, data: Uint8Array, where: string, tag: FileTag): TextArray {
  const size = sizeOf(header.shape);
  const values = new Array<string>(size);
  const read = header.descr[1] === "U" ? unicodeText : byteText;
  for (let i = 0; i < size; i++) {
    const item = data.subarray(i * header.itemBytes, (i + 1) * header.itemBytes);
    const value = read(item, header.bigEndian);
    check(
      value !== undefined,
      tag,
      () => `${where}: text element ${i} is not valid Unicode; write it as UTF-8 or as numpy.str_`,
    );
    values[i] = value;
  }
  return { dtype: "text", shape: header.shape, values: toRowMajor(values, header) };
}

/** UCS-4 padded with NULs, as NumPy stores `<U`. */
function unicodeText(item: Uint8Array, bigEndian: boolean): string | undefined {
  const points = decodeElements("uint32", item, bigEndian);
  let end = points.length;
  while (end > 0 && points[end - 1] === 0) end--;
  const pieces: string[] = [];
  for (let i = 0; i < end; i++) {
    const point = points[i];
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    pieces.push(String.fromCodePoint(point));
  }
  return pieces.join("");
}

function byteText(item: Uint8Array): string | undefined {
  let end = item.length;
  while (end > 0 && item[end - 1] === 0) end--;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(item.subarray(0, end));
  } catch {
    return undefined;
  }
}

interface Indexed {
  readonly length: number;
  [index: number]: unknown;
  slice(): Indexed;
}

/** The elements as they are, or, of a Fortran-order file, a copy of them in row-major order. */
function toRowMajor<T extends Indexed>(source: T, header: NpyHeader): T {
  const { shape } = header;
  const rank = shape.length;
  if (!header.fortranOrder || rank < 2) return source;
  const target = source.slice() as T;
  const strides = new Array<number>(rank).fill(1);
  for (let axis = 1; axis < rank; axis++) strides[axis] = strides[axis - 1] * shape[axis - 1];
  const index = new Array<number>(rank).fill(0);
  let from = 0;
  for (let to = 0; to < target.length; to++) {
    target[to] = source[from];
    let axis = rank - 1;
    while (axis >= 0) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis--] = 0;
    }
  }
  return target;
}

const CODES: { readonly [D in DType | "complex64" | "complex128"]: string } = {
  float32: "<f4",
  float64: "<f8",
  int8: "|i1",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  uint8: "|u1",
  uint16: "<u2",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
  complex64: "<c8",
  complex128: "<c16",
};

/**
 * The bytes of a version 1.0 .npy file, little-endian and row-major; byte for byte what NumPy 2 writes.
 *
 * @throws PtychoError ShapeError when shape and data disagree; DataError for text that the format cannot hold.
 */
export function writeNpy(array: NpyArray): Buffer {
  const size = sizeOf(array.shape);
  const found =
    array.dtype === "text" ? array.values.length : "re" in array ? array.re.length : array.data.length;
  check(
    found === size && (!("im" in array) || array.im.length === size),
    "ShapeError",
    () => `write .npy: shape (${array.shape.join(", ")}) needs ${size} elements, got ${found}`,
  );
  if (array.dtype === "text") return textBytes(array);
  if ("re" in array) {
    const { re, im } = array;
    const pairs = re instanceof Float32Array ? new Float32Array(2 * size) : new Float64Array(2 * size);
    for (let i = 0; i < size; i++) {
      pairs[2 * i] = re[i];
      pairs[2 * i + 1] = im[i];
    }
    return Buffer.concat([headerBytes(CODES[array.dtype], array.shape), encodeElements(pairs)]);
  }
  return Buffer.concat([headerBytes(CODES[array.dtype], array.shape), encodeElements(array.data)]);
}

/** The header of a .npy file of real numbers, before elements that are written behind it piece by piece. */
export function npyHeaderBytes(dtype: DType, shape: readonly number[]): Buffer {
  return headerBytes(CODES[dtype], shape);
}

function textBytes(array: TextArray): Buffer {
  const rows = array.values.map((value, i) => {
    if (/\p{Surrogate}/u.test(value) || value.endsWith("\0"))
      throw new PtychoError(
        "DataError",
        `write .npy: text element ${i} has a lone surrogate or a trailing NUL, which .npy cannot hold; remove it`,
      );
    return Array.from(value, (point) => point.codePointAt(0)!);
  });
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 1);
  const points = new Uint32Array(rows.length * width);
  for (const [i, row] of rows.entries()) points.set(row, i * width);
  return Buffer.concat([headerBytes(`<U${width}`, array.shape), encodeElements(points)]);
}

/** NumPy leaves room for the first axis to grow to 21 digits, then pads to a multiple of 64 bytes. */
function headerBytes(descr: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const growth = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }${" ".repeat(growth)}`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, " ");
  bytes.write("\x93NUMPY\x01\x00", 0, "latin1");
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(dict, 10, "latin1");
  bytes[total - 1] = 0x0a;
  return bytes;
}
