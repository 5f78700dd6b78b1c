// Where network and physics meet: one batch of measurements -> the scalar that training minimises.
import {
  add,
  constant,
  div,
  greater,
  input,
  mul,
  scalar,
  select,
  sqrt,
  stopGradient,
} from "../compute/build-elementwise.js";
import { mean, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import type { Network, NetworkMode, NetworkOutput } from "../model/network.js";
import type { ParameterSpec } from "../model/parameters.js";
import { abs2, type ComplexExpr, mapParts, polar, sumAxis } from "../physics/complex.js";
import { amplitudes, counts, type Domain } from "../physics/domain.js";
import { byExperiment } from "../physics/experiment.js";
import { type ForwardInputs, forwardAmplitude } from "../physics/forward-amplitude.js";
import { forwardRectangular } from "../physics/forward-rectangular.js";
import type { OverlapRule } from "../physics/overlap.js";
import { maskedProbe } from "../physics/probe.js";
import {
  countPoissonLoss,
  maeLoss,
  meanDeviation,
  poissonLoss,
  rectangularMaeLoss,
  rectangularPoissonLoss,
  totalVariation,
} from "./losses.js";
import { teacherTerm } from "./teacher.js";

/**
 * The scale contracts of the original. `amplitude`: normalised amplitudes, coherent modes. `counts`: measured counts,
 * incoherent modes, the CI contract. `legacy_rectangular`: intensity prediction against normalised amplitudes.
 * `supervised`: labels, no physics.
 */
export type Profile = "amplitude" | "counts" | "legacy_rectangular" | "supervised";

export interface Regulariser {
  readonly kind: "Total_Variation" | "Mean_Deviation";
  readonly coefficient: number;
}

export interface ObjectiveSettings {
  readonly profile: Profile;
  readonly loss: "poisson" | "mae";
  /** MAE only: scales each prediction to the energy of its observation first. */
  readonly l2Match: boolean;
  /** The amplitude profile divides the probe by it. */
  readonly probeScale: number;
  readonly physicsGain: number;
  /** Experiments in the data set, each with its own scales. */
  readonly experiments: number;
  /** Leaves the scales of the rectangular profiles where they start. */
  readonly fixedScales?: boolean;
  /** Overlap constraint within a group; none predicts every pattern from its own patch. */
  readonly overlap?: OverlapRule;
  /** [N, N]. */
  readonly probeMask?: NdArray<"float32">;
  readonly amplitudeRegulariser?: Regulariser;
  readonly phaseRegulariser?: Regulariser;
  /** Adds `teacherTerm` for the patches in the units that the physics sees, and its inputs. */
  readonly teacher?: boolean;
}

export interface BatchShape {
  readonly batch: number;
  /** Patterns of a group, C. */
  readonly channels: number;
  readonly N: number;
  /** Probe modes, P. */
  readonly modes: number;
}

/** What the detector values of a profile are. */
export const DOMAIN_OF: { readonly [P in Profile]: Domain } = {
  amplitude: "amplitude",
  counts: "counts",
  legacy_rectangular: "counts",
  supervised: "amplitude",
};

/** Scales that are trained beside the network, by their PyTorch names. */
export function physicsParameters(settings: ObjectiveSettings): ParameterSpec[] {
  if (settings.profile === "amplitude" || settings.profile === "supervised") return [];
  return ["forward_model.rect_scaler.s1", "forward_model.rect_scaler.s2"].map((name) => ({
    name,
    shape: [settings.experiments],
    initial: { kind: "constant", value: 1 },
  }));
}

export interface Objective {
  /** What training minimises, 0-d. */
  readonly loss: Expr;
  /** The loss without the teacher, 0-d. */
  readonly reported: Expr;
  /** Per-sample negative log likelihood [B], or the unreduced absolute error. */
  readonly dataTerm: Expr;
  /** [B, C, N, N] in the domain of the profile; absent for supervised training. */
  readonly prediction?: Expr;
  readonly network: NetworkOutput;
}

/**
 * The loss of one batch. Inputs by name (float32): `diffraction` [B, C, N, N], `input_scale` [B, 1, 1, 1]; with physics
 * `positions` [B, C, 1, 2] = -(coordinate - group mean) in pixels and `probe_re`, `probe_im` [1, 1, P, N, N];
 * `log_gamma` [B] with the Poisson losses; `physics_scale` [B, 1, 1, 1] (amplitude); `output_scale`, `experiment` [B]
 * (rectangular); `mean_intensity` [B] (counts); `label_amplitude`, `label_phase` [B, C, N, N] (supervised).
 */
export function buildObjective(
  settings: ObjectiveSettings,
  shape: BatchShape,
  network: Network,
  parameters: Readonly<Record<string, Expr>>,
  buffers: Readonly<Record<string, Expr>>,
  mode: NetworkMode,
): Objective {
  const { batch, channels, N } = shape;
  const diffraction = input("diffraction", [batch, channels, N, N]);
  const output = network.apply(mul(diffraction, perSample("input_scale", batch)), parameters, mode, buffers);
  const data =
    settings.profile === "supervised"
      ? supervisedTerm(output, shape)
      : physicsTerm(settings, shape, diffraction, output, parameters);
  const reported = [
    regulariserTerm(settings.amplitudeRegulariser, () => amplitudeOf(output)),
    regulariserTerm(settings.phaseRegulariser, () => phaseOf(output)),
  ].reduce((total: Expr, term) => (term === undefined ? total : add(total, term)), data.loss);
  const { teacher, ...term } = data;
  const loss = teacher === undefined ? reported : add(reported, teacher);
  return { ...term, loss, reported, network: output };
}

/** The complex patches a network's output stands for. */
export function patchesOf(output: NetworkOutput): ComplexExpr {
  return output.kind === "real_imag"
    ? { re: output.first, im: output.second }
    : polar(output.first, output.second);
}

type DataTerm = Pick<Objective, "loss" | "dataTerm" | "prediction"> & { readonly teacher?: Expr };

function physicsTerm(
  settings: ObjectiveSettings,
  shape: BatchShape,
  diffraction: Expr,
  output: NetworkOutput,
  parameters: Readonly<Record<string, Expr>>,
): DataTerm {
  const { batch } = shape;
  const forward = forwardInputs(settings, shape, patchesOf(output));
  const logGamma = (): Expr => input("log_gamma", [batch]);
  if (settings.profile === "amplitude") {
    const scale = perSample("physics_scale", batch);
    const observed = amplitudes(mul(diffraction, scale));
    const { prediction } = forwardAmplitude(
      { ...forward, outputScale: perSample("input_scale", batch) },
      { physicsGain: settings.physicsGain },
    );
    const raw = mul(prediction.values, scale);
    const predicted = amplitudes(settings.l2Match ? matchEnergy(raw, observed.values) : raw);
    const dataTerm =
      settings.loss === "poisson"
        ? poissonLoss(predicted, observed, logGamma())
        : maeLoss(predicted, observed);
    const inUnits = (term: Expr): Expr => div(meanInStages(term), brightness(diffraction));
    const unexplained = (): Expr =>
      settings.loss === "poisson" ? poissonLoss(predicted, observed, scalar(0)) : dataTerm;
    return {
      loss: inUnits(dataTerm),
      dataTerm,
      prediction: prediction.values,
      ...taught(settings, forward, forward.patches, () => inUnits(unexplained())),
    };
  }
  const scaleOf = (name: string): Expr =>
    settings.fixedScales ? stopGradient(parameters[name]) : parameters[name];
  const scales = {
    s1: scaleOf("forward_model.rect_scaler.s1"),
    s2: scaleOf("forward_model.rect_scaler.s2"),
    experimentIds: input("experiment", [batch]),
  };
  const { prediction } = forwardRectangular(
    { ...forward, outputScale: perSample("output_scale", batch) },
    scales,
  );
  const observed = counts(diffraction);
  if (settings.profile === "counts") {
    if (settings.loss !== "poisson") {
      throw new PtychoError(
        "UsageError",
        "the count contract needs the Poisson loss; drop --torch-loss-mode mae",
      );
    }
    const dataTerm = countPoissonLoss(prediction, observed, logGamma());
    const inUnits = (term: Expr): Expr => mean(div(term, input("mean_intensity", [batch])));
    const { s1, s2, experimentIds } = scales;
    const seen = {
      re: mul(forward.patches.re, byExperiment(s1, experimentIds)),
      im: mul(forward.patches.im, byExperiment(s2, experimentIds)),
    };
    return {
      loss: inUnits(dataTerm),
      dataTerm,
      prediction: prediction.values,
      ...taught(settings, forward, seen, () => inUnits(countPoissonLoss(prediction, observed, scalar(0)))),
    };
  }
  const dataTerm =
    settings.loss === "poisson"
      ? rectangularPoissonLoss(prediction, observed, logGamma())
      : rectangularMaeLoss(prediction, observed);
  return {
    loss: div(meanInStages(dataTerm), brightness(diffraction)),
    dataTerm,
    prediction: prediction.values,
  };
}

/** The teacher's term for the object that the physics sees; `unexplained` is its misfit in units of the loss, 0 at best. */
function taught(
  settings: ObjectiveSettings,
  { probe, probeMask }: Omit<ForwardInputs, "outputScale">,
  seen: ComplexExpr,
  unexplained: () => Expr,
): Pick<DataTerm, "teacher"> {
  if (settings.teacher !== true) return {};
  const confined = probeMask === undefined ? probe : maskedProbe(probe, probeMask);
  return { teacher: teacherTerm(seen, sumAxis(abs2(confined), 2), unexplained()) };
}

function forwardInputs(
  settings: ObjectiveSettings,
  { batch, channels, N, modes }: BatchShape,
  patches: ComplexExpr,
): Omit<ForwardInputs, "outputScale"> {
  const probe = { re: input("probe_re", [1, 1, modes, N, N]), im: input("probe_im", [1, 1, modes, N, N]) };
  const divisor = settings.profile === "amplitude" ? settings.probeScale : 1;
  return {
    patches,
    positions: input("positions", [batch, channels, 1, 2]),
    probe: mapParts(probe, (part) => (divisor === 1 ? part : div(part, divisor))),
    ...(settings.probeMask === undefined ? {} : { probeMask: constant(settings.probeMask) }),
    ...(settings.overlap === undefined ? {} : { overlap: settings.overlap }),
  };
}

/** 2 sum|amplitude - label| + 4 sum|phase - label|, over everything. */
function supervisedTerm(output: NetworkOutput, { batch, channels, N }: BatchShape): DataTerm {
  if (output.kind !== "amp_phase") {
    throw new PtychoError("UsageError", "supervised training needs cnn_output_mode amp_phase, got real_imag");
  }
  const label = (name: string) => amplitudes(input(name, [batch, channels, N, N]));
  const first = maeLoss(amplitudes(output.first), label("label_amplitude"));
  const second = maeLoss(amplitudes(output.second), label("label_phase"));
  const dataTerm = add(mul(first, 2), mul(second, 4));
  return { loss: sum(sum(dataTerm, [3])), dataTerm };
}

/** Scales each sample of `predicted` to the energy of `observed`. */
function matchEnergy(predicted: Expr, observed: Expr): Expr {
  const energy = (x: Expr): Expr => sum(sum(mul(x, x), [3], true), [1, 2], true);
  return mul(predicted, sqrt(div(energy(observed), add(energy(predicted), 1e-8))));
}

/** Modulus of the patches; gradient 0 where it is 0. */
function amplitudeOf(output: NetworkOutput): Expr {
  if (output.kind === "amp_phase") return output.first;
  const energy = abs2({ re: output.first, im: output.second });
  const lit = greater(energy, 0);
  return select(lit, sqrt(select(lit, energy, 1)), 0);
}

function phaseOf(output: NetworkOutput): Expr {
  if (output.kind === "amp_phase") return output.second;
  throw new PtychoError(
    "UsageError",
    "phase_loss: a phase regulariser needs cnn_output_mode amp_phase, got real_imag; leave phase_loss out",
  );
}

function regulariserTerm(regulariser: Regulariser | undefined, plane: () => Expr): Expr | undefined {
  if (regulariser === undefined) return undefined;
  const values = regulariser.kind === "Total_Variation" ? totalVariation(plane()) : meanDeviation(plane());
  return mul(mean(values), regulariser.coefficient);
}

/** What the losses of the amplitude domain are divided by. */
function brightness(observation: Expr): Expr {
  return add(meanInStages(observation), 1e-8);
}

/** ONNX Runtime adds up a whole float32 array one by one; rows first keeps the rounding small. */
function meanInStages(x: Expr): Expr {
  return x.shape.length > 1 ? mean(mean(x, [x.shape.length - 1])) : mean(x);
}

function perSample(name: string, batch: number): Expr {
  return input(name, [batch, 1, 1, 1]);
}
