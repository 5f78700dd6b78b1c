// The execution configuration from the options of the original's command lines (ptycho_torch/cli/shared.py). CONTRACTS 2.5.
import { PtychoError } from "../../core/errors.js";
import { type Given, shown, type Warning } from "./dataclass.js";
import { type ExecutionConfig, executionConfig, type Machine, NO_CUDA, noTpu } from "./execution-config.js";

/** Options by the original's names; an option that was not given is absent, and its default holds (contracts D1, D2). */
export type ExecutionArguments = Given;

/**
 * The accelerator from `--accelerator` and the deprecated `--device`, of which the first wins; `auto` becomes `cuda`, or
 * `cpu` with the POLICY-001 warning. A name that is not known passes: the execution configuration refuses it.
 *
 * @throws PtychoError EngineError for `tpu`.
 */
export function resolveAccelerator(
  accelerator: string,
  device: string | undefined,
  machine: Machine,
  warn: (warning: Warning) => void,
): string {
  const deprecated = "--device is deprecated. Use --accelerator instead.";
  let asked = accelerator;
  if (device !== undefined) {
    const ignored = accelerator !== "auto";
    warn({
      category: "DeprecationWarning",
      text: ignored ? `${deprecated} Ignoring --device value.` : deprecated,
    });
    if (!ignored) asked = device === "cpu" ? "cpu" : "gpu";
  }
  if (asked === "tpu") throw noTpu("--accelerator cpu, gpu/cuda, or mps");
  if (asked !== "auto") return asked;
  if (machine.cuda) return "cuda";
  warn(NO_CUDA);
  return "cpu";
}

/** Option -> field, for what is passed on as it is. */
const TRAINING_OPTIONS: Readonly<Record<string, string>> = {
  deterministic: "deterministic",
  num_workers: "num_workers",
  learning_rate: "learning_rate",
  enable_checkpointing: "enable_checkpointing",
  checkpoint_save_top_k: "checkpoint_save_top_k",
  checkpoint_monitor_metric: "checkpoint_monitor_metric",
  checkpoint_mode: "checkpoint_mode",
  early_stop_patience: "early_stop_patience",
  scheduler: "scheduler",
  accumulate_grad_batches: "accum_steps",
  recon_log_every_n_epochs: "recon_log_every_n_epochs",
  recon_log_num_patches: "recon_log_num_patches",
  recon_log_fixed_indices: "recon_log_fixed_indices",
  recon_log_stitch: "recon_log_stitch",
  recon_log_max_stitch_samples: "recon_log_max_stitch_samples",
};
const INFERENCE_OPTIONS = {
  num_workers: "num_workers",
  inference_batch_size: "inference_batch_size",
} as const;

/**
 * `quiet` and `disable_mlflow` switch the progress bar off; `disable_mlflow` (deprecated) and logger `none` mean no logger.
 *
 * @throws PtychoError UsageError for a mode that is not known or a wrong value; EngineError for `tpu`.
 */
export function executionConfigFromArguments(
  given: ExecutionArguments,
  mode: string,
  machine: Machine,
  warn: (warning: Warning) => void,
): ExecutionConfig {
  const { accelerator, device, quiet, disable_mlflow: noMlflow, logger_backend: logger } = given;
  const found = resolveAccelerator(
    typeof accelerator === "string" ? accelerator : "auto",
    typeof device === "string" ? device : undefined,
    machine,
    warn,
  );
  if (mode !== "training" && mode !== "inference")
    throw new PtychoError("UsageError", `Invalid mode: ${mode}. Expected 'training' or 'inference'.`);
  if (noMlflow === true)
    warn({
      category: "DeprecationWarning",
      text: "The --disable_mlflow flag is deprecated. Use --logger none instead (and --quiet for no progress bar).",
    });
  const workers = given.num_workers;
  if (mode === "training" && given.deterministic !== false && Number(workers ?? 0) > 0)
    warn({
      category: "UserWarning",
      text: `Deterministic mode with num_workers=${shown(workers)} may cause performance degradation. Give --num-workers 0, or --no-deterministic.`,
    });
  const options = mode === "training" ? TRAINING_OPTIONS : INFERENCE_OPTIONS;
  const passed = Object.entries(options).map(([option, field]) => [field, given[option]] as const);
  const silent = quiet === true || noMlflow === true;
  const log = noMlflow === true || logger === "none" ? null : logger;
  return executionConfig(
    {
      ...Object.fromEntries(passed),
      accelerator: found,
      enable_progress_bar: !silent,
      ...(mode === "training" ? { logger_backend: log } : {}),
    },
    machine,
    warn,
  );
}
