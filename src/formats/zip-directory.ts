// The directory of a zip archive (PKWARE APPNOTE 6.3), zip64 included: every number checked, nothing inflated.
import { PtychoError } from "../core/errors.js";
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
export function readZipDirectory(file: Buffer, where: string, tag: FileTag, limits: ZipLimits): ZipMember[] {
  const fail: Fail = (message) => {
    throw new PtychoError(tag, `${where}: ${message}`);
  };
  const directory = findDirectory(file, fail);
  if (directory.count > limits.maxMembers)
    fail(`the zip holds ${directory.count} members, more than the ${limits.maxMembers} allowed`);
  const entries: Entry[] = [];
  let at = directory.start;
  for (let i = 0; i < directory.count; i++) {
    const entry = readEntry(file, at, directory.end, fail);
    entries.push(entry);
    at = entry.end;
  }
  if (at !== directory.end) fail("the zip directory and its count of members disagree; the file is damaged");
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

function findDirectory(file: Buffer, fail: Fail): Directory {
  if (file.length === 0) fail("the file is empty (0 bytes); copy or write it again");
  if (file.length < 4 || file.readUInt16LE(0) !== 0x4b50)
    fail("expected a zip archive (.npz), found other bytes; check that this is the right file");
  const truncated = () =>
    fail(
      `truncated zip: central directory missing or cut off in its ${file.length} bytes; copy the file again`,
    );
  let end = file.length - END_BYTES;
  const lowest = Math.max(0, end - 0xffff);
  while (end >= lowest) {
    if (
      file.readUInt32LE(end) === 0x06054b50 &&
      end + END_BYTES + file.readUInt16LE(end + 20) === file.length
    )
      break;
    end--;
  }
  if (end < lowest) truncated();
  let disks = [file.readUInt16LE(end + 4), file.readUInt16LE(end + 6)];
  let counts = [file.readUInt16LE(end + 8), file.readUInt16LE(end + 10)];
  let bytes = file.readUInt32LE(end + 12);
  let start = file.readUInt32LE(end + 16);
  let recordsStart = end;
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && file.readUInt32LE(locator) === 0x07064b50) {
    const record = safe(file, locator + 8, fail);
    if (record + END64_BYTES > locator || file.readUInt32LE(record) !== 0x06064b50) truncated();
    const wide = {
      disks: [file.readUInt32LE(record + 16), file.readUInt32LE(record + 20)],
      counts: [safe(file, record + 24, fail), safe(file, record + 32, fail)],
      bytes: safe(file, record + 40, fail),
      start: safe(file, record + 48, fail),
    };
    const agrees =
      wide.counts.every((count, i) => counts[i] === 0xffff || counts[i] === count) &&
      (bytes === 0xffffffff || bytes === wide.bytes) &&
      (start === 0xffffffff || start === wide.start);
    if (!agrees) fail("the two end records of the zip disagree; the file is damaged or forged");
    ({ disks, counts, bytes, start } = wide);
    recordsStart = record;
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

function readEntry(file: Buffer, at: number, directoryEnd: number, fail: Fail): Entry {
  if (at + ENTRY_BYTES > directoryEnd || file.readUInt32LE(at) !== 0x02014b50)
    fail("truncated zip: the central directory is cut off or damaged; copy the file again");
  const nameBytes = file.readUInt16LE(at + 28);
  const extraBytes = file.readUInt16LE(at + 30);
  const nameEnd = at + ENTRY_BYTES + nameBytes;
  const end = nameEnd + extraBytes + file.readUInt16LE(at + 32);
  if (end > directoryEnd)
    fail("truncated zip: the central directory is cut off or damaged; copy the file again");
  const name = decodeName(file.subarray(at + ENTRY_BYTES, nameEnd), fail);
  const flags = file.readUInt16LE(at + 8);
  const method = file.readUInt16LE(at + 10);
  const member = printable(name);
  if ((flags & 0x2041) !== 0) fail(`member ${member} is encrypted; decrypt the archive first`);
  if (method !== 0 && method !== 8)
    fail(
      `member ${member} is compressed with ${METHODS[method] ?? `method ${method}`}, which is not supported; ` +
        "write it with numpy.savez or savez_compressed",
    );
  const isUnix = file[at + 5] === 3;
  if (isUnix && ((file.readUInt32LE(at + 38) >>> 16) & 0o170000) === 0o120000)
    fail(`member ${member} is a symbolic link, which is never followed; store the file itself`);
  const [bytes, compressedBytes, localStart] = widen(
    [file.readUInt32LE(at + 24), file.readUInt32LE(at + 20), file.readUInt32LE(at + 42)],
    file.subarray(nameEnd, nameEnd + extraBytes),
    () => fail(`member ${member}: its zip64 sizes are missing; the file is damaged or forged`),
  );
  if (method === 0 && bytes !== compressedBytes)
    fail(
      `member ${member} is stored, but its two sizes ${bytes} and ${compressedBytes} differ; forged or damaged`,
    );
  return { name, flags, method, crc32: file.readUInt32LE(at + 16), compressedBytes, bytes, localStart, end };
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
function checkLayout(file: Buffer, entries: readonly Entry[], directoryStart: number, fail: Fail): number[] {
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

function checkLocalHeader(file: Buffer, entry: Entry, directoryStart: number, fail: Fail): number {
  const at = entry.localStart;
  const damaged = () =>
    fail(`member ${printable(entry.name)}: its local header disagrees with the directory`);
  if (at + LOCAL_BYTES > directoryStart || file.readUInt32LE(at) !== 0x04034b50) damaged();
  const nameEnd = at + LOCAL_BYTES + file.readUInt16LE(at + 26);
  const dataStart = nameEnd + file.readUInt16LE(at + 28);
  if (dataStart > directoryStart) damaged();
  const flags = file.readUInt16LE(at + 6);
  const sameName = decodeName(file.subarray(at + LOCAL_BYTES, nameEnd), fail) === entry.name;
  if (!sameName || flags !== entry.flags || file.readUInt16LE(at + 8) !== entry.method) damaged();
  if ((flags & 8) !== 0) return dataStart; // sizes follow the data; the directory's are the ones used
  const [bytes, compressedBytes] = widen(
    [file.readUInt32LE(at + 22), file.readUInt32LE(at + 18)],
    file.subarray(nameEnd, dataStart),
    damaged,
  );
  if (bytes !== entry.bytes || compressedBytes !== entry.compressedBytes) damaged();
  if (file.readUInt32LE(at + 14) !== entry.crc32) damaged();
  return dataStart;
}
