// The losses, as graphs. The Poisson likelihoods are written as the deviance from the observation,
// rate - k - k log(rate / k), which does not cancel at high counts, plus `logGammaConstant`, so that the value is the
// whole negative log likelihood rate - k log(rate) + log Gamma(k + 1).
import {
  abs,
  add,
  cast,
  clampMin,
  div,
  greater,
  log,
  mul,
  select,
  square,
  sub,
} from "../compute/build-elementwise.js";
import { mean, sliceAxis, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { type Amplitudes, type Counts, expectDomain } from "../physics/domain.js";

/** Rates below this are raised to it by the count likelihood, with gradient 0 there. */
const LOWEST_RATE = 1e-8;

/**
 * Poisson negative log likelihood of squared observed amplitudes under squared predicted amplitudes, summed over a
 * sample: [B, C, N, N] -> [B]. A prediction of 0 where light was observed costs +infinity.
 * `constant` [B] is `logGammaConstant(observation, "amplitude")`.
 */
export function poissonLoss(prediction: Amplitudes, observation: Amplitudes, constant: Expr): Expr {
  expectDomain("poissonLoss: prediction", prediction, "amplitude");
  expectDomain("poissonLoss: observation", observation, "amplitude");
  return add(sumSample(deviance(square(prediction.values), square(observation.values))), constant);
}

/** |prediction - observation| of amplitudes, unreduced; gradient 0 at ties. */
export function maeLoss(prediction: Amplitudes, observation: Amplitudes): Expr {
  expectDomain("maeLoss: prediction", prediction, "amplitude");
  expectDomain("maeLoss: observation", observation, "amplitude");
  return abs(sub(prediction.values, observation.values));
}

/**
 * Poisson negative log likelihood of counts, summed over a sample in float64: [B, C, N, N] -> [B] in the dtype of the
 * prediction. Rates below 1e-8 count as 1e-8. `constant` [B] is `logGammaConstant(observation, "counts")`.
 */
export function countPoissonLoss(prediction: Counts, observation: Counts, constant: Expr): Expr {
  expectDomain("countPoissonLoss: prediction", prediction, "counts");
  expectDomain("countPoissonLoss: observation", observation, "counts");
  const rate = cast(clampMin(prediction.values, LOWEST_RATE), "float64");
  const total = sumSample(deviance(rate, cast(observation.values, "float64")));
  return add(cast(total, prediction.values.dtype), constant);
}

/**
 * The legacy likelihood of the rectangular profile: as `countPoissonLoss`, without the floor and in the dtype of the
 * prediction. The observation must have passed `expectWholeCounts`.
 */
export function rectangularPoissonLoss(prediction: Counts, observation: Counts, constant: Expr): Expr {
  expectDomain("rectangularPoissonLoss: prediction", prediction, "counts");
  expectDomain("rectangularPoissonLoss: observation", observation, "counts");
  return add(sumSample(deviance(prediction.values, observation.values)), constant);
}

/** The legacy |prediction^2 - observation|, unreduced: it squares a prediction that is an intensity already. */
export function rectangularMaeLoss(prediction: Counts, observation: Counts): Expr {
  expectDomain("rectangularMaeLoss: prediction", prediction, "counts");
  expectDomain("rectangularMaeLoss: observation", observation, "counts");
  return abs(sub(square(prediction.values), observation.values));
}

/** Sum of the absolute forward differences along rows and columns: [B, C, H, W] -> [B]. */
export function totalVariation(image: Expr): Expr {
  const along = (axis: number): Expr => {
    const extent = image.shape[axis];
    return sumSample(abs(sub(sliceAxis(image, axis, 0, extent - 1), sliceAxis(image, axis, 1, extent))));
  };
  return add(along(2), along(3));
}

/** Sum of the absolute deviations from the mean of each channel: [B, C, H, W] -> [B]. */
export function meanDeviation(image: Expr): Expr {
  return sumSample(abs(sub(image, mean(image, [2, 3], true))));
}

/**
 * Refuses observations that are not expected or measured counts: negative or not finite.
 *
 * @throws PtychoError DataError
 */
export function expectCounts(observation: NdArray<"float32">): void {
  const bad = observation.data.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY));
  check(bad < 0, "DataError", () => {
    return `count Poisson loss: observed counts must be finite and >= 0, found ${observation.data[bad]} at ${bad}; mask or repair those pixels`;
  });
}

/**
 * Refuses observations that a Poisson variable cannot take: also fractions.
 *
 * @throws PtychoError DataError
 */
export function expectWholeCounts(observation: NdArray<"float32">): void {
  const bad = observation.data.findIndex((value) => !(value >= 0) || !Number.isInteger(value));
  check(bad < 0, "DataError", () => {
    return `rectangular Poisson loss: observed counts must be whole numbers >= 0, found ${observation.data[bad]} at ${bad}; use the count likelihood of the count_intensity profile`;
  });
}

/** rate - k - k log(rate / k), where k = 0 leaves the rate alone, also at rate 0. */
function deviance(rate: Expr, observed: Expr): Expr {
  const seen = greater(observed, 0);
  const ratio = div(select(seen, rate, 1), select(seen, observed, 1));
  return sub(sub(rate, observed), mul(observed, log(ratio)));
}

/** Rows first: ONNX Runtime adds up what it reduces one by one, in float32. */
const sumSample = (x: Expr): Expr => sum(sum(x, [3]), [1, 2]);
