// The safetensors format for weights: a JSON header with dtype, shape and place of each tensor, then their bytes.
import { check, PtychoError } from "../core/errors.js";
import { type DType, type NdArray, sizeOf } from "../core/ndarray.js";
import { bfloatToSingle, decodeElements, ELEMENT_BYTES, encodeElements, halfToSingle } from "./element.js";
import { printable } from "./printable.js";

export interface Safetensors {
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly metadata: ReadonlyMap<string, string>;
}

const MAX_HEADER_BYTES = 100_000_000;
const MAX_TENSORS = 10_000;
const MAX_RANK = 64;

const WRITTEN: { readonly [D in DType]: string } = {
  float32: "F32",
  float64: "F64",
  int8: "I8",
  int16: "I16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  uint16: "U16",
  uint32: "U32",
  uint64: "U64",
  bool: "BOOL",
};

/** Types as files name them; F16 and BF16 are widened to float32. */
const KNOWN: ReadonlyMap<string, { dtype: DType; bytes: number }> = new Map([
  ...Object.entries(WRITTEN).map(
    ([dtype, code]) => [code, { dtype: dtype as DType, bytes: ELEMENT_BYTES[dtype as DType] }] as const,
  ),
  ["F16", { dtype: "float32", bytes: 2 }] as const,
  ["BF16", { dtype: "float32", bytes: 2 }] as const,
]);

/**
 * The bytes of a safetensors file. Wide types come first, then names in code-unit order, so that every tensor is
 * aligned and equal tensors give equal bytes.
 *
 * @throws PtychoError ShapeError when a shape and its data disagree, UsageError for the name "__metadata__" or too many.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Buffer {
  check(
    tensors.size <= MAX_TENSORS && !tensors.has("__metadata__"),
    "UsageError",
    () => `write safetensors: at most ${MAX_TENSORS} tensors, none named "__metadata__"`,
  );
  const ordered = [...tensors].sort(
    ([a, x], [b, y]) => ELEMENT_BYTES[y.dtype] - ELEMENT_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  const fields: string[] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
    fields.push(
      `"__metadata__":{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`,
    );
  }
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of ordered) {
    check(
      sizeOf(tensor.shape) === tensor.data.length,
      "ShapeError",
      () =>
        `write safetensors: ${printable(name)} of shape [${tensor.shape}] has ${tensor.data.length} values`,
    );
    const bytes = encodeElements(tensor.data);
    const entry = {
      dtype: WRITTEN[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [offset, offset + bytes.length],
    };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    pieces.push(bytes);
    offset += bytes.length;
  }
  const json = Buffer.from(`{${fields.join(",")}}`, "utf8");
  const header = Buffer.alloc(Math.ceil(json.length / 8) * 8, " ");
  json.copy(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...pieces]);
}

/**
 * Reads a safetensors file. Every tensor must have exactly the bytes its shape needs, and together they must cover
 * the data without holes or overlaps.
 *
 * @throws PtychoError ArtefactError.
 */
export function parseSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const fail = failing(where);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 8)
    fail(`the file has ${file.length} bytes, too few for safetensors; copy or write it again`);
  const headerBytes = Number(file.readBigUInt64LE(0));
  if (headerBytes > MAX_HEADER_BYTES)
    fail(`the header claims ${headerBytes} bytes, more than 100 MB; damaged or forged`);
  if (8 + headerBytes > file.length)
    fail(`the header claims ${headerBytes} bytes, the file has ${file.length}; it is truncated or forged`);
  const data = file.subarray(8 + headerBytes);
  const { __metadata__: metadataField, entries } = parseHeader(file.subarray(8, 8 + headerBytes), fail);
  const places = entries.map(([name, entry]) => placeOf(name, entry, fail));
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const place of places) {
    if (place.begin !== covered)
      fail(
        `tensor ${printable(place.name)} begins at byte ${place.begin}, expected ${covered}: a hole or an overlap`,
      );
    covered = place.end;
  }
  if (covered !== data.length)
    fail(`the tensors need ${covered} bytes of data, found ${data.length}; it is truncated or forged`);
  const tensors = new Map<string, NdArray>();
  for (const place of places) tensors.set(place.name, tensorOf(place, data.subarray(place.begin, place.end)));
  return { tensors, metadata: metadataOf(metadataField, fail) };
}

/**
 * Refuses weights with NaN or infinite values.
 *
 * @throws PtychoError ArtefactError naming the first such tensor, how many values and the first index.
 */
export function checkFiniteTensors(tensors: ReadonlyMap<string, NdArray>, where: string): void {
  for (const [name, { dtype, data }] of tensors) {
    if (dtype !== "float32" && dtype !== "float64") continue;
    const values = data as Float32Array | Float64Array;
    let count = 0;
    let first = -1;
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      if (count++ === 0) first = i;
    }
    if (count > 0)
      failing(where)(
        `tensor ${printable(name)} has ${count} values that are NaN or infinite, the first at ${first}; train again`,
      );
  }
}

type Fail = (message: string, cause?: unknown) => never;

function failing(where: string): Fail {
  return (message, cause) => {
    throw new PtychoError("ArtefactError", `${where}: ${message}`, cause);
  };
}

function parseHeader(header: Buffer, fail: Fail): { __metadata__: unknown; entries: [string, unknown][] } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch (error) {
    return fail("the safetensors header is not valid JSON; damaged or another kind of file", error);
  }
  if (!isRecord(parsed)) fail("the safetensors header is not a JSON object; damaged or another kind of file");
  const all = Object.entries(parsed);
  const entries = all.filter(([name]) => name !== "__metadata__");
  if (entries.length > MAX_TENSORS)
    fail(`it holds ${entries.length} tensors, more than the ${MAX_TENSORS} allowed`);
  return { __metadata__: all.find(([name]) => name === "__metadata__")?.[1], entries };
}

interface Place {
  readonly name: string;
  readonly code: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function placeOf(name: string, entry: unknown, fail: Fail): Place {
  const tensor = `tensor ${printable(name)}`;
  if (!isRecord(entry) || Object.keys(entry).sort().join() !== "data_offsets,dtype,shape")
    return fail(`${tensor} must state exactly dtype, shape and data_offsets`);
  const { dtype: code, shape, data_offsets: offsets } = entry;
  const known = typeof code === "string" ? KNOWN.get(code) : undefined;
  if (typeof code !== "string" || known === undefined)
    return fail(`${tensor} has dtype ${printable(String(code))}; known are ${[...KNOWN.keys()].join(", ")}`);
  if (!isCounts(shape) || shape.length > MAX_RANK)
    return fail(`${tensor} has a shape that is not a list of extents`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    return fail(`${tensor} has data_offsets that are not [begin, end]`);
  let needed = known.bytes;
  for (const extent of shape) needed *= extent;
  const [begin, end] = offsets;
  if (needed !== end - begin)
    fail(`${tensor} of ${code} [${shape.join(", ")}] needs ${needed} bytes, its place has ${end - begin}`);
  return { name, code, dtype: known.dtype, shape, begin, end };
}

function tensorOf(place: Place, bytes: Uint8Array): NdArray {
  const { code, dtype, shape } = place;
  if (code === "F16") return { dtype, shape, data: halfToSingle(decodeElements("uint16", bytes)) };
  if (code === "BF16") return { dtype, shape, data: bfloatToSingle(decodeElements("uint16", bytes)) };
  return { dtype, shape, data: decodeElements(dtype, bytes) };
}

function metadataOf(field: unknown, fail: Fail): Map<string, string> {
  const metadata = new Map<string, string>();
  if (field === undefined) return metadata;
  if (!isRecord(field)) return fail("__metadata__ must map texts to texts");
  for (const [key, value] of Object.entries(field)) {
    if (typeof value !== "string") return fail(`__metadata__ entry ${printable(key)} is not a text`);
    metadata.set(key, value);
  }
  return metadata;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
