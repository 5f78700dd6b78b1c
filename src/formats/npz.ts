// .npz archives: named arrays in a zip. Each array is read when asked for, its header checked before it is inflated.
import { check, nearestName, PtychoError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import { readRegularFile, type WriteFs, writeFileAtomic } from "./files.js";
import { type NpyArray, parseNpy, writeNpy } from "./npy.js";
import { checkNpyLength, type NpyHeader, npyHeaderEnd, readNpyHeader } from "./npy-header.js";
import type { ReadOptions } from "./open-file.js";
import { type PickledString, readPickledString } from "./pickled-string.js";
import { printable } from "./printable.js";
import { readZip, type ZipReadOptions, type ZipWriteOptions, zipPieces } from "./zip.js";
import type { ZipMember } from "./zip-directory.js";

/** Array names are accepted with or without the ".npy" of their member, as NumPy does. */
export interface Npz {
  /** Names without ".npy", in the order of the archive. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Reads one array; object arrays are refused, damaged ones too. */
  read(name: string): NpyArray;
  /** Shape and dtype, from the first bytes of the member; these are not covered by a CRC check. */
  header(name: string): NpyHeader;
  /** Where its .npy file lies in the archive. */
  member(name: string): ZipMember;
  /** The one string of a pickled 0-d (or 1-element) object array, or why it is not read. Nothing is ever executed. */
  readPickledString(name: string): PickledString;
}

/** Reads the file and opens it. @throws PtychoError with `tag` (DataError unless given), here and from `read`. */
export function openNpz(path: string, options: ReadOptions & ZipReadOptions = {}): Npz {
  return parseNpz(readRegularFile(path, options), printable(path), options);
}

/** Opens an archive in memory or in an open file; `where` names it in messages. */
export function parseNpz(bytes: Buffer | ByteSource, where: string, options: ZipReadOptions = {}): Npz {
  const tag = options.tag ?? "DataError";
  const zip = readZip(bytes, where, options);
  const memberOf = new Map<string, string>();
  for (const { name } of zip.members) {
    const key = name.endsWith(".npy") ? name.slice(0, -4) : name;
    check(
      !memberOf.has(key),
      tag,
      () => `${where}: two members are named ${printable(key)}, with and without .npy; keep one`,
    );
    memberOf.set(key, name);
  }
  const names = [...memberOf.keys()];
  const find = (name: string): string | undefined =>
    memberOf.get(name) ?? (name.endsWith(".npy") ? memberOf.get(name.slice(0, -4)) : undefined);
  const locate = (name: string): { member: string; place: string } => {
    const member = find(name);
    if (member !== undefined) return { member, place: `${where}, array ${printable(name)}` };
    const near = nearestName(name, names);
    const hint = near === undefined ? "" : `; is ${printable(near)} meant?`;
    const known = names.length === 0 ? "none" : names.slice(0, 50).map(printable).join(", ");
    throw new PtychoError(tag, `${where}: there is no array ${printable(name)}; found ${known}${hint}`);
  };
  const header = (name: string): NpyHeader => {
    const { member, place } = locate(name);
    const start = zip.peek(member, npyHeaderEnd(zip.peek(member, 12)));
    const found = readNpyHeader(start, place, tag);
    checkNpyLength(found, zip.member(member).bytes, place, tag);
    return found;
  };
  return {
    names,
    has: (name) => find(name) !== undefined,
    header,
    member: (name) => zip.member(locate(name).member),
    read: (name) => {
      const { member, place } = locate(name);
      const { dtype } = header(name);
      check(dtype !== "object", tag, () => `${place}: ${OBJECT_REFUSAL}`);
      return parseNpy(zip.read(member), place, tag);
    },
    readPickledString: (name) => {
      const { dtype, shape, dataOffset } = header(name);
      if (dtype !== "object")
        return { kind: "refused", reason: `it is an array of ${dtype}, not a pickled object` };
      if (shape.length > 1 || shape[0] > 1 || shape[0] === 0)
        return { kind: "refused", reason: `it holds ${shape.join(" x ")} objects, not one` };
      const { member, place } = locate(name);
      const { bytes } = zip.member(member);
      check(
        bytes <= MAX_PICKLE_BYTES,
        tag,
        () => `${place}: a pickle of ${bytes} bytes is more than one text needs`,
      );
      return readPickledString(zip.read(member).subarray(dataOffset));
    },
  };
}

const MAX_PICKLE_BYTES = 64 * 2 ** 20;
const OBJECT_REFUSAL = "pickled object arrays are never loaded; save it as numbers or as text (numpy.str_)";

export interface NpzWriteOptions extends ZipWriteOptions {
  readonly fs?: WriteFs;
}

/**
 * Writes named arrays (names without ".npy") to a file, whole or not at all; equal arrays give equal bytes.
 *
 * @throws PtychoError ResourceError when the disk fails, UsageError for an unsafe or repeated name.
 */
export function writeNpz(
  path: string,
  entries: Iterable<readonly [name: string, array: NpyArray]>,
  options: NpzWriteOptions = {},
): void {
  writeFileAtomic(path, zipPieces(npyMembers(entries), options), options.fs);
}

/** The bytes that `writeNpz` would write. */
export function npzBytes(
  entries: Iterable<readonly [name: string, array: NpyArray]>,
  options: ZipWriteOptions = {},
): Buffer {
  return Buffer.concat(zipPieces(npyMembers(entries), options));
}

function* npyMembers(
  entries: Iterable<readonly [name: string, array: NpyArray]>,
): Generator<readonly [string, Uint8Array]> {
  for (const [name, array] of entries) yield [`${name}.npy`, writeNpy(array)];
}
