import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { float32, float64 } from "../core/ndarray.js";
import { npzBytes } from "./npz.js";
import { writeStoredNpz } from "./stored-npz.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-stored-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "a.npz");

const whole = float32(
  [7, 3],
  Float32Array.from({ length: 21 }, (_, i) => i / 8),
);
const x = float64([2], [1.5, -2]);
const pieces = (cuts: readonly number[]) => ({
  ...({ dtype: "float32", shape: [7, 3] } as const),
  *pieces() {
    for (const [k, from] of cuts.entries()) yield whole.data.subarray(from, cuts[k + 1] ?? 21);
  },
});

it.each([[[0]], [[0, 5, 6, 20]]])(
  "writes in pieces the bytes that it would write at once, cut at %s",
  (cuts) => {
    writeStoredNpz(path, [
      ["diffraction", pieces(cuts)],
      ["x", x],
    ]);
    const atOnce = npzBytes(
      [
        ["diffraction", whole],
        ["x", x],
      ],
      { method: "store" },
    );
    expect(readFileSync(path).equals(atOnce)).toBe(true);
  },
);

it("refuses pieces that do not fill the shape, and leaves nothing behind", () => {
  rmSync(path);
  expect(() => writeStoredNpz(path, [["short", { ...pieces([3]), shape: [7, 3] }]])).toThrow(
    /pieces of short give .* needs/,
  );
  expect(readdirSync(folder)).toEqual([]);
});
