// Parity of the losses and of the tie and kink conventions of the ops with the PyTorch original.
import { abs, clampMin, input, mul, relu } from "../../src/compute/build-elementwise.js";
import { maxPool2, upsample2 } from "../../src/compute/build-linear.js";
import { max, sum } from "../../src/compute/build-shape.js";
import { gradients } from "../../src/compute/differentiate.js";
import { evaluate } from "../../src/compute/evaluate.js";
import type { Expr } from "../../src/compute/expr.js";
import { isPtychoError } from "../../src/core/errors.js";
import { float32, type NdArray } from "../../src/core/ndarray.js";
import { amplitudes, counts, type Domain } from "../../src/physics/domain.js";
import { logGammaConstant } from "../../src/training/log-gamma.js";
import {
  countPoissonLoss,
  expectCounts,
  expectWholeCounts,
  maeLoss,
  meanDeviation,
  poissonLoss,
  rectangularMaeLoss,
  rectangularPoissonLoss,
  totalVariation,
} from "../../src/training/losses.js";
import { compareAll, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CheckResult } from "./check.js";
import { feedsOf, realInput, runCase } from "./graph-case.js";

interface LossCase {
  readonly value: (pred: Expr, raw: Expr, constant: Expr) => Expr;
  /** What the observation is; none for losses without one. */
  readonly observed?: Domain;
  readonly expect?: (raw: NdArray<"float32">) => void;
}

const LOSSES: Readonly<Record<string, LossCase>> = {
  poisson: { value: (p, r, c) => poissonLoss(amplitudes(p), amplitudes(r), c), observed: "amplitude" },
  mae: { value: (p, r) => maeLoss(amplitudes(p), amplitudes(r)), observed: "amplitude" },
  ci_poisson: {
    value: (p, r, c) => countPoissonLoss(counts(p), counts(r), c),
    observed: "counts",
    expect: expectCounts,
  },
  rect_poisson: {
    value: (p, r, c) => rectangularPoissonLoss(counts(p), counts(r), c),
    observed: "counts",
    expect: expectWholeCounts,
  },
  rect_mae: { value: (p, r) => rectangularMaeLoss(counts(p), counts(r)), observed: "counts" },
  tv: { value: (p) => totalVariation(p) },
  mean_deviation: { value: (p) => meanDeviation(p) },
};

export const lossChecks: Readonly<Record<string, CaseCheck>> = {
  loss: async (json, arrays) => {
    const loss = LOSSES[json.config.loss];
    if (loss === undefined) {
      return [{ name: "loss", passed: false, detail: `unknown loss ${json.config.loss}` }];
    }
    const pred = realInput(arrays, "pred");
    const raw = loss.observed ? realInput(arrays, "raw") : pred;
    const value = loss.value(pred, raw, input("constant", [pred.shape[0]]));
    const [gradPred] = gradients(sum(mul(realInput(arrays, "cot"), value)), [pred]);
    const feeds: Record<string, NdArray> = {};
    const results: CheckResult[] = [];
    if (loss.observed) {
      const observation = realOf(arrays.raw) as NdArray<"float32">;
      if (loss.expect) results.push(acceptance(loss.expect, observation));
      feeds.constant = logGammaConstant(observation, loss.observed);
    }
    const outputs = await runCase(arrays, { value, grad_pred: gradPred }, feeds);
    return [...compareAll(json, arrays, outputs), ...results];
  },

  op_conventions: async (json, arrays) => {
    const outputs = conventionOutputs(arrays);
    const interpreted = evaluate(Object.values(outputs), feedsOf(arrays));
    const byEvaluator = Object.fromEntries(Object.keys(outputs).map((name, i) => [name, interpreted[i]]));
    const label = (results: CheckResult[], reader: string): CheckResult[] =>
      results.map((result) => ({ ...result, name: `${result.name} (${reader})` }));
    return [
      ...label(compareAll(json, arrays, byEvaluator), "evaluator"),
      ...label(compareAll(json, arrays, await runCase(arrays, outputs)), "runtime"),
    ];
  },
};

function conventionOutputs(arrays: CaseArrays): Record<string, Expr> {
  const x = realInput(arrays, "x");
  const pool = maxPool2(x);
  const up = upsample2(x);
  const pulled = (y: Expr, cotangent: string): Expr =>
    gradients(sum(mul(realInput(arrays, cotangent), y)), [x])[0];
  return {
    pool,
    up,
    d_pool: pulled(pool, "g_pool"),
    d_global: pulled(max(x, [2, 3], true), "g_global"),
    d_chan: pulled(max(x, [1]), "g_chan"),
    d_relu: pulled(relu(x), "g_x"),
    d_abs: pulled(abs(x), "g_x"),
    d_clamp: pulled(clampMin(x, 0), "g_x"),
    d_up: pulled(up, "g_up"),
  };
}

/** A valid observation passes and the same one with a negative entry is refused. */
function acceptance(expect: (raw: NdArray<"float32">) => void, observation: NdArray<"float32">): CheckResult {
  const spoiled = float32(
    observation.shape,
    Float32Array.from(observation.data, (v, i) => (i === 0 ? -1 : v)),
  );
  try {
    expect(observation);
  } catch (error) {
    return { name: "observation accepted", passed: false, detail: String(error) };
  }
  try {
    expect(spoiled);
  } catch (error) {
    return { name: "negative refused", passed: isPtychoError(error, "DataError"), detail: String(error) };
  }
  return { name: "negative refused", passed: false, detail: "a negative count was accepted" };
}
