// The content of one member of a zip file from its first byte to its last, in pieces of bounded size.
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { check, PtychoError } from "../core/errors.js";
import type { FileTag } from "./npy-header.js";
import type { OpenFile } from "./open-file.js";
import { printable } from "./printable.js";
import type { ZipMember } from "./zip-directory.js";

const PIECE_BYTES = 2 ** 20;

/**
 * Yields the content of a member, inflated where it is deflated; at its end its length and CRC-32 have been checked.
 * Never more than a few pieces are in memory.
 *
 * @throws PtychoError with `tag`: damaged, cut off or forged, or the file changed while it was read.
 */
export async function* memberChunks(
  file: OpenFile,
  member: ZipMember,
  where: string,
  tag: FileTag = "DataError",
): AsyncGenerator<Buffer, void, void> {
  const name = `${where}: member ${printable(member.name)}`;
  let bytes = 0;
  let crc = 0;
  for await (const chunk of member.method === "store"
    ? packedPieces(file, member)
    : inflated(file, member, name, tag)) {
    bytes += chunk.length;
    check(
      bytes <= member.bytes,
      tag,
      () => `${name} inflates to more than its declared ${member.bytes} bytes; forged or damaged`,
    );
    crc = crc32(chunk, crc);
    yield chunk;
  }
  file.expectUnchanged();
  check(
    bytes === member.bytes,
    tag,
    () => `${name} inflates to ${bytes} bytes instead of the declared ${member.bytes}; forged or damaged`,
  );
  check(
    crc === member.crc32,
    tag,
    () =>
      `${name} is damaged, its CRC-32 is ${crc.toString(16)} instead of ${member.crc32.toString(16)}; ` +
      "copy or write the file again",
  );
}

function* packedPieces(file: OpenFile, { dataStart, compressedBytes }: ZipMember): Generator<Buffer> {
  for (let from = 0; from < compressedBytes; from += PIECE_BYTES)
    yield file.bytes(dataStart + from, dataStart + Math.min(from + PIECE_BYTES, compressedBytes));
}

async function* inflated(
  file: OpenFile,
  member: ZipMember,
  name: string,
  tag: FileTag,
): AsyncGenerator<Buffer> {
  const source = Readable.from(packedPieces(file, member), { highWaterMark: 1 });
  const inflate = createInflateRaw({ chunkSize: PIECE_BYTES });
  // Errors of the source end the transform, from which they are thrown below.
  pipeline(source, inflate, () => {});
  try {
    for await (const chunk of inflate) yield chunk;
  } catch (error) {
    if (error instanceof PtychoError) throw error;
    throw new PtychoError(
      tag,
      `${name} cannot be inflated, its data is damaged or cut off; copy or write the file again`,
      error,
    );
  }
  const unused = member.compressedBytes - inflate.bytesWritten;
  check(unused === 0, tag, () => `${name} has ${unused} bytes after its data; forged or damaged`);
}
