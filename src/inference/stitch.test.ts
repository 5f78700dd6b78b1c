import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32, float64 } from "../core/ndarray.js";
import { accumulateBarycentric, normaliseCanvas, planCentredCanvas } from "./stitch-barycentric.js";
import { stitchCropped } from "./stitch-crop.js";
import { addPatches, finishStitch, startStitch, stitchPatches } from "./stitch-patches.js";
import { emptyCanvas, splatPatch, windowOf } from "./stitch-splat.js";

const N = 16;
/** A smooth complex object, defined everywhere. */
const truth = (x: number, y: number): [number, number] => [
  1 + 0.3 * Math.sin(0.31 * x) * Math.cos(0.2 * y),
  0.2 * Math.cos(0.17 * x + 0.4 * y),
];

/** Patches cut from `truth` where the contract says they lie: pixel (r, c) at (x - N/2 + c, y - N/2 + r). */
function perfectPatches(positions: readonly (readonly [number, number])[]): ComplexArray {
  const patches = complex64([positions.length, N, N]);
  positions.forEach(([x, y], i) => {
    for (let r = 0; r < N; r++)
      for (let c = 0; c < N; c++)
        [patches.re[(i * N + r) * N + c], patches.im[(i * N + r) * N + c]] = truth(
          x - N / 2 + c,
          y - N / 2 + r,
        );
  });
  return patches;
}

const positionsOf = (positions: readonly (readonly [number, number])[]) =>
  float64([positions.length, 2], positions.flat());

function rasterScan(fraction: number): [number, number][] {
  const scan: [number, number][] = [];
  for (let row = 0; row < 5; row++)
    for (let column = 0; column < 6; column++)
      scan.push([100 + 5 * column + fraction * ((row * 7 + column * 3) % 5), -40 + 4 * row]);
  return scan;
}

function worstError(
  object: ComplexArray,
  coverage: { data: Float32Array },
  originPx: readonly [number, number],
): number {
  const [, width] = object.shape;
  let worst = 0;
  for (let i = 0; i < object.re.length; i++) {
    if (coverage.data[i] === 0) continue;
    const [re, im] = truth(originPx[0] + (i % width), originPx[1] + Math.floor(i / width));
    worst = Math.max(worst, Math.hypot(object.re[i] - re, object.im[i] - im));
  }
  return worst;
}

describe("stitchPatches", () => {
  it("puts whole-pixel perfect patches back where they were cut, everywhere", () => {
    const scan = rasterScan(1);
    const { object, coverage, originPx } = stitchPatches(perfectPatches(scan), positionsOf(scan), {
      weighting: { kind: "uniform" },
    });
    expect(worstError(object, coverage, originPx)).toBeLessThan(1e-6);
    expect(originPx).toEqual([100 - N / 2, -40 - N / 2]);
    expect(object.shape).toEqual([16 + N, 29 + N]);
    expect(coverage.data[0]).toBe(1);
  });

  it("is right to second order at sub-pixel positions, and off by far when a sign is wrong", () => {
    const scan = rasterScan(0.37);
    const weighting = { kind: "uniform" } as const;
    const right = stitchPatches(perfectPatches(scan), positionsOf(scan), { weighting, cropPx: 12 });
    const inner = worstError(
      right.object,
      { data: right.coverage.data.map((v) => (v > 1.5 ? v : 0)) },
      right.originPx,
    );
    expect(inner).toBeLessThan(0.12);
    const mirrored = scan.map(([x, y]): [number, number] => [2 * 112 - x, y]);
    const wrong = stitchPatches(perfectPatches(scan), positionsOf(mirrored), { weighting, cropPx: 12 });
    expect(worstError(wrong.object, wrong.coverage, wrong.originPx)).toBeGreaterThan(0.3);
  });

  it("takes a non-square scan, batch by batch as well as at once", () => {
    const scan = rasterScan(0.6);
    const patches = perfectPatches(scan);
    const intensity = float32([N, N]).data.map((_, i) =>
      Math.exp(-(((i % N) - 8) ** 2 + (Math.floor(i / N) - 7) ** 2) / 30),
    );
    const weighting = { kind: "probe", intensity: float32([N, N], intensity) } as const;
    const whole = stitchPatches(patches, positionsOf(scan), { weighting });
    const stitch = startStitch(positionsOf(scan), { patchPx: N, weighting });
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [8, 30],
    ])
      addPatches(
        stitch,
        complex64(
          [to - from, N, N],
          patches.re.slice(from * N * N, to * N * N),
          patches.im.slice(from * N * N, to * N * N),
        ),
        positionsOf(scan.slice(from, to)),
      );
    const streamed = finishStitch(stitch);
    expect(streamed.object.re).toEqual(whole.object.re);
    expect(streamed.coverage.data).toEqual(whole.coverage.data);
    expect(whole.object.shape[0]).not.toBe(whole.object.shape[1]);
    const scaled = {
      kind: "probe",
      intensity: float32(
        [N, N],
        intensity.map((v) => v * 1e-9),
      ),
    } as const;
    const dim = stitchPatches(patches, positionsOf(scan), { weighting: scaled });
    expect(Math.max(...dim.object.re.map((v, i) => Math.abs(v - whole.object.re[i])))).toBeLessThan(1e-5);
  });

  it("refuses metre positions, NaN, an empty scan, an odd crop, a huge canvas and values that are not finite", () => {
    const one = perfectPatches([[0, 0]]);
    const weighting = { kind: "uniform" } as const;
    const stitched = (positions: [number, number][], extra = {}) =>
      stitchPatches(perfectPatches(positions), positionsOf(positions), { weighting, ...extra });
    expect(() =>
      stitched([
        [0, 0],
        [1e7, 3],
      ]),
    ).toThrow(/canvas of .* pixels.*in pixels \(not metres\)/);
    expect(() =>
      stitched(
        [
          [0, 0],
          [200, 300],
        ],
        { maxCanvasPixels: 1000 },
      ),
    ).toThrow(/at most 1000/);
    expect(() => stitchPatches(one, positionsOf([[Number.NaN, 1]]), { weighting })).toThrow(
      /position 0 is \(NaN, 1\)/,
    );
    expect(() => stitchPatches(complex64([0, N, N]), positionsOf([]), { weighting })).toThrow(/at least one/);
    expect(() => stitched([[0, 0]], { cropPx: 7 })).toThrow(/crop: got 7/);
    one.re[5] = Number.NaN;
    expect(() => stitchPatches(one, positionsOf([[0, 0]]), { weighting })).toThrow(/not finite at row 0/);
    const dark = { kind: "probe", intensity: float32([N, N]) } as const;
    expect(() => stitched([[0, 0]], { weighting: dark })).toThrow(/all zero/);
  });
});

describe("stitchCropped", () => {
  it("agrees with the scan by default and is its point reflection when asked for", () => {
    const scan = rasterScan(1);
    const patches = perfectPatches(scan);
    const { canvas, norm, originPx } = stitchCropped(patches, positionsOf(scan), { cropPx: 12 });
    const [ox, oy] = originPx as readonly [number, number];
    // The mean position is fractional, so pixels are mixed bilinearly: exact only to second order.
    let worst = 0;
    const side = canvas.shape[0];
    for (let i = 0; i < canvas.re.length; i++) {
      if (norm.data[i] < 1.5) continue;
      const [re, im] = truth(ox + (i % side), oy + Math.floor(i / side));
      worst = Math.max(worst, Math.hypot(canvas.re[i] - re, canvas.im[i] - im));
    }
    expect(worst).toBeLessThan(0.12);
    const reflected = stitchCropped(patches, positionsOf(scan), { cropPx: 12, reflected: true });
    expect(reflected.originPx).toBeUndefined();
    expect(reflected.norm.data[0]).toBe(norm.data[norm.data.length - 1]);
  });
});

describe("splatPatch", () => {
  it("equals its definition: four weighted copies, cut at the canvas", () => {
    const patch = perfectPatches([[3, 4]]);
    for (const [left, top] of [
      [2.3, 1.8],
      [-3.25, 5.5],
      [9, 9],
      [20.5, -2.75],
    ]) {
      const canvas = emptyCanvas(22, 26);
      splatPatch(canvas, windowOf(patch, 0, 2, 12), left, top, undefined);
      const expected = new Float64Array(22 * 26);
      for (let r = 0; r < 12; r++)
        for (let c = 0; c < 12; c++)
          for (const [dy, dx] of [
            [0, 0],
            [0, 1],
            [1, 0],
            [1, 1],
          ]) {
            const [row, column] = [Math.floor(top) + r + dy, Math.floor(left) + c + dx];
            if (row < 0 || column < 0 || row >= 22 || column >= 26) continue;
            const fx = left - Math.floor(left);
            const fy = top - Math.floor(top);
            expected[row * 26 + column] +=
              (dy ? fy : 1 - fy) * (dx ? fx : 1 - fx) * patch.re[(r + 2) * N + c + 2];
          }
      expect(Math.max(...canvas.re.map((v, i) => Math.abs(v - expected[i])))).toBeLessThan(1e-12);
    }
  });
});

describe("barycentric accumulation on the centred canvas", () => {
  it("accepts every patch and is oriented like the scan", () => {
    const scan = rasterScan(1);
    const positions = positionsOf(scan);
    const plan = planCentredCanvas(positions, N);
    const canvas = emptyCanvas(plan.height, plan.width);
    const moved = float64(
      positions.shape,
      Float64Array.from(positions.data, (v, i) => v + plan.offsetPx[i % 2]),
    );
    expect(accumulateBarycentric(canvas, perfectPatches(scan), moved, undefined)).toEqual({
      accepted: 30,
      total: 30,
    });
    const texture = normaliseCanvas(canvas);
    const coverage = { data: Float32Array.from(canvas.weight, (v) => (v > 2 ? v : 0)) };
    expect(worstError(texture, coverage, [-plan.offsetPx[0], -plan.offsetPx[1]])).toBeLessThan(0.12);
  });
});
