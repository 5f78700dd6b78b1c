import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { writeNpy } from "../formats/npy.js";
import { writeNpz } from "../formats/npz.js";
import { readProbeFile } from "./read-probe-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-probe-"));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const N = 4;
const wave = (shape: readonly number[], factor: number) => {
  const size = shape.reduce((a, b) => a * b);
  const part = (phase: number) => Float32Array.from({ length: size }, (_, i) => factor * Math.sin(i + phase));
  return complex64(shape, part(0), part(1));
};

it("reads probe before probeGuess from .npz, and .npy, as modes first", async () => {
  writeNpz(file("both.npz"), [
    ["probeGuess", wave([N, N], 1)],
    ["probe", wave([2, N, N], 3)],
  ]);
  writeNpz(file("scan.npz"), [["probeGuess", wave([N, N, 1], 1)]]);
  writeFileSync(file("real.npy"), writeNpy(float32([N, N], new Float32Array(N * N).fill(2))));
  expect(await readProbeFile(file("both.npz"), N)).toEqual(wave([2, N, N], 3));
  expect(await readProbeFile(file("scan.npz"), N)).toEqual({ ...wave([N, N, 1], 1), shape: [1, N, N] });
  expect((await readProbeFile(file("real.npy"), N)).re[3]).toBe(2);
});

it("refuses a file without a probe, of another size, or of zeros", async () => {
  writeNpz(file("none.npz"), [["object", wave([N, N], 1)]]);
  writeNpz(file("zero.npz"), [["probe", complex64([N, N])]]);
  await expect(readProbeFile(file("none.npz"), N)).rejects.toThrow("'probe' or 'probeGuess'");
  await expect(readProbeFile(file("both.npz"), 8)).rejects.toThrow("N=8");
  await expect(readProbeFile(file("zero.npz"), N)).rejects.toThrow("zero everywhere");
});

it("takes the probe of an HDF5 product: its incoherent modes, though stored with a coherent axis", async () => {
  const products = join(import.meta.dirname, "..", "..", "tests", "hdf5-files");
  const probe = await readProbeFile(join(products, "pair_para.hdf5"), 16);
  expect(probe.shape).toEqual([1, 16, 16]);
  expect([probe.re[37], probe.im[37]]).toEqual([37, 1]);
});
