// The rectangular profile: real and imaginary part of the object have their own scale, and the prediction is an
// intensity in counts, incoherent over modes.
import { add, mul } from "../compute/build-elementwise.js";
import type { Expr } from "../compute/expr.js";
import { abs2, type ComplexExpr, insertAxis, mapParts, splitParts, sumAxis, timesI } from "./complex.js";
import { farField, incoherentIntensity } from "./diffraction.js";
import type { Counts } from "./domain.js";
import { byExperiment } from "./experiment.js";
import { agreedPatches, type ForwardInputs } from "./forward-amplitude.js";
import type { MergedCanvas } from "./overlap.js";
import { illuminate, maskedProbe } from "./probe.js";

export interface RectangularScales {
  /** [D]. */
  readonly s1: Expr;
  /** [D]. */
  readonly s2: Expr;
  /** [B], whole numbers as float32. */
  readonly experimentIds: Expr;
}

export interface RectangularForward {
  readonly merged: MergedCanvas | undefined;
  /** The patches the prediction was made from, [B, C, N, N]. */
  readonly patches: ComplexExpr;
  /** [B, C, N, N]. */
  readonly prediction: Counts;
}

/**
 * sum_p |DFT_ortho(scale (s1 P_p Re x + i s2 P_p Im x))|^2, with s1 and s2 of the sample's experiment.
 * A sum of squares: nothing needs to be clamped at zero.
 */
export function forwardRectangular(inputs: ForwardInputs, scales: RectangularScales): RectangularForward {
  const { merged, patches } = agreedPatches(inputs);
  const { s1, s2, experimentIds } = scales;
  const scaled = {
    re: mul(patches.re, mul(inputs.outputScale, byExperiment(s1, experimentIds))),
    im: mul(patches.im, mul(inputs.outputScale, byExperiment(s2, experimentIds))),
  };
  const exitWaves = illuminate(scaled, inputs.probe, inputs.probeMask);
  return { merged, patches, prediction: incoherentIntensity(exitWaves) };
}

/** Fields of the real and of the imaginary part alone, and the images their scales multiply. */
export interface RectangularBasis {
  /** DFT_ortho(P Re x scale), [B, C, P, N, N]. */
  readonly psiA: ComplexExpr;
  /** DFT_ortho(i P Im x scale), [B, C, P, N, N]. */
  readonly psiB: ComplexExpr;
  /** sum_p |psiA|^2, sum_p |psiB|^2 and sum_p 2 Re(psiA conj psiB), each [B, C, N, N]. */
  readonly images: readonly [Expr, Expr, Expr];
}

/**
 * The basis of I = s1^2 X1 + s2^2 X2 + s1 s2 X3 for patches [B, C, N, N], probe [B|1, C|1, P, N, N] and a `scale` that
 * broadcasts against the exit waves.
 */
export function rectangularBasis(
  patches: ComplexExpr,
  probe: ComplexExpr,
  options: { readonly scale?: Expr; readonly mask?: Expr } = {},
): RectangularBasis {
  const confined = options.mask === undefined ? probe : maskedProbe(probe, options.mask);
  const { scale } = options;
  const light = scale === undefined ? confined : mapParts(confined, (part) => mul(part, scale));
  const fieldOf = (part: Expr): ComplexExpr =>
    splitParts(farField(mapParts(light, (mode) => mul(mode, insertAxis(part, 2)))));
  const psiA = fieldOf(patches.re);
  const psiB = timesI(fieldOf(patches.im));
  const cross = mul(add(mul(psiA.re, psiB.re), mul(psiA.im, psiB.im)), 2);
  return {
    psiA,
    psiB,
    images: [sumAxis(abs2(psiA), 2), sumAxis(abs2(psiB), 2), sumAxis(cross, 2)],
  };
}
