// Limited-memory BFGS with a line search for the strong Wolfe conditions (Nocedal & Wright, alg. 3.5, 3.6 and 7.4).
// Step rules and tolerances are those of PyTorch's optimiser, so that a flat minimum is left at the same point.

/** A point's value and gradient. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: readonly number[];
}

export type Objective = (x: readonly number[]) => Evaluation;

const GRADIENT_TOLERANCE = 1e-7;
const CHANGE_TOLERANCE = 1e-9;
const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const MAX_SEARCH_STEPS = 25;

/** A point reached from `start`, at most `maxIterations` search directions and 5/4 as many evaluations later. */
export function minimiseLbfgs(
  objective: Objective,
  start: readonly number[],
  maxIterations: number,
): number[] {
  const maxEvaluations = Math.floor((maxIterations * 5) / 4);
  let x = [...start];
  let here = objective(x);
  let evaluations = 1;
  if (largest(here.gradient) <= GRADIENT_TOLERANCE) return x;
  const pairs: Pair[] = [];
  let scale = 1;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const direction = searchDirection(here.gradient, pairs, scale);
    const slope = dot(here.gradient, direction);
    if (slope > -CHANGE_TOLERANCE) break;
    const first =
      iteration === 1 ? Math.min(1, 1 / here.gradient.reduce((sum, g) => sum + Math.abs(g), 0)) : 1;
    const from = x;
    const along = (step: number): Trial => {
      evaluations++;
      const found = objective(moved(from, step, direction));
      return { step, ...found, slope: dot(found.gradient, direction) };
    };
    const reached = searchLine(along, { ...here, step: 0, slope }, first, largest(direction));
    const previous = here;
    here = { value: reached.value, gradient: reached.gradient };
    x = moved(from, reached.step, direction);
    const change = direction.map((d) => d * reached.step);
    if (largest(here.gradient) <= GRADIENT_TOLERANCE || evaluations >= maxEvaluations) break;
    if (largest(change) <= CHANGE_TOLERANCE) break;
    if (Math.abs(here.value - previous.value) < CHANGE_TOLERANCE) break;
    const turn = here.gradient.map((g, i) => g - previous.gradient[i]);
    const curvature = dot(turn, change);
    if (curvature > 1e-10) {
      pairs.push({ change, turn, rho: 1 / curvature });
      scale = curvature / dot(turn, turn);
    }
  }
  return x;
}

/** A step taken and how the gradient turned along it; rho is 1 / (turn . change). */
interface Pair {
  readonly change: readonly number[];
  readonly turn: readonly number[];
  readonly rho: number;
}

/** -H g by the two-loop recursion, H starting as scale x identity. */
function searchDirection(gradient: readonly number[], pairs: readonly Pair[], scale: number): number[] {
  let q = gradient.map((g) => -g);
  const alphas = new Array<number>(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    alphas[i] = pairs[i].rho * dot(pairs[i].change, q);
    q = moved(q, -alphas[i], pairs[i].turn);
  }
  q = q.map((value) => value * scale);
  pairs.forEach(({ change, turn, rho }, i) => {
    q = moved(q, alphas[i] - rho * dot(turn, q), change);
  });
  return q;
}

/** A place on the search line: step, value, gradient there, and its component along the line. */
interface Trial extends Evaluation {
  readonly step: number;
  readonly slope: number;
}

/** Brackets a step that meets the strong Wolfe conditions, then closes in on it. */
function searchLine(
  along: (step: number) => Trial,
  origin: Trial,
  firstStep: number,
  directionSize: number,
): Trial {
  const tooHigh = (trial: Trial): boolean =>
    trial.value > origin.value + SUFFICIENT_DECREASE * trial.step * origin.slope;
  const flat = (trial: Trial): boolean => Math.abs(trial.slope) <= -CURVATURE * origin.slope;
  let previous = origin;
  let trial = along(firstStep);
  let searched = 0;
  let bracket: [Trial, Trial] | undefined;
  for (; searched < MAX_SEARCH_STEPS; searched++) {
    if (
      tooHigh(trial) ||
      (searched > 1 && trial.value >= previous.value) ||
      (trial.slope >= 0 && !flat(trial))
    ) {
      bracket = [previous, trial];
      break;
    }
    if (flat(trial)) return trial;
    const lowest = trial.step + 0.01 * (trial.step - previous.step);
    const next = along(cubicMinimum(previous, trial, lowest, trial.step * 10));
    previous = trial;
    trial = next;
  }
  bracket ??= [origin, trial];
  let stalled = false;
  for (; searched < MAX_SEARCH_STEPS; searched++) {
    const [a, b] = bracket;
    const [left, right] = a.step <= b.step ? [a.step, b.step] : [b.step, a.step];
    if ((right - left) * directionSize < CHANGE_TOLERANCE) break;
    let step = cubicMinimum(a, b, left, right);
    const margin = 0.1 * (right - left);
    const nearEdge = Math.min(right - step, step - left) < margin;
    if (nearEdge && (stalled || step >= right || step <= left)) {
      step = Math.abs(step - right) < Math.abs(step - left) ? right - margin : left + margin;
      stalled = false;
    } else stalled = nearEdge;
    trial = along(step);
    const low = a.value <= b.value ? 0 : 1;
    if (tooHigh(trial) || trial.value >= bracket[low].value) {
      bracket[1 - low] = trial;
      continue;
    }
    if (flat(trial)) return trial;
    if (trial.slope * (bracket[1 - low].step - bracket[low].step) >= 0) bracket[1 - low] = bracket[low];
    bracket[low] = trial;
  }
  return bracket[0].value <= bracket[1].value ? bracket[0] : bracket[1];
}

/** Minimum of the cubic through two values and slopes, confined to [lowest, highest]; the middle if there is none. */
function cubicMinimum(a: Trial, b: Trial, lowest: number, highest: number): number {
  const [p, q] = a.step <= b.step ? [a, b] : [b, a];
  const d1 = p.slope + q.slope - (3 * (p.value - q.value)) / (p.step - q.step);
  const square = d1 * d1 - p.slope * q.slope;
  if (!(square >= 0)) return (lowest + highest) / 2;
  const d2 = Math.sqrt(square);
  const minimum = q.step - (q.step - p.step) * ((q.slope + d2 - d1) / (q.slope - p.slope + 2 * d2));
  return Math.min(Math.max(minimum, lowest), highest);
}

function moved(x: readonly number[], step: number, direction: readonly number[]): number[] {
  return x.map((value, i) => value + step * direction[i]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function largest(x: readonly number[]): number {
  return x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
