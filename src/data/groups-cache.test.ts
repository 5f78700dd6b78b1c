import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { legacyRandom } from "../numeric/random-legacy.js";
import { drawFromPool, poolGroups } from "./group-pool.js";
import {
  cachedPool,
  groupsCachePaths,
  placesChecksum,
  readGroupsCache,
  writeGroupsCache,
} from "./groups-cache.js";

const random = legacyRandom(3);
const places = { xPx: random.uniform(0, 60, 40), yPx: random.uniform(0, 60, 40) };
const kind = { gridsize: 2, neighbourCount: 5 };

describe("the pool of groups", () => {
  const pool = poolGroups(places.xPx, places.yPx, kind, legacyRandom(1));
  const rows = Array.from({ length: pool.shape[0] }, (_, g) => [...pool.data.slice(4 * g, 4 * g + 4)]);

  it("has different groups, ascending, in order, of a pattern and its nearest", () => {
    const texts = rows.map((row) => row.join());
    expect(new Set(texts).size).toBe(rows.length);
    for (const [g, row] of rows.entries()) {
      expect(row).toEqual([...new Set(row)].sort((a, b) => a - b));
      if (g > 0) expect(rows[g - 1].findIndex((v, i) => v !== row[i])).toBeGreaterThanOrEqual(0);
      // Some pattern has all four among its 6 nearest.
      const around = places.xPx.findIndex((_, point) => {
        const distance = (k: number) =>
          Math.hypot(places.xPx[k] - places.xPx[point], places.yPx[k] - places.yPx[point]);
        const nearest = Array.from(places.xPx.keys()).sort((a, b) => distance(a) - distance(b));
        return row.every((member) => nearest.slice(0, 6).includes(member));
      });
      expect(around).toBeGreaterThanOrEqual(0);
    }
  });

  it("gives what is asked for, each group once, or all of it without a draw", () => {
    const drawn = drawFromPool(pool, 10, legacyRandom(2));
    const texts = Array.from({ length: 10 }, (_, g) => drawn.data.slice(4 * g, 4 * g + 4).join());
    expect(new Set(texts).size).toBe(10);
    expect(texts.every((text) => rows.some((row) => row.join() === text))).toBe(true);
    expect(drawFromPool(pool, 1e6, legacyRandom(2))).toBe(pool);
    expect(() => poolGroups(places.xPx, places.yPx, { gridsize: 3, neighbourCount: 5 }, random)).toThrow(
      /9 cannot/,
    );
    expect(() => poolGroups(places.xPx.slice(0, 5), places.yPx.slice(0, 5), kind, random)).toThrow(/need 6/);
  });
});

describe("the groups cache", () => {
  let folder: string;
  let scan: string;
  let paths: ReturnType<typeof groupsCachePaths>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ptychopinn-groups-"));
    scan = join(folder, "scan_1.npz");
    paths = groupsCachePaths(scan, kind, placesChecksum(places));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is written once, with bytes that only positions and kind decide, and then read", () => {
    const first = cachedPool(scan, places, kind);
    expect(first.notes.join()).toContain("groups written to");
    const bytes = readFileSync(paths.addressed);
    const again = cachedPool(scan, places, kind);
    expect(again.notes.join()).toContain("groups taken from");
    expect(again.groups).toEqual(first.groups);
    // A second writer, later and elsewhere, writes the same bytes; nothing else is left behind.
    rmSync(paths.addressed);
    cachedPool(scan, places, kind);
    expect(readFileSync(paths.addressed)).toEqual(bytes);
    expect(readdirSync(folder)).toEqual([
      `scan_1.g2k5.${placesChecksum(places).slice(0, 12)}.groups_cache.npz`,
    ]);
  });

  it("of the original, without a digest of ours, is read where it fits", () => {
    const pool = poolGroups(places.xPx, places.yPx, kind, legacyRandom(77));
    writeGroupsCache(paths.original, pool, places, kind);
    const { groups, notes } = cachedPool(scan, places, kind);
    expect(groups).toEqual(pool);
    expect(notes).toEqual([expect.stringContaining("scan_1.g2k5.groups_cache.npz")]);
  });

  it.each([
    ["another scan", { ...places, xPx: places.xPx.map((x) => x + 1) }, kind, /dataset_checksum/],
    ["another K", places, { ...kind, neighbourCount: 4 }, /overlap_factor/],
    ["another gridsize", places, { ...kind, gridsize: 1 }, /gridsize/],
  ] as const)("is not believed for %s", (_name, otherPlaces, otherKind, reason) => {
    const pool = poolGroups(places.xPx, places.yPx, kind, legacyRandom(77));
    writeGroupsCache(paths.original, pool, places, kind);
    expect(() => readGroupsCache(paths.original, otherPlaces, otherKind)).toThrow(reason);
  });

  it("is not believed where its groups point outside the scan", () => {
    const pool = poolGroups(places.xPx, places.yPx, kind, legacyRandom(77));
    pool.data[0] = 40;
    writeGroupsCache(paths.original, pool, places, kind);
    expect(() => readGroupsCache(paths.original, places, kind)).toThrow(/groups of 4 of 40/);
  });

  it("is rebuilt after every single flipped byte, and tells why", () => {
    const { groups } = cachedPool(scan, places, kind);
    const good = readFileSync(paths.addressed);
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad[at] ^= 0x55;
      writeFileSync(paths.addressed, bad);
      const again = cachedPool(scan, places, kind);
      expect(again.groups).toEqual(groups);
      const { length } = again.notes;
      // A flip in what the reader ignores (a time, a flag) leaves the content whole.
      expect(length === 2 ? again.notes[0] : "groups cache was not used").toContain("was not used");
    }
    writeFileSync(paths.addressed, good.subarray(0, 100));
    expect(cachedPool(scan, places, kind).notes[0]).toContain("was not used");
    expect(readFileSync(paths.addressed)).toEqual(good);
  });
});
