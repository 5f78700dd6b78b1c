// The likelihood of measured patterns and its gradients, as one graph over the physics that training uses: object windows
// and moved probes -> exit waves -> far field -> incoherent intensity.
import {
  add,
  div,
  greater,
  greaterEqual,
  input,
  log,
  mul,
  relu,
  select,
  sqrt,
  square,
  sub,
} from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import type { Program } from "../compute/emit.js";
import type { Expr } from "../compute/expr.js";
import type { ComplexExpr } from "../physics/complex.js";
import { incoherentIntensity } from "../physics/diffraction.js";
import { illuminate } from "../physics/probe.js";
import { POISSON_LIMIT } from "./project.js";
import type { NoiseModel } from "./settings.js";

/** Added to modelled intensities, whose mean is 1: a dark pixel's square root has a gradient. As in project.ts. */
const DARK = 1e-12;
/**
 * Below this share of what was observed the Poisson likelihood goes on as a straight line. There the change asked of a
 * far field, (k / I - 1) / 2 of it, reaches the limit that the other engines have.
 */
const TANGENT = 1 / (2 * POISSON_LIMIT + 1);

/** What the likelihood is differentiated with respect to: object windows, moved probes. */
export type Variable = "window" | "probe";

export interface GradientShape {
  /** Patterns of a run, B. */
  readonly batch: number;
  /** Incoherent modes, P. */
  readonly modes: number;
  readonly N: number;
  readonly noise: NoiseModel;
  readonly variables: readonly Variable[];
}

/**
 * Inputs: `window_re`, `window_im` [B, 1, N, N]; `probe_re`, `probe_im` [B, 1, P, N, N]; `measured` [B, 1, N, N],
 * amplitudes with zero frequency at N/2, negative where not measured: such pixels enter nothing.
 *
 * Outputs by pattern, [B]: `loss`, the negative log likelihood of amplitudes with variance 1/4, 2 sum (sqrt(I) - A)^2, or
 * of Poisson counts, less a constant; `misfit`, sum (sqrt(I) - A)^2. And of the summed loss L, dL/dRe and dL/dIm of the
 * variables: `window_re_gradient`, ..., shaped as the inputs.
 */
export function buildGradientProgram({ batch, modes, N, noise, variables }: GradientShape): Program {
  const pair = (name: Variable, shape: readonly number[]): ComplexExpr => ({
    re: input(`${name}_re`, shape),
    im: input(`${name}_im`, shape),
  });
  const waves = {
    window: pair("window", [batch, 1, N, N]),
    probe: pair("probe", [batch, 1, modes, N, N]),
  };
  const measured = input("measured", [batch, 1, N, N]);
  const intensity = add(incoherentIntensity(illuminate(waves.window, waves.probe)).values, DARK);
  const amplitude = relu(measured);
  const difference = square(sub(sqrt(intensity), amplitude));
  const term = noise === "amplitude" ? mul(difference, 2) : poissonDeviance(intensity, square(amplitude));
  const seen = greaterEqual(measured, 0);
  const overMeasured = (values: Expr): Expr => overPattern(select(seen, values, 0));
  const loss = overMeasured(term);
  const parts = variables.flatMap((name): [string, Expr][] => [
    [`${name}_re`, waves[name].re],
    [`${name}_im`, waves[name].im],
  ]);
  const found = gradients(
    sum(loss),
    parts.map(([, part]) => part),
  );
  const outputs = Object.fromEntries(parts.map(([name], i) => [`${name}_gradient`, found[i]]));
  return { outputs: { loss, misfit: overMeasured(difference), ...outputs } };
}

/**
 * Poisson negative log likelihood as its deviance from the observation, rate - k - k log(rate / k); for rates below
 * TANGENT k the tangent there: a bright pixel that the model still leaves dark would pull without bound.
 */
function poissonDeviance(rate: Expr, observed: Expr): Expr {
  const lowest = mul(observed, TANGENT);
  const held = add(lowest, relu(sub(rate, lowest)));
  const any = greater(observed, 0);
  const ratio = select(any, div(held, select(any, observed, 1)), 1);
  const deviance = sub(sub(held, observed), mul(observed, log(ratio)));
  return add(deviance, mul(relu(sub(lowest, rate)), 1 / TANGENT - 1));
}

/** [B, 1, N, N] -> [B]. Rows first: ONNX Runtime adds up what it reduces one by one, in float32. */
const overPattern = (values: Expr): Expr => sum(sum(values, [3]), [1, 2]);
