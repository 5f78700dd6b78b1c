// The patterns of an NPZ scan that stay on disk: where they lie in the archive, and how they come out of it.
import { check } from "../core/errors.js";
import { memberChunks } from "../formats/member-chunks.js";
import type { NpyHeader } from "../formats/npy-header.js";
import type { Npz } from "../formats/npz.js";
import type { OpenFile } from "../formats/open-file.js";
import type { ZipMember } from "../formats/zip-directory.js";
import type { DiffractionUnits } from "./diffraction-units.js";
import { DIFFRACTION_KEYS } from "./keys.js";
import type { StoredDiffraction } from "./scan-members.js";
import { frameBlocks, frameReader } from "./stored-frames.js";
import type { StoredScan } from "./stream-frames.js";

/** An archive held open, its patterns found. */
export interface OpenArchive {
  readonly file: OpenFile;
  readonly npz: Npz;
  readonly where: string;
  readonly stored: StoredDiffraction<NpyHeader>;
}

/** A change of the file is looked for once in so many patterns. */
const READS_BETWEEN_LOOKS = 64;

/**
 * @throws PtychoError DataError for axes in an order that keeps a pattern from being read in one piece.
 */
export function npzFrames(archive: OpenArchive, units: DiffractionUnits): StoredScan {
  expectWholePatterns(archive);
  const { file, npz, where, stored } = archive;
  const { key, header, n, N } = stored;
  const member = npz.member(key);
  const readOne = frameReader(file, member.dataStart, header, N * N, where, key);
  let reads = 0;
  return {
    ...{
      where,
      arrays: npz,
      geometry: {},
      n,
      N,
      units,
      notes: [],
      warnings: aliasWarnings(archive),
      close: file.close,
    },
    readingBytes: readingBytes(file.length, member, stored),
    isPacked: member.method === "deflate",
    blocks: () => frameBlocks(memberChunks(file, member, where), header, N * N, where, key),
    read: (pattern, into) => {
      if (reads++ % READS_BETWEEN_LOOKS === 0) file.expectUnchanged();
      readOne(pattern, into);
    },
  };
}

/** Bytes that reading the whole scan into memory takes at its peak: file, unpacked array, values, values as float32. */
export function readingBytes(
  fileBytes: number,
  member: ZipMember,
  stored: StoredDiffraction<NpyHeader>,
): number {
  const { header, order, n, N } = stored;
  const single = 4 * n * N * N;
  const values = header.dataBytes ?? 0;
  const unpacked = member.method === "store" ? 0 : member.bytes;
  const converted = header.descr.slice(1) === "f4" ? 0 : single;
  return fileBytes + unpacked + values + converted + (order === "HWN" ? single : 0);
}

function expectWholePatterns({ where, stored: { key, header, order } }: OpenArchive): void {
  const why =
    order === "HWN"
      ? "its patterns run along the last axis (H, W, n)"
      : header.fortranOrder
        ? "it is stored in Fortran order"
        : undefined;
  check(
    why === undefined,
    "DataError",
    () =>
      `${where}: ${key} is larger than the memory allowed, and ${why}, so that no pattern lies in one piece; save it as ` +
      "(n, H, W) in C order (numpy.ascontiguousarray), or raise --max_memory",
  );
}

/** The same words as for a scan in memory; that two arrays are equal is told by their checksums. */
function aliasWarnings({ npz, where }: OpenArchive): string[] {
  const [canonical, alias] = DIFFRACTION_KEYS;
  if (!npz.has(canonical) || !npz.has(alias)) return [];
  const [a, b] = [npz.member(canonical), npz.member(alias)];
  if (a.bytes === b.bytes && a.crc32 === b.crc32) return [];
  return [`${where}: ${canonical} and ${alias} differ; ${canonical} is used`];
}
