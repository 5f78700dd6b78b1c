import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bool, complex64, float32, float64, type NdArray } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import { type NpyArray, writeNpy } from "../formats/npy.js";
import { openNpz, writeNpz } from "../formats/npz.js";
import { writeZip } from "../formats/zip.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { fingerprintFrames, readFrames } from "./frame-source.js";
import { readingBytes } from "./npz-frames.js";
import { openFrames } from "./open-frames.js";
import { centralPatterns, type OpenFramesOptions, type ScanFrames } from "./scan-frames.js";
import { findDiffraction } from "./scan-members.js";

const [n, N] = [30, 16];
const METHODS = ["store", "deflate"] as const;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "frames-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Stack = NdArray<"float32">;
const plain = (seed = 1): Stack =>
  float32([n, N, N], Float32Array.from(pcg64Random(seed).uniform(0.1, 3, n * N * N)));

function changed(change: (data: Float32Array) => void): Stack {
  const stack = plain();
  change(stack.data);
  return stack;
}

function members(changes: Record<string, NpyArray | undefined>): [string, NpyArray][] {
  const random = pcg64Random(7);
  const scan: Record<string, NpyArray | undefined> = {
    diffraction: plain(),
    xcoords: float64([n], random.uniform(0, 50, n)),
    ycoords: float64([n], random.uniform(0, 50, n)),
    probeGuess: complex64([N, N], Float32Array.from(random.randoms(N * N))),
    ...changes,
  };
  return Object.entries(scan).filter((entry): entry is [string, NpyArray] => entry[1] !== undefined);
}

let files = 0;
function scanFile(changes: Record<string, NpyArray | undefined> = {}, method: "store" | "deflate" = "store") {
  const path = join(folder, `scan${files++}.npz`);
  writeNpz(path, members(changes), { method });
  return path;
}

async function open(path: string, memoryBytes: number, options: Partial<OpenFramesOptions> = {}) {
  const events: ProgressEvent[] = [];
  const scratchFolder = mkdtempSync(join(folder, "out-"));
  const work = openFrames(path, {
    ...{ memoryBytes, scratchFolder, mask: "auto", allowedN: [N], signal: new AbortController().signal },
    ...options,
  });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return { ...value, events, scratchFolder };
    events.push(value);
  }
}

const inMemory = (path: string, options = {}) => open(path, 1e9, options);
/** One byte less than reading into memory takes. */
const onDisk = (path: string, options = {}) => open(path, justTooLittle(path), options);

function justTooLittle(path: string): number {
  try {
    const npz = openNpz(path);
    const stored = findDiffraction(npz, path, n, { allowedN: [N] });
    return readingBytes(statSync(path).size, npz.member(stored.key), stored) - 1;
  } catch {
    return 1; // without patterns there is nothing to decide
  }
}

const all = Int32Array.from({ length: n }, (_, i) => i);

function contentOf({ frames, xPx, yPx, probe, maskNotes, warnings }: ScanFrames) {
  const patterns = readFrames(frames, all.subarray(0, frames.n));
  return { patterns, xPx, yPx, probe, maskNotes, warnings };
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return "no error";
}

/** A .npy file in another byte order, with another element type, or in Fortran order. */
function rawNpy(descr: string, shape: readonly number[], bytes: Uint8Array, fortran = false): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape.join(", ")}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00  ${dict}\n`, "latin1");
  head.writeUInt16LE(head.length - 10, 8);
  return Buffer.concat([head, bytes]);
}

function rawScan(diffraction: Buffer, method: "store" | "deflate"): string {
  const path = join(folder, `scan${files++}.npz`);
  const rest = members({ diffraction: undefined }).map(
    ([name, array]) => [`${name}.npy`, writeNpy(array)] as const,
  );
  writeFileSync(path, writeZip([["diffraction.npy", diffraction], ...rest], { method }));
  return path;
}

describe.each(METHODS)("openFrames of a %sd scan", (method) => {
  const hot = (data: Float32Array): void => {
    for (let j = 0; j < n; j++) data[j * N * N + 3 * N + 4] = 40;
  };
  const cases: [string, Record<string, NpyArray | undefined>, Partial<OpenFramesOptions>][] = [
    ["plain", {}, {}],
    ["without a probe", { probeGuess: undefined }, {}],
    ["with its probe left out", {}, { ignoreProbe: true }],
    ["with NaN in some patterns", { diffraction: changed((d) => d.fill(Number.NaN, 700, 720)) }, {}],
    [
      "with NaN in every pattern",
      {
        diffraction: changed((d) =>
          d.forEach((_, i) => {
            if (i % (N * N) === 9) d[i] = Number.POSITIVE_INFINITY;
          }),
        ),
      },
      {},
    ],
    ["with slightly negative pixels", { diffraction: changed((d) => d.fill(-1e-4, 300, 310)) }, {}],
    ["with blank patterns", { diffraction: changed((d) => d.fill(0, 2 * N * N, 4 * N * N)) }, {}],
    [
      "with a mask for all",
      {
        bad_pixels: bool(
          [N, N],
          Uint8Array.from({ length: N * N }, (_, i) => (i % 50 === 0 ? 1 : 0)),
        ),
      },
      {},
    ],
    [
      "with a mask for every pattern",
      {
        bad_pixels: bool(
          [n, N, N],
          Uint8Array.from({ length: n * N * N }, (_, i) => (i % 77 === 0 ? 1 : 0)),
        ),
      },
      { mask: "file" },
    ],
    ["with a hot pixel", { diffraction: changed(hot) }, {}],
    [
      "with saturated values",
      {
        diffraction: changed((d) =>
          d.forEach((value, i) => {
            if (value > 2.9) d[i] = 2.9;
          }),
        ),
      },
      {},
    ],
    ["with two equal stacks", { diff3d: plain() }, {}],
    ["with two different stacks", { diff3d: plain(2) }, {}],
    [
      "with more positions than patterns",
      {
        xcoords: float64([n + 2], pcg64Random(3).uniform(0, 9, n + 2)),
        ycoords: float64([n + 2], pcg64Random(4).uniform(0, 9, n + 2)),
      },
      {},
    ],
  ];
  it.each(cases)("%s: the same from disk as from memory", async (_, changes, options) => {
    const path = scanFile(changes, method);
    const [resident, streamed] = [await inMemory(path, options), await onDisk(path, options)];
    expect([resident.streamed, streamed.streamed]).toEqual([false, true]);
    expect(contentOf(streamed)).toEqual(contentOf(resident));
    expect(fingerprintFrames(streamed.frames)).toBe(fingerprintFrames(resident.frames));
    streamed.close();
  });

  it.each([
    ["<f8", Float64Array],
    ["<u2", Uint16Array],
    ["<i4", Int32Array],
    ["|u1", Uint8Array],
    ["<i8", BigInt64Array],
    ["<f2", Uint16Array],
  ])("stored as %s: the same from disk as from memory", async (descr, Type) => {
    const values = pcg64Random(5).uniform(0, 40, n * N * N);
    const typed =
      Type === BigInt64Array
        ? BigInt64Array.from(values, (v) => BigInt(Math.floor(v) ** 2))
        : (Type as Uint16ArrayConstructor).from(values, (v) => v);
    const bytes = new Uint8Array(typed.buffer);
    for (const big of [false, true]) {
      const size = typed.BYTES_PER_ELEMENT;
      const swapped = bytes.map((_, i) => bytes[i - (i % size) + (size - 1 - (i % size))]);
      const stack = rawNpy(big ? descr.replace("<", ">") : descr, [n, N, N], big ? swapped : bytes);
      const path = rawScan(stack, method);
      // Whole numbers would be taken for counts.
      const [resident, streamed] = [await messageOf(inMemory(path)), await messageOf(onDisk(path))];
      expect(streamed).toBe(resident);
      if (resident !== "no error") {
        expect(resident).toContain("looks like counts");
        continue;
      }
      expect(contentOf(await onDisk(path))).toEqual(contentOf(await inMemory(path)));
    }
  });

  it.each([
    ["NaN without a mask", { diffraction: changed((d) => d.fill(Number.NaN, 700, 720)) }, { mask: "none" }],
    ["mostly NaN", { diffraction: changed((d) => d.fill(Number.NaN, 0, 5000)) }, {}],
    ["negative pixels", { diffraction: changed((d) => d.fill(-1, 5, 9)) }, {}],
    ["too many blank patterns", { diffraction: changed((d) => d.fill(0, 0, 6 * N * N)) }, {}],
    [
      "counts",
      {
        diffraction: changed((d) =>
          d.forEach((v, i) => {
            d[i] = Math.round(9 * v);
          }),
        ),
      },
      {},
    ],
    ["no pixel mask", {}, { mask: "file" }],
    ["fewer positions than patterns", { xcoords: float64([n - 1]), ycoords: float64([n - 1]) }, {}],
    ["no patterns", { diffraction: undefined }, {}],
    ["complex patterns", { diffraction: complex64([n, N, N], plain().data) }, {}],
    ["another size of patterns", {}, { allowedN: [64] }],
    ["a probe of another size", { probeGuess: complex64([8, 8], new Float32Array(64).fill(1)) }, {}],
  ] as [string, Record<string, NpyArray | undefined>, Partial<OpenFramesOptions>][])(
    "%s: refused in the same words, nothing left behind",
    async (_, changes, options) => {
      const path = scanFile(changes, method);
      const message = await messageOf(onDisk(path, options));
      expect(message).toMatch(/^DataError: /);
      expect(message).toBe(await messageOf(inMemory(path, options)));
      expect(
        readdirSync(folder, { recursive: true }).filter((name) => String(name).includes("partial")),
      ).toEqual([]);
    },
  );

  it("damaged: refused before it is used", async () => {
    const path = scanFile({}, method);
    const bytes = Buffer.from(await import("node:fs").then((fs) => fs.readFileSync(path)));
    bytes[method === "store" ? 9000 : bytes.indexOf("diffraction.npy") + 9000] ^= 64;
    writeFileSync(path, bytes);
    expect(await messageOf(onDisk(path))).toMatch(/DataError: .*(damaged|cannot be inflated|inflates to)/);
  });

  it("says in one sentence where the patterns stay, and leaves no file", async () => {
    const opened = await onDisk(scanFile({}, method));
    const texts = opened.events.map((event) => ("text" in event ? event.text : event.kind));
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain(
      method === "store" ? "in the file itself" : "unpacked into a scratch file of 0.0000307 GB",
    );
    expect(readdirSync(opened.scratchFolder)).toEqual([]);
    opened.close();
    opened.close();
    expect(readdirSync(opened.scratchFolder)).toEqual([]);
  });

  it("stops when asked to", async () => {
    const controller = new AbortController();
    controller.abort();
    const path = scanFile({}, method);
    expect(await messageOf(open(path, 1000, { signal: controller.signal }))).toMatch(/^Interrupted: /);
  });

  it("axes that keep a pattern from being read in one piece are refused from disk alone", async () => {
    const values = plain().data;
    const legacy = values.map((_, i) => values[(i % n) * N * N + Math.floor(i / n)]);
    const path = scanFile({ diffraction: float32([N, N, n], legacy) }, method);
    expect(await messageOf(onDisk(path))).toMatch(/DataError: .*along the last axis.*--max_memory/);
    expect((await inMemory(path)).frames.n).toBe(n);
    const fortran = rawScan(rawNpy("<f4", [n, N, N], new Uint8Array(values.buffer), true), method);
    expect(await messageOf(onDisk(fortran))).toMatch(/DataError: .*Fortran order/);
    expect((await inMemory(fortran)).frames.n).toBe(n);
  });
});

describe("openFrames", () => {
  it("notices that the file is written to while its patterns are in use", async () => {
    const path = scanFile({});
    const { frames } = await onDisk(path);
    const into = new Float32Array(N * N);
    frames.read(0, into);
    appendFileSync(path, "more");
    expect(() => {
      for (let i = 0; i < 200; i++) frames.read(i % n, into);
    }).toThrow(/the file changed while it was read/);
  });

  it("a mask for every pattern must fit into the memory allowed", async () => {
    const path = scanFile({ bad_pixels: bool([n, N, N]) });
    expect(await messageOf(open(path, 20_000))).toMatch(/ResourceError: .*a mask for every single pattern/);
  });

  it("masks bad pixels by a part of the patterns where memory holds no more", async () => {
    const path = scanFile({
      diffraction: changed((d) => {
        for (let j = 0; j < n; j++) d[j * N * N + 3 * N + 4] = 40;
        d.forEach((value, i) => {
          if (value > 2.5 && value < 40) d[i] = 2.5;
        });
      }),
    });
    // Half of this holds 25 of the 30 patterns: one in two is watched, which is too few for static faults.
    const few = await open(path, 2 * 25 * 4 * N * N);
    expect(few.maskNotes[0]).toContain("looked for in 15 of 30 patterns");
    const enough = await onDisk(path);
    const frames = readFrames(enough.frames, all);
    expect(frames.data[3 * N + 4]).toBe(-1);
    expect(frames.data.some((value) => value >= 2.5)).toBe(false);
  });

  it("centralPatterns gives the patterns about the middle of the scan", async () => {
    const opened = await onDisk(scanFile({}));
    const { amplitudes, xPx, yPx } = centralPatterns(opened, 7);
    expect(amplitudes.shape).toEqual([7, N, N]);
    const middle = (values: Float64Array) => values.toSorted()[n / 2];
    const [x, y] = [middle(opened.xPx), middle(opened.yPx)];
    const near = (i: number) => Math.hypot(opened.xPx[i] - x, opened.yPx[i] - y);
    const expected = [...all]
      .sort((a, b) => near(a) - near(b))
      .slice(0, 7)
      .sort((a, b) => a - b);
    expect([...xPx]).toEqual(expected.map((i) => opened.xPx[i]));
    expect([...yPx]).toEqual(expected.map((i) => opened.yPx[i]));
    expect(amplitudes.data.subarray(0, N * N)).toEqual(
      plain().data.subarray(expected[0] * N * N, (expected[0] + 1) * N * N),
    );
  });
});
