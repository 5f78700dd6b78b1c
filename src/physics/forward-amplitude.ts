// The amplitude profile: object patches -> (overlap) -> exit waves -> detector amplitude in the scale of the data.
import { add, div, exp, mul } from "../compute/build-elementwise.js";
import type { Expr } from "../compute/expr.js";
import type { ComplexExpr } from "./complex.js";
import { coherentAmplitude } from "./diffraction.js";
import { type Amplitudes, amplitudes } from "./domain.js";
import { byExperiment } from "./experiment.js";
import { extractPatches, type MergedCanvas, mergePatches, type OverlapRule } from "./overlap.js";
import { illuminate } from "./probe.js";

/** What both original profiles read. */
export interface ForwardInputs {
  /** Object patches from the network, [B, C, N, N]. */
  readonly patches: ComplexExpr;
  /** [B, C, 1, 2] = (x, y) pixels, -(coordinate - group mean). */
  readonly positions: Expr;
  /** [B|1, C|1, P, N, N]. */
  readonly probe: ComplexExpr;
  /** [N, N]; none leaves the probe as it is. */
  readonly probeMask?: Expr;
  /** How the patches of a group are merged; none predicts every pattern from its own patch. */
  readonly overlap?: OverlapRule;
  /** [B, 1, 1, 1]. */
  readonly outputScale: Expr;
}

export interface AmplitudeScales {
  /** Fixed factor on the predicted amplitude; default 1. */
  readonly physicsGain?: number;
  /** Trained scale: replaces `outputScale` by exp(logIntensityScale), then alpha * prediction + beta per experiment. */
  readonly trained?: {
    /** 0-d. */
    readonly logIntensityScale: Expr;
    /** [D]. */
    readonly alpha: Expr;
    /** [D]. */
    readonly beta: Expr;
    /** [B], whole numbers as float32. */
    readonly experimentIds: Expr;
  };
}

export interface AmplitudeForward {
  readonly merged: MergedCanvas | undefined;
  /** The patches the prediction was made from, [B, C, N, N]. */
  readonly patches: ComplexExpr;
  /** Exit waves [B, C, P, N, N]. */
  readonly illuminated: ComplexExpr;
  /** [B, C, N, N]. */
  readonly prediction: Amplitudes;
}

/** Predicted amplitude: coherent sum of the modes / output scale * gain. */
export function forwardAmplitude(inputs: ForwardInputs, scales: AmplitudeScales = {}): AmplitudeForward {
  const { merged, patches } = agreedPatches(inputs);
  const illuminated = illuminate(patches, inputs.probe, inputs.probeMask);
  const detected = coherentAmplitude(illuminated).values;
  const { physicsGain = 1, trained } = scales;
  const scale = trained ? exp(trained.logIntensityScale) : inputs.outputScale;
  const scaled = mul(detected, div(physicsGain, scale));
  return { merged, patches, illuminated, prediction: amplitudes(trained ? affine(scaled, trained) : scaled) };
}

/** The patches after the overlap constraint, or as they are without one. */
export function agreedPatches(inputs: ForwardInputs): {
  readonly merged: MergedCanvas | undefined;
  readonly patches: ComplexExpr;
} {
  const { patches, positions, probe, overlap } = inputs;
  if (overlap === undefined) return { merged: undefined, patches };
  const merged = mergePatches(patches, positions, probe, overlap);
  return {
    merged,
    patches: extractPatches(merged.canvas, positions, patches.re.shape[2], overlap.support),
  };
}

function affine(prediction: Expr, trained: NonNullable<AmplitudeScales["trained"]>): Expr {
  const { alpha, beta, experimentIds } = trained;
  return add(mul(byExperiment(alpha, experimentIds), prediction), byExperiment(beta, experimentIds));
}
