import { expect, test } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { addToMoments, emptyMoments, solveMoments } from "./rect-scaling.js";
import { eigenSymmetric3, solve3 } from "./symmetric3.js";
import {
  addToStatistics,
  emptyStatistics,
  fitPattern,
  intensityOf,
  projectRankOne,
  solveLinear,
  swapChannels,
  type VarproStatistics,
} from "./varpro.js";
import { solveAdam, solvePositiveNewton } from "./varpro-solvers.js";

const COUNT = 200;
const wave = (seed: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => Math.sin(seed + 0.7 * i * i) + 0.3 * Math.cos(seed * i));
const [aRe, aIm, bRe, bIm] = [wave(1), wave(2), wave(3), wave(4)];
const X1 = aRe.map((value, i) => value ** 2 + aIm[i] ** 2);
const X2 = bRe.map((value, i) => value ** 2 + bIm[i] ** 2);
const X3 = aRe.map((value, i) => 2 * (value * bRe[i] + aIm[i] * bIm[i]));
const measured = (s1: number, s2: number): Float32Array =>
  X1.map((value, i) => s1 * s1 * value + s2 * s2 * X2[i] + s1 * s2 * X3[i]);
const statisticsOf = (intensity: Float32Array): VarproStatistics =>
  addToStatistics(emptyStatistics(), [X1, X2, X3], intensity);

test.each([
  [1.3, 0.8],
  [0.7, -1.6],
  [0.05, 2],
])("moments of noiseless intensities give back (%f, %f)", (s1, s2) => {
  const shape = [1, 1, 1, COUNT];
  const moments = addToMoments(
    emptyMoments(),
    complex64(shape, aRe, aIm),
    complex64(shape, bRe, bIm),
    float32(shape, measured(s1, s2)),
  );
  const solved = solveMoments(moments);
  expect(solved[0]).toBeCloseTo(s1, 5);
  expect(solved[1]).toBeCloseTo(s2, 5);
});

test("the solution of noisy moments is the lowest of a fine grid", () => {
  const M = Float64Array.of(4, 1, 2, 1, 3, -1, 2, -1, 5);
  const b = Float64Array.of(3, -2, 1);
  const cost = (s1: number, s2: number): number => {
    const q = [s1 * s1, s1 * s2, s2 * s2];
    return q.reduce((s, v, i) => s - 2 * b[i] * v + v * q.reduce((t, w, j) => t + M[3 * i + j] * w, 0), 0);
  };
  const best = cost(...solveMoments({ M, b }));
  for (let i = -100; i <= 100; i++)
    for (let j = -100; j <= 100; j++) expect(cost(i / 50, j / 50)).toBeGreaterThan(best - 1e-12);
});

test("scales that cannot be told apart are refused", () => {
  const same = Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1);
  expect(() => solveMoments({ M: same, b: Float64Array.of(1, 1, 1) })).toThrow(/singular/);
  const eye = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  expect(() => solveMoments({ M: eye, b: Float64Array.of(-1, 0, -1) })).toThrow(/no direction/);
  const shape = [1, 1, 1, COUNT];
  const bad = float32(shape, measured(1, 1).fill(Number.NaN, 3, 4));
  expect(() =>
    addToMoments(emptyMoments(), complex64(shape, aRe, aIm), complex64(shape, bRe, bIm), bad),
  ).toThrow(/not finite/);
});

test("intensities may have one value for all modes", () => {
  const fields = [1, 1, 2, COUNT / 2];
  const intensity = measured(1, 1).slice(0, COUNT / 2);
  const add = (shape: number[], values: Float32Array) =>
    addToMoments(
      emptyMoments(),
      complex64(fields, aRe, aIm),
      complex64(fields, bRe, bIm),
      float32(shape, values),
    );
  const broadcast = add([1, 1, 1, COUNT / 2], intensity);
  expect(broadcast).toEqual(add(fields, Float32Array.of(...intensity, ...intensity)));
});

test("a pattern and a data set give back the scales that made them", () => {
  const intensity = measured(1.2, 0.9);
  const mean = intensity.reduce((a, b) => a + b) / COUNT;
  for (const [s1, s2] of [
    projectRankOne(fitPattern([X1, X2, X3], intensity, mean)),
    solveLinear(statisticsOf(intensity)),
    solvePositiveNewton(statisticsOf(intensity)),
    solveAdam(statisticsOf(intensity), 2000),
  ]) {
    expect(s1).toBeCloseTo(1.2, 4);
    expect(s2).toBeCloseTo(0.9, 4);
  }
  expect(intensityOf([X1, X2, X3], [1.2, 0.9])[7]).toBeCloseTo(intensity[7], 5);
});

test("a basis of equal images is fitted without the lost direction", () => {
  const [c1, c2] = fitPattern([X1, X1, X3], X1, 1);
  expect(c1).toBeCloseTo(0.5, 6);
  expect(c2).toBeCloseTo(0.5, 6);
});

test("swapped statistics are those of swapped parts", () => {
  const intensity = measured(1.2, -0.4);
  const swapped = swapChannels(statisticsOf(intensity));
  const negated = X3.map((value) => -value);
  const expected = addToStatistics(emptyStatistics(), [X2, X1, negated], intensity);
  swapped.ATA.forEach((value, k) => {
    expect(value).toBeCloseTo(expected.ATA[k], 9);
  });
  swapped.ATb.forEach((value, k) => {
    expect(value).toBeCloseTo(expected.ATb[k], 9);
  });
});

test("eigenpairs and linear systems of a symmetric matrix", () => {
  const A = Float64Array.of(4, 1, -2, 1, 3, 0.5, -2, 0.5, 1);
  const times = (x: ArrayLike<number>): number[] =>
    [0, 1, 2].map((i) => A[3 * i] * x[0] + A[3 * i + 1] * x[1] + A[3 * i + 2] * x[2]);
  const { values, vectors } = eigenSymmetric3(A);
  vectors.forEach((vector, k) => {
    times(vector).forEach((value, i) => {
      expect(value).toBeCloseTo(values[k] * vector[i], 12);
    });
  });
  times(solve3(A, Float64Array.of(1, -2, 3))).forEach((value, i) => {
    expect(value).toBeCloseTo([1, -2, 3][i], 12);
  });
});
