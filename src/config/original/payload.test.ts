// What the goldens cannot show: the precedence that is promised, the audit of what lost, and what never enters the record.
import { describe, expect, it } from "vitest";
import { trainingConfig } from "./canonical.js";
import type { Given } from "./dataclass.js";
import { type EXECUTION_CONFIG, executionConfig } from "./execution-config.js";
import { inferencePayload } from "./inference-payload.js";
import { LEGACY_DEFAULTS, populateLegacyParams } from "./legacy.js";
import type { TrainingPayloadRequest } from "./payload.js";
import { probeSizeOf } from "./probe-size.js";
import { trainingPayload } from "./training-payload.js";

const silent = () => {};
const facts = { trainFileExists: true, probe: { kind: "shape", shape: [3, 128, 128] }, cuda: false } as const;
const here = {
  modelPathExists: true,
  archiveExists: true,
  testFileExists: true,
  probe: facts.probe,
  cuda: false,
};

function payloadOf(request: Partial<TrainingPayloadRequest> = {}) {
  const overrides = { n_groups: 16, ...request.overrides };
  return trainingPayload({ trainDataFile: "scan.npz", outputDir: "out", ...request, overrides }, facts);
}

const execution = (given: Given) => executionConfig(given, { cuda: false }, silent);

/** A legal value of each field of the execution configuration that is not its default. */
const CHANGED: { readonly [K in keyof typeof EXECUTION_CONFIG.fields]: unknown } = {
  accelerator: "mps",
  devices: 2,
  strategy: "ddp",
  deterministic: "warn",
  precision: "16-mixed",
  gradient_clip_val: 7,
  gradient_clip_algorithm: "agc",
  accum_steps: 3,
  num_workers: 5,
  pin_memory: true,
  persistent_workers: true,
  prefetch_factor: 9,
  learning_rate: 0.5,
  scheduler: "Exponential",
  enable_progress_bar: true,
  enable_checkpointing: false,
  checkpoint_save_top_k: 4,
  checkpoint_monitor_metric: "train_loss",
  checkpoint_mode: "max",
  early_stop_patience: 8,
  logger_backend: null,
  recon_log_every_n_epochs: 2,
  recon_log_num_patches: 6,
  recon_log_fixed_indices: [1, 2],
  recon_log_stitch: true,
  recon_log_max_stitch_samples: 11,
  ffno_encoder_blocks: 5,
  ffno_encoder_modes: 5,
  ffno_encoder_share_weights: false,
  ffno_encoder_gate_init: 0.7,
  ffno_encoder_norm: "layer",
  ffno_encoder_mlp_ratio: 3,
  spectral_bottleneck_blocks: 5,
  spectral_bottleneck_modes: 5,
  spectral_bottleneck_share_weights: false,
  spectral_bottleneck_gate_init: 0.7,
  spectral_bottleneck_gate_mode: "per_block",
  inference_batch_size: 13,
  middle_trim: 2,
  pad_eval: true,
};

describe("CONFIG-002: no field of the execution configuration reaches the legacy record", () => {
  const plain = payloadOf({ executionConfig: execution({}) });

  it("has a changed value for each of the 40 fields", () => {
    const defaults = execution({ accelerator: "cpu" }).values as Given;
    expect(Object.keys(CHANGED)).toHaveLength(40);
    for (const [name, value] of Object.entries(CHANGED)) expect(value, name).not.toEqual(defaults[name]);
  });

  it.each(Object.entries(CHANGED))("%s", (name, value) => {
    const payload = payloadOf({ executionConfig: execution({ [name]: value }) });
    expect((payload.executionConfig.values as Given)[name]).toEqual(value);
    expect(payload.legacyParams).toEqual(plain.legacyParams);
    expect(payload.overridesApplied).toContainEqual({
      name,
      value,
      source: "execution config",
      overruled: [],
    });
  });
});

describe("precedence", () => {
  const lineOf = (payload: ReturnType<typeof payloadOf>, name: string) =>
    payload.overridesApplied.find((line) => line.name === name);
  const config = execution({ learning_rate: 2e-4, scheduler: "Exponential" });
  const commandLine = {
    learning_rate: 0.5,
    scheduler: "ReduceLROnPlateau",
    max_epochs: 9,
    accelerator: "cpu",
  };

  it("lets an override win over the execution configuration, and that over the command line", () => {
    const payload = payloadOf({ overrides: { learning_rate: 0.01 }, executionConfig: config, commandLine });
    expect(payload.ptTrainingConfig.values.learning_rate).toBe(0.01);
    expect(payload.ptTrainingConfig.values.scheduler).toBe("Exponential");
    expect(payload.tfTrainingConfig.values.scheduler).toBe("Exponential");
    expect(payload.ptTrainingConfig.values.epochs).toBe(9);
    expect(payload.ptTrainingConfig.values.batch_size).toBe(16); // default of the PyTorch class
    expect(payload.tfTrainingConfig.values.enable_oversampling).toBe(false); // default of the canonical class
  });

  it("tells in the audit what was overruled, with its source", () => {
    const payload = payloadOf({ overrides: { learning_rate: 0.01 }, executionConfig: config, commandLine });
    expect(lineOf(payload, "learning_rate")).toEqual({
      name: "learning_rate",
      value: 0.01,
      source: "override",
      overruled: [
        { name: "learning_rate", value: 2e-4, source: "execution config" },
        { name: "learning_rate", value: 0.5, source: "command line" },
      ],
    });
    expect(lineOf(payload, "max_epochs")).toMatchObject({ value: 9, source: "command line" });
    expect(lineOf(payload, "epochs")).toMatchObject({ value: 9, source: "command line" });
    expect(lineOf(payload, "N")).toMatchObject({ value: 128, source: "data file" });
    expect(lineOf(payload, "nphotons")).toMatchObject({ value: 1e9, source: "TensorFlow default" });
  });

  it("gives an override of an execution field to the execution configuration", () => {
    const payload = payloadOf({
      overrides: { early_stop_patience: 3 },
      executionConfig: execution({ early_stop_patience: 9 }),
    });
    expect(payload.executionConfig.values.early_stop_patience).toBe(3);
    expect(lineOf(payload, "early_stop_patience")).toMatchObject({
      source: "override",
      overruled: [{ value: 9, source: "execution config" }],
    });
  });

  it("says which of two names of one thing has no effect", () => {
    const payload = payloadOf({ overrides: { epochs: 11, max_epochs: 22 } });
    expect(payload.ptTrainingConfig.values.epochs).toBe(11);
    expect(lineOf(payload, "max_epochs")).toMatchObject({ value: 22, yieldsTo: "epochs" });
  });
});

describe("what is refused", () => {
  it.each([
    [{ unknown_key: 1 }, "unknown field 'unknown_key'"],
    [{ batchsize: 8 }, "did you mean 'batch_size'"],
    [{ gridsize: 0 }, "gridsize must be positive"],
    [{ gridsize: 2, C: 9 }, "C is 4, made from the other values, and 9 was given"],
    [{ N: 100 }, "N must be 64, 128 or 256"],
    [{ batch_size: 12 }, "batch_size must be positive power of 2"],
    [{ n_groups: -3 }, "n_groups must be positive"],
    [{ fno_modes: "8" }, "fno_modes must be an integer, got '8'"],
    [{ output_dir: "x" }, "'output_dir' is an argument of its own"],
    [{ nll: true, nll_weight: 0 }, "nll is false, made from the other values"],
  ])("%j", (overrides, message) => {
    expect(() => payloadOf({ overrides })).toThrow(message);
  });

  it("names of training in an inference payload", () => {
    const request = {
      modelPath: "m",
      testDataFile: "t",
      outputDir: "o",
      overrides: { n_groups: 4, max_epochs: 3 },
    };
    expect(() => inferencePayload(request, here)).toThrow("unknown field 'max_epochs'");
  });
});

describe("records", () => {
  it("are frozen through and through", () => {
    const payload = payloadOf();
    for (const part of [
      payload,
      payload.overridesApplied,
      payload.legacyParams,
      payload.ptModelConfig.values,
    ])
      expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen(payload.tfTrainingConfig.values.model.values)).toBe(true);
    expect(Object.isFrozen(payload.ptDataConfig.values.grid_size)).toBe(true);
  });

  it("are values: populating makes a new record and leaves the old one", () => {
    const config = trainingConfig({ model: payloadOf().tfTrainingConfig.values.model, n_groups: 5 }, silent);
    const existing = { ...LEGACY_DEFAULTS, n_subsample: 77 };
    const { params, warnings } = populateLegacyParams(config, { existing, force: true });
    expect(params).toMatchObject({ n_groups: 5, n_subsample: 77, N: 128, gridsize: 1 });
    expect(existing).toEqual({ ...LEGACY_DEFAULTS, n_subsample: 77 });
    expect(warnings).toEqual([]);
  });
});

describe("probeSizeOf", () => {
  it.each([
    [[64, 64], 64],
    [[64, 64, 1], 64],
    [[1, 64, 64], 64],
    [[3, 128, 128], 128],
    [[2, 1, 32, 32], 32],
  ])("%j is %i, without a warning", (shape, N) => {
    expect(probeSizeOf("f", { kind: "shape", shape }, true)).toEqual({ N, inferred: true, warnings: [] });
  });

  it.each([
    [{ kind: "no file" }, "Data file f not found"],
    [{ kind: "no probe" }, "probeGuess key missing from f"],
    [{ kind: "unreadable", reason: "cut off" }, "Error reading probeGuess from f: cut off"],
    [{ kind: "shape", shape: [64] }, "probeGuess has invalid shape (64)"],
    [{ kind: "shape", shape: [2, 0, 0] }, "probeGuess has invalid shape (2, 0, 0)"],
  ] as const)("falls back for %j with a warning, and refuses when strict", (fact, text) => {
    const size = probeSizeOf("f", fact);
    expect(size).toMatchObject({ N: 64, inferred: false });
    expect(size.warnings[0].text).toContain(text);
    expect(() => probeSizeOf("f", fact, true)).toThrow(text);
  });
});
