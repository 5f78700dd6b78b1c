// Poisson draws from a stream of uniform doubles, shared by both generators.

import { check } from "../core/errors.js";

/**
 * One Poisson draw. Below rate 10 by multiplication of uniforms, else by transformed rejection
 * (Hormann 1993, "PTRS"), consuming the uniforms in NumPy's order.
 *
 * @throws PtychoError DataError for a negative, infinite or NaN rate.
 */
export function drawPoisson(nextDouble: () => number, rate: number): number {
  check(rate >= 0 && rate < 9.2e18, "DataError", () => `poisson: expected a rate of 0 or more, got ${rate}`);
  if (rate === 0) return 0;
  return rate < 10 ? byMultiplication(nextDouble, rate) : byTransformedRejection(nextDouble, rate);
}

function byMultiplication(nextDouble: () => number, rate: number): number {
  const limit = Math.exp(-rate);
  let product = nextDouble();
  let count = 0;
  while (product > limit) {
    product *= nextDouble();
    count++;
  }
  return count;
}

function byTransformedRejection(nextDouble: () => number, rate: number): number {
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const acceptBelow = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = nextDouble() - 0.5;
    const v = nextDouble();
    const margin = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / margin + b) * u + rate + 0.43);
    if (margin >= 0.07 && v <= acceptBelow) return k;
    if (k < 0 || (margin < 0.013 && v > margin)) continue;
    const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (margin * margin) + b);
    if (left <= -rate + k * logRate - logGamma(k + 1)) return k;
  }
}

// Coefficients B_2n / (2n (2n-1)) of Stirling's series for ln Gamma.
const STIRLING = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
  -174611 / 125400,
] as const;

/** ln Gamma(x) for x >= 1: Stirling's series at x + n >= 7, brought back by the recurrence. */
export function logGamma(x: number): number {
  if (x === 1 || x === 2) return 0;
  let shifted = x < 7 ? x + Math.floor(7 - x) : x;
  const steps = shifted - x;
  const inverseSquare = 1 / (shifted * shifted);
  let series = 0;
  for (let i = STIRLING.length - 1; i >= 0; i--) series = series * inverseSquare + STIRLING[i];
  let value = series / shifted + 0.5 * Math.log(2 * Math.PI) + (shifted - 0.5) * Math.log(shifted) - shifted;
  for (let i = 0; i < steps; i++) {
    shifted -= 1;
    value -= Math.log(shifted);
  }
  return value;
}
