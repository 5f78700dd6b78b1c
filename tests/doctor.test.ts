// The dataset doctor against a corpus of faults that were put into a good scan: each must be found by its id, and nothing
// in the good ones.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complex64, float32, float64, type NdArray } from "../src/core/ndarray.js";
import { CHECKS } from "../src/data/doctor/checks.js";
import { orientPositions } from "../src/data/orient-positions.js";
import type { NpyArray } from "../src/formats/npy.js";
import { pcg64Random } from "../src/numeric/random-pcg64.js";
import type { InspectRequest, InspectResult } from "../src/workflows/contract.js";
import { inspectWorkflow } from "../src/workflows/inspect.js";
import { absent, copyScan, membersOf, realScan, writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-doctor-"));
const at = (name: string) => join(folder, name);
const [N, n] = [64, 120];
const pixels = N * N;

beforeAll(async () => {
  await writeSmallScan(at("clean.npz"), n, { probe: "defocus", objectSizePx: 120, photons: 3e6 });
  await writeSmallScan(at("bright.npz"), 60, { probe: "disk", objectSizePx: 100, photons: 3e8 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function inspect(file: string, options: Partial<InspectRequest> = {}): Promise<InspectResult> {
  const work = inspectWorkflow({
    file,
    sweep: false,
    threads: 1,
    signal: new AbortController().signal,
    ...options,
  });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

const serious = ({ findings }: InspectResult) =>
  findings.filter(({ severity }) => severity !== "note").map(({ id }) => id);

/** Arrays of the good scan, as far as faults are made of them. */
function good(name = "clean.npz") {
  const members = membersOf(at(name));
  const array = <T extends NpyArray>(key: string) => members.get(key) as T;
  const metadata = JSON.parse((array("_metadata") as { values: string[] } & NpyArray).values[0]);
  return {
    patterns: array<NdArray<"float32">>("diffraction"),
    x: array<NdArray<"float64">>("xcoords").data,
    y: array<NdArray<"float64">>("ycoords").data,
    probe: array<ReturnType<typeof complex64>>("probeGuess"),
    counts: array<NdArray<"float32">>("diffraction").data.map((value) =>
      Math.round(value * value * metadata.additional_parameters.counts_per_squared_amplitude),
    ),
  };
}

type Changes = Readonly<Record<string, NpyArray | undefined>>;

/** Both spellings of the patterns. */
const stack = (data: Float32Array, shape: readonly number[] = [data.length / pixels, N, N]): Changes => ({
  diffraction: float32(shape, data),
  diff3d: undefined,
});
const edited = (change: (data: Float32Array) => void): Changes => {
  const data = good().patterns.data.slice();
  change(data);
  return stack(data);
};
const everyPattern = (data: Float32Array, change: (from: number) => void) => {
  for (let from = 0; from < data.length; from += pixels) change(from);
};
const places = (x: Float64Array, y: Float64Array): Changes => ({
  xcoords: float64([x.length], x),
  ycoords: float64([y.length], y),
  xcoords_start: undefined,
  ycoords_start: undefined,
});
const movedPlaces = (change: (x: Float64Array, y: Float64Array) => void): Changes => {
  const { x, y } = good();
  const [nx, ny] = [x.slice(), y.slice()];
  change(nx, ny);
  return places(nx, ny);
};
const probe = (change: (re: Float32Array, im: Float32Array) => void): Changes => {
  const { re, im, shape } = good().probe;
  const [nre, nim] = [re.slice(), im.slice()];
  change(nre, nim);
  return { probeGuess: complex64(shape, nre, nim) };
};
const scaled = (factor: number): Changes =>
  movedPlaces((x, y) => {
    for (let i = 0; i < x.length; i++) [x[i], y[i]] = [x[i] * factor, y[i] * factor];
  });
const rolled = (from: Float32Array, rows: number, columns: number): Float32Array =>
  from.map((_, i) => {
    const [base, row, column] = [i - (i % pixels), Math.floor((i % pixels) / N), i % N];
    return from[base + ((row + rows) % N) * N + ((column + columns) % N)];
  });

/** Fault, the id that must be found, and what is changed in the good file. */
type Fault = [fault: string, id: string, changes: () => Changes, from?: string];
const FAULTS: Fault[] = [
  ["no patterns", "patterns.missing", () => ({ diffraction: undefined, diff3d: undefined })],
  ["no x coordinates", "positions.missing", () => ({ xcoords: undefined })],
  [
    "two-dimensional positions",
    "positions.unreadable",
    () => ({ xcoords: float64([n / 2, 2], new Float64Array(n)) }),
  ],
  [
    "probe as text",
    "probe.unreadable",
    () => ({ probeGuess: { dtype: "text", shape: [], values: ["disk"] } }),
  ],
  [
    "mask of another size",
    "mask.unusable",
    () => ({ bad_pixels: { dtype: "bool", shape: [32, 32], data: new Uint8Array(1024) } }),
  ],
  [
    "patterns along the last axis",
    "patterns.axis-order",
    () => {
      const { data } = good().patterns;
      const turned = new Float32Array(data.length);
      for (let i = 0; i < n; i++) for (let p = 0; p < pixels; p++) turned[p * n + i] = data[i * pixels + p];
      return stack(turned, [N, N, n]);
    },
  ],
  [
    "as many patterns as pixels along an edge",
    "patterns.axis-order-unclear",
    () => ({
      ...stack(good().patterns.data.slice(0, N * pixels)),
      ...places(good().x.slice(0, N), good().y.slice(0, N)),
    }),
  ],
  [
    "patterns that are not square",
    "patterns.not-square",
    () =>
      stack(
        good().patterns.data.filter((_, i) => i % N < 48),
        [n, N, 48],
      ),
  ],
  [
    "patterns of an odd size",
    "patterns.size",
    () =>
      stack(
        good().patterns.data.filter((_, i) => i % N < 50 && Math.floor((i % pixels) / N) < 50),
        [n, 50, 50],
      ),
  ],
  ["a NaN pixel", "patterns.not-finite", () => edited((data) => data.fill(Number.NaN, 12345, 12346))],
  [
    "a dark subtraction that went too far",
    "patterns.negative",
    () => edited((data) => data.set(data.map((value) => value - 1))),
  ],
  [
    "counts that ran over 16 bits",
    "patterns.wrapped",
    () => stack(Float32Array.from(good("bright.npz").counts, (count) => Math.sqrt(count % 65536))),
    "bright.npz",
  ],
  ["counts instead of amplitudes", "units.intensity", () => stack(Float32Array.from(good().counts))],
  [
    "intensities that sum to the photons, not whole numbers",
    "units.intensity",
    () => {
      const { data } = good().patterns;
      const mean = data.reduce((sum, value) => sum + value * value, 0) / n;
      return stack(data.map((value) => (value * value * 3e6) / mean));
    },
  ],
  ["some blank patterns", "patterns.blank", () => edited((data) => data.fill(0, 0, 3 * pixels))],
  [
    "a beam that was nearly lost",
    "patterns.brightness",
    () => edited((data) => data.set(data.subarray(0, pixels).map((value) => 0.1 * value))),
  ],
  [
    "a detector that was not read out",
    "patterns.repeated",
    () => edited((data) => data.copyWithin(5 * pixels, 4 * pixels, 5 * pixels)),
  ],
  [
    "zero frequency in the corner",
    "patterns.corner",
    () => stack(rolled(good().patterns.data, N / 2, N / 2)),
  ],
  ["a beam beside the middle", "patterns.off-centre", () => stack(rolled(good().patterns.data, 0, 10))],
  [
    "a background",
    "patterns.background",
    () => {
      const { data } = good().patterns;
      const mean = data.reduce((sum, value) => sum + value * value, 0) / data.length;
      return stack(data.map((value) => Math.sqrt(value * value + 0.2 * mean)));
    },
  ],
  [
    "hardly any photons",
    "photons.few",
    () => {
      const { counts } = good();
      const random = pcg64Random(1);
      const least = counts.map((count) => random.poisson((count * 50) / 3e6));
      return stack(Float32Array.from(least, (count, i) => Math.sqrt(i % pixels === 0 ? 2 : count)));
    },
  ],
  [
    "dead pixels",
    "pixels.dead",
    () =>
      edited((data) => everyPattern(data, (from) => data.fill(0, from + 31 * N + 33, from + 31 * N + 34))),
  ],
  [
    "hot pixels",
    "pixels.hot",
    () =>
      edited((data) => {
        const random = pcg64Random(2);
        everyPattern(data, (from) => {
          data[from + 5 * N + 9] = 40 + random.random();
        });
      }),
  ],
  [
    "a stuck pixel",
    "pixels.stuck",
    () =>
      edited((data) => everyPattern(data, (from) => data.fill(0.5, from + 30 * N + 28, from + 30 * N + 29))),
  ],
  [
    "saturation",
    "pixels.saturated",
    () =>
      edited((data) => {
        const ceiling = 0.5 * data.reduce((most, value) => Math.max(most, value), 0);
        data.set(data.map((value) => Math.min(value, ceiling)));
      }),
  ],
  ["a NaN position", "positions.not-finite", () => movedPlaces((x) => x.fill(Number.NaN, 7, 8))],
  ["x and y of different lengths", "positions.lengths", () => ({ ycoords: float64([n + 2]) })],
  ["a pattern without a position", "positions.too-few", () => places(good().x.slice(1), good().y.slice(1))],
  [
    "a position without a pattern",
    "positions.surplus",
    () => places(Float64Array.of(...good().x, 60), Float64Array.of(...good().y, 60)),
  ],
  ["positions in metres", "positions.units", () => scaled(20e-9)],
  ["positions in micrometres", "positions.units", () => scaled(5e-3)],
  ["positions in nanometres, 20 nm pixels", "positions.overlap", () => scaled(20)],
  [
    "all at one place",
    "positions.one-place",
    () => places(new Float64Array(n).fill(64), new Float64Array(n).fill(64)),
  ],
  [
    "a place measured twice",
    "positions.duplicate",
    () =>
      movedPlaces((x, y) => {
        x.copyWithin(1, 0, 1);
        y.copyWithin(1, 0, 1);
      }),
  ],
  [
    "a scan along a line",
    "positions.collinear",
    () => movedPlaces((x, y) => y.set(x.map((value) => 20 + 0.5 * value))),
  ],
  ["an encoder that jumped", "positions.isolated", () => movedPlaces((x) => x.fill(9000, 3, 4))],
  [
    "positions in another frame than the object",
    "positions.outside-object",
    () => movedPlaces((x) => x.set(x.map((value) => value + 40))),
  ],
  [
    "a probe of another size",
    "probe.size",
    () => ({
      probeGuess: complex64([32, 32], good().probe.re.slice(0, 1024), good().probe.im.slice(0, 1024)),
    }),
  ],
  ["a NaN in the probe", "probe.not-finite", () => probe((re) => re.fill(Number.NaN, 5, 6))],
  [
    "a probe of zeros",
    "probe.zero",
    () =>
      probe((re, im) => {
        re.fill(0);
        im.fill(0);
      }),
  ],
  [
    "a probe in the corner of its window",
    "probe.corner",
    () =>
      probe((re, im) => {
        for (const part of [re, im]) part.set(rolled(part, N / 2, N / 2));
      }),
  ],
];

describe("faults in a file", () => {
  it.each<Fault>(FAULTS)("%s: %s", async (fault, id, changes, from = "clean.npz") => {
    const path = at(`${fault.replaceAll(/\W/g, "-")}.npz`);
    copyScan(at(from), path, changes());
    const result = await inspect(path);
    expect(result.findings.map((finding) => finding.id)).toContain(id);
    rmSync(path);
  });

  it("is cut off: file.unreadable", async () => {
    copyScan(at("clean.npz"), at("cut.npz"), {});
    truncateSync(at("cut.npz"), 500_000);
    const result = await inspect(at("cut.npz"));
    expect(serious(result)).toEqual(["file.unreadable"]);
    expect(result.isUsable).toBe(false);
  });

  it("has a flipped byte among the patterns: patterns.unreadable", async () => {
    copyScan(at("clean.npz"), at("flipped.npz"), { diff3d: undefined });
    const bytes = readFileSync(at("flipped.npz"));
    bytes[100_000] ^= 0x10;
    writeFileSync(at("flipped.npz"), bytes);
    const result = await inspect(at("flipped.npz"));
    expect(serious(result)).toEqual(["patterns.unreadable"]);
    expect(result.findings[0].sentence).toContain("CRC-32");
  });

  it("is no scan file at all: file.unreadable", async () => {
    writeFileSync(at("text.npz"), "x,y\n1,2\n");
    expect(serious(await inspect(at("text.npz")))).toEqual(["file.unreadable"]);
  });
});

const ORIENTATIONS = [
  ["swapped axes", { swap: true }, "--swap-xy"],
  ["mirrored x", { flipX: true }, "--flip-x"],
  ["mirrored y", { flipY: true }, "--flip-y"],
  ["both mirrored", { flipX: true, flipY: true }, "--flip-x --flip-y"],
  ["twice the scale", { scale: 2 }, "--scale-positions 0.5"],
  ["turned by 20 degrees", { rotateDeg: 20 }, "--rotate-positions -20"],
] as const;

describe("faults in the orientation, told by short reconstructions", () => {
  it.each(ORIENTATIONS)("%s", async (fault, change, options) => {
    const { x, y } = good();
    const path = at(`${fault.replaceAll(" ", "-")}.npz`);
    const as = { swap: false, flipX: false, flipY: false, rotateDeg: 0, scale: 1 };
    const { xPx, yPx } = orientPositions({ xPx: x, yPx: y }, { ...as, ...change });
    copyScan(at("clean.npz"), path, places(xPx, yPx));
    const { findings } = await inspect(path, { sweep: true });
    const found = findings.find(({ id }) => id === "positions.orientation");
    expect(found?.repair?.endsWith(` ${options}`), JSON.stringify(found)).toBe(true);
  });

  it("shuffled positions", async () => {
    const { x, y } = good();
    const order = pcg64Random(5).permutation(n);
    const pick = (values: Float64Array) => Float64Array.from(order, (i) => values[i]);
    copyScan(at("clean.npz"), at("shuffled.npz"), places(pick(x), pick(y)));
    expect(serious(await inspect(at("shuffled.npz"), { sweep: true }))).toEqual(["positions.mismatch"]);
  });
});

describe("good files", () => {
  it("finds nothing in a simulated scan, sweep and all", async () => {
    const result = await inspect(at("clean.npz"), { sweep: true });
    expect(serious(result)).toEqual([]);
    expect(result.isUsable).toBe(true);
    expect(result.description).toMatchObject({
      patterns: { count: n, pixels: [N, N], axis_order: "NHW" },
      values: { units: "amplitude" },
      photons: { stated_per_pattern: 3e6 },
      orientation: { verdict: "as it is" },
    });
  });

  it("finds nothing in bright and in modal ones", async () => {
    expect(serious(await inspect(at("bright.npz")))).toEqual([]);
    await writeSmallScan(at("modes.npz"), 80, { probeModes: 3, scan: "fermat", object: "lines" });
    expect(serious(await inspect(at("modes.npz")))).toEqual([]);
  });

  it.each([
    ["siemens_star_N128.npz", { patterns: { count: 516, pixels: [128, 128] } }, 461213],
    ["cryo_particles_N64.npz", { patterns: { count: 1600, pixels: [64, 64] } }, 85876],
    [
      "sim_lines_N64.npz",
      { patterns: { count: 1087, pixels: [64, 64] }, photons: { stated_per_pattern: 1e9 } },
      null,
    ],
  ])(`finds nothing in %s and describes it (${absent})`, async (name, expected, photons) => {
    const path = realScan(name);
    if (path === undefined) return;
    const result = await inspect(path);
    expect(serious(result)).toEqual([]);
    expect(result.description).toMatchObject({ values: { units: "amplitude" }, ...expected });
    const { counted_per_pattern: counted } = result.description.photons as {
      counted_per_pattern: number | null;
    };
    expect(counted === null ? null : Math.round(counted)).toBe(photons);
  });
});

it("has a fault in the corpus for every check that is not a note", () => {
  const covered = new Set([
    ...FAULTS.map(([, id]) => id),
    ...["file.unreadable", "patterns.unreadable", "positions.orientation", "positions.mismatch"],
    ...["array.unreadable", "units.amplitude"], // below
  ]);
  const needed = CHECKS.filter(({ severity }) => severity !== "note").map(({ id }) => id);
  expect(needed.filter((id) => !covered.has(id))).toEqual([]);
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
});

it("finds amplitudes that are said to be counts", async () => {
  copyScan(at("clean.npz"), at("roots.npz"), stack(Float32Array.from(good().counts, Math.sqrt)));
  expect(serious(await inspect(at("roots.npz")))).toEqual([]);
  expect(serious(await inspect(at("roots.npz"), { units: "counts" }))).toEqual(["units.amplitude"]);
});

it("names another array that cannot be read", async () => {
  copyScan(at("clean.npz"), at("other.npz"), { xcoords_start: float64([3, 2]) });
  expect(serious(await inspect(at("other.npz")))).toEqual(["array.unreadable"]);
});
