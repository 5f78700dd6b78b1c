// The original's PyTorchExecutionConfig (ptycho/config/config.py): 40 settings of a run that never reach the legacy
// record (CONFIG-002). Construction checks every value and finds the accelerator.
import { PtychoError } from "../../core/errors.js";
import {
  type Built,
  build,
  checkAnnotation,
  type DataClass,
  type Given,
  shown,
  type Warning,
} from "./dataclass.js";

export const EXECUTION_CONFIG = {
  name: "PyTorchExecutionConfig",
  fields: {
    accelerator: ["str", "auto"],
    devices: ["Union[int, Literal['auto']]", 1],
    strategy: ["str", "auto"],
    deterministic: ["Union[bool, Literal['warn']]", true],
    precision: ["Literal['32-true', '16-mixed', 'bf16-mixed']", "32-true"],
    gradient_clip_val: ["Optional[float]", null],
    gradient_clip_algorithm: ["Literal['norm', 'value', 'agc']", "norm"],
    accum_steps: ["int", 1],
    num_workers: ["int", 0],
    pin_memory: ["bool", false],
    persistent_workers: ["bool", false],
    prefetch_factor: ["Optional[int]", null],
    learning_rate: ["float", 0.001],
    scheduler: ["str", "Default"],
    enable_progress_bar: ["bool", false],
    enable_checkpointing: ["bool", true],
    checkpoint_save_top_k: ["int", 1],
    checkpoint_monitor_metric: ["str", "val_loss"],
    checkpoint_mode: ["str", "min"],
    early_stop_patience: ["int", 100],
    logger_backend: ["Optional[str]", "csv"],
    recon_log_every_n_epochs: ["Optional[int]", null],
    recon_log_num_patches: ["int", 4],
    recon_log_fixed_indices: ["Optional[List[int]]", null],
    recon_log_stitch: ["bool", false],
    recon_log_max_stitch_samples: ["Optional[int]", null],
    ffno_encoder_blocks: ["int", 24],
    ffno_encoder_modes: ["int", 12],
    ffno_encoder_share_weights: ["bool", true],
    ffno_encoder_gate_init: ["float", 0.1],
    ffno_encoder_norm: ["str", "instance"],
    ffno_encoder_mlp_ratio: ["float", 2.0],
    spectral_bottleneck_blocks: ["int", 6],
    spectral_bottleneck_modes: ["int", 12],
    spectral_bottleneck_share_weights: ["bool", true],
    spectral_bottleneck_gate_init: ["float", 0.1],
    spectral_bottleneck_gate_mode: ["Literal['shared', 'per_block']", "shared"],
    inference_batch_size: ["Optional[int]", null],
    middle_trim: ["int", 0],
    pad_eval: ["bool", false],
  },
} as const satisfies DataClass;

export type ExecutionConfig = Built<typeof EXECUTION_CONFIG>;

/** What is present on this machine. */
export interface Machine {
  /** Whether the compute engine has its CUDA provider; that a device is there is seen when a run takes it. */
  readonly cuda: boolean;
}

const ACCELERATORS = ["auto", "cpu", "cuda", "gpu", "mps"];
const PRECISIONS = ["16-mixed", "32-true", "bf16-mixed"];

/**
 * Checks in the original's order, so the same first failure is reported; `auto` becomes `cuda`, or `cpu` with the
 * POLICY-001 warning. Unlike the original `checkpoint_save_top_k` may be -1: keep all (contract D11).
 *
 * @throws PtychoError UsageError for an unknown name or a wrong value; EngineError for `tpu`.
 */
export function executionConfig(
  given: Given,
  machine: Machine,
  warn: (warning: Warning) => void,
): ExecutionConfig {
  const { values } = build(EXECUTION_CONFIG, given);
  const { devices, precision, accelerator } = values as Given;
  if (devices !== "auto" && !(Number.isSafeInteger(devices) && Number(devices) > 0))
    refuse(`devices must be a positive integer or 'auto', got ${shown(devices)}`);
  oneOf("precision", precision, PRECISIONS);
  if (accelerator === "tpu") throw noTpu("accelerator 'cpu', 'gpu'/'cuda', or 'mps'");
  oneOf("accelerator", accelerator, ACCELERATORS);
  for (const [name, holds, words] of NUMBERS) {
    const value = values[name];
    if (value === null && EXECUTION_CONFIG.fields[name][0].startsWith("Optional")) continue;
    if (typeof value !== "number" || !holds(value)) refuse(`${name} must be ${words}, got ${shown(value)}`);
  }
  oneOf("checkpoint_mode", values.checkpoint_mode, ["max", "min"]);
  for (const [name, holds, words] of NETWORK_NUMBERS) {
    const value = values[name];
    if (typeof value !== "number" || !holds(value)) refuse(`${name} must be ${words}, got ${shown(value)}`);
  }
  const { spectral_bottleneck_gate_mode: gate } = values;
  if (gate !== "per_block" && gate !== "shared")
    refuse(`Invalid spectral_bottleneck_gate_mode ${shown(gate)}. Expected one of per_block, shared`);
  for (const [name, [annotation]] of Object.entries(EXECUTION_CONFIG.fields))
    checkAnnotation(EXECUTION_CONFIG.name, name, annotation, (values as Given)[name]);
  if (accelerator !== "auto") return build(EXECUTION_CONFIG, given);
  if (!machine.cuda) warn(NO_CUDA);
  const resolved = { accelerator: machine.cuda ? "cuda" : "cpu" };
  return build(EXECUTION_CONFIG, { ...given, accelerator: undefined }, resolved);
}

/** POLICY-001: the GPU is the baseline, and its absence is said, with what to do. */
export const NO_CUDA: Warning = {
  category: "UserWarning",
  text: "POLICY-001: accelerator auto: no CUDA device is present; falling back to CPU. For a GPU install its provider with 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node' (Linux x64, CUDA 12 and cuDNN 9), or give accelerator='cpu'",
};

/** @param remedy what to choose instead, as the caller's surface spells it. */
export function noTpu(remedy: string): PtychoError {
  return new PtychoError(
    "EngineError",
    `Torch-XLA TPU execution is unsupported by this runtime; use ${remedy}`,
  );
}

type NumberName = {
  [K in keyof ExecutionConfig["values"]]: number extends ExecutionConfig["values"][K] ? K : never;
}[keyof ExecutionConfig["values"]];
type NumberRule = readonly [name: NumberName, holds: (value: number) => boolean, words: string];

const positive = (value: number) => value > 0;
const finitePositive = (value: number) => value > 0 && Number.isFinite(value);

const NUMBERS: readonly NumberRule[] = [
  ["num_workers", (value) => value >= 0, "non-negative"],
  ["learning_rate", positive, "positive"],
  ["inference_batch_size", positive, "positive"],
  ["accum_steps", positive, "positive"],
  ["checkpoint_save_top_k", (value) => value >= -1, "non-negative, or -1 to keep all"],
  ["early_stop_patience", positive, "positive"],
];

const NETWORK_NUMBERS: readonly NumberRule[] = [
  ["spectral_bottleneck_blocks", positive, "positive"],
  ["spectral_bottleneck_modes", positive, "positive"],
  ["spectral_bottleneck_gate_init", Number.isFinite, "finite"],
  ["ffno_encoder_blocks", positive, "positive"],
  ["ffno_encoder_modes", positive, "positive"],
  ["ffno_encoder_gate_init", finitePositive, "finite and > 0"],
  ["ffno_encoder_mlp_ratio", finitePositive, "finite and > 0"],
];

function oneOf(name: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return; // a value of another type is in no list
  refuse(`Invalid ${name}: ${shown(value)}. Expected one of ${known.join(", ")}`);
}

function refuse(message: string): never {
  throw new PtychoError("UsageError", `PyTorchExecutionConfig: ${message}`);
}
