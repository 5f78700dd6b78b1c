// Zip archives: members inflated one at a time on demand, and archives written with the same bytes each time.
import { constants, crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { check, nearestName, PtychoError } from "../core/errors.js";
import { type ByteSource, bytesOf } from "./byte-source.js";
import type { FileTag } from "./npy-header.js";
import { printable } from "./printable.js";
import {
  readZipDirectory,
  unsafeNameReason,
  ZIP_LIMITS,
  type ZipLimits,
  type ZipMember,
} from "./zip-directory.js";

export interface ZipArchive {
  readonly members: readonly ZipMember[];
  has(name: string): boolean;
  /** Throws, naming the nearest member, when there is none of that name. */
  member(name: string): ZipMember;
  /** The whole content, its length and CRC-32 checked. A stored member of an archive in memory is a view, not a copy. */
  read(name: string): Buffer;
  /** At least the first `count` bytes (or all, of a shorter member), without a CRC check. */
  peek(name: string, count: number): Buffer;
}

export interface ZipReadOptions {
  readonly tag?: FileTag;
  readonly limits?: Partial<ZipLimits>;
}

/**
 * Opens an archive in memory or in an open file; `where` names it in messages. All headers and limits are checked here, before anything
 * is inflated.
 *
 * @throws PtychoError with `tag` (DataError unless given), here and from `read`.
 */
export function readZip(
  archive: Buffer | ByteSource,
  where: string,
  options: ZipReadOptions = {},
): ZipArchive {
  const file = Buffer.isBuffer(archive) ? bytesOf(archive) : archive;
  const tag = options.tag ?? "DataError";
  const members = readZipDirectory(file, where, tag, { ...ZIP_LIMITS, ...options.limits });
  const byName = new Map(members.map((member) => [member.name, member]));
  const member = (name: string): ZipMember => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    const near = nearestName(name, [...byName.keys()]);
    const hint = near === undefined ? "" : ` (is ${printable(near)} meant?)`;
    throw new PtychoError(tag, `${where}: there is no member ${printable(name)}${hint}`);
  };
  return {
    members,
    has: (name) => byName.has(name),
    member,
    read: (name) => readMember(file, member(name), where, tag),
    peek: (name, count) => peekMember(file, member(name), count, where, tag),
  };
}

function readMember(file: ByteSource, member: ZipMember, where: string, tag: FileTag): Buffer {
  const packed = file.bytes(member.dataStart, member.dataStart + member.compressedBytes);
  const content = member.method === "store" ? packed : inflate(packed, member, where, tag);
  const found = crc32(content);
  check(
    found === member.crc32,
    tag,
    () =>
      `${where}: member ${printable(member.name)} is damaged, its CRC-32 is ${found.toString(16)} instead of ` +
      `${member.crc32.toString(16)}; copy or write the file again`,
  );
  return content;
}

function inflate(packed: Buffer, member: ZipMember, where: string, tag: FileTag): Buffer {
  const fail: (message: string, cause?: unknown) => never = (message, cause) => {
    throw new PtychoError(tag, `${where}: member ${printable(member.name)} ${message}`, cause);
  };
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // With `info` the call returns the engine too, whose bytesWritten counts the input it used.
    result = inflateRawSync(packed, {
      maxOutputLength: Math.max(member.bytes, 1),
      chunkSize: Math.min(Math.max(member.bytes, 64), 1 << 24),
      info: true,
    }) as unknown as typeof result;
  } catch (error) {
    if (error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
      fail(`inflates to more than its declared ${member.bytes} bytes; forged or damaged`, error);
    fail("cannot be inflated, its data is damaged or cut off; copy or write the file again", error);
  }
  if (result.buffer.length !== member.bytes)
    fail(
      `inflates to ${result.buffer.length} bytes instead of the declared ${member.bytes}; forged or damaged`,
    );
  if (result.engine.bytesWritten !== packed.length)
    fail(`has ${packed.length - result.engine.bytesWritten} bytes after its data; forged or damaged`);
  return result.buffer;
}

function peekMember(file: ByteSource, member: ZipMember, count: number, where: string, tag: FileTag): Buffer {
  const packed = (bytes: number) => file.bytes(member.dataStart, member.dataStart + bytes);
  const wanted = Math.min(count, member.bytes);
  if (member.method === "store") return packed(wanted);
  for (let window = 1024; window < member.compressedBytes; window *= 8) {
    try {
      const start = inflateRawSync(packed(window), { finishFlush: constants.Z_SYNC_FLUSH });
      if (start.length >= wanted) return start.subarray(0, wanted);
    } catch (error) {
      const message = `${where}: member ${printable(member.name)} cannot be inflated, its data is damaged`;
      throw new PtychoError(tag, `${message}; copy or write the file again`, error);
    }
  }
  return readMember(file, member, where, tag).subarray(0, wanted);
}

export interface ZipWriteOptions {
  /** "deflate" (level 6) unless given. */
  readonly method?: "store" | "deflate";
  /** "auto": 64-bit fields only where they are needed. */
  readonly zip64?: "auto" | "always";
}

/**
 * The archive as pieces to be written one after another (together they may exceed what one Buffer holds). Members
 * keep their order; time stamps and attributes are fixed, so equal members give equal bytes.
 *
 * @throws PtychoError UsageError for a name that is unsafe or given twice.
 */
export function zipPieces(
  members: Iterable<readonly [name: string, bytes: Uint8Array]>,
  options: ZipWriteOptions = {},
): Uint8Array[] {
  const always = options.zip64 === "always";
  const pieces: Uint8Array[] = [];
  const directory: Buffer[] = [];
  const seen = new Set<string>();
  let offset = 0;
  for (const [name, bytes] of members) {
    const reason = name.endsWith("/") ? "is that of a folder" : unsafeNameReason(name);
    check(reason === undefined, "UsageError", () => `write zip: member name ${printable(name)} ${reason}`);
    check(!seen.has(name), "UsageError", () => `write zip: member ${printable(name)} is given twice`);
    seen.add(name);
    const deflated = options.method === "store" ? undefined : deflateRawSync(bytes, { level: 6 });
    const packed = deflated ?? bytes;
    const fields: HeaderFields = {
      name: Buffer.from(name, "utf8"),
      method: deflated === undefined ? 0 : 8,
      crc32: crc32(bytes),
      compressedBytes: packed.length,
      bytes: bytes.length,
    };
    const local = localHeader(fields, always);
    directory.push(directoryEntry(fields, offset, always));
    pieces.push(local, packed);
    offset += local.length + packed.length;
  }
  const directoryBytes = directory.reduce((sum, entry) => sum + entry.length, 0);
  return [...pieces, ...directory, endRecords(directory.length, directoryBytes, offset, always)];
}

/** The archive as one Buffer. See `zipPieces`. */
export function writeZip(
  members: Iterable<readonly [name: string, bytes: Uint8Array]>,
  options: ZipWriteOptions = {},
): Buffer {
  return Buffer.concat(zipPieces(members, options));
}

/** What a local header and its entry in the directory say of a member. */
export interface HeaderFields {
  readonly name: Buffer;
  readonly method: number;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly bytes: number;
}

const SENTINEL = 0xffffffff;
const DOS_DATE = 0x0021; // 1 January 1980, the first day that zip knows
const UTF8_FLAG = 0x0800;

/** The bytes before the content of a member; `always`: with 64-bit sizes, and so of one length whatever the sizes. */
export function localHeader(fields: HeaderFields, always: boolean): Buffer {
  const [[bytes, compressed], extra] = narrow([fields.bytes, fields.compressedBytes], always);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, fields, compressed, bytes, extra);
  return Buffer.concat([header, fields.name, extra]);
}

export function directoryEntry(fields: HeaderFields, offset: number, always: boolean): Buffer {
  const [[bytes, compressed, start], extra] = narrow([fields.bytes, fields.compressedBytes, offset], always);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((3 << 8) | 45, 4); // made by: Unix, version 4.5
  writeCommon(header, 6, fields, compressed, bytes, extra);
  header.writeUInt32LE(0o100644 * 65536, 38);
  header.writeUInt32LE(start, 42);
  return Buffer.concat([header, fields.name, extra]);
}

/** The fields that the local header and the directory entry share, from "version needed" to "extra length". */
function writeCommon(
  header: Buffer,
  at: number,
  fields: HeaderFields,
  compressed: number,
  bytes: number,
  extra: Buffer,
): void {
  const isAscii = fields.name.every((byte) => byte < 128);
  header.writeUInt16LE(extra.length > 0 ? 45 : 20, at);
  header.writeUInt16LE(isAscii ? 0 : UTF8_FLAG, at + 2);
  header.writeUInt16LE(fields.method, at + 4);
  header.writeUInt16LE(DOS_DATE, at + 8);
  header.writeUInt32LE(fields.crc32, at + 10);
  header.writeUInt32LE(compressed, at + 14);
  header.writeUInt32LE(bytes, at + 18);
  header.writeUInt16LE(fields.name.length, at + 22);
  header.writeUInt16LE(extra.length, at + 24);
}

/** Values that fit in 32 bits as they are; the others as the sentinel, with their zip64 extra field. */
function narrow(values: readonly number[], always: boolean): [number[], Buffer] {
  const wide = values.filter((value) => always || value >= SENTINEL);
  if (wide.length === 0) return [[...values], Buffer.alloc(0)];
  const extra = Buffer.alloc(4 + 8 * wide.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * wide.length, 2);
  for (const [i, value] of wide.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  return [values.map((value) => (always || value >= SENTINEL ? SENTINEL : value)), extra];
}

export function endRecords(count: number, directoryBytes: number, offset: number, always: boolean): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(Math.min(directoryBytes, SENTINEL), 12);
  end.writeUInt32LE(always ? SENTINEL : Math.min(offset, SENTINEL), 16);
  if (!always && count < 0xffff && offset < SENTINEL && directoryBytes < SENTINEL) return end;
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE((3 << 8) | 45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(directoryBytes), 40);
  wide.writeBigUInt64LE(BigInt(offset), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(offset + directoryBytes), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}
