// Fields of the run: machine, reproducibility, records, where the results go.
import { ALL, BOTH, type FieldTable, TRAIN } from "../field.js";
import { reconLogFields } from "./recon-log.js";

const noProvider = (reason: string) => ({ tag: "EngineError", reason }) as const;

const TRAIN_RECONSTRUCT = ["train", "reconstruct"] as const;

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
    values: ["auto", "cpu", "gpu", "cuda", "webgpu"],
    refused: {
      mps: noProvider(
        "accelerator 'mps' is PyTorch's name for the GPU of a Mac, which is 'webgpu' here; give 'webgpu', 'auto' or 'cpu'",
      ),
      tpu: noProvider(
        "Torch-XLA TPU execution is unsupported, here as in the original; give 'auto', 'cpu', 'cuda' or 'webgpu'",
      ),
    },
    aliases: [
      { name: "torch_accelerator" },
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
    also: "warn",
    default: true,
    aliases: [{ name: "torch_deterministic" }],
    surfaces: TRAIN,
    help: "the same seed gives the same weights, bit for bit, on the same machine: given, only the processor will do; warn or false: a GPU may be taken, whose runs repeat within rounding",
  },
  num_workers: {
    type: "int",
    default: 0,
    min: 0,
    max: 0,
    aliases: [{ name: "torch_num_workers" }],
    surfaces: BOTH,
    help: "processes that load data; 0 only: the scan is read once, in this process",
  },
  max_memory: {
    type: "int",
    sizes: true,
    default: null,
    nullOn: BOTH,
    min: 64,
    unit: "MiB",
    surfaces: BOTH,
    help: "memory for the run, or with its unit as 512M or 2G: patterns that do not fit are read from disk batch by batch, and a run that cannot fit at all is refused before it starts; none: three quarters of what the machine, or the container, has",
  },
  logger_backend: {
    type: "enum",
    default: "csv",
    values: ["csv", "tensorboard", "mlflow", "none"],
    aliases: [{ name: "logger" }, { name: "torch_logger" }],
    surfaces: TRAIN,
    help: "record of the losses: metrics.csv in output_dir, event file in output_dir/tensorboard, MLflow run, or none",
  },
  mlflow_tracking_uri: {
    type: "path",
    default: null,
    nullOn: TRAIN,
    surfaces: TRAIN,
    effectWhen: { logger_backend: ["mlflow"] },
    help: "MLflow: address of the tracking server (http, https) or folder of the runs; none: MLFLOW_TRACKING_URI, else output_dir/mlruns",
  },
  log_patch_stats: {
    type: "bool",
    default: false,
    surfaces: BOTH,
    help: "write statistics and pictures of predicted patches to analysis in output_dir (not for architecture unrolled)",
  },
  patch_stats_limit: {
    type: "int",
    default: null,
    nullOn: BOTH,
    min: 1,
    unit: "batches",
    surfaces: BOTH,
    effectWhen: { log_patch_stats: [true] },
    help: "batches of patches in those statistics; none: all",
  },
  do_stitching: {
    type: "bool",
    default: false,
    surfaces: TRAIN,
    help: "after training, reconstruct test_data_file, or the training scan where there is none",
  },
  console_level: {
    type: "enum",
    default: "INFO",
    values: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    spellings: { debug: "DEBUG", info: "INFO", warning: "WARNING", error: "ERROR", critical: "CRITICAL" },
    surfaces: ALL,
    help: "what is printed besides results: DEBUG adds every setting with its source, WARNING only warnings and errors, ERROR and CRITICAL only errors",
  },
  ...reconLogFields,
  enable_progress_bar: {
    type: "bool",
    default: true,
    surfaces: ALL,
    help: "show the progress line",
  },
  enable_checkpointing: {
    type: "bool",
    default: true,
    aliases: [{ name: "torch_enable_checkpointing" }],
    surfaces: TRAIN,
    help: "save checkpoints while training",
  },
  checkpoint_save_top_k: {
    type: "int",
    default: 1,
    min: -1,
    aliases: [{ name: "torch_checkpoint_save_top_k" }],
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
