// From the original's PyTorch classes to its canonical ones (ptycho_torch/config_bridge.py, CONTRACTS 2.3). Unlike there
// no field is lost on the way (contracts D34, D35): what both classes have is carried.
import { PtychoError } from "../../core/errors.js";
import {
  type InferenceConfig,
  inferenceConfig,
  type ModelConfig,
  modelConfig,
  type TrainingConfig,
  trainingConfig,
} from "./canonical.js";
import type { Given, Warning } from "./dataclass.js";
import type { TorchData, TorchModel, TorchTraining } from "./torch.js";

const MODEL_TYPES: Readonly<Record<string, string>> = { Unsupervised: "pinn", Supervised: "supervised" };
const ACTIVATIONS: Readonly<Record<string, string>> = {
  silu: "swish",
  SiLU: "swish",
  sigmoid: "sigmoid",
  swish: "swish",
  softplus: "softplus",
  relu: "relu",
};

/**
 * @param overrides canonical fields; they win.
 * @throws PtychoError UsageError for a grid that is not square, or a mode or activation that is not known.
 */
export function toModelConfig(data: TorchData, model: TorchModel, overrides: Given = {}): ModelConfig {
  const [rows, columns] = data.values.grid_size;
  if (rows !== columns)
    throw usage(
      `Non-square grids not supported by TensorFlow backend: grid_size=(${rows}, ${columns}); give a square one, such as (2, 2)`,
    );
  const { mode, amp_activation: activation, probe_mask: mask, probe_mask_tensor: tensor } = model.values;
  if (!Object.hasOwn(MODEL_TYPES, mode))
    throw usage(`Invalid mode '${mode}'. Must be 'Unsupervised' or 'Supervised'.`);
  if (!Object.hasOwn(ACTIVATIONS, activation))
    throw usage(`Unknown activation '${activation}'; known: ${Object.keys(ACTIVATIONS).join(", ")}`);
  const carried = take(model.values, [
    ...([
      "n_filters_scale",
      "architecture",
      "fno_modes",
      "fno_width",
      "fno_blocks",
      "fno_cnn_blocks",
    ] as const),
    ...(["learned_input_channels", "max_hidden_channels", "resnet_width", "fno_input_transform"] as const),
    ...(["generator_output_mode", "object_big", "probe_big", "probe_mask_sigma"] as const),
    ...(["probe_mask_diameter", "pad_object", "gaussian_smoothing_sigma"] as const),
  ]);
  return modelConfig({
    ...carried,
    N: data.values.N,
    gridsize: rows,
    model_type: MODEL_TYPES[mode],
    amp_activation: ACTIVATIONS[activation],
    probe_mask: tensor !== null || (mask !== null && mask !== false),
    probe_scale: data.values.probe_scale,
    ...overrides,
  });
}

/**
 * @param overrides canonical fields; they win. Needed for what the PyTorch classes leave open.
 * @throws PtychoError UsageError without photons that were meant, n_groups or train_data_file.
 */
export function toTrainingConfig(
  model: ModelConfig,
  data: TorchData,
  torchModel: TorchModel,
  training: TorchTraining,
  overrides: Given,
  warn: (warning: Warning) => void,
): TrainingConfig {
  const given: Given = {
    ...take(training.values, [
      ...(["batch_size", "train_data_file", "test_data_file", "n_groups", "output_dir"] as const),
      ...(["torch_loss_mode", "torch_mae_pred_l2_match_target", "gradient_clip_val"] as const),
      ...(["gradient_clip_algorithm", "optimizer", "momentum", "weight_decay", "adam_beta1"] as const),
      ...(["adam_beta2", "scheduler", "lr_warmup_epochs", "lr_min_ratio", "plateau_factor"] as const),
      ...(["plateau_patience", "plateau_min_lr", "plateau_threshold"] as const),
    ]),
    model,
    nepochs: training.values.epochs,
    nll_weight: training.values.nll ? 1 : 0,
    neighbor_count: data.values.K,
    nphotons: data.values.nphotons,
    subsample_seed: data.values.subsample_seed,
    intensity_scale_trainable: torchModel.values.intensity_scale_trainable,
    backend: "pytorch",
    ...overrides,
  };
  if (overrides.nphotons === undefined && data.values.nphotons === 1e5)
    throw usage(
      "nphotons default divergence detected: PyTorch default 100000, TensorFlow default 1000000000; give nphotons in the overrides",
    );
  if ((given.n_groups ?? null) === null)
    throw usage(
      "n_groups is required in overrides for TrainingConfig; give the number of groups, such as n_groups: 512",
    );
  if ((given.test_data_file ?? null) === null)
    warn({
      category: "UserWarning",
      text: "test_data_file not provided in TrainingConfig overrides: there is nothing to evaluate on; give test_data_file for that",
    });
  if ((given.train_data_file ?? null) === null)
    throw usage("train_data_file is required in overrides for TrainingConfig; give the scan to train on");
  return trainingConfig(given, warn);
}

/**
 * @param overrides canonical fields; they win. `model_path` and `test_data_file` are needed.
 * @throws PtychoError UsageError without them.
 */
export function toInferenceConfig(
  model: ModelConfig,
  data: TorchData,
  overrides: Given,
  warn: (warning: Warning) => void,
): InferenceConfig {
  if ((overrides.model_path ?? null) === null)
    throw usage(
      "model_path is required in overrides for InferenceConfig; give the folder of the trained model",
    );
  if ((overrides.test_data_file ?? null) === null)
    throw usage("test_data_file is required in overrides for InferenceConfig; give the scan to reconstruct");
  const given = { model, neighbor_count: data.values.K, backend: "pytorch", ...overrides };
  return inferenceConfig(given, warn);
}

function take<T extends object, K extends keyof T & string>(values: T, names: readonly K[]): Given {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

function usage(message: string): PtychoError {
  return new PtychoError("UsageError", `config bridge: ${message}`);
}
