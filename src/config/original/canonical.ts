// The canonical configuration classes of the original (ptycho/config/config.py): names, annotations, defaults. CONTRACTS 2.1.
import { type Built, build, type DataClass, type Given, type Warning } from "./dataclass.js";

export const MODEL_CONFIG = {
  name: "ModelConfig",
  fields: {
    N: ["Literal[64, 128, 256]", 64],
    gridsize: ["int", 1],
    n_filters_scale: ["int", 2],
    model_type: ["Literal['pinn', 'supervised']", "pinn"],
    architecture: ["Literal['cnn', 'ffno', 'fno', 'fno_vanilla', 'neuralop_uno']", "cnn"],
    fno_modes: ["int", 12],
    fno_width: ["int", 32],
    fno_blocks: ["int", 4],
    fno_cnn_blocks: ["int", 2],
    learned_input_channels: ["int", 1],
    max_hidden_channels: ["Optional[int]", null],
    resnet_width: ["Optional[int]", null],
    fno_input_transform: ["Literal['none', 'sqrt', 'log1p', 'instancenorm']", "none"],
    generator_output_mode: ["Literal['real_imag', 'amp_phase_logits', 'amp_phase']", "real_imag"],
    amp_activation: ["Literal['sigmoid', 'swish', 'softplus', 'relu']", "sigmoid"],
    object_big: ["bool", true],
    probe_big: ["bool", true],
    probe_mask: ["bool", false],
    probe_mask_sigma: ["float", 1.0],
    probe_mask_diameter: ["Optional[float]", null],
    pad_object: ["bool", true],
    probe_scale: ["float", 4.0],
    gaussian_smoothing_sigma: ["float", 0.0],
  },
} as const satisfies DataClass;

export const TRAINING_CONFIG = {
  name: "TrainingConfig",
  fields: {
    model: ["ptycho.config.config.ModelConfig"],
    train_data_file: ["Optional[pathlib.Path]", null],
    test_data_file: ["Optional[pathlib.Path]", null],
    batch_size: ["int", 16],
    nepochs: ["int", 50],
    mae_weight: ["float", 0.0],
    nll_weight: ["float", 1.0],
    realspace_mae_weight: ["float", 0.0],
    realspace_weight: ["float", 0.0],
    nphotons: ["float", 1e9],
    n_groups: ["Optional[int]", null],
    n_images: ["Optional[int]", null],
    n_subsample: ["Optional[int]", null],
    subsample_seed: ["Optional[int]", null],
    neighbor_count: ["int", 4],
    enable_oversampling: ["bool", false],
    neighbor_pool_size: ["Optional[int]", null],
    positions_provided: ["bool", true],
    probe_trainable: ["bool", false],
    intensity_scale_trainable: ["bool", true],
    output_dir: ["pathlib.Path", "training_outputs"],
    sequential_sampling: ["bool", false],
    backend: ["Literal['tensorflow', 'pytorch']", "tensorflow"],
    torch_loss_mode: ["Literal['poisson', 'mae']", "poisson"],
    torch_mae_pred_l2_match_target: ["bool", false],
    gradient_clip_val: ["Optional[float]", null],
    gradient_clip_algorithm: ["Literal['norm', 'value', 'agc']", "norm"],
    optimizer: ["Literal['adam', 'adamw', 'sgd']", "adam"],
    momentum: ["float", 0.9],
    weight_decay: ["float", 0.0],
    adam_beta1: ["float", 0.9],
    adam_beta2: ["float", 0.999],
    scheduler: ["Literal['Default', 'Exponential', 'WarmupCosine', 'ReduceLROnPlateau']", "Default"],
    lr_warmup_epochs: ["int", 0],
    lr_min_ratio: ["float", 0.1],
    plateau_factor: ["float", 0.5],
    plateau_patience: ["int", 2],
    plateau_min_lr: ["float", 5e-5],
    plateau_threshold: ["float", 0.0],
  },
} as const satisfies DataClass;

export const INFERENCE_CONFIG = {
  name: "InferenceConfig",
  fields: {
    model: ["ptycho.config.config.ModelConfig"],
    model_path: ["pathlib.Path"],
    test_data_file: ["pathlib.Path"],
    n_groups: ["Optional[int]", null],
    n_images: ["Optional[int]", null],
    n_subsample: ["Optional[int]", null],
    subsample_seed: ["Optional[int]", null],
    neighbor_count: ["int", 4],
    enable_oversampling: ["bool", false],
    neighbor_pool_size: ["Optional[int]", null],
    debug: ["bool", false],
    output_dir: ["pathlib.Path", "inference_outputs"],
    backend: ["Literal['tensorflow', 'pytorch']", "tensorflow"],
  },
} as const satisfies DataClass;

export type ModelConfig = Built<typeof MODEL_CONFIG>;
type WithModel<C extends DataClass> = Omit<Built<C>, "values"> & {
  readonly values: Omit<Built<C>["values"], "model"> & { readonly model: ModelConfig };
};
export type TrainingConfig = WithModel<typeof TRAINING_CONFIG>;
export type InferenceConfig = WithModel<typeof INFERENCE_CONFIG>;

/** @throws PtychoError UsageError for a field that the class does not have. */
export function modelConfig(given: Given = {}): ModelConfig {
  return build(MODEL_CONFIG, given);
}

/**
 * `n_groups` is 512 when neither it nor its deprecated name `n_images` is given (contract D26).
 *
 * @throws PtychoError UsageError for a field that the class does not have, or without `model`.
 */
export function trainingConfig(given: Given, warn: (warning: Warning) => void): TrainingConfig {
  const groups = groupsOf(given, warn) ?? 512;
  return build(TRAINING_CONFIG, withoutNull(given, "n_groups"), { n_groups: groups }) as TrainingConfig; // whoever gives `model` gives a ModelConfig
}

/** @throws PtychoError UsageError for a field that the class does not have, or a required one that is missing. */
export function inferenceConfig(given: Given, warn: (warning: Warning) => void): InferenceConfig {
  const groups = groupsOf(given, warn);
  return build(INFERENCE_CONFIG, withoutNull(given, "n_groups"), { n_groups: groups }) as InferenceConfig; // as above
}

function groupsOf(given: Given, warn: (warning: Warning) => void): unknown {
  const { n_groups: groups, n_images: images } = given;
  if ((groups ?? null) !== null || (images ?? null) === null) return groups;
  warn({
    category: "DeprecationWarning",
    text: "Parameter 'n_images' is deprecated and will be removed in a future version: it counts groups, whatever the gridsize; give n_groups",
  });
  return images;
}

function withoutNull(given: Given, name: string): Given {
  return given[name] === null ? { ...given, [name]: undefined } : given;
}
