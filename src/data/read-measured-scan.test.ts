// What iterative reconstruction reads beyond a plain scan: a missing probe, masks, pixels without a value.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bool, complex64, float32, float64 } from "../core/ndarray.js";
import type { NpyArray } from "../formats/npy.js";
import { npzBytes, parseNpz, writeNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { findBadPixels } from "./find-bad-pixels.js";
import { type ReadMeasuredOptions, toMeasuredScan, toScan } from "./read-scan.js";

const [n, N] = [12, 8];
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-measured-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = pcg64Random(1);
const values = Float32Array.from(random.uniform(0.5, 3, n * N * N));
const arrays: Record<string, NpyArray> = {
  diffraction: float32([n, N, N], values),
  xcoords: float64([n], random.uniform(0, 50, n)),
  ycoords: float64([n], random.uniform(0, 50, n)),
  probeGuess: complex64([N, N], Float32Array.from(random.randoms(N * N))),
};

const archive = (changes: Record<string, NpyArray | undefined>) =>
  parseNpz(
    npzBytes(
      Object.entries({ ...arrays, ...changes }).filter(
        (entry): entry is [string, NpyArray] => entry[1] !== undefined,
      ),
    ),
    "scan.npz",
  );

const read = (
  changes: Record<string, NpyArray | undefined>,
  options: Partial<ReadMeasuredOptions<"amplitude">> = {},
) => toMeasuredScan(archive(changes), "scan.npz", { domain: "amplitude", allowedN: [N], ...options });

const withPixels = (change: (data: Float32Array) => void): NpyArray => {
  const data = values.slice();
  change(data);
  return float32([n, N, N], data);
};

const onePixel = (pixel: number) => {
  const mask = bool([N, N]);
  mask.data[pixel] = 1;
  return mask;
};

describe("toMeasuredScan", () => {
  it("is toScan in two parts", () => {
    const { measurement, probe, badPixels } = read({});
    const { raw } = toScan(archive({}), "scan.npz", { domain: "amplitude", allowedN: [N] });
    expect({ ...measurement, probe }).toEqual(raw);
    expect(badPixels).toBeUndefined();
  });

  it("does without a probe, and leaves one unread when told", () => {
    expect(read({ probeGuess: undefined }).probe).toBeUndefined();
    const broken = { probeGuess: complex64([3, 3]) };
    expect(read(broken, { ignoreProbe: true }).probe).toBeUndefined();
    expect(() => read(broken)).toThrow("to match diffraction");
  });

  it("takes the file's mask, whatever the masked pixels hold", () => {
    const diffraction = withPixels((data) => {
      for (let j = 0; j < n; j++) data[j * N * N + 9] = j % 2 === 0 ? -1 : Number.NaN;
    });
    const { measurement, badPixels, warnings } = read({ diffraction, mask: onePixel(9) });
    expect(badPixels).toEqual(onePixel(9));
    expect(measurement.diffraction.array.data[N * N + 9]).toBe(0);
    expect(measurement.diffraction.array.data[N * N + 10]).toBe(values[N * N + 10]);
    expect(warnings).toEqual([]);
    expect(() => read({ diffraction, mask: onePixel(9) }, { mask: "none" })).toThrow("NaN");
  });

  it("takes pixels that are NaN as not measured: in one pattern, or in all", () => {
    const one = read({
      diffraction: withPixels((data) => {
        data[70] = Number.NaN;
      }),
    });
    expect(one.badPixels?.shape).toEqual([n, N, N]);
    expect(one.badPixels?.data.indexOf(1)).toBe(70);
    expect(one.warnings[0]).toContain("1 diffraction pixels are NaN");
    const all = read({
      diffraction: withPixels((data) => {
        for (let j = 0; j < n; j++) data[j * N * N + 5] = Number.POSITIVE_INFINITY;
      }),
    });
    expect(all.badPixels).toEqual(onePixel(5));
    expect(() => read({ diffraction: withPixels((data) => data.fill(Number.NaN, 100)) })).toThrow(
      "are NaN or infinite; check the file",
    );
  });

  it("keeps the masks of the patterns that it keeps", () => {
    const stack = bool([n, N, N]);
    stack.data[4 * N * N + 7] = 1;
    const diffraction = withPixels((data) => data.fill(0, 2 * N * N, 3 * N * N));
    const { measurement, badPixels } = read({ diffraction, bad_pixels: stack });
    expect(measurement.xPx.length).toBe(n - 1);
    expect(badPixels?.data.indexOf(1)).toBe(3 * N * N + 7);
  });

  it("takes the mask of another file in place of the scan's", () => {
    const path = join(folder, "mask.npz");
    writeNpz(path, [["bad_pixels", onePixel(20)]]);
    expect(read({ mask: onePixel(9) }, { mask: { path } }).badPixels).toEqual(onePixel(20));
  });
});

describe("findBadPixels", () => {
  it("gives the file's mask, or nothing, and refuses a mask that is not there", () => {
    const scan = read({ mask: onePixel(9) });
    expect(findBadPixels("file", scan)).toEqual({
      mask: onePixel(9),
      sentences: ["1 of 64 pixels are masked and not fitted"],
    });
    expect(findBadPixels("auto", scan).mask).toEqual(onePixel(9));
    expect(findBadPixels("none", read({}, { mask: "none" }))).toEqual({ mask: undefined, sentences: [] });
    expect(findBadPixels("auto", read({})).mask).toBeUndefined();
    expect(() => findBadPixels("file", read({}))).toThrow("no pixel mask");
  });
});
