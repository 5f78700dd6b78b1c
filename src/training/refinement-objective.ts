// The objective of the unrolled network: an object canvas of a spatial cluster of patterns is refined step by step by
// physics and network, every step merges all patterns, and every merged canvas is compared with the measurement.
import { add, div, full, input, mul, square, sub } from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import type { Network } from "../model/network.js";
import { learnedStep } from "../model/refiner.js";
import { type ComplexExpr, mapParts } from "../physics/complex.js";
import { clusterFrame } from "../physics/overlap.js";
import {
  centre,
  INERTIA,
  illumination,
  modelledAmplitude,
  refinementInputs,
  refineWindows,
} from "../physics/refinement.js";
import { teacherTerm } from "./teacher.js";

/** Weight in the loss of a step that is not the last. */
const EARLY_STEP = 0.3;

export interface RefinementSettings {
  /** Refinement steps T. */
  readonly steps: number;
  /** Edge of the central window that is refined, pixels; holds nearly all of the probe. */
  readonly cropPx: number;
  /** Compares every merged canvas [M, M] also with the teacher's, see `teacherTerm`. */
  readonly teacher?: boolean;
}

export interface ClusterShape {
  readonly batch: number;
  readonly N: number;
  readonly modes: number;
  /** Edge M of the cluster's canvas, pixels. */
  readonly canvasPx: number;
}

/**
 * sum_k c_k sum(modelled_k - measured)^2 / sum(measured^2) over the merged canvases k = 1..T, c_T = 1, else 0.3. Further
 * input: `positions` [B, 1, 1, 2] = -(whole-pixel position - canvas centre). With a teacher, `loss` adds its term to every
 * canvas and `reported` stays without. Also the last canvas [M, M], which `refineScan` computes for a scan of any size; a
 * test ties the two.
 */
export function buildRefinementObjective(
  settings: RefinementSettings,
  shape: ClusterShape,
  network: Network,
  parameters: Readonly<Record<string, Expr>>,
): { readonly loss: Expr; readonly reported: Expr; readonly canvas: ComplexExpr } {
  const { batch, N, modes, canvasPx } = shape;
  const data = refinementInputs(batch, modes, N);
  const learned = learnedStep(network, parameters);
  const positions = input("positions", [batch, 1, 1, 2]);
  const whole = clusterFrame(positions, N, canvasPx);
  const core = clusterFrame(positions, settings.cropPx, canvasPx);
  const weight = centre(illumination(data.probe), settings.cropPx);
  const inertia = mul(data.probePeak, INERTIA);
  const light = core.place(weight);
  const total = add(light, inertia);
  const merged = (old: Expr, windows: Expr): Expr =>
    div(add(core.place(mul(windows, weight)), mul(old, inertia)), total);
  const energy = sum(square(data.amplitude));
  const misfit = (modelled: Expr): Expr => div(sum(square(sub(modelled, data.amplitude))), energy);
  let canvas: ComplexExpr = { re: full([canvasPx, canvasPx], 1), im: full([canvasPx, canvasPx], 0) };
  const terms: Expr[] = [];
  const lessons: Expr[] = [];
  /** Closes a step: its canvas and the amplitudes modelled from it. */
  const judge = (modelled: Expr, share: number): void => {
    const unexplained = misfit(modelled);
    const shared = (term: Expr): Expr => (share === 1 ? term : mul(term, share));
    terms.push(shared(unexplained));
    if (settings.teacher === true) lessons.push(shared(teacherTerm(canvas, light, unexplained)));
  };
  for (let step = 0; step < settings.steps; step++) {
    const { windows, modelled } = refineWindows(mapParts(canvas, whole.cut), data, learned, settings.cropPx);
    if (step > 0) judge(modelled, EARLY_STEP);
    canvas = { re: merged(canvas.re, windows.re), im: merged(canvas.im, windows.im) };
  }
  judge(modelledAmplitude(mapParts(canvas, whole.cut), data.probe), 1);
  const together = (parts: readonly Expr[]): Expr => parts.reduce((total, part) => add(total, part));
  const reported = together(terms);
  return { loss: lessons.length === 0 ? reported : add(reported, together(lessons)), reported, canvas };
}
