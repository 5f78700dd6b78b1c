// How a training case of the PyTorch original is put to our objective: its configuration, its batch, its weights.
import type { Expr } from "../../src/compute/expr.js";
import type { NdArray } from "../../src/core/ndarray.js";
import { softProbeMask } from "../../src/data/probe-normalisation.js";
import type { Network, NetworkMode } from "../../src/model/network.js";
import { layoutOf, type ParameterLayout, packParameters } from "../../src/model/parameters.js";
import { buildNetwork } from "../../src/model/registry.js";
import { optionsFromTorch } from "../../src/model/torch-model-config.js";
import { canvasSizeOf, type OverlapRule } from "../../src/physics/overlap.js";
import {
  type BatchShape,
  buildObjective,
  type Objective,
  type ObjectiveSettings,
  type Profile,
  physicsParameters,
  type Regulariser,
} from "../../src/training/objective.js";
import type { OptimiserSettings } from "../../src/training/optimiser.js";
import type { CaseArrays, CaseJson } from "./check.js";
import { asFloat32 } from "./training-feeds.js";

/** Everything of one variant that does not depend on the batch. */
export interface TrainingSetup {
  readonly settings: ObjectiveSettings;
  readonly network: Network;
  readonly layout: ParameterLayout;
  /** The weights of the case [layout.size]. */
  readonly weights: Float32Array;
  readonly buffers: Readonly<Record<string, NdArray<"float32">>>;
  build(
    shape: BatchShape,
    parameters: Readonly<Record<string, Expr>>,
    buffers: Readonly<Record<string, Expr>>,
    mode?: NetworkMode,
  ): Objective;
}

/** The original nests our names: the network as `model.autoencoder`, the trained scales in `model`. */
export function torchName(name: string): string {
  return name.startsWith("forward_model.") ? `model.${name}` : `model.autoencoder.${name}`;
}

/** `config` holds model_config, data_config and training_config of the original, without its defaults. */
export function setUp(config: CaseJson, arrays: CaseArrays): TrainingSetup {
  refuseUnknown(config);
  const { model_config: model, data_config: data } = config;
  const settings = settingsOf(config);
  const network = buildNetwork(optionsFromTorch(model, { N: 64, ...data }));
  const layout = layoutOf([...network.parameters, ...physicsParameters(settings)]);
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, asFloat32(arrays[torchName(name)])]));
  return {
    settings,
    network,
    layout,
    weights: packParameters(layout, named(layout.entries.map(({ name }) => name))),
    buffers: named(network.buffers.map(({ name }) => name)),
    build: (shape, parameters, buffers, mode = "train") =>
      buildObjective(settings, shape, network, parameters, buffers, mode),
  };
}

function settingsOf({
  model_config: model,
  data_config: data,
  training_config: training,
}: CaseJson): ObjectiveSettings {
  const profile = profileOf(model, data);
  const overlap = profile === "supervised" ? undefined : overlapOf(model, data);
  const mask =
    model.probe_mask === true
      ? softProbeMask(
          data.N ?? 64,
          model.probe_mask_sigma ?? 1,
          model.probe_mask_diameter ?? (data.N ?? 64) / 2,
        )
      : undefined;
  const amplitude = regulariserOf(model.amp_loss, model.amp_loss_coeff);
  const phase = regulariserOf(model.phase_loss, model.phase_loss_coeff);
  return {
    profile,
    loss: training.torch_loss_mode ?? "poisson",
    l2Match: training.torch_mae_pred_l2_match_target ?? false,
    probeScale: data.probe_scale ?? 4,
    physicsGain: model.amplitude_physics_gain ?? 1,
    experiments: model.num_datasets ?? 1,
    ...(model.rect_s1s2_trainable === false ? { fixedScales: true } : {}),
    ...(overlap && { overlap }),
    ...(mask && { probeMask: mask }),
    ...(amplitude && { amplitudeRegulariser: amplitude }),
    ...(phase && { phaseRegulariser: phase }),
  };
}

function profileOf(model: CaseJson, data: CaseJson): Profile {
  if (model.mode === "Supervised") return "supervised";
  if (model.physics_forward_mode !== "rectangular_scaled") return "amplitude";
  return data.scale_contract_version === "legacy_v1" ? "legacy_rectangular" : "counts";
}

function overlapOf(model: CaseJson, data: CaseJson): OverlapRule | undefined {
  if (model.object_big === false) return undefined;
  return {
    weighting: model.training_patch_weighting ?? "central_mask",
    canvasSize: canvasSizeOf(data.N ?? 64, (data.grid_size ?? [2, 2])[0], data.max_neighbor_distance ?? 3),
    support: "legacy",
  };
}

function regulariserOf(
  kind: Regulariser["kind"] | null | undefined,
  coefficient = 1,
): Regulariser | undefined {
  return kind ? { kind, coefficient } : undefined;
}

/** What would change the numbers and is not read here must not pass unseen. */
function refuseUnknown({
  model_config: model,
  training_config: training,
  lightning_kwargs: kwargs,
}: CaseJson): void {
  if (model.intensity_scale_trainable === true) throw new Error("intensity_scale_trainable is not offered");
  if ((training.accum_steps ?? 1) !== 1) throw new Error("accum_steps of a case: expected 1");
  if (kwargs !== undefined && Object.keys(kwargs).length > 0)
    throw new Error(`lightning_kwargs are not read: ${Object.keys(kwargs)}`);
}

/** The original's optimiser fields with its defaults. */
export function optimiserSettings(training: CaseJson): OptimiserSettings {
  return {
    optimizer: training.optimizer ?? "adam",
    momentum: training.momentum ?? 0.9,
    weightDecay: training.weight_decay ?? 0,
    beta1: training.adam_beta1 ?? 0.9,
    beta2: training.adam_beta2 ?? 0.999,
  };
}
