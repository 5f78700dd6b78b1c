// The header of a .npy file (NEP 1): magic, version, and a Python dict literal read by a small grammar, never evaluated.
import { check, type ErrorTag, PtychoError } from "../core/errors.js";
import type { DType } from "../core/ndarray.js";
import { printable } from "./printable.js";

/** Whose fault a bad file is: a scan file gives DataError, a model archive ArtefactError. */
export type FileTag = Extract<ErrorTag, "DataError" | "ArtefactError">;

export type NpyDType = DType | "complex64" | "complex128" | "text" | "object";

export interface NpyHeader {
  /** What the array becomes here; "object" is a pickle and is never loaded. */
  readonly dtype: NpyDType;
  /** The type as the file states it, for example "<f4". */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly bigEndian: boolean;
  readonly itemBytes: number;
  /** Where the elements begin. */
  readonly dataOffset: number;
  /** Bytes of all elements; undefined for an object array, whose pickle has any length. */
  readonly dataBytes: number | undefined;
}

const MAX_HEADER_BYTES = 65_536;
const MAX_RANK = 64;
const MAX_EMPTY_STRINGS = 10_000;

const NUMERIC_CODES: Readonly<Record<string, NpyDType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float32",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
};

/** How many leading bytes hold the whole header, told from the first 12 (or from fewer, where the file ends). */
export function npyHeaderEnd(start: Uint8Array): number {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 12) return 12;
  return start[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}

/**
 * Reads the header from the first bytes of a .npy file (versions 1 to 3); the elements need not be there.
 *
 * @throws PtychoError with `tag`: not a .npy, version or dtype not supported, header damaged or over 64 kB, shape
 * negative or of more than 2^53 bytes. An object dtype is reported, not refused.
 */
export function readNpyHeader(bytes: Uint8Array, where: string, tag: FileTag = "DataError"): NpyHeader {
  const fail: (message: string) => never = (message) => {
    throw new PtychoError(tag, `${where}: ${message}`);
  };
  const magic = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(6, bytes.length)).toString("latin1");
  if (magic !== "\x93NUMPY")
    fail("expected a .npy array, found other bytes; write it with numpy.save or savez");
  if (bytes.length < 10) fail(`the .npy header is cut off after ${bytes.length} bytes; copy the file again`);
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0)
    fail(`.npy version ${version}.${bytes[7]} is not known (1.0 to 3.0 are); save it with a released NumPy`);
  const dataOffset = npyHeaderEnd(bytes);
  const textOffset = version === 1 ? 10 : 12;
  if (dataOffset - textOffset > MAX_HEADER_BYTES)
    fail(`the .npy header claims ${dataOffset - textOffset} bytes, more than the 65536 allowed`);
  if (bytes.length < dataOffset)
    fail(`the .npy header is cut off: ${bytes.length} of ${dataOffset} bytes are there; copy the file again`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + textOffset, dataOffset - textOffset);
  const fields = parseHeaderDict(text.toString(version === 3 ? "utf8" : "latin1"), fail);
  const element = elementOf(fields.descr, fail);
  const count = countOf(fields.shape, element.itemBytes, fail);
  return {
    ...fields,
    ...element,
    dataOffset,
    dataBytes: element.dtype === "object" ? undefined : count * element.itemBytes,
  };
}

interface HeaderFields {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** `{ 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, each key once, in any order. */
function parseHeaderDict(text: string, fail: (message: string) => never): HeaderFields {
  let at = 0;
  const damaged = () =>
    fail(`the .npy header is not a plain dictionary at character ${at}; the file is damaged`);
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[1] ?? match[0];
  };
  const expect = (pattern: RegExp): string => take(pattern) ?? damaged();

  let descr: string | undefined;
  let fortranOrder: boolean | undefined;
  let shape: number[] | undefined;
  expect(/[ \n]*\{[ \n]*/y);
  while (take(/\}/y) === undefined) {
    const key = expect(/'(descr|fortran_order|shape)'/y);
    expect(/[ \n]*:[ \n]*/y);
    if (key === "descr" && descr === undefined) {
      if (take(/\[/y) !== undefined)
        fail("structured (record) arrays are not supported; save each field as an array of its own");
      descr = expect(/(?:'([^'\\\n]*)')/y);
    } else if (key === "fortran_order" && fortranOrder === undefined) {
      fortranOrder = expect(/True|False/y) === "True";
    } else if (key === "shape" && shape === undefined) {
      shape = parseShape(expect(/\(([^()]*)\)/y), damaged, fail);
    } else fail(`the .npy header states '${key}' twice; the file is damaged`);
    if (take(/[ \n]*,[ \n]*/y) === undefined) {
      take(/[ \n]*/y);
      if (text[at] !== "}") damaged();
    }
  }
  expect(/[ \n]*$/y);
  if (descr === undefined || fortranOrder === undefined || shape === undefined)
    fail("the .npy header lacks one of descr, fortran_order, shape; the file is damaged");
  return { descr, fortranOrder, shape };
}

function parseShape(text: string, damaged: () => never, fail: (message: string) => never): number[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  const parts = trimmed.split(",").map((part) => part.trim());
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  else if (parts.length === 1) damaged(); // (3) is a number in Python, (3,) a tuple
  if (parts.length > MAX_RANK) fail(`the .npy header states ${parts.length} axes, more than ${MAX_RANK}`);
  return parts.map((part) => {
    if (/^-\d+$/.test(part)) fail(`the .npy header states a negative extent ${printable(part)}`);
    if (!/^\d{1,30}L?$/.test(part)) damaged();
    const extent = Number.parseInt(part, 10);
    if (!Number.isSafeInteger(extent))
      fail(`the .npy header states an extent of ${part}, which is too large`);
    return extent;
  });
}

function elementOf(
  descr: string,
  fail: (message: string) => never,
): Pick<NpyHeader, "dtype" | "bigEndian" | "itemBytes"> {
  const match = /^([<>|])([a-zA-Z])(\d{0,9})$/.exec(descr);
  if (match === null)
    fail(`dtype ${printable(descr)} is not understood; save plain numbers such as float32 or complex64`);
  const [, order, kind, digits] = match;
  const bigEndian = order === ">";
  if (kind === "O") return { dtype: "object", bigEndian: false, itemBytes: 0 };
  if (kind === "U" && digits !== "" && order !== "|")
    return { dtype: "text", bigEndian, itemBytes: 4 * Number(digits) };
  if (kind === "S" && digits !== "") return { dtype: "text", bigEndian, itemBytes: Number(digits) };
  const dtype = Object.hasOwn(NUMERIC_CODES, kind + digits) ? NUMERIC_CODES[kind + digits] : undefined;
  if (dtype === undefined || (order === "|" && digits !== "1"))
    fail(
      `dtype ${printable(descr)} is not supported; convert to float32, float64, complex64, an integer or text`,
    );
  return { dtype, bigEndian, itemBytes: Number(digits) };
}

function countOf(shape: readonly number[], itemBytes: number, fail: (message: string) => never): number {
  let count = 1;
  let extentsProduct = Math.max(itemBytes, 1);
  for (const extent of shape) {
    count *= extent;
    extentsProduct *= Math.max(extent, 1);
    if (extentsProduct > Number.MAX_SAFE_INTEGER)
      fail(
        `shape (${shape.join(", ")}) of ${itemBytes}-byte elements is too large to address; the file is damaged`,
      );
  }
  if (itemBytes === 0 && count > MAX_EMPTY_STRINGS)
    fail(`${count} elements of no bytes are declared, more than ${MAX_EMPTY_STRINGS}; the file is damaged`);
  return count;
}

/** Refuses a byte count that does not fit the header: before inflating, and before allocating. */
export function checkNpyLength(header: NpyHeader, bytes: number, where: string, tag: FileTag): void {
  const expected = header.dataBytes === undefined ? undefined : header.dataOffset + header.dataBytes;
  check(
    expected === undefined || expected === bytes,
    tag,
    () =>
      `${where}: shape (${header.shape.join(", ")}) of ${header.descr} needs ${expected} bytes with its header, ` +
      `found ${bytes}; the file is damaged, copy or write it again`,
  );
}
