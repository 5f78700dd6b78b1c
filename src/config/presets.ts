// Named bundles of field values: presets, which anything explicit overrides, and the original's profile `ci`.
import { nearestName, PtychoError } from "../core/errors.js";
import type { Values } from "./fields.js";

export interface Preset {
  readonly help: string;
  readonly values: Readonly<Partial<Values<"train">>>;
}

/** The presets by name. A new one is one entry here: only the fields it decides. */
export const presets: Readonly<Record<string, Preset>> = {
  parity: {
    help: "network, objective and schedule of the PyTorch original's training command",
    values: {
      gridsize: 2,
      n_filters_scale: 2,
      model_type: "pinn",
      architecture: "cnn",
      amp_activation: "silu",
      cnn_output_mode: "amp_phase",
      probe_big: true,
      probe_mask: false,
      probe_scale: 4,
      use_shared_decoder: false,
      batch_norm: false,
      cbam_encoder: true,
      training_patch_weighting: "central_mask",
      physics_forward_mode: "amplitude",
      amplitude_physics_gain: 1,
      n_groups: 512,
      neighbor_count: 6,
      max_neighbor_distance: 3,
      nepochs: 100,
      batch_size: 16,
      torch_loss_mode: "poisson",
      amp_loss: null,
      phase_loss: null,
      learning_rate: 1e-3,
      optimizer: "adam",
      weight_decay: 0,
      gradient_clip_val: null,
      scheduler: "Default",
      accum_steps: 1,
    },
  },
  canonical: {
    help: "defaults of the original's command ptycho_train, where they differ from those of its PyTorch command",
    values: {
      gridsize: 1,
      neighbor_count: 4,
      nepochs: 50,
      amp_activation: "sigmoid",
      object_big: true,
    },
  },
  unrolled: {
    help: "the best picture, in a few minutes on two cores at N = 64: a small network unrolled over four steps of the physics",
    values: {
      architecture: "unrolled",
      unrolled_steps: 4,
      n_filters_scale: 2,
      gridsize: 1,
      torch_loss_mode: "amplitude_mse",
      nepochs: 12,
      batch_size: 32,
      validation_split: 0,
      checkpoint_monitor_metric: "train_loss",
      optimizer: "adamw",
      learning_rate: 2e-3,
      weight_decay: 1e-4,
      gradient_clip_val: 1,
      scheduler: "WarmupCosine",
      lr_warmup_epochs: 1,
      lr_min_ratio: 0.02,
    },
  },
};

/** The preset of this name. Throws UsageError, listing the known ones. */
export function presetOf(name: string): Preset {
  if (Object.hasOwn(presets, name)) return presets[name];
  const known = Object.keys(presets);
  const near = nearestName(name, known);
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  throw new PtychoError(
    "UsageError",
    `--preset: unknown preset '${name}'; known: ${known.join(", ")}${hint}`,
  );
}

/** Fields that the profile fixes: a contradicting explicit value is refused. */
export const CI_CONTRACT = {
  scale_contract_version: "ci_intensity_v2",
  measurement_domain: "count_intensity",
  physics_forward_mode: "rectangular_scaled",
  torch_loss_mode: "poisson",
} as const satisfies Partial<Values<"train">>;

/** The count-intensity profile of the original: the contract and what goes with it. */
export const CI_BUNDLE: Partial<Values<"train">> = {
  ...CI_CONTRACT,
  amplitude_physics_gain: 1,
  rect_s1s2_trainable: true,
  rect_s1s2_init: "data",
  cnn_output_mode: "real_imag",
};
