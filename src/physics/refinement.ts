// One refinement step of an object estimate by the measured amplitudes, as a parallel ePIE makes it (Maiden & Rodenburg
// 2009; regularised denominator as rPIE, Maiden et al. 2017), and what a network is shown of it.
import { add, clampMin, div, input, mul, sqrt, square, sub } from "../compute/build-elementwise.js";
import { broadcastTo, concat, mean, slice, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { abs2, type ComplexExpr, insertAxis, mapParts, splitParts, sumAxis } from "./complex.js";
import { centredDft, orthoScale } from "./dft.js";
import { farField } from "./diffraction.js";
import { illuminate } from "./probe.js";

/** Share of the peak illumination in the denominator of the update. */
const REGULARISATION = 0.3;
/** Added to modelled intensities of order one, so that dark pixels divide. */
const DARK = 1e-8;
/** Weight of the old canvas in a merge of refined windows, as a share of the peak illumination. */
export const INERTIA = 1e-3;
/** Channels of `refinementFeatures`. */
export const FEATURE_CHANNELS = 6;

/** What was measured in a batch of patterns, in units in which an object of 1 predicts the mean energy N^2. */
export interface RefinementData {
  /** Measured amplitudes [B, 1, N, N]. */
  readonly amplitude: Expr;
  /** Probe of every pattern, moved to its sub-pixel position: [B, 1, P, N, N]. */
  readonly probe: ComplexExpr;
  /** Largest value of sum_p |P_p|^2 of the scan, [1]. */
  readonly probePeak: Expr;
}

/** Intensity of the light that fell on every pixel, sum_p |P_p|^2: [B, 1, N, N]. */
export function illumination(probe: ComplexExpr): Expr {
  return sumAxis(abs2(probe), 2);
}

interface BackProjection {
  /** Modelled amplitudes [B, 1, N, N], incoherent over modes. */
  readonly modelled: Expr;
  /** Change of the object that the measured amplitudes ask for, [B, 1, N, N]. */
  readonly update: ComplexExpr;
}

/** Amplitudes that object windows [B, 1, N, N] predict: sqrt(sum_p |DFT_ortho(P_p O)|^2 + 1e-8). */
export function modelledAmplitude(window: ComplexExpr, probe: ComplexExpr): Expr {
  return amplitudeOf(farField(illuminate(window, probe)));
}

/** sum_p conj(P_p) DFT^-1(Psi_p (A / |Psi| - 1)) / (0.7 sum_p |P_p|^2 + 0.3 peak). */
function backProject(window: ComplexExpr, data: RefinementData): BackProjection {
  const { amplitude, probe, probePeak } = data;
  const far = farField(illuminate(window, probe));
  const modelled = amplitudeOf(far);
  const factor = sub(div(amplitude, modelled), 1);
  const [height, width] = factor.shape.slice(-2);
  const change = splitParts(
    centredDft(mul(far, insertAxis(insertAxis(factor, 2), 3)), {
      scale: orthoScale(height, width),
      inverse: true,
    }),
  );
  const divisor = add(mul(illumination(probe), 1 - REGULARISATION), mul(probePeak, REGULARISATION));
  const towards = {
    re: add(mul(probe.re, change.re), mul(probe.im, change.im)),
    im: sub(mul(probe.re, change.im), mul(probe.im, change.re)),
  };
  return { modelled, update: mapParts(towards, (part) => div(sumAxis(part, 2), divisor)) };
}

/** What a network adds to a step: correction [B, 1, c, c] for its features, and the share [1] of the update taken. */
export interface LearnedStep {
  readonly correct: (features: Expr) => ComplexExpr;
  readonly stepSize: Expr;
}

/** One step for object windows [B, 1, N, N]: O + stepSize * update + correction, in the central c x c pixels. */
export function refineWindows(
  window: ComplexExpr,
  data: RefinementData,
  learned: LearnedStep,
  cropPx: number,
): { readonly windows: ComplexExpr; readonly modelled: Expr } {
  const { modelled, update } = backProject(window, data);
  const correction = learned.correct(refinementFeatures(window, update, data, cropPx));
  const refine = (old: Expr, change: Expr, added: Expr): Expr =>
    add(add(centre(old, cropPx), mul(centre(change, cropPx), learned.stepSize)), added);
  return {
    modelled,
    windows: {
      re: refine(window.re, update.re, correction.re),
      im: refine(window.im, update.im, correction.im),
    },
  };
}

/** The measurement inputs of a batch: `amplitude`, `probe_re`, `probe_im`, `probe_peak`. */
export function refinementInputs(batch: number, modes: number, N: number): RefinementData {
  return {
    amplitude: input("amplitude", [batch, 1, N, N]),
    probe: {
      re: input("probe_re", [batch, 1, modes, N, N]),
      im: input("probe_im", [batch, 1, modes, N, N]),
    },
    probePeak: input("probe_peak", [1]),
  };
}

/**
 * What a network sees of a step, [B, 6, c, c] in the central c x c pixels: Re O - 1, Im O, twice the update's parts, the
 * relative probe amplitude, and the pattern's energy against the mean.
 */
function refinementFeatures(
  window: ComplexExpr,
  update: ComplexExpr,
  data: RefinementData,
  cropPx: number,
): Expr {
  const [batch] = window.re.shape;
  const relative = sqrt(clampMin(div(illumination(data.probe), data.probePeak), 1e-12));
  const energy = sub(mean(square(data.amplitude), [2, 3], true), 1);
  const planes = [sub(window.re, 1), window.im, mul(update.re, 2), mul(update.im, 2), relative];
  return concat(
    [...planes.map((plane) => centre(plane, cropPx)), broadcastTo(energy, [batch, 1, cropPx, cropPx])],
    1,
  );
}

/** The central c x c pixels of [B, C, N, N]. */
export function centre(plane: Expr, cropPx: number): Expr {
  const [batch, channels, height, width] = plane.shape;
  const [top, left] = [(height - cropPx) / 2, (width - cropPx) / 2];
  return slice(plane, [0, 0, top, left], [batch, channels, top + cropPx, left + cropPx]);
}

/** [B, 1, P, 2, N, N] -> [B, 1, N, N]. */
function amplitudeOf(far: Expr): Expr {
  return sqrt(add(sum(square(far), [2, 3]), DARK));
}
