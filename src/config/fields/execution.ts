// Fields of the run: machine, reproducibility, records, where the results go.
import { ALL, BOTH, type FieldTable, TRAIN } from "../field.js";

const noProvider = (name: string, what: string) =>
  ({
    tag: "EngineError",
    reason: `accelerator '${name}': ${what} is not available; available: cpu. Give 'auto' or 'cpu', or leave the option out`,
  }) as const;

const TRAIN_RECONSTRUCT = ["train", "reconstruct"] as const;

const noLogger = (name: string) =>
  ({
    tag: "UsageError",
    reason: `logger '${name}' is not built yet; use 'csv' (writes metrics.csv) or 'none'`,
  }) as const;

const checkpointing = { enable_checkpointing: [true] } as const;

export const executionFields = {
  output_dir: {
    type: "path",
    default: "training_outputs",
    inferDefault: "inference_outputs",
    reconstructDefault: "reconstruction",
    surfaces: ALL,
    legacy: "output_prefix",
    help: "folder for the results",
  },
  seed: {
    type: "int",
    default: 42,
    min: 0,
    max: 4294967295,
    surfaces: ALL,
    help: "seed of every random draw: grouping, initial weights, order of the batches",
  },
  resume: {
    type: "bool",
    default: false,
    surfaces: TRAIN_RECONSTRUCT,
    help: "continue the run in output_dir from its last checkpoint",
  },
  allow_mismatch: {
    type: "bool",
    default: false,
    surfaces: TRAIN_RECONSTRUCT,
    effectWhen: { resume: [true] },
    help: "resume although configuration or data differ from those of the checkpoint",
  },
  accelerator: {
    type: "enum",
    default: "auto",
    values: ["auto", "cpu"],
    refused: {
      gpu: noProvider("gpu", "a GPU provider of the compute engine"),
      cuda: noProvider("cuda", "the CUDA provider of the compute engine"),
      mps: noProvider("mps", "the Metal provider (mps) of the compute engine"),
      webgpu: noProvider("webgpu", "the WebGPU provider of the compute engine"),
      tpu: noProvider("tpu", "TPU execution"),
    },
    aliases: [
      {
        name: "device",
        deprecated: "--device is deprecated. Use --accelerator instead.",
        yields: true,
      },
    ],
    surfaces: BOTH,
    help: "where to compute; auto takes the best that is present and says which",
  },
  deterministic: {
    type: "bool",
    default: true,
    refused: {
      false: {
        tag: "UsageError",
        reason:
          "every run here repeats bit for bit on the same machine, and there is no faster mode to switch to; leave the option out",
      },
    },
    surfaces: TRAIN,
    help: "the same seed gives the same weights, bit for bit, on the same machine",
  },
  num_workers: {
    type: "int",
    default: 0,
    min: 0,
    max: 0,
    surfaces: BOTH,
    help: "processes that load data; 0 only: the scan is read once, in this process",
  },
  logger_backend: {
    type: "enum",
    default: "csv",
    values: ["csv", "none"],
    refused: { tensorboard: noLogger("tensorboard"), mlflow: noLogger("mlflow") },
    aliases: [{ name: "logger" }],
    surfaces: TRAIN,
    help: "record of the losses: metrics.csv in output_dir, or none",
  },
  enable_progress_bar: {
    type: "bool",
    default: true,
    surfaces: ALL,
    help: "show the progress line",
  },
  enable_checkpointing: {
    type: "bool",
    default: true,
    surfaces: TRAIN,
    help: "save checkpoints while training",
  },
  checkpoint_save_top_k: {
    type: "int",
    default: 1,
    min: -1,
    surfaces: TRAIN,
    effectWhen: checkpointing,
    help: "best checkpoints to keep besides the last; -1: all, 0: none",
  },
  checkpoint_monitor_metric: {
    type: "enum",
    default: "val_loss",
    values: ["val_loss", "train_loss"],
    aliases: [{ name: "checkpoint_monitor" }],
    surfaces: TRAIN,
    effectWhen: checkpointing,
    help: "what ranks the checkpoints (val_loss falls back to train_loss, with a warning, without validation data)",
  },
  checkpoint_mode: {
    type: "enum",
    default: "min",
    values: ["min", "max"],
    surfaces: TRAIN,
    effectWhen: checkpointing,
    help: "whether a small or a large value is good",
  },
  backend: {
    type: "enum",
    default: "pytorch",
    values: ["pytorch"],
    refused: {
      tensorflow: {
        tag: "UsageError",
        reason: "backend 'tensorflow' is not built yet; use 'pytorch'",
      },
    },
    surfaces: BOTH,
    legacy: "backend",
    help: "whose numerics: network, normalisation and scale constants",
  },
} as const satisfies FieldTable;
