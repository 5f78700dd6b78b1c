// Every flag of the original's four commands, by the list of contracts 2.5: it sets the field that it should, or is refused by
// name.
import { describe, expect, it } from "vitest";
import { ask, base } from "../../tests/ask-command-line.js";
import type { Sources } from "../config/sourced.js";

type Expected = readonly [
  flag: string,
  ...(readonly [field: string, value: unknown] | readonly [refused: RegExp]),
];

const BOOLS = (names: readonly string[]): Expected[] =>
  names.flatMap((name): Expected[] => [
    [`--${name} True`, name, true],
    [`--${name} False`, name, false],
  ]);

const SAME = (rows: Readonly<Record<string, unknown>>): Expected[] =>
  Object.entries(rows).map(([name, value]): Expected => [`--${name} ${value}`, name, value]);

/** (a) scripts/training/train.py: one flag for every field of ModelConfig and TrainingConfig, and --torch-*. */
const UNIFIED_TRAIN: readonly Expected[] = [
  ...SAME({ N: 128, gridsize: 2, n_filters_scale: 3, model_type: "supervised", amp_activation: "sigmoid" }),
  ...SAME({ probe_mask_sigma: 2.5, probe_mask_diameter: 30, probe_scale: 2, batch_size: 32, nepochs: 7 }),
  ...SAME({
    train_data_file: "scan.npz",
    test_data_file: "t.npz",
    output_dir: "D",
    nphotons: 1e5,
    n_groups: 9,
  }),
  ...SAME({
    n_subsample: 99,
    subsample_seed: 5,
    neighbor_count: 9,
    neighbor_pool_size: 9,
    backend: "pytorch",
  }),
  ...SAME({
    torch_loss_mode: "mae",
    gradient_clip_val: 0.5,
    gradient_clip_algorithm: "agc",
    optimizer: "sgd",
  }),
  ...SAME({ momentum: 0.5, weight_decay: 0.1, adam_beta1: 0.8, adam_beta2: 0.9, scheduler: "Exponential" }),
  ...SAME({ lr_warmup_epochs: 2, lr_min_ratio: 0.5, plateau_factor: 0.25, plateau_patience: 4 }),
  ...SAME({ plateau_min_lr: 1e-6, plateau_threshold: 0.01 }),
  ...BOOLS(["object_big", "probe_big", "probe_mask", "enable_oversampling", "sequential_sampling"]),
  ...BOOLS(["torch_mae_pred_l2_match_target", "do_stitching"]),
  ["--n_images 64", "n_groups", 64],
  ["--amp_activation swish", "amp_activation", "silu"],
  ["--architecture cnn", "architecture", "cnn"],
  ["--architecture ffno", /architecture 'ffno' is not built yet/],
  ["--amp_activation softplus", /is not built/],
  ["--backend tensorflow", /backend 'tensorflow' is not built yet/],
  ["--probe_trainable True", /--probe_trainable: false is the only value here/],
  ["--mae_weight 0.5", /--mae_weight: 0 is the only value here/],
  ["--realspace_weight 0.5", /--realspace_weight: 0 is the only value here/],
  ["--realspace_mae_weight 0.5", /--realspace_mae_weight: 0 is the only value here/],
  ["--gaussian_smoothing_sigma 1", /--gaussian_smoothing_sigma: 0 is the only value here/],
  ["--pad_object False", /--pad_object: true is the only value here/],
  ["--positions_provided False", /--positions_provided: true is the only value here/],
  ["--intensity_scale_trainable True", /--intensity_scale_trainable: false is the only value here/],
  ["--fno_modes 8", /--fno_modes: 12 is the only value here/],
  ["--torch-accelerator cpu", "accelerator", "cpu"],
  ["--torch-deterministic", "deterministic", true],
  ["--torch-num-workers 0", "num_workers", 0],
  ["--torch-accumulate-grad-batches 3", "accum_steps", 3],
  ["--torch-learning-rate 0.01", "learning_rate", 0.01],
  ["--torch-scheduler CosineAnnealing", "scheduler", "WarmupCosine"],
  ["--torch-plateau-factor 0.25", "plateau_factor", 0.25],
  ["--torch-plateau-patience 4", "plateau_patience", 4],
  ["--torch-plateau-min-lr 1e-6", "plateau_min_lr", 1e-6],
  ["--torch-plateau-threshold 0.1", "plateau_threshold", 0.1],
  ["--torch-logger none", "logger_backend", "none"],
  ["--torch-recon-log-every-n-epochs 5", "recon_log_every_n_epochs", 5],
  ["--torch-recon-log-num-patches 2", "recon_log_num_patches", 2],
  ["--torch-recon-log-fixed-indices 0 5 9", "recon_log_fixed_indices", "0,5,9"],
  ["--torch-recon-log-stitch", "recon_log_stitch", true],
  ["--torch-recon-log-max-stitch-samples 8", "recon_log_max_stitch_samples", 8],
  ["--torch-enable-checkpointing", "enable_checkpointing", true],
  ["--torch-checkpoint-save-top-k 3", "checkpoint_save_top_k", 3],
  ["--quiet", "console_level", "WARNING"],
  ["--verbose", "console_level", "DEBUG"],
  ["--console-level ERROR", "console_level", "ERROR"],
  ["--quiet --verbose", /--quiet and --verbose contradict each other/],
];

/** (c) ptycho_torch/train.py. */
const NATIVE_TRAIN: readonly Expected[] = [
  ...SAME({
    train_data_file: "scan.npz",
    test_data_file: "t.npz",
    output_dir: "D",
    gridsize: 1,
    batch_size: 4,
  }),
  ["--max_epochs 2", "nepochs", 2],
  ["--n_images 64", "n_groups", 64],
  ["--log-patch-stats", "log_patch_stats", true],
  ["--patch-stats-limit 2", "patch_stats_limit", 2],
  ["--device cpu", "accelerator", "cpu"],
  ["--disable_mlflow", "logger_backend", "none"],
  ["--quiet", "enable_progress_bar", false],
  ["--torch-loss-mode mae", "torch_loss_mode", "mae"],
  ["--profile ci", "rect_s1s2_init", "data"],
  ["--probe-mask", "probe_mask", true],
  ["--no-probe-mask", "probe_mask", false],
  ["--probe-mask-sigma 2", "probe_mask_sigma", 2],
  ["--probe-mask-diameter 30", "probe_mask_diameter", 30],
  ["--accelerator cpu", "accelerator", "cpu"],
  ["--deterministic", "deterministic", true],
  ["--num-workers 0", "num_workers", 0],
  ["--learning-rate 1e-2", "learning_rate", 0.01],
  ["--logger none", "logger_backend", "none"],
  ["--enable-checkpointing", "enable_checkpointing", true],
  ["--disable-checkpointing", "enable_checkpointing", false],
  ["--checkpoint-save-top-k -1", "checkpoint_save_top_k", -1],
  ["--checkpoint-monitor train_loss", "checkpoint_monitor_metric", "train_loss"],
  ["--checkpoint-mode max", "checkpoint_mode", "max"],
  ["--early-stop-patience 5", "early_stop_patience", 5],
  ["--scheduler Adaptive", /scheduler 'Adaptive' keeps the rate constant/],
  ["--torch-scheduler CosineAnnealing", "scheduler", "WarmupCosine"],
  ["--scheduler MultiStage", /scheduler 'MultiStage' is not built/],
  ["--accumulate-grad-batches 2", "accum_steps", 2],
  [
    "--ptycho_dir D",
    /Cannot mix legacy --ptycho_dir and new CLI flags \(--train_data_file\): .*--train_data_file/,
  ],
];

/** (b) scripts/inference/inference.py and (d) ptycho_torch/inference.py. */
const INFERENCE: readonly Expected[] = [
  ...SAME({ model_path: "model", output_dir: "D", n_subsample: 9, subsample_seed: 3, backend: "pytorch" }),
  ["--test_data scan.npz", "test_data_file", "scan.npz"],
  ["--n_images 64", "n_groups", 64],
  ["--debug", "console_level", "DEBUG"],
  ["--comparison_plot", "comparison_plot", true],
  ["--phase_vmin -1", "phase_vmin", -1],
  ["--phase_vmax 1.5", "phase_vmax", 1.5],
  ["--phase_vmin 2 --phase_vmax 1", /--phase_vmin 2 must be less than --phase_vmax 1/],
  ["--debug_dump", "debug_dump", "auto"],
  ["--debug_dump X", "debug_dump", "X"],
  ["--torch-accelerator cpu", "accelerator", "cpu"],
  ["--torch-num-workers 0", "num_workers", 0],
  ["--torch-inference-batch-size 4", "inference_batch_size", 4],
  ["--patch-weighting uniform", "patch_weighting", "uniform"],
  ["--varpro-scaling", "varpro_scaling", true],
  ["--device cpu", "accelerator", "cpu"],
  ["--quiet", "enable_progress_bar", false],
  ["--log-patch-stats", "log_patch_stats", true],
  ["--patch-stats-limit 2", "patch_stats_limit", 2],
  ["--probe-mask", "probe_mask", true],
  ["--no-probe-mask", "probe_mask", false],
  ["--probe-mask-sigma 2", "probe_mask_sigma", 2],
  ["--probe-mask-diameter 30", "probe_mask_diameter", 30],
  ["--accelerator cpu", "accelerator", "cpu"],
  ["--num-workers 0", "num_workers", 0],
  ["--inference-batch-size 4", "inference_batch_size", 4],
  // the original's pair: it is the new flags beside it that cannot be mixed with
  ["--run_id abc --config x.json", /Cannot mix legacy --run_id and new CLI flags \((?!.*--config.*\))/],
  ["--run_id abc", /Cannot mix legacy --run_id and new CLI flags .*not fetched from MLflow/],
  ["--infer_dir abc --file_index 0", /Cannot mix legacy --infer_dir, --file_index and new CLI flags/],
];

describe.each([
  ["ptycho_train", "train", UNIFIED_TRAIN, "canonical"],
  ["python -m ptycho_torch.train", "train", NATIVE_TRAIN, undefined],
  ["the original's inference", "infer", INFERENCE, undefined],
] as const)("%s", (_, surface, flags, preset) => {
  it.each(flags.map(([flag, ...rest]) => ({ flag, rest })))(
    "$flag",
    async ({ flag, rest: [expected, value] }) => {
      const { sources, err, code } = await ask(`${base[surface]} ${flag}`, preset);
      if (expected instanceof RegExp) {
        expect(err).toMatch(expected);
        expect([code, sources]).toEqual([2, undefined]);
        return;
      }
      expect(err).not.toContain("error:");
      expect(sources?.[expected as keyof Sources]?.value).toBe(value);
      expect(sources?.[expected as keyof Sources]?.source).toBe(
        flag === "--profile ci" ? "profile ci" : "command line",
      );
    },
  );
});

it("ptycho_train starts from the canonical defaults, and gives way to another preset", async () => {
  const value = async (more: string) => (await ask(`${base.train}${more}`, "canonical")).sources?.nepochs;
  expect(await value("")).toMatchObject({ value: 50, source: "preset canonical" });
  expect(await value(" --preset parity")).toMatchObject({ value: 100, source: "preset parity" });
});
