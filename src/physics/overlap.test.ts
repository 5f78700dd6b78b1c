import { expect, test } from "vitest";
import { clampMin, div, input, mul } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float64, type NdArray } from "../core/ndarray.js";
import type { ComplexExpr } from "./complex.js";
import { canvasSizeOf, clusterFrame, extractPatches, mergePatches, type OverlapRule } from "./overlap.js";

const N = 8;
const values = (array: NdArray): number[] => Array.from(array.data as Float64Array);
const complexInput = (name: string, shape: number[]): ComplexExpr => ({
  re: input(`${name}.re`, shape, "float64"),
  im: input(`${name}.im`, shape, "float64"),
});
const gauss = Array.from({ length: N * N }, (_, i) =>
  Math.exp(-(((i % N) - 3.5) ** 2 + (Math.floor(i / N) - 3.5) ** 2) / 8),
);
const numbers = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i));

function mergedGroup(positions: number[], patch: number[], rule: OverlapRule) {
  const C = positions.length / 2;
  const patches = complexInput("x", [1, C, N, N]);
  const where = input("positions", [1, C, 1, 2], "float64");
  const { canvas, support } = mergePatches(patches, where, complexInput("probe", [1, 1, 1, N, N]), rule);
  const cut = extractPatches(canvas, where, N, rule.support);
  return evaluate([canvas.re, support, cut.re], {
    "x.re": float64([1, C, N, N], patch),
    "x.im": float64([1, C, N, N]),
    positions: float64([1, C, 1, 2], positions),
    "probe.re": float64([1, 1, 1, N, N], gauss),
    "probe.im": float64([1, 1, 1, N, N]),
  }).map(values);
}

test("the canvas grows by the neighbour distance rounded up to even", () => {
  expect(canvasSizeOf(64, 1, 5)).toBe(64);
  expect(canvasSizeOf(64, 2, 3)).toBe(68);
  expect(canvasSizeOf(64, 2, 5)).toBe(70);
  expect(canvasSizeOf(64, 3, 2)).toBe(68);
});

test("merging is a weighted mean at the place the positions say", () => {
  const patch = [...numbers(N * N, 1), ...numbers(N * N, 2)];
  const rule: OverlapRule = { weighting: "uniform", canvasSize: 12, support: "tolerant" };
  const [canvas, support] = mergedGroup([2, -1, -2, 1], patch, rule);
  // Patch 0 moves by (-2, 1), patch 1 by (2, -1); their boxes are pixels 2 .. 5, the margin is 2.
  const inBox = (i: number): boolean => i >= 2 && i < 6;
  for (let y = 0; y < 12; y++) {
    for (let x = 0; x < 12; x++) {
      const seen = [
        [y - 2 - 1, x - 2 + 2],
        [y - 2 + 1, x - 2 - 2],
      ].flatMap(([row, column], c) =>
        inBox(row) && inBox(column) ? [patch[c * N * N + row * N + column]] : [],
      );
      const mean = seen.length === 0 ? 0 : seen.reduce((a, b) => a + b) / seen.length;
      expect(canvas[y * 12 + x]).toBeCloseTo(mean, 12);
      expect(support[y * 12 + x]).toBe(Number(seen.length > 0));
    }
  }
});

test("the tolerant rule does not see a rim of rounding size that the legacy rule counts", () => {
  const patch = numbers(N * N, 3);
  const tiny = [1e-4, 0];
  const counted = (support: "tolerant" | "legacy"): number =>
    mergedGroup(tiny, patch, { weighting: "uniform", canvasSize: N, support })[1].reduce((a, b) => a + b);
  expect(counted("tolerant")).toBe(16);
  expect(counted("legacy")).toBe(20);
});

test("a canvas smaller than the patches is refused", () => {
  const rule: OverlapRule = { weighting: "uniform", canvasSize: 6, support: "tolerant" };
  expect(() => mergedGroup([0, 0], numbers(N * N, 1), rule)).toThrow(/canvas of 6.*patches of 8/);
});

/** Weighted mean of a cluster's windows on its canvas, and the windows of that mean. */
function cluster(positions: number[], re: number[], im: number[], canvasSize: number) {
  const B = positions.length / 2;
  const frame = clusterFrame(input("positions", [B, 1, 1, 2], "float64"), N, canvasSize);
  const weight = input("weight", [B, 1, N, N], "float64");
  const total = frame.place(weight);
  const mean = (part: Expr): Expr => div(frame.place(mul(part, weight)), clampMin(total, 1e-12));
  const x = complexInput("x", [B, 1, N, N]);
  const canvas = { re: mean(x.re), im: mean(x.im) };
  return evaluate([canvas.re, canvas.im, total, frame.cut(canvas.re), frame.cut(canvas.im)], {
    "x.re": float64([B, 1, N, N], re),
    "x.im": float64([B, 1, N, N], im),
    positions: float64([B, 1, 1, 2], positions),
    weight: float64(
      [B, 1, N, N],
      positions.slice(0, B).flatMap(() => gauss),
    ),
  }).map(values);
}

test("a cluster at whole pixels merges as a group with probe weights", () => {
  const positions = [3, -2, -1, 0, 0, 2];
  const patch = numbers(3 * N * N, 4);
  const [canvas, , , cut] = cluster(
    positions,
    patch,
    patch.map(() => 0),
    16,
  );
  const squared: OverlapRule = { weighting: "probe", canvasSize: 16, support: "tolerant" };
  const root = gauss.map(Math.sqrt);
  gauss.splice(0, gauss.length, ...root);
  const [reference, , referenceCut] = mergedGroup(positions, patch, squared);
  gauss.splice(0, gauss.length, ...root.map((value) => value * value));
  canvas.forEach((value, i) => {
    expect(value).toBeCloseTo(reference[i], 10);
  });
  cut.forEach((value, i) => {
    expect(value).toBeCloseTo(referenceCut[i], 10);
  });
});

test("a flat object stays flat in a cluster at any sub-pixel position", () => {
  const positions = [0.3, -2.71, 3.9, 1.2, -3.33, 0.07, 1.5, -0.25];
  const flat = Array.from({ length: 4 * N * N }, () => 0.8);
  const [re, im, weight] = cluster(
    positions,
    flat,
    flat.map((value) => -value),
    18,
  );
  const supported = weight.map((w) => w > 1e-6);
  expect(supported.filter(Boolean).length).toBeGreaterThan(N * N);
  weight.forEach((_, i) => {
    if (!supported[i]) return;
    expect(re[i]).toBeCloseTo(0.8, 10);
    expect(im[i]).toBeCloseTo(-0.8, 10);
  });
});
