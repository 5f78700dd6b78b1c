import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bool } from "../core/ndarray.js";
import { writeNpz } from "../formats/npz.js";
import { readFrames } from "./frame-source.js";
import { heldFrames } from "./held-frames.js";
import { rawDataFromArrays } from "./raw-data-from-arrays.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-held-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [n, N] = [3, 4];
const raw = rawDataFromArrays({
  diffraction: Float32Array.from({ length: n * N * N }, (_, i) => 0.25 + i / 100),
  domain: "amplitude",
  xPx: [0, 1, 2],
  yPx: [0, 0, 1],
  probe: { re: new Float32Array(N * N).fill(1), im: new Float32Array(N * N) },
});

test("the patterns, positions and probe as they are", () => {
  const held = heldFrames(raw, { mask: "none" });
  expect(readFrames(held.frames, Int32Array.of(0, 1, 2))).toEqual(raw.diffraction.array);
  expect(held).toMatchObject({ xPx: raw.xPx, yPx: raw.yPx, probe: raw.probe, streamed: false });
  expect(heldFrames(raw, { mask: "none", ignoreProbe: true }).probe).toBeUndefined();
});

test("the pixels of a mask file are marked as not measured, and counted", () => {
  const path = join(folder, "mask.npz");
  const mask = bool([N, N]);
  mask.data[5] = 1;
  writeNpz(path, [["bad_pixels", mask]]);
  const held = heldFrames(raw, { mask: { path } });
  const frames = readFrames(held.frames, Int32Array.of(0, 1));
  expect([frames.data[5], frames.data[N * N + 5], frames.data[6]]).toEqual([-1, -1, Math.fround(0.31)]);
  expect(held.maskNotes).toEqual(["1 of 16 pixels are masked and not fitted"]);
});

test("counts, widths that are not taken, and a mask that is not there are refused", () => {
  const counts = { ...raw, diffraction: { ...raw.diffraction, domain: "counts" as const } };
  expect(() => heldFrames(counts, { mask: "none" })).toThrow("expected diffraction as amplitude, got counts");
  expect(() => heldFrames(raw, { mask: "none", allowedN: [16, 32] })).toThrow("expected N = 16, 32");
  expect(() => heldFrames(raw, { mask: "file" })).toThrow("--mask file: the scan file has no pixel mask");
});
