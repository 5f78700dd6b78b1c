// A configuration as the settings of network, objective, optimiser and schedule.
import type { Config } from "../config/fields.js";
import { check } from "../core/errors.js";
import { softProbeMask } from "../data/probe-normalisation.js";
import type { ModelOptions } from "../model/model-options.js";
import { canvasSizeOf } from "../physics/overlap.js";
import { FEATURE_CHANNELS } from "../physics/refinement.js";
import type { ObjectiveSettings, Profile, Regulariser } from "../training/objective.js";
import type { OptimiserSettings } from "../training/optimiser.js";
import { expectScheduler, type ScheduleSettings } from "../training/schedule.js";

type TrainConfig = Config<"train">;

/** The scale contract that a configuration asks for. */
export function profileOf({ model, data }: Pick<TrainConfig, "model" | "data">): Profile {
  if (model.model_type === "supervised") return "supervised";
  if (model.physics_forward_mode === "amplitude") return "amplitude";
  check(
    data.scale_contract_version === "ci_intensity_v2",
    "UsageError",
    () =>
      "physics_forward_mode rectangular_scaled with scale_contract_version legacy_v1 compares intensities with " +
      "amplitudes and is kept for comparison only; train with --profile ci on counts",
  );
  return "counts";
}

/** Patterns that one group feeds to the network. */
export function channelsOf(model: TrainConfig["model"]): number {
  return model.gridsize * model.gridsize;
}

export function modelOptionsOf(model: TrainConfig["model"]): ModelOptions {
  return {
    architecture: model.architecture,
    N: model.N,
    channels: model.architecture === "unrolled" ? FEATURE_CHANNELS : channelsOf(model),
    nFiltersScale: model.n_filters_scale,
    outputKind: model.cnn_output_mode,
    ampActivation: model.amp_activation,
    batchNorm: model.batch_norm,
    probeBig: model.probe_big,
    useSharedDecoder: model.use_shared_decoder,
    cbamEncoder: model.cbam_encoder,
    ecaEncoder: model.eca_encoder,
    cbamBottleneck: model.cbam_bottleneck,
    cbamDecoder: model.cbam_decoder,
    ecaDecoder: model.eca_decoder,
    spatialDecoder: model.spatial_decoder,
    decoderSpatialKernel: model.decoder_spatial_kernel,
    ...(model.use_legacy_decoder_channel_override
      ? {
          legacyDecoder: {
            outerFraction: model.decoder_last_c_outer_fraction,
            amplitudeChannels: model.decoder_last_amp_channels,
          },
        }
      : {}),
  };
}

export function objectiveSettingsOf({ model, data, training }: TrainConfig): ObjectiveSettings {
  const amplitudeRegulariser = regulariser(training.amp_loss, training.amp_loss_coeff);
  const phaseRegulariser = regulariser(training.phase_loss, training.phase_loss_coeff);
  return {
    profile: profileOf({ model, data }),
    loss: groupedLoss(training.torch_loss_mode),
    l2Match: training.torch_mae_pred_l2_match_target,
    probeScale: model.probe_scale,
    physicsGain: model.amplitude_physics_gain,
    fixedScales: !model.rect_s1s2_trainable,
    experiments: 1,
    ...(model.object_big
      ? {
          overlap: {
            weighting: model.training_patch_weighting,
            canvasSize: canvasSizeOf(model.N, model.gridsize, data.max_neighbor_distance),
            support: "tolerant",
          },
        }
      : {}),
    ...(model.probe_mask
      ? {
          probeMask: softProbeMask(model.N, model.probe_mask_sigma, model.probe_mask_diameter ?? model.N / 2),
        }
      : {}),
    ...(amplitudeRegulariser ? { amplitudeRegulariser } : {}),
    ...(phaseRegulariser ? { phaseRegulariser } : {}),
  };
}

export function optimiserSettingsOf(training: TrainConfig["training"]): OptimiserSettings {
  return {
    optimizer: training.optimizer,
    momentum: training.momentum,
    weightDecay: training.weight_decay,
    beta1: training.adam_beta1,
    beta2: training.adam_beta2,
  };
}

export function scheduleSettingsOf(training: TrainConfig["training"]): ScheduleSettings {
  return {
    scheduler: expectScheduler(training.scheduler),
    learningRate: training.learning_rate,
    epochs: training.nepochs,
    lrWarmupEpochs: training.lr_warmup_epochs,
    lrMinRatio: training.lr_min_ratio,
    plateauFactor: training.plateau_factor,
    plateauPatience: training.plateau_patience,
    plateauMinLr: training.plateau_min_lr,
    plateauThreshold: training.plateau_threshold,
  };
}

function regulariser(kind: Regulariser["kind"] | null, coefficient: number): Regulariser | undefined {
  return kind === null ? undefined : { kind, coefficient };
}

function groupedLoss(mode: TrainConfig["training"]["torch_loss_mode"]): ObjectiveSettings["loss"] {
  check(
    mode !== "amplitude_mse",
    "UsageError",
    () => "torch_loss_mode amplitude_mse belongs to architecture unrolled",
  );
  return mode;
}
