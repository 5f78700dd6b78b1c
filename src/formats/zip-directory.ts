// The directory of a zip archive (PKWARE APPNOTE 6.3), zip64 included: every number checked, nothing inflated.
import { PtychoError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import type { FileTag } from "./npy-header.js";
import { printable } from "./printable.js";

export interface ZipMember {
  readonly name: string;
  readonly method: "store" | "deflate";
  readonly crc32: number;
  /** Where its stored or deflated bytes begin and how many they are. */
  readonly dataStart: number;
  readonly compressedBytes: number;
  /** Its size after inflating, as declared. */
  readonly bytes: number;
}

/** What an archive may demand of us. Members below `ratioFreeBytes` may be of any ratio: zeros deflate 1000:1. */
export interface ZipLimits {
  readonly maxMembers: number;
  readonly maxTotalBytes: number;
  readonly maxRatio: number;
  readonly ratioFreeBytes: number;
}

export const ZIP_LIMITS: ZipLimits = {
  maxMembers: 10_000,
  maxTotalBytes: 16 * 2 ** 30,
  maxRatio: 200,
  ratioFreeBytes: 64 * 2 ** 20,
};

const METHODS: Readonly<Record<number, string>> = {
  1: "shrink",
  6: "implode",
  9: "deflate64",
  12: "bzip2",
  14: "lzma",
  93: "zstd",
  95: "xz",
  98: "ppmd",
  99: "AES encryption",
};
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;

type Fail = (message: string) => never;

/**
 * Lists the members of an archive in the order of its directory, folders left out.
 *
 * @throws PtychoError with `tag`: truncated, damaged, overlapping or duplicate members, unsafe names, encryption,
 * methods other than store and deflate, sizes beyond `limits`.
 */
export function readZipDirectory(
  file: ByteSource,
  where: string,
  tag: FileTag,
  limits: ZipLimits,
): ZipMember[] {
  const fail: Fail = (message) => {
    throw new PtychoError(tag, `${where}: ${message}`);
  };
  const directory = findDirectory(file, fail);
  if (directory.count > limits.maxMembers)
    fail(`the zip holds ${directory.count} members, more than the ${limits.maxMembers} allowed`);
  const listing = file.bytes(directory.start, directory.end);
  const entries: Entry[] = [];
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    const entry = readEntry(listing, at, fail);
    entries.push(entry);
    at = entry.end;
  }
  if (at !== listing.length) fail("the zip directory and its count of members disagree; the file is damaged");
  checkNames(entries, fail);
  checkSizes(entries, limits, fail);
  const dataStarts = checkLayout(file, entries, directory.start, fail);
  return entries
    .map((entry, i) => ({
      name: entry.name,
      method: entry.method === 0 ? ("store" as const) : ("deflate" as const),
      crc32: entry.crc32,
      dataStart: dataStarts[i],
      compressedBytes: entry.compressedBytes,
      bytes: entry.bytes,
    }))
    .filter((member) => !member.name.endsWith("/"));
}

/** Why a member name must not be used as a path, or undefined for a safe one. A folder's name ends with "/". */
export function unsafeNameReason(name: string): string | undefined {
  if (name === "" || name === "/") return "is empty";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return "holds a control character";
  if (name.includes("\\")) return "holds a backslash";
  if (name.startsWith("/") || /^[a-zA-Z]:/.test(name)) return "is an absolute path";
  const parts = name.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === ".." || part === "." || part === "")) return "leads out of its folder";
  return undefined;
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

function findDirectory(file: ByteSource, fail: Fail): Directory {
  if (file.length === 0) fail("the file is empty (0 bytes); copy or write it again");
  if (file.length < 4 || file.bytes(0, 2).readUInt16LE(0) !== 0x4b50)
    fail("expected a zip archive (.npz), found other bytes; check that this is the right file");
  const truncated = () =>
    fail(
      `truncated zip: central directory missing or cut off in its ${file.length} bytes; copy the file again`,
    );
  const tailStart = Math.max(0, file.length - END_BYTES - 0xffff - LOCATOR_BYTES);
  const tail = file.bytes(tailStart, file.length);
  let end = tail.length - END_BYTES;
  const lowest = Math.max(0, end - 0xffff);
  while (end >= lowest) {
    if (
      tail.readUInt32LE(end) === 0x06054b50 &&
      end + END_BYTES + tail.readUInt16LE(end + 20) === tail.length
    )
      break;
    end--;
  }
  if (end < lowest) truncated();
  let disks = [tail.readUInt16LE(end + 4), tail.readUInt16LE(end + 6)];
  let counts = [tail.readUInt16LE(end + 8), tail.readUInt16LE(end + 10)];
  let bytes = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  let recordsStart = tailStart + end;
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const recordStart = safe(tail, locator + 8, fail);
    if (recordStart + END64_BYTES > tailStart + locator) truncated();
    const record = file.bytes(recordStart, recordStart + END64_BYTES);
    if (record.readUInt32LE(0) !== 0x06064b50) truncated();
    const wide = {
      disks: [record.readUInt32LE(16), record.readUInt32LE(20)],
      counts: [safe(record, 24, fail), safe(record, 32, fail)],
      bytes: safe(record, 40, fail),
      start: safe(record, 48, fail),
    };
    const agrees =
      wide.counts.every((count, i) => counts[i] === 0xffff || counts[i] === count) &&
      (bytes === 0xffffffff || bytes === wide.bytes) &&
      (start === 0xffffffff || start === wide.start);
    if (!agrees) fail("the two end records of the zip disagree; the file is damaged or forged");
    ({ disks, counts, bytes, start } = wide);
    recordsStart = recordStart;
  } else if (counts[1] === 0xffff || bytes === 0xffffffff || start === 0xffffffff) truncated();
  if (disks.some((disk) => disk !== 0) || counts[0] !== counts[1])
    fail("archives split over several files are not supported; join the parts first");
  if (start + bytes !== recordsStart) truncated();
  if (counts[0] * ENTRY_BYTES > bytes)
    fail(`the zip claims ${counts[0]} members in a directory of ${bytes} bytes; the file is damaged`);
  return { start, end: start + bytes, count: counts[0] };
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly localStart: number;
  readonly end: number;
}

function readEntry(listing: Buffer, at: number, fail: Fail): Entry {
  if (at + ENTRY_BYTES > listing.length || listing.readUInt32LE(at) !== 0x02014b50)
    fail("truncated zip: the central directory is cut off or damaged; copy the file again");
  const nameBytes = listing.readUInt16LE(at + 28);
  const extraBytes = listing.readUInt16LE(at + 30);
  const nameEnd = at + ENTRY_BYTES + nameBytes;
  const end = nameEnd + extraBytes + listing.readUInt16LE(at + 32);
  if (end > listing.length)
    fail("truncated zip: the central directory is cut off or damaged; copy the file again");
  const name = decodeName(listing.subarray(at + ENTRY_BYTES, nameEnd), fail);
  const flags = listing.readUInt16LE(at + 8);
  const method = listing.readUInt16LE(at + 10);
  const member = printable(name);
  if ((flags & 0x2041) !== 0) fail(`member ${member} is encrypted; decrypt the archive first`);
  if (method !== 0 && method !== 8)
    fail(
      `member ${member} is compressed with ${METHODS[method] ?? `method ${method}`}, which is not supported; ` +
        "write it with numpy.savez or savez_compressed",
    );
  const isUnix = listing[at + 5] === 3;
  if (isUnix && ((listing.readUInt32LE(at + 38) >>> 16) & 0o170000) === 0o120000)
    fail(`member ${member} is a symbolic link, which is never followed; store the file itself`);
  const [bytes, compressedBytes, localStart] = widen(
    [listing.readUInt32LE(at + 24), listing.readUInt32LE(at + 20), listing.readUInt32LE(at + 42)],
    listing.subarray(nameEnd, nameEnd + extraBytes),
    () => fail(`member ${member}: its zip64 sizes are missing; the file is damaged or forged`),
  );
  if (method === 0 && bytes !== compressedBytes)
    fail(
      `member ${member} is stored, but its two sizes ${bytes} and ${compressedBytes} differ; forged or damaged`,
    );
  return {
    name,
    flags,
    method,
    crc32: listing.readUInt32LE(at + 16),
    compressedBytes,
    bytes,
    localStart,
    end,
  };
}

function decodeName(bytes: Buffer, fail: Fail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(`a member name is not UTF-8 (${bytes.toString("hex").slice(0, 60)}); rename it`);
  }
}

/** Replaces the values that are 0xffffffff by those of the zip64 extra field (id 1), which lists only these, in order. */
function widen(values: readonly number[], extra: Buffer, missing: () => never): number[] {
  if (!values.includes(0xffffffff)) return [...values];
  for (let at = 0; at + 4 <= extra.length; ) {
    const fieldEnd = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1 && fieldEnd <= extra.length) {
      let next = at + 4;
      return values.map((value) => {
        if (value !== 0xffffffff) return value;
        if (next + 8 > fieldEnd) return missing();
        next += 8;
        return safe(extra, next - 8, missing);
      });
    }
    at = fieldEnd;
  }
  return missing();
}

function safe(bytes: Buffer, at: number, fail: Fail): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value))
    fail("a 64-bit size in the zip is impossibly large; the file is forged or damaged");
  return value;
}

function checkNames(entries: readonly Entry[], fail: Fail): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    const reason = unsafeNameReason(name);
    if (reason !== undefined) fail(`member name ${printable(name)} ${reason}; the archive is not trusted`);
    if (seen.has(name))
      fail(`member ${printable(name)} occurs twice; write the archive again with unique names`);
    seen.add(name);
  }
}

function checkSizes(entries: readonly Entry[], limits: ZipLimits, fail: Fail): void {
  let total = 0;
  for (const { name, bytes, compressedBytes } of entries) {
    total += bytes;
    if (bytes > limits.ratioFreeBytes && bytes > limits.maxRatio * compressedBytes)
      fail(
        `member ${printable(name)} would grow from ${compressedBytes} to ${bytes} bytes, over ${limits.maxRatio}:1, ` +
          "like a zip bomb; store it uncompressed if it is real",
      );
    if (total > limits.maxTotalBytes)
      fail(`the members would inflate to more than ${limits.maxTotalBytes} bytes; split the archive`);
  }
}

/** Local headers agree with the directory, and members neither overlap nor run into the directory. */
function checkLayout(
  file: ByteSource,
  entries: readonly Entry[],
  directoryStart: number,
  fail: Fail,
): number[] {
  const starts = entries.map((entry) => checkLocalHeader(file, entry, directoryStart, fail));
  const order = entries.map((_, i) => i).sort((a, b) => entries[a].localStart - entries[b].localStart);
  for (const [rank, i] of order.entries()) {
    const limit = rank + 1 < order.length ? entries[order[rank + 1]].localStart : directoryStart;
    const excess = starts[i] + entries[i].compressedBytes - limit;
    if (excess > 0)
      fail(
        `member ${printable(entries[i].name)} is short by ${excess} bytes or overlaps the next; forged or damaged`,
      );
  }
  return starts;
}

function checkLocalHeader(file: ByteSource, entry: Entry, directoryStart: number, fail: Fail): number {
  const damaged = () =>
    fail(`member ${printable(entry.name)}: its local header disagrees with the directory`);
  const fixedEnd = entry.localStart + LOCAL_BYTES;
  if (fixedEnd > directoryStart) damaged();
  const fixed = file.bytes(entry.localStart, fixedEnd);
  if (fixed.readUInt32LE(0) !== 0x04034b50) damaged();
  const nameBytes = fixed.readUInt16LE(26);
  const dataStart = fixedEnd + nameBytes + fixed.readUInt16LE(28);
  if (dataStart > directoryStart) damaged();
  const rest = file.bytes(fixedEnd, dataStart);
  const flags = fixed.readUInt16LE(6);
  const sameName = decodeName(rest.subarray(0, nameBytes), fail) === entry.name;
  if (!sameName || flags !== entry.flags || fixed.readUInt16LE(8) !== entry.method) damaged();
  if ((flags & 8) !== 0) return dataStart; // sizes follow the data; the directory's are the ones used
  const [bytes, compressedBytes] = widen(
    [fixed.readUInt32LE(22), fixed.readUInt32LE(18)],
    rest.subarray(nameBytes),
    damaged,
  );
  if (bytes !== entry.bytes || compressedBytes !== entry.compressedBytes) damaged();
  if (fixed.readUInt32LE(14) !== entry.crc32) damaged();
  return dataStart;
}
