// Two further solvers of the dataset-level fit; the one in use is `fittedScales` (inference/fit-scales.ts). They respect
// c = (s1^2, s2^2, s1 s2) directly and keep both scales positive: minimise the mean of
// (s1^2 X1 + s2^2 X2 + s1 s2 X3 - I)^2, a quartic in (s1, s2) known from the streamed statistics.
import type { RectangularScalePair } from "./rect-scaling.js";
import type { VarproStatistics } from "./varpro.js";

/** Value, gradient and Hessian of the objective at one point. */
interface Local {
  readonly value: number;
  readonly gradient: readonly [number, number];
  readonly hessian: readonly [s11: number, s12: number, s22: number];
}

/** Newton's method with step halving that keeps both scales positive. */
export function solvePositiveNewton(statistics: VarproStatistics, maxIterations = 50): RectangularScalePair {
  const LOWEST = 1e-6;
  let [s1, s2] = startOf(statistics);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const { value, gradient, hessian } = objective(statistics, s1, s2);
    const [g1, g2] = gradient;
    const [h11, h12, h22] = hessian;
    const steepness = Math.hypot(g1, g2);
    if (steepness * statistics.pixels < 1e-8) break;
    const determinant = h11 * h22 - h12 * h12;
    const singular = Math.abs(determinant) * statistics.pixels ** 2 < 1e-10;
    const d1 = singular ? (-0.01 * g1) / steepness : (-g1 * h22 + g2 * h12) / determinant;
    const d2 = singular ? (-0.01 * g2) / steepness : (g1 * h12 - g2 * h11) / determinant;
    let length = 1;
    for (let halving = 0; halving < 10; halving++) {
      const [n1, n2] = [s1 + length * d1, s2 + length * d2];
      if (n1 > 0 && n2 > 0 && objective(statistics, n1, n2).value < value) break;
      length /= 2;
    }
    s1 = Math.max(s1 + length * d1, LOWEST);
    s2 = Math.max(s2 + length * d2, LOWEST);
  }
  return [s1, s2];
}

/** Adam with learning rate 0.1 and both scales kept above 1e-6. */
export function solveAdam(
  statistics: VarproStatistics,
  maxIterations = 100,
  learningRate = 0.1,
): RectangularScalePair {
  const scales = startOf(statistics);
  const first = [0, 0];
  const second = [0, 0];
  for (let step = 1; step <= maxIterations; step++) {
    const { gradient } = objective(statistics, scales[0], scales[1]);
    for (const k of [0, 1]) {
      first[k] = 0.9 * first[k] + 0.1 * gradient[k];
      second[k] = 0.999 * second[k] + 0.001 * gradient[k] ** 2;
      const rate = learningRate / (1 - 0.9 ** step);
      const spread = Math.sqrt(second[k] / (1 - 0.999 ** step)) + 1e-8;
      scales[k] = Math.max(scales[k] - (rate * first[k]) / spread, 1e-6);
    }
    if (Math.hypot(...gradient) < 1e-8) break;
  }
  return scales;
}

/** Each scale alone: s_k = sqrt(max(X_k I / X_k X_k, 1e-6)). */
function startOf({ ATA, ATb }: VarproStatistics): [number, number] {
  const alone = (k: number): number => Math.sqrt(Math.max(ATb[k] / (ATA[4 * k] + 1e-10), 1e-6));
  return [alone(0), alone(1)];
}

/** Mean squared residual of coefficients q = (s1^2, s2^2, s1 s2), by the chain rule through q. */
function objective(statistics: VarproStatistics, s1: number, s2: number): Local {
  const { ATA, ATb, sumIntensitySquared, pixels } = statistics;
  const q = [s1 * s1, s2 * s2, s1 * s2];
  const byS1 = [2 * s1, 0, s2];
  const byS2 = [0, 2 * s2, s1];
  const form = (a: readonly number[], b: readonly number[]): number => {
    let total = 0;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) total += a[i] * ATA[3 * i + j] * b[j];
    return total;
  };
  const linear = (a: readonly number[]): number => a[0] * ATb[0] + a[1] * ATb[1] + a[2] * ATb[2];
  // Half the gradient with respect to q, applied to the constant second derivatives of q.
  const residual = (a: readonly number[]): number => form(a, q) - linear(a);
  return {
    value: (form(q, q) - 2 * linear(q) + sumIntensitySquared) / pixels,
    gradient: [(2 * residual(byS1)) / pixels, (2 * residual(byS2)) / pixels],
    hessian: [
      (2 * (form(byS1, byS1) + residual([2, 0, 0]))) / pixels,
      (2 * (form(byS1, byS2) + residual([0, 0, 1]))) / pixels,
      (2 * (form(byS2, byS2) + residual([0, 2, 0]))) / pixels,
    ],
  };
}
