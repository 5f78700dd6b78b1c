// Which fields an adaptation of a trained model takes from the user, and which of the model's own it must not inherit.
import type { FieldName } from "./fields.js";
import type { OtherDefaults } from "./options.js";

/** Epochs of an adaptation, and its learning rate as a share of the one the model was trained with, unless asked for. */
export const ADAPT_EPOCHS = 3;
export const ADAPT_RATE = 0.5;

/** The same in words, for its help. */
export const ADAPT_DEFAULTS: OtherDefaults = {
  nepochs: String(ADAPT_EPOCHS),
  learning_rate: "half of the model's",
};

/** What may be asked of an adaptation; the rest is what the model was trained with. */
export const ADAPT_FIELDS: readonly FieldName[] = [
  ...(["n_groups", "n_subsample", "subsample_seed", "axis_order", "nepochs", "learning_rate"] as const),
  ...(["units", "map"] as const),
  ...(["output_dir", "seed", "resume", "allow_mismatch", "accelerator", "max_memory"] as const),
  ...(["console_level", "enable_progress_bar"] as const),
];

/** Fields that speak of the scan, the folder and the process of the run in which a model was made. */
export const OF_ONE_RUN: readonly FieldName[] = [
  ...(["train_data_file", "test_data_file", "n_groups", "n_subsample", "subsample_seed"] as const),
  ...([
    "axis_order",
    "units",
    "map",
    "teacher",
    "teacher_weight",
    "teacher_epochs",
    "output_dir",
    "seed",
  ] as const),
  ...(["resume", "allow_mismatch", "accelerator", "max_memory", "num_workers"] as const),
  ...(["logger_backend"] as const),
  ...(["mlflow_tracking_uri"] as const),
  ...(["enable_progress_bar", "enable_checkpointing", "checkpoint_save_top_k"] as const),
  ...(["console_level", "do_stitching", "log_patch_stats", "patch_stats_limit"] as const),
  ...(["recon_log_every_n_epochs", "recon_log_num_patches", "recon_log_fixed_indices"] as const),
  ...(["recon_log_stitch", "recon_log_max_stitch_samples"] as const),
];
