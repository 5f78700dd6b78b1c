// Patterns as they lie in a file: read through once in blocks, or one at a time by their place.
import { endianness } from "node:os";
import { check } from "../core/errors.js";
import { decodeNumbers } from "../formats/npy.js";
import type { NpyHeader } from "../formats/npy-header.js";
import type { OpenFile } from "../formats/open-file.js";
import { realValues } from "./stored-values.js";

/** Whole patterns, one behind the other. */
export interface FrameBlock {
  /** Number of the first of them. */
  readonly first: number;
  readonly values: Float32Array;
}

/** Cuts the bytes of a .npy file into whole patterns of `pixels` values. The block may be changed. */
export async function* frameBlocks(
  chunks: AsyncIterable<Buffer>,
  header: NpyHeader,
  pixels: number,
  where: string,
  key: string,
): AsyncGenerator<FrameBlock, void, void> {
  const frameBytes = pixels * header.itemBytes;
  let toSkip = header.dataOffset;
  let rest: Buffer[] = [];
  let restBytes = 0;
  let first = 0;
  for await (const chunk of chunks) {
    const content = chunk.subarray(toSkip);
    toSkip -= chunk.length - content.length;
    rest.push(content);
    restBytes += content.length;
    const count = Math.floor(restBytes / frameBytes);
    if (count === 0) continue;
    const bytes = Buffer.concat(rest);
    yield { first, values: valuesOf(header, bytes.subarray(0, count * frameBytes), where, key) };
    first += count;
    rest = [bytes.subarray(count * frameBytes)];
    restBytes = rest[0].length;
  }
}

/** Reads single patterns of an array that begins at byte `start` of a file. */
export function frameReader(
  file: OpenFile,
  start: number,
  header: NpyHeader,
  pixels: number,
  where: string,
  key: string,
): (pattern: number, into: Float32Array) => void {
  const frameBytes = pixels * header.itemBytes;
  const at = (pattern: number) => start + header.dataOffset + pattern * frameBytes;
  if (isNative(header))
    return (pattern, into) =>
      file.readInto(new Uint8Array(into.buffer, into.byteOffset, frameBytes), at(pattern));
  const bytes = Buffer.alloc(frameBytes);
  return (pattern, into) => {
    file.readInto(bytes, at(pattern));
    into.set(valuesOf(header, bytes, where, key));
  };
}

function isNative({ descr, bigEndian }: NpyHeader): boolean {
  return descr.slice(1) === "f4" && bigEndian === (endianness() === "BE");
}

function valuesOf(header: NpyHeader, bytes: Buffer, where: string, key: string): Float32Array {
  const { dtype } = header;
  check(
    dtype !== "text" && dtype !== "object" && dtype !== "complex64" && dtype !== "complex128",
    "DataError",
    () => `${where}: ${key} must hold real numbers, got ${dtype}`,
  );
  const data = decodeNumbers(header, dtype, bytes);
  return realValues({ dtype, shape: [data.length], data }, where, key);
}
