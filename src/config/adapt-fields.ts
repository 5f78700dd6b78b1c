// Which fields an adaptation of a trained model takes from the user, and which of the model's own it must not inherit.
import type { FieldName } from "./fields.js";

/** What may be asked of an adaptation; the rest is what the model was trained with. */
export const ADAPT_FIELDS: readonly FieldName[] = [
  ...(["n_groups", "n_subsample", "subsample_seed", "axis_order", "nepochs", "learning_rate"] as const),
  ...(["output_dir", "seed", "resume", "allow_mismatch", "accelerator"] as const),
];

/** Fields that speak of the scan, the folder and the process of the run in which a model was made. */
export const OF_ONE_RUN: readonly FieldName[] = [
  ...(["train_data_file", "test_data_file", "n_groups", "n_subsample", "subsample_seed"] as const),
  ...(["axis_order", "teacher", "teacher_weight", "teacher_epochs", "output_dir", "seed"] as const),
  ...(["resume", "allow_mismatch", "accelerator", "num_workers", "logger_backend"] as const),
  ...(["enable_progress_bar", "enable_checkpointing", "checkpoint_save_top_k"] as const),
];
