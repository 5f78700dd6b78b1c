// Small scan files for tests, and copies of scan files with arrays changed or left out.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NpyArray } from "../src/formats/npy.js";
import { openNpz, writeNpz } from "../src/formats/npz.js";
import type { SimulateRequest } from "../src/workflows/contract.js";
import { simulateWorkflow } from "../src/workflows/simulate.js";

/** A simulated scan of `patterns` patterns of 64 x 64 pixels, with its truth. */
export async function writeSmallScan(
  path: string,
  patterns: number,
  options: Partial<SimulateRequest> = {},
): Promise<void> {
  const work = simulateWorkflow({
    outputFile: path,
    object: "dead_leaves",
    phase: true,
    probe: "disk",
    scan: "raster",
    N: 64,
    patterns,
    objectSizePx: 96,
    photons: 1e6,
    seed: 3,
    signal: new AbortController().signal,
    ...options,
  });
  while (!(await work.next()).done);
}

/** The members of a scan file that can be read without a pickle. */
export function membersOf(path: string): Map<string, NpyArray> {
  const npz = openNpz(path);
  const plain = npz.names.filter((name) => npz.header(name).dtype !== "object");
  return new Map(plain.map((name) => [name, npz.read(name)]));
}

/** Copies a scan file; an array of `changes` replaces (or joins) the one of its name, undefined leaves it out. */
export function copyScan(
  from: string,
  to: string,
  changes: Readonly<Record<string, NpyArray | undefined>>,
): void {
  const members = membersOf(from);
  for (const [name, array] of Object.entries(changes)) {
    if (array === undefined) members.delete(name);
    else members.set(name, array);
  }
  writeNpz(to, members, { method: "store" });
}

const dataFolder = process.env.PTYCHOPINN_DATA || join(import.meta.dirname, "..", "..", "shared", "data");

/** A scan of the data folder (PTYCHOPINN_DATA, else ../shared/data), or undefined where it is absent. */
export function realScan(name: string): string | undefined {
  const path = join(dataFolder, name);
  return existsSync(path) ? path : undefined;
}

/** Why a test of real data is skipped, for its title. */
export const absent = `skipped where it is absent from ${dataFolder}`;
