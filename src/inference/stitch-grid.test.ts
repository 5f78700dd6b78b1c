import { describe, expect, it } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { clipToGrid, gridBorders, stitchGrid } from "./stitch-grid.js";
import { sumOnCanvas } from "./stitch-whole.js";

describe("grid stitching", () => {
  const N = 8;
  const side = 26;
  const outerOffsetPx = 6; // patches every 3 px
  const image = Float32Array.from({ length: side * side }, (_, i) => i);
  const along = (side - N) / 3 + 1;
  const patches = complex64([along * along, N, N]);
  for (let p = 0; p < along * along; p++)
    for (let i = 0; i < N * N; i++) {
      const row = 3 * Math.floor(p / along) + Math.floor(i / N);
      patches.re[p * N * N + i] = image[row * side + 3 * (p % along) + (i % N)];
    }

  it("puts an image back together from its overlapping patches, but for the border", () => {
    const stitched = stitchGrid(patches, { images: 1, outerOffsetPx });
    const steps = { N, gridsize: 1, offsetPx: 0, outerOffsetPx };
    const clipped = clipToGrid(float32([side, side], image), steps);
    expect(gridBorders(steps).patchPx).toEqual([3, 2]);
    expect(stitched.shape).toEqual([1, 21, 21]);
    expect(clipped.shape).toEqual([21, 21]);
    expect(stitched.re).toEqual(clipped.data);
  });

  it("refuses patches that are no square and steps that leave nothing", () => {
    expect(() => stitchGrid(patches, { images: 2, outerOffsetPx })).toThrow(/squares of patches/);
    for (const outer of [0, 13, 16])
      expect(() => stitchGrid(patches, { images: 1, outerOffsetPx: outer })).toThrow(/1 \.\. 12/);
    expect(() => clipToGrid(float32([4, 4]), { N, gridsize: 2, offsetPx: 2, outerOffsetPx })).toThrow(
      /no grid/,
    );
  });
});

describe("sum on a canvas", () => {
  const N = 8;
  const patches = complex64(
    [1, 2, N, N],
    new Float32Array(2 * N * N).fill(3),
    new Float32Array(2 * N * N).fill(-1),
  );
  const offsets = float32([1, 2, 2], [2, 0, -2, 0]);

  it("normalised gives the constant of constant patches, and 0 where none lies", () => {
    const canvas = sumOnCanvas(patches, offsets, { sizePx: 20, divide: "groups", normalise: true });
    const at = (x: number, y: number) => [canvas.re[y * 20 + x], canvas.im[y * 20 + x]];
    expect(at(10, 10)[0]).toBeCloseTo(3, 5);
    expect(at(10, 10)[1]).toBeCloseTo(-1, 5);
    expect(at(0, 0)).toEqual([0, 0]);
  });

  it("puts a patch with a positive offset further left: canvas pixel x sees patch x + dx", () => {
    const marked = complex64([1, 2, N, N]);
    marked.re[3 * N + 3] = 1; // of the first patch, offset +2
    const canvas = sumOnCanvas(marked, offsets, { sizePx: 20, divide: "all", normalise: false });
    const brightest = canvas.re.reduce((best, value, i) => (value > canvas.re[best] ? i : best), 0);
    expect([brightest % 20, Math.floor(brightest / 20)]).toEqual([6 + 3 - 2, 6 + 3]);
    expect(() => sumOnCanvas(patches, offsets, { sizePx: 6, divide: "all", normalise: false })).toThrow(
      /does not hold/,
    );
  });
});
