import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bool, complex64, float32, float64, int32 } from "../core/ndarray.js";
import { type NpyArray, writeNpy } from "../formats/npy.js";
import { npzBytes, parseNpz, writeNpz } from "../formats/npz.js";
import { readPixelMask, readPixelMaskFile } from "./pixel-mask.js";

const [n, N] = [3, 4];
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-mask-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(members: Record<string, NpyArray>, patternsLast = false) {
  const npz = parseNpz(npzBytes(Object.entries(members)), "scan.npz");
  return readPixelMask(npz, "scan.npz", { n, N, patternsLast });
}

const at = (...bad: number[]) => Uint8Array.from({ length: N * N }, (_, i) => (bad.includes(i) ? 1 : 0));

describe("readPixelMask", () => {
  it("takes non-zero for bad or for good, as the name of the key has it", () => {
    const bits = int32(
      [N, N],
      Int32Array.from(at(5), (value) => 6 * value),
    );
    for (const key of ["bad_pixels", "pixel_mask", "mask"])
      expect(read({ [key]: bits })).toEqual(bool([N, N], at(5)));
    const good = bool(
      [N, N],
      at(5).map((value) => 1 - value),
    );
    for (const key of ["valid_pixel_mask", "measured_pixels"])
      expect(read({ [key]: good })).toEqual(bool([N, N], at(5)));
    expect(read({ mask: bits })?.data).toEqual(at(5));
    expect(read({ diffraction: bits })).toBeUndefined();
  });

  it("unites several masks, one of all patterns with one of each", () => {
    const stack = bool([n, N, N]);
    stack.data[2 * N * N + 1] = 1;
    const mask = read({ mask: bool([N, N], at(7)), bad_pixels: stack });
    expect(mask?.shape).toEqual([n, N, N]);
    const bad = [...(mask?.data ?? [])].flatMap((value, i) => (value === 1 ? [i] : []));
    expect(bad).toEqual([7, N * N + 7, 2 * N * N + 1, 2 * N * N + 7]);
  });

  it("moves a legacy stack [N, N, n] as the patterns are moved", () => {
    const stack = bool([N, N, n]);
    stack.data[5 * n + 2] = 1;
    const mask = read({ bad_pixels: stack }, true);
    expect(mask?.shape).toEqual([n, N, N]);
    expect(mask?.data.indexOf(1)).toBe(2 * N * N + 5);
    expect(() => read({ bad_pixels: stack })).toThrow("[3, 4, 4], got shape [4, 4, 3]");
  });

  it.each<[string, NpyArray, string]>([
    [
      "a mask the other way round",
      bool(
        [N, N],
        at(1, 2).map((v) => 1 - v),
      ),
      "store it as valid_pixel_mask",
    ],
    ["another shape", bool([N, N + 1]), "[4, 4] or [3, 4, 4], got shape [4, 5]"],
    ["complex numbers", complex64([N, N]), "must hold numbers or bools"],
    ["NaN", float64([N, N], new Float64Array(N * N).fill(Number.NaN)), "is NaN"],
  ])("refuses %s", (_, mask, phrase) => {
    expect(() => read({ mask })).toThrow(new RegExp(phrase.replace(/[[\]]/g, "\\$&"), "i"));
  });
});

describe("readPixelMaskFile", () => {
  it("reads .npy as non-zero = bad, .npz by its keys, and refuses an archive without one", () => {
    const file = (name: string) => join(folder, name);
    writeFileSync(file("bad.npy"), writeNpy(bool([N, N], at(3))));
    writeNpz(file("good.npz"), [
      [
        "valid_pixel_mask",
        bool(
          [N, N],
          at(3).map((v) => 1 - v),
        ),
      ],
    ]);
    writeNpz(file("other.npz"), [["flatfield", float32([N, N])]]);
    expect(readPixelMaskFile(file("bad.npy"), { n, N }).data).toEqual(at(3));
    expect(readPixelMaskFile(file("good.npz"), { n, N }).data).toEqual(at(3));
    expect(() => readPixelMaskFile(file("other.npz"), { n, N })).toThrow('found "flatfield"');
  });
});
