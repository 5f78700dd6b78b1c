// The groups of a scan kept in a file beside it: <scan>.g<gridsize>k<K>.groups_cache.npz, the layout that PtychoPINN wrote
// from July to August 2025. A file is believed only if it fits the positions; it is written under a name that its content
// decides, so that two runs that write it write the same bytes.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { check, isPtychoError } from "../core/errors.js";
import { int32, type NdArray } from "../core/ndarray.js";
import { openNpz, writeNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { type PoolKind, poolGroups } from "./group-pool.js";

const KEYS = {
  groups: "all_groups",
  checksum: "dataset_checksum",
  gridsize: "gridsize",
  neighbourCount: "overlap_factor",
} as const;
/** SHA-256 of the bytes of all_groups; only in files that were written here. */
const GROUPS_DIGEST = "all_groups_sha256";
/** Digits of the checksum in the name of a file that is written here. */
const NAME_DIGITS = 12;

export interface ScanPlaces {
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}

export interface CachedPool {
  /** [G, C] indices of patterns. */
  readonly groups: NdArray<"int32">;
  /** Where it came from, what was passed over and why, what was written: sentences. */
  readonly notes: readonly string[];
}

/** MD5 of the float64 values of all x, all y, the number of x and the number of y; hexadecimal. */
export function placesChecksum({ xPx, yPx }: ScanPlaces): string {
  const values = new DataView(new ArrayBuffer(8 * (xPx.length + yPx.length + 2)));
  [...xPx, ...yPx, xPx.length, yPx.length].forEach((value, i) => {
    values.setFloat64(8 * i, value, true);
  });
  return createHash("md5").update(new Uint8Array(values.buffer)).digest("hex");
}

/** The file that the original would look for, and the one that is written here, both beside the scan file. */
export function groupsCachePaths(
  scanFile: string,
  { gridsize, neighbourCount }: PoolKind,
  checksum: string,
): { readonly original: string; readonly addressed: string } {
  const stem = join(dirname(scanFile), basename(scanFile, extname(scanFile)));
  const kind = `g${gridsize}k${neighbourCount}`;
  return {
    original: `${stem}.${kind}.groups_cache.npz`,
    addressed: `${stem}.${kind}.${checksum.slice(0, NAME_DIGITS)}.groups_cache.npz`,
  };
}

/**
 * The pool of a scan: from its cache file where there is one that fits, else found, with a random stream that only the
 * positions decide, and written. A file that does not fit is passed over, and overwritten only where its name says that
 * it should.
 *
 * @throws PtychoError as poolGroups; ResourceError when the file cannot be written.
 */
export function cachedPool(scanFile: string, places: ScanPlaces, kind: PoolKind): CachedPool {
  const checksum = placesChecksum(places);
  const { original, addressed } = groupsCachePaths(scanFile, kind, checksum);
  const notes: string[] = [];
  for (const path of [addressed, original]) {
    if (!existsSync(path)) continue;
    try {
      const groups = readGroupsCache(path, places, kind);
      return { groups, notes: [...notes, `groups taken from ${printable(path)}`] };
    } catch (error) {
      if (!isPtychoError(error, "DataError")) throw error;
      notes.push(`the groups cache was not used: ${error.message}`);
    }
  }
  const seed = Number.parseInt(checksum.slice(0, 8), 16);
  const groups = poolGroups(places.xPx, places.yPx, kind, legacyRandom(seed));
  writeGroupsCache(addressed, groups, places, kind);
  return { groups, notes: [...notes, `groups written to ${printable(addressed)}`] };
}

/**
 * The groups [G, C] of a cache file, the original's or ours.
 *
 * @throws PtychoError DataError for a file that is damaged, or of another scan, gridsize or number of neighbours.
 */
export function readGroupsCache(path: string, places: ScanPlaces, kind: PoolKind): NdArray<"int32"> {
  const where = printable(path);
  const npz = openNpz(path);
  const stored = npz.read(KEYS.groups);
  const members = kind.gridsize ** 2;
  check(
    stored.dtype === "int64" && stored.shape.length === 2 && stored.shape[0] > 0,
    "DataError",
    () => `${where}: ${KEYS.groups} is ${stored.dtype} [${stored.shape}]; expected int64 [G, ${members}]`,
  );
  const scalar = (key: string): string => {
    const array = npz.read(key);
    if (array.dtype === "text") return array.values.join();
    return "data" in array
      ? Array.from(array.data as ArrayLike<number | bigint>, String).join()
      : array.dtype;
  };
  const expected: Readonly<Record<string, string>> = {
    [KEYS.checksum]: placesChecksum(places),
    [KEYS.gridsize]: String(kind.gridsize),
    [KEYS.neighbourCount]: String(kind.neighbourCount),
    ...(npz.has(GROUPS_DIGEST) && { [GROUPS_DIGEST]: digestOf(stored.data as BigInt64Array) }),
  };
  for (const [key, value] of Object.entries(expected)) {
    const found = scalar(key);
    check(
      found === value,
      "DataError",
      () => `${where}: ${key} is ${printable(found)}, and this scan and these settings have ${value}`,
    );
  }
  const indices = Int32Array.from(stored.data as BigInt64Array, Number);
  check(
    stored.shape[1] === members && indices.every((index) => index >= 0 && index < places.xPx.length),
    "DataError",
    () =>
      `${where}: ${KEYS.groups} [${stored.shape}] does not hold groups of ${members} of ${places.xPx.length} patterns`,
  );
  return int32(stored.shape, indices);
}

/** Writes the original's layout and a digest of the groups, whole or not at all; equal arguments give equal bytes. */
export function writeGroupsCache(
  path: string,
  groups: NdArray<"int32">,
  places: ScanPlaces,
  kind: PoolKind,
): void {
  const data = BigInt64Array.from(groups.data, BigInt);
  const whole = (value: number) =>
    ({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) }) as const;
  const text = (value: string) => ({ dtype: "text", shape: [], values: [value] }) as const;
  writeNpz(path, [
    [KEYS.groups, { dtype: "int64", shape: groups.shape, data }],
    [KEYS.checksum, text(placesChecksum(places))],
    [KEYS.gridsize, whole(kind.gridsize)],
    [KEYS.neighbourCount, whole(kind.neighbourCount)],
    [GROUPS_DIGEST, text(digestOf(data))],
  ]);
}

function digestOf(groups: BigInt64Array): string {
  const bytes = new DataView(new ArrayBuffer(8 * groups.length));
  groups.forEach((index, i) => {
    bytes.setBigInt64(8 * i, index, true);
  });
  return createHash("sha256").update(new Uint8Array(bytes.buffer)).digest("hex");
}
