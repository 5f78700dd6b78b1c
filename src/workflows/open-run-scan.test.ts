import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { complex64, float32, float64 } from "../core/ndarray.js";
import { gatherStack } from "../data/frame-stack.js";
import { isStoredScan } from "../data/stored-scan.js";
import { writeCxi } from "../data/writers/cxi.js";
import { writeNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { type OpenRunScan, openRunScan, placePatterns, plannedScan, type RunScan } from "./open-run-scan.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-run-scan-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const [n, N] = [6, 64];
const random = pcg64Random(5);
const places = () => Float64Array.from(random.uniform(20, 60, n));
const [xPx, yPx] = [places(), places()];
const counts = Float32Array.from(random.uniform(0, 40, n * N * N), Math.floor);
const probe = complex64([N, N], Float32Array.from(random.randoms(N * N)), new Float32Array(N * N));
const data = { axis_order: "auto", units: "auto", map: null } as const;

async function open(
  path: string,
  place: "memory" | "disk",
  profile: OpenRunScan["profile"],
): Promise<RunScan> {
  const limit = { bytes: 2 ** 30, origin: "--max_memory" };
  const { signal } = new AbortController();
  const work = openRunScan(
    { path, given: undefined },
    { profile, data, truth: false, place, limit, outputDir: at("out"), signal },
  );
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

const everything = Int32Array.from({ length: n }, (_, i) => i);

describe("the same scan in memory and on disk", () => {
  it.each(["amplitude", "counts"] as const)("an HDF5 file of counts, as %s", async (profile) => {
    await writeCxi(at("scan.cxi"), {
      diffraction: { domain: "counts", array: float32([n, N, N], counts) },
      ...{ xPx, yPx, xStartPx: xPx, yStartPx: yPx, scanIndex: new Int32Array(n) },
      probe: complex64([1, N, N], probe.re, probe.im),
      ...{ pixelSizeM: 1.3e-8, energyEv: 6200, distanceM: 1.7 },
    });
    const [held, stored] = [
      await open(at("scan.cxi"), "memory", profile),
      await open(at("scan.cxi"), "disk", profile),
    ];
    expect([isStoredScan(held.raw), isStoredScan(stored.raw)]).toEqual([false, true]);
    const { domain, array } = stored.raw.diffraction;
    expect(domain).toBe(profile);
    const values = gatherStack(array, everything);
    expect(values).toEqual(gatherStack(held.raw.diffraction.array, everything));
    const expected = profile === "counts" ? counts : counts.map(Math.sqrt);
    expect(values.every((value, i) => Math.abs(value - expected[i]) <= 1e-6 * expected[i])).toBe(true);
    for (const key of ["xPx", "yPx", "probe", "pixelSizeM", "energyEv", "distanceM", "nphotons"] as const)
      expect(stored.raw[key], key).toEqual(held.raw[key]);
    expect([stored.notes, stored.warnings]).toEqual([held.notes, held.warnings]);
    stored.close();
  });

  it("patterns along the last axis are refused on disk, with the reason", async () => {
    const last = new Float32Array(n * N * N);
    counts.forEach((value, i) => {
      last[(i % (N * N)) * n + Math.floor(i / (N * N))] = Math.sqrt(value);
    });
    const place = { xcoords: float64([n], xPx), ycoords: float64([n], yPx) };
    const members = { diffraction: float32([N, N, n], last), ...place, probeGuess: probe };
    writeNpz(at("last.npz"), new Map(Object.entries(members)));
    await open(at("last.npz"), "memory", "amplitude");
    await expect(open(at("last.npz"), "disk", "amplitude")).rejects.toThrow(
      /patterns run along the last axis \(H, W, n\).*or raise --max_memory/,
    );
    const planned = await plannedScan({ path: at("last.npz"), given: undefined }, data);
    expect(planned).toMatchObject({ n, N, modes: 1, isHandedOver: false });
  });
});

it("the patterns go to disk only where memory has no room for them, and a run that has none is refused", () => {
  const limit = { bytes: 1e9, origin: "--max_memory" };
  const where = (inMemory: number, onDisk: number) =>
    placePatterns({ inMemory, onDisk }, limit, "--batch_size 8");
  expect(where(1e9, 2e8).place).toBe("memory");
  expect(where(1.1e9, 1e9).place).toBe("disk");
  expect(where(5e9, 2e8).text).toMatch(/5\.00 GB .*0\.200 GB .*1\.00 GB \(--max_memory\)/);
  expect(() => where(5e9, 1.5e9)).toThrow(
    /needs about 1\.50 GB even with the patterns on disk, the limit is 1\.00 GB \(--max_memory\); lower --batch_size 8/,
  );
  expect(() => where(5e9, 5e9)).toThrow(/needs about 5\.00 GB, the limit/);
});
