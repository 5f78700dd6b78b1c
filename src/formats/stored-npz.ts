// .npz archives that need not fit into memory: arrays come in pieces, and are stored without compression.
import { crc32 } from "node:zlib";
import { check } from "../core/errors.js";
import { type DType, sizeOf } from "../core/ndarray.js";
import { ELEMENT_BYTES, encodeElements } from "./element.js";
import { type WriteFs, writeFileAtomic } from "./files.js";
import { type NpyArray, npyHeaderBytes, writeNpy } from "./npy.js";
import { directoryEntry, endRecords, type HeaderFields, localHeader } from "./zip.js";

/** A row-major array whose elements come piece by piece; they are asked for twice, and must be the same both times. */
export interface PiecewiseArray {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly pieces: () => Iterable<Float32Array>;
}

export type StoredEntry = readonly [name: string, array: NpyArray | PiecewiseArray];

/**
 * Writes named arrays (names without ".npy") to a file, whole or not at all, in memory bounded by one piece. The first
 * pass over the pieces finds the checksum, the second writes; equal arrays give equal bytes.
 *
 * @throws PtychoError ResourceError when the disk fails, ShapeError where the pieces do not fill the shape.
 */
export function writeStoredNpz(path: string, entries: readonly StoredEntry[], fs?: WriteFs): void {
  writeFileAtomic(path, archivePieces(entries), fs);
}

function* archivePieces(entries: readonly StoredEntry[]): Generator<Uint8Array> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, array] of entries) {
    const content = () => contentOf(array);
    let [bytes, crc] = [0, 0];
    for (const piece of content()) {
      bytes += piece.length;
      crc = crc32(piece, crc);
    }
    expectFilled(name, array, bytes);
    const fields: HeaderFields = {
      ...{ name: Buffer.from(`${name}.npy`, "utf8"), method: 0, crc32: crc, compressedBytes: bytes, bytes },
    };
    const local = localHeader(fields, false);
    directory.push(directoryEntry(fields, offset, false));
    offset += local.length + bytes;
    yield local;
    yield* content();
  }
  yield* directory;
  const directoryBytes = directory.reduce((sum, entry) => sum + entry.length, 0);
  yield endRecords(directory.length, directoryBytes, offset, false);
}

function* contentOf(array: NpyArray | PiecewiseArray): Generator<Uint8Array> {
  if (!("pieces" in array)) {
    yield writeNpy(array);
    return;
  }
  yield npyHeaderBytes(array.dtype, array.shape);
  for (const piece of array.pieces()) yield encodeElements(piece);
}

function expectFilled(name: string, array: NpyArray | PiecewiseArray, bytes: number): void {
  if (!("pieces" in array)) return;
  const expected =
    npyHeaderBytes(array.dtype, array.shape).length +
    ELEMENT_BYTES[array.dtype as DType] * sizeOf(array.shape);
  check(
    bytes === expected,
    "ShapeError",
    () =>
      `write .npz: the pieces of ${name} give ${bytes} bytes, its shape (${array.shape.join(", ")}) needs ${expected}`,
  );
}
