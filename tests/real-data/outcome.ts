// What a finished run must have left behind.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { loadBundle } from "../../src/bundle/load-bundle.js";
import type { ComplexArray, NdArray } from "../../src/core/ndarray.js";
import { openNpz } from "../../src/formats/npz.js";
import { decodePng } from "../../src/formats/png.js";

/** These tests take minutes: `npm run test:data`. */
export const isSlow: boolean = (process.env.PTYCHOPINN_SLOW ?? "") !== "";

/** A readable archive with finite weights, a last checkpoint, and losses printed that are finite and fall. */
export function expectModel(folder: string, printed: string): void {
  expect(loadBundle(folder).weights.size).toBeGreaterThan(10);
  const checkpoints = readdirSync(join(folder, "checkpoints"));
  expect(checkpoints.some((name) => name.startsWith("last"))).toBe(true);
  const losses = lossesOf(printed);
  expect(losses.length).toBeGreaterThan(1);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses[losses.length - 1]).toBeLessThan(losses[0]);
}

/** The losses of the epoch lines of a training run. */
export function lossesOf(printed: string): number[] {
  return [...printed.matchAll(/^epoch \d+\/\d+ {2}loss (\S+)/gm)].map(([, loss]) => Number(loss));
}

/** A finite object that is not constant, and pictures of more than one colour. */
export function expectPicture(folder: string): void {
  const npz = openNpz(join(folder, "reconstruction.npz"));
  const object = npz.read("object") as ComplexArray;
  const coverage = npz.read("coverage") as NdArray<"float32">;
  const seen = object.re.filter((_, i) => coverage.data[i] > 0);
  expect(seen.length).toBeGreaterThan(1000);
  expect(object.re.every(Number.isFinite) && object.im.every(Number.isFinite)).toBe(true);
  expect(new Set(seen).size).toBeGreaterThan(100);
  expect((npz.read("origin_px") as NdArray).shape).toEqual([2]);
  for (const name of ["reconstructed_amplitude.png", "reconstructed_phase.png"]) {
    const { rgb8 } = decodePng(readFileSync(join(folder, name)), name);
    expect(new Set(rgb8).size).toBeGreaterThan(20);
  }
}
