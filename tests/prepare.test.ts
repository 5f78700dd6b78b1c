// Preparing scan files, on files: what is written is what was asked for, and what it mends is whole for the doctor.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bool, type ComplexArray, complex64, float32, float64, type NdArray } from "../src/core/ndarray.js";
import { readMeasuredScan } from "../src/data/read-scan.js";
import { writeFileAtomic } from "../src/formats/files.js";
import { writeNpy } from "../src/formats/npy.js";
import { openNpz } from "../src/formats/npz.js";
import type { InspectResult, PrepareRequest, PrepareResult, Work } from "../src/workflows/contract.js";
import { inspectWorkflow } from "../src/workflows/inspect.js";
import { prepareWorkflow } from "../src/workflows/prepare.js";
import { copyScan, writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-prepare-"));
const at = (name: string) => join(folder, name);
const { signal } = new AbortController();
const [N, n] = [64, 60];
const pixels = N * N;

beforeAll(() => writeSmallScan(at("scan.npz"), n, { probe: "defocus" }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ended<R>(work: Work<R>): Promise<R> {
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}
const prepare = (steps: Partial<PrepareRequest>): Promise<PrepareResult> =>
  ended(prepareWorkflow({ file: at("scan.npz"), outputFile: at("out.npz"), signal, ...steps }));
const inspect = (file: string): Promise<InspectResult> =>
  ended(inspectWorkflow({ file, sweep: false, signal }));
const serious = async (file: string) =>
  (await inspect(file)).findings.filter(({ severity }) => severity !== "note").map(({ id }) => id);

const read = <T>(name: string, key: string): T => openNpz(at(name)).read(key) as T;
const patterns = (name: string) => read<NdArray<"float32">>(name, "diffraction");
const column = (name: string, key: string) => read<NdArray<"float64">>(name, key).data;
const metadata = (name: string) => JSON.parse(read<{ values: string[] }>(name, "_metadata").values[0]);

it("without any step writes the same scan, the truth too, readable under both names", async () => {
  const result = await prepare({});
  expect(result).toMatchObject({ patterns: [n], N });
  const [old, made] = [patterns("scan.npz"), patterns("out.npz")];
  const apart = old.data.reduce((most, value, i) => Math.max(most, Math.abs(value - made.data[i])), 0);
  expect(apart).toBeLessThan(1e-6 * old.data.reduce((a, b) => Math.max(a, b)));
  expect(read("out.npz", "diff3d")).toEqual(made);
  for (const key of ["xcoords", "ycoords", "xcoords_start", "scan_index", "objectGuess", "probeGuess"])
    expect(read("out.npz", key), key).toEqual(read("scan.npz", key));
  expect(await serious(at("out.npz"))).toEqual([]);
});

it("mirrors positions and their starts alike, leaves the object out and says so; twice is the old scan", async () => {
  const first = await prepare({ flipX: true, swapXY: true });
  expect(first.steps.join()).toMatch(/exchanged.*mirrored.*object of the file was left out/);
  expect(openNpz(at("out.npz")).has("objectGuess")).toBe(false);
  expect(column("out.npz", "xcoords_start")).toEqual(column("out.npz", "xcoords"));
  expect(column("out.npz", "ycoords")).toEqual(column("scan.npz", "xcoords"));
  await prepare({ file: at("out.npz"), outputFile: at("back.npz"), flipX: true });
  await prepare({ file: at("back.npz"), outputFile: at("out.npz"), swapXY: true });
  column("out.npz", "xcoords").forEach((x, i) => {
    expect(x).toBeCloseTo(column("scan.npz", "xcoords")[i], 9);
  });
  const record = metadata("out.npz").data_transformations.map(
    ({ operation }: { operation: string }) => operation,
  );
  expect(record).toEqual(["swap_xy", "flip_x", "flip_x", "swap_xy"]);
});

it("crops: pixels about the middle, positions in the larger object pixels, photons that are left", async () => {
  await prepare({ crop: 32 });
  const [old, made] = [patterns("scan.npz"), patterns("out.npz")];
  expect(made.shape).toEqual([n, 32, 32]);
  expect(made.data[16 * 32 + 16]).toBeCloseTo(old.data[32 * N + 32], 5);
  expect(column("out.npz", "xcoords")[7]).toBeCloseTo(column("scan.npz", "xcoords")[7] / 2, 12);
  expect(read<ComplexArray>("out.npz", "probeGuess").shape).toEqual([32, 32]);
  const energy = ({ data }: NdArray<"float32">) => data.reduce((sum, value) => sum + value * value, 0);
  expect(metadata("out.npz").physics_parameters).toMatchObject({ N: 32 });
  expect(metadata("out.npz").physics_parameters.nphotons / 1e6).toBeCloseTo(energy(made) / energy(old), 5);
});

it("bins intensities, and keeps positions and object", async () => {
  await prepare({ bin: 2 });
  const [old, made] = [patterns("scan.npz").data, patterns("out.npz")];
  const sum = [0, 1, N, N + 1].reduce((total, step) => total + old[20 * N + 30 + step] ** 2, 0);
  expect(made.data[10 * 32 + 15]).toBeCloseTo(Math.sqrt(sum), 5);
  expect(column("out.npz", "xcoords")).toEqual(column("scan.npz", "xcoords"));
  expect(openNpz(at("out.npz")).has("objectGuess")).toBe(true);
});

it("draws, shuffles and splits: every pattern with its position, none twice, the same for one seed", async () => {
  const { outputFiles, patterns: counts } = await prepare({
    subset: 40,
    shuffle: true,
    split: 0.75,
    seed: 4,
  });
  expect(outputFiles).toEqual([at("out_train.npz"), at("out_test.npz")]);
  expect(counts).toEqual([30, 10]);
  const old = { x: column("scan.npz", "xcoords"), frames: patterns("scan.npz").data };
  const taken: number[] = [];
  for (const name of ["out_train.npz", "out_test.npz"]) {
    const [x, frames] = [column(name, "xcoords"), patterns(name).data];
    x.forEach((value, i) => {
      const from = old.x.indexOf(value);
      taken.push(from);
      expect(frames[i * pixels + 32 * N + 31]).toBeCloseTo(old.frames[from * pixels + 32 * N + 31], 5);
    });
  }
  expect(new Set(taken).size).toBe(40);
  expect(taken).not.toEqual([...taken].sort((a, b) => a - b));
  const before = column("out_train.npz", "xcoords");
  await prepare({ subset: 40, shuffle: true, split: 0.75, seed: 4 });
  expect(column("out_train.npz", "xcoords")).toEqual(before);
});

describe("mends what the doctor finds", () => {
  const stack = (data: Float32Array, shape: readonly number[] = [data.length / pixels, N, N]) => ({
    ...{ diffraction: float32(shape, data), diff3d: undefined },
  });
  const broken = (changes: Parameters<typeof copyScan>[2]) =>
    copyScan(at("scan.npz"), at("broken.npz"), changes);
  const mended = async (steps: Partial<PrepareRequest>) => {
    await prepare({ file: at("broken.npz"), ...steps });
    return serious(at("out.npz"));
  };

  it("counts", async () => {
    const { data } = patterns("scan.npz");
    const factor = metadata("scan.npz").additional_parameters.counts_per_squared_amplitude;
    broken(stack(data.map((value) => Math.round(value * value * factor))));
    expect(await serious(at("broken.npz"))).toEqual(["units.intensity"]);
    expect(await mended({ units: "counts" })).toEqual([]);
    expect(patterns("out.npz").data[5 * pixels + 2080]).toBeCloseTo(
      data[5 * pixels + 2080] * Math.sqrt(factor),
      2,
    );
  });

  it("the order of the axes", async () => {
    const { data } = patterns("scan.npz");
    const turned = new Float32Array(data.length);
    for (let i = 0; i < n; i++) for (let p = 0; p < pixels; p++) turned[p * n + i] = data[i * pixels + p];
    broken(stack(turned, [N, N, n]));
    expect(await serious(at("broken.npz"))).toEqual(["patterns.axis-order"]);
    expect(await mended({})).toEqual([]);
  });

  it("NaN and a hot pixel, by a mask that the readers take", async () => {
    const data = patterns("scan.npz").data.slice();
    for (let i = 0; i < n; i++) data[i * pixels + 5 * N + 9] = 40 + (i % 7);
    for (let i = 0; i < n; i++) data[i * pixels + 100] = Number.NaN;
    broken(stack(data));
    expect(await serious(at("broken.npz"))).toEqual(["patterns.not-finite", "pixels.hot"]);
    expect(await mended({ mask: "auto" })).toEqual([]);
    const { badPixels } = await readMeasuredScan(at("out.npz"), { domain: "amplitude" });
    expect([...(badPixels?.data ?? [])].flatMap((bad, p) => (bad === 1 ? [p] : []))).toEqual([
      100,
      5 * N + 9,
    ]);
  });

  it("a mask from a file", async () => {
    const mask = bool([N, N]);
    mask.data[77] = 1;
    writeFileAtomic(at("mask.npy"), writeNpy(mask));
    await prepare({ mask: { path: at("mask.npy") } });
    expect(read<NdArray<"bool">>("out.npz", "bad_pixels").data).toEqual(mask.data);
    expect(patterns("out.npz").data[3 * pixels + 77]).toBe(0);
  });

  it("a background, from a number and from a file alike", async () => {
    const { data } = patterns("scan.npz");
    broken(stack(data.map((value) => Math.sqrt(value * value + 2))));
    expect(await serious(at("broken.npz"))).toContain("patterns.background");
    expect(await mended({ background: 2 })).toEqual([]);
    const byNumber = patterns("out.npz").data;
    writeFileAtomic(at("dark.npy"), writeNpy(float64([N, N], new Float64Array(pixels).fill(2))));
    await prepare({ file: at("broken.npz"), background: { path: at("dark.npy") } });
    expect(patterns("out.npz").data).toEqual(byNumber);
  });

  it("zero frequency in the corner, and a beam beside the middle", async () => {
    const { data } = patterns("scan.npz");
    const rolled = (rows: number, columns: number) =>
      data.map((_, i) => {
        const [row, column] = [Math.floor((i % pixels) / N), i % N];
        return data[i - (i % pixels) + ((row + rows) % N) * N + ((column + columns) % N)];
      });
    broken(stack(rolled(N / 2, N / 2)));
    expect(await mended({ fftshift: true })).toEqual([]);
    broken(stack(rolled(0, 10)));
    expect(await serious(at("broken.npz"))).toEqual(["patterns.off-centre"]);
    expect(await mended({ center: true })).toEqual([]);
  });

  it("positions in metres, a NaN among them, and a probe that is zero", async () => {
    const x = column("scan.npz", "xcoords").map((value) => value * 20e-9);
    const y = column("scan.npz", "ycoords").map((value) => value * 20e-9);
    x[3] = Number.NaN;
    broken({
      ...{
        xcoords: float64([n], x),
        ycoords: float64([n], y),
        xcoords_start: undefined,
        ycoords_start: undefined,
      },
      probeGuess: complex64([N, N]),
    });
    expect(await serious(at("broken.npz"))).toEqual(["positions.not-finite", "probe.zero"]);
    expect(await mended({ scalePositions: 5e7 })).toEqual([]);
    expect(patterns("out.npz").shape[0]).toBe(n - 1);
    expect(column("out.npz", "xcoords")[3]).toBeCloseTo(column("scan.npz", "xcoords")[4], 9);
    expect(openNpz(at("out.npz")).has("probeGuess")).toBe(false);
  });

  it("patterns that are neither square nor of a size that is taken", async () => {
    const data = patterns("scan.npz").data.filter((_, i) => i % N < 50);
    broken(stack(data, [n, N, 50]));
    expect(await mended({ crop: 32 })).not.toContain("patterns.not-square");
    expect(patterns("out.npz").shape).toEqual([n, 32, 32]);
  });
});

it.each([
  ["more patterns than there are", { subset: 61 }, /--subset 61/],
  ["a split that leaves nothing", { subset: 2, split: 0.1 }, /--split 0.1/],
  ["a crop beyond the pattern", { crop: 128 }, /--crop 128/],
  ["bins that do not fit", { bin: 3 }, /--bin 3|multiple/],
  ["a background of another size", { background: { path: "dark.npy" } }, /background must be/],
])("refuses %s, and leaves nothing behind", async (_, steps, message) => {
  writeFileAtomic(at("dark.npy"), writeNpy(float64([2, 2])));
  const before = readdirSync(folder).sort();
  const own = "background" in steps ? { background: { path: at("dark.npy") } } : steps;
  await expect(prepare({ ...own, outputFile: at("refused.npz") })).rejects.toThrow(message);
  expect(readdirSync(folder).sort()).toEqual(before);
});

it("refuses to write over its input", async () => {
  await expect(prepare({ outputFile: at("scan.npz") })).rejects.toThrow(/also an input/);
});
