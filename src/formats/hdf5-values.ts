// The values of HDF5 arrays and attributes. Every size is judged before memory is taken for it.
import type { Metadata } from "h5wasm";
import { check } from "../core/errors.js";
import { sizeOf } from "../core/ndarray.js";
import { decodeHdf5, elementOf, type Hdf5Element } from "./hdf5-element.js";
import type { Hdf5Handle } from "./hdf5-handle.js";
import { refuseElsewhere } from "./hdf5-links.js";
import type { NpyArray } from "./npy.js";
import { printable } from "./printable.js";

/** Compressed arrays shrink at most about so much; smaller ones than the free size may claim anything. */
const MOST_RATIO = 4000;
const RATIO_FREE_BYTES = 16 * 2 ** 20;
const MOST_TEXTS = 100_000;
const MOST_ATTRIBUTES = 1000;
const MOST_ATTRIBUTE_BYTES = 2 ** 20;
/** The sandbox holds so much of an array at once, or whole chunks, or one row. */
const PIECE_BYTES = 32 * 2 ** 20;
const MOST_PIECE_BYTES = 2 ** 30;

export type Hdf5Attribute = string | number | readonly string[] | readonly number[];

/** Shape and type of a dataset. @throws PtychoError DataError for a virtual one, or an impossible shape. */
export function datasetType(handle: Hdf5Handle, path: string): Metadata & { readonly shape: number[] } {
  const what = printable(path);
  const type = handle.ask(what, (module, id) => module.get_dataset_metadata(id, path));
  if (type.virtual_sources !== undefined)
    refuseElsewhere(handle, path, `virtual dataset of ${type.virtual_sources[0]?.file_name ?? "nothing"}`);
  const { shape } = type;
  if (shape === null) return handle.fail(`${what} is empty (a null dataspace); expected an array`);
  check(
    shape.length <= 8 && shape.every(Number.isSafeInteger) && sizeOf(shape) < 2 ** 50,
    "DataError",
    () => `${handle.where}: ${what} has the impossible shape [${shape.join(", ")}]; the file is damaged`,
  );
  return { ...type, shape };
}

/** A dataset, or its entries from..to along the first axis. @throws PtychoError DataError, ShapeError, ResourceError. */
export function readDataset(handle: Hdf5Handle, path: string, from?: number, to?: number): NpyArray {
  const type = datasetType(handle, path);
  const what = printable(path);
  const element = elementOf(type);
  if (element === undefined)
    return handle.fail(`${what} holds neither numbers nor text; give another dataset`);
  const bytes = sizeOf(type.shape) * Number(type.size);
  check(
    bytes <= RATIO_FREE_BYTES || bytes <= MOST_RATIO * handle.fileBytes,
    "DataError",
    () =>
      `${handle.where}: ${what} claims ${bytes} bytes in a file of ${handle.fileBytes}; the file is damaged`,
  );
  installFilters(handle, path);
  if (element.kind === "text") return readTexts(handle, path, type, element);
  const [rows = 1, ...rest] = type.shape;
  const first = from ?? 0;
  const last = to ?? rows;
  check(
    first >= 0 && first <= last && last <= rows,
    "ShapeError",
    () => `${handle.where}: ${what} has the entries 0..${rows}; asked for ${first}..${last}`,
  );
  const data = readRows(handle, path, type, first, last);
  return decodeHdf5(element, type.shape.length === 0 ? [] : [last - first, ...rest], data);
}

function installFilters(handle: Hdf5Handle, path: string): void {
  for (const { id, name } of handle.ask(printable(path), (m, file) => m.get_dataset_filters(file, path)))
    if (!handle.library.installFilter(id))
      handle.fail(
        `${printable(path)} is packed with filter ${id} (${printable(name)}), for which there is no plugin; store it again ` +
          "with gzip, bitshuffle-LZ4, blosc, zstd or unpacked (h5repack)",
      );
}

/** The bytes of rows, little-endian; taken through the sandbox in pieces of whole chunks, so that none is unpacked twice. */
function readRows(
  handle: Hdf5Handle,
  path: string,
  type: Metadata & { readonly shape: number[] },
  first: number,
  last: number,
): Uint8Array {
  const { shape } = type;
  const rest = shape.slice(1);
  const rowBytes = sizeOf(rest) * Number(type.size);
  const chunkRows = Math.max(1, type.chunks?.[0] ?? 1);
  const rows = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes * chunkRows))) * chunkRows;
  const all = new Uint8Array((last - first) * rowBytes);
  for (let at = first; at < last; ) {
    const end = Math.min(last, (Math.floor(at / rows) + 1) * rows);
    const bytes = (end - at) * rowBytes;
    check(
      bytes <= MOST_PIECE_BYTES,
      "ResourceError",
      () =>
        `${handle.where}: a chunk of ${printable(path)} has ${bytes} bytes, at most ${MOST_PIECE_BYTES} can be read at once; ` +
        "store it again in smaller chunks (h5repack)",
    );
    const select =
      shape.length === 0
        ? null
        : {
            count: [end - at, ...rest].map(BigInt),
            offset: [at, ...rest.map(() => 0)].map(BigInt),
            stride: shape.map(() => 1n),
          };
    const piece = withMemory(handle, bytes, (address) => {
      handle.ask(
        printable(path),
        (module, id) =>
          module.get_dataset_data(
            id,
            path,
            select?.count ?? null,
            select?.offset ?? null,
            select?.stride ?? null,
            BigInt(address),
          ),
        isNegative,
      );
      return handle.module.HEAPU8.slice(address, address + bytes);
    });
    all.set(piece, (at - first) * rowBytes);
    at = end;
  }
  handle.expectUnchanged();
  return all;
}

const isNegative = (status: number): boolean => status < 0;

/** Memory of the sandbox, zeroed, for as long as `work` lasts. */
function withMemory<T>(handle: Hdf5Handle, bytes: number, work: (address: number) => T): T {
  const { module } = handle;
  const address = module._malloc(Math.max(1, bytes));
  check(
    address !== 0,
    "ResourceError",
    () => `${handle.where}: no memory for ${bytes} bytes of the HDF5 library; give a smaller file`,
  );
  try {
    module.HEAPU8.fill(0, address, address + bytes);
    return work(address);
  } finally {
    module._free(address);
  }
}

function readTexts(
  handle: Hdf5Handle,
  path: string,
  type: Metadata & { readonly shape: number[] },
  element: Hdf5Element & { kind: "text" },
): NpyArray {
  const count = sizeOf(type.shape);
  check(
    count <= MOST_TEXTS,
    "DataError",
    () => `${handle.where}: ${printable(path)} holds ${count} texts, at most ${MOST_TEXTS} are read`,
  );
  const values = withMemory(handle, count * element.bytes, (address) => {
    handle.ask(
      printable(path),
      (module, id) => module.get_dataset_data(id, path, null, null, null, BigInt(address)),
      isNegative,
    );
    const texts = textsAt(handle, address, count, element);
    if (element.variable) handle.module.reclaim_vlen_memory(handle.id, path, "", BigInt(address));
    return texts;
  });
  return { dtype: "text", shape: type.shape, values };
}

/** Texts of fixed length up to their NUL, or those that pointers lead to. */
function textsAt(
  { module }: Hdf5Handle,
  address: number,
  count: number,
  { variable, bytes }: { readonly variable: boolean; readonly bytes: number },
): string[] {
  const memory = Buffer.from(module.HEAPU8.buffer);
  return Array.from({ length: count }, (_, i) => {
    const from = address + i * bytes;
    if (!variable)
      return memory
        .subarray(from, from + bytes)
        .toString("utf8")
        .replace(/\0.*$/s, "")
        .trimEnd();
    const pointer = memory.readUInt32LE(from);
    return pointer === 0 ? "" : module.UTF8ToString(pointer);
  });
}

/** Attributes that are numbers or text; others, and those beyond the limits, are left out. */
export function readAttributes(handle: Hdf5Handle, path: string): Readonly<Record<string, Hdf5Attribute>> {
  const what = `the attributes of ${printable(path)}`;
  const names: readonly string[] = handle.ask(what, (module, id) => module.get_attribute_names(id, path));
  check(
    names.length <= MOST_ATTRIBUTES,
    "DataError",
    () =>
      `${handle.where}: ${printable(path)} has ${names.length} attributes, at most ${MOST_ATTRIBUTES} are read`,
  );
  const found: Record<string, Hdf5Attribute> = Object.create(null);
  for (const name of names) {
    const value = readAttribute(handle, path, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function readAttribute(handle: Hdf5Handle, path: string, name: string): Hdf5Attribute | undefined {
  const what = `attribute ${printable(name)} of ${printable(path)}`;
  const type = handle.ask(what, (module, id) => module.get_attribute_metadata(id, path, name));
  const element = elementOf(type);
  const { shape } = type;
  if (shape === null || element === undefined || element.kind === "complex") return undefined;
  const count = sizeOf(shape);
  const bytes = count * Number(type.size);
  if (!(bytes <= MOST_ATTRIBUTE_BYTES)) return undefined;
  return withMemory(handle, bytes, (address) => {
    handle.ask(what, (module, id) => module.get_attribute_data(id, path, name, BigInt(address)), isNegative);
    if (element.kind === "text") {
      const texts = textsAt(handle, address, count, element);
      if (element.variable) handle.module.reclaim_vlen_memory(handle.id, path, name, BigInt(address));
      return shape.length === 0 ? texts[0] : texts;
    }
    const array = decodeHdf5(element, shape, handle.module.HEAPU8.slice(address, address + bytes));
    const numbers = "data" in array ? Array.from(array.data as ArrayLike<number | bigint>, Number) : [];
    return shape.length === 0 ? numbers[0] : numbers;
  });
}
