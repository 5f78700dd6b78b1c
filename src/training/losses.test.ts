import { expect, test } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { amplitudes, counts } from "../physics/domain.js";
import { logGammaConstant, stirlingRest } from "./log-gamma.js";
import {
  countPoissonLoss,
  expectCounts,
  expectWholeCounts,
  maeLoss,
  meanDeviation,
  poissonLoss,
  rectangularPoissonLoss,
  totalVariation,
} from "./losses.js";

const shape = [1, 1, 2, 2];
const pred = input("pred", shape);
const raw = input("raw", shape);
const constant = input("constant", [1]);

function value(loss: Expr, predicted: number[], observed: number[], rest?: NdArray): number {
  const feeds = { pred: float32(shape, predicted), raw: float32(shape, observed) };
  const [result] = evaluate([loss], rest === undefined ? feeds : { ...feeds, constant: rest });
  return Number(result.data[0]);
}

const logFactorial = (k: number): number => (k < 2 ? 0 : Math.log(k) + logFactorial(k - 1));
const negativeLogPoisson = (rates: number[], seen: number[]): number =>
  rates.reduce((s, rate, i) => s + rate - (seen[i] && seen[i] * Math.log(rate)) + logFactorial(seen[i]), 0);

test("the rest of the likelihood is k - k log k + log k!", () => {
  for (const k of [1, 2, 3, 9, 10, 11, 50, 170])
    expect(stirlingRest(k)).toBeCloseTo(k - k * Math.log(k) + logFactorial(k), 11);
  expect(stirlingRest(0)).toBe(0);
  // Gamma(1.5) = sqrt(pi) / 2
  expect(stirlingRest(0.5)).toBeCloseTo(0.5 - 0.5 * Math.log(0.5) + Math.log(Math.sqrt(Math.PI) / 2), 11);
});

test("count likelihoods are Poisson's", () => {
  const [rates, seen] = [
    [3, 1, 2.5, 7],
    [2, 0, 5, 1],
  ];
  const rest = logGammaConstant(float32(shape, seen), "counts");
  for (const loss of [countPoissonLoss, rectangularPoissonLoss])
    expect(value(loss(counts(pred), counts(raw), constant), rates, seen, rest)).toBeCloseTo(
      negativeLogPoisson(rates, seen),
      5,
    );
});

test("the amplitude likelihood squares both sides", () => {
  const [predicted, observed] = [
    [2, 1, 3, 0.5],
    [1, 2, 3, 0],
  ];
  const squared = (x: number[]): number[] => x.map((v) => v * v);
  const rest = logGammaConstant(float32(shape, observed), "amplitude");
  const loss = poissonLoss(amplitudes(pred), amplitudes(raw), constant);
  expect(value(loss, predicted, observed, rest)).toBeCloseTo(
    negativeLogPoisson(squared(predicted), squared(observed)),
    5,
  );
});

test("no light predicted costs nothing in the dark and everything in the light", () => {
  const loss = poissonLoss(amplitudes(pred), amplitudes(raw), constant);
  const zero = float32([1]);
  expect(value(loss, [0, 0, 0, 0], [0, 0, 0, 0], zero)).toBe(0);
  expect(value(loss, [0, 1, 1, 1], [1, 1, 1, 1], zero)).toBe(Number.POSITIVE_INFINITY);
});

test("the regularisers by their definition", () => {
  expect(value(totalVariation(pred), [1, 3, 6, 2], [0, 0, 0, 0])).toBe(5 + 1 + 2 + 4);
  expect(value(meanDeviation(pred), [1, 3, 6, 2], [0, 0, 0, 0])).toBe(2 + 0 + 3 + 1);
});

test("domains cannot be mixed, neither in types nor at run time", () => {
  // @ts-expect-error amplitudes are not counts
  expect(() => countPoissonLoss(amplitudes(pred), counts(raw), constant)).toThrow(
    /expected counts, got amplitude/,
  );
  // @ts-expect-error an observation in counts for an amplitude likelihood
  expect(() => poissonLoss(amplitudes(pred), counts(raw), constant)).toThrow(
    /expected amplitude, got counts/,
  );
  // @ts-expect-error an expression without a domain
  expect(() => maeLoss(pred, raw)).toThrow(/expected amplitude/);
});

test("observations outside the support are refused", () => {
  expect(() => expectCounts(float32(shape, [0, 1.5, 2, 3]))).not.toThrow();
  expect(() => expectCounts(float32(shape, [0, 1, Number.NaN, 3]))).toThrow(/found NaN at 2/);
  expect(() => expectCounts(float32(shape, [0, -1, 2, 3]))).toThrow(/found -1 at 1/);
  expect(() => expectWholeCounts(float32(shape, [0, 1.5, 2, 3]))).toThrow(/whole numbers.*1.5 at 1/);
});
