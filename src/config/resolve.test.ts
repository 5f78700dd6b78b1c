import { describe, expect, it } from "vitest";
import { type ErrorTag, isPtychoError } from "../core/errors.js";
import { withFacts } from "./facts.js";
import { SECTIONS, type Surface } from "./field.js";
import { allFields, defaultOf, fieldsOf } from "./fields.js";
import { COMMAND_LINE } from "./layer.js";
import { namesOf } from "./names.js";
import { presets } from "./presets.js";
import { resolveConfig } from "./resolve.js";
import { switches } from "./switches.js";

const required = {
  train: { train_data_file: "scan.npz" },
  infer: { model_path: "model", test_data: "scan.npz" },
  reconstruct: {},
};

const resolve = <S extends Surface>(surface: S, values: Record<string, unknown> = {}, more = {}) =>
  resolveConfig<S>(surface, {
    layers: [{ source: COMMAND_LINE, values: { ...required[surface], ...values } }],
    ...more,
  });

function refusal(run: () => unknown): { tag: ErrorTag; message: string } {
  try {
    run();
  } catch (error) {
    if (isPtychoError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("teacher", () => {
  it("is refused for supervised training, which has no physics beside it", () => {
    const given = { teacher: "run", model_type: "supervised" };
    expect(refusal(() => resolve("train", given))).toMatchObject({
      tag: "UsageError",
      message: expect.stringContaining("--teacher is a target beside the physics"),
    });
  });
  it("without it, its weight has no effect, and that is said", () => {
    const { warnings } = resolve("train", { teacher_weight: 2, teacher_epochs: 3 });
    expect(warnings).toEqual([
      "--teacher_weight has no effect here: it needs --teacher",
      "--teacher_epochs has no effect here: it needs --teacher",
    ]);
    expect(resolve("train", { teacher: "run", teacher_weight: 2 }).warnings).toEqual([]);
  });
});

describe("field table", () => {
  it("has unique names on each surface", () => {
    for (const surface of ["train", "infer", "reconstruct"] as const) {
      const names = fieldsOf(surface).flatMap(({ name, field }) => [
        name,
        ...(field.aliases ?? []).map((alias) => alias.name),
      ]);
      const all = [...names, ...Object.keys(switches)];
      expect(all.length).toBe(new Set(all).size);
    }
  });

  it("has defaults that its own rows accept", () => {
    for (const surface of ["train", "infer", "reconstruct"] as const) {
      for (const { name, field } of fieldsOf(surface)) {
        const value = defaultOf(field, surface);
        if (value === null) continue;
        const values = { [name]: value };
        const pair =
          name === "scale_contract_version" || name === "measurement_domain"
            ? { scale_contract_version: "ci_intensity_v2", measurement_domain: "count_intensity" }
            : {};
        expect(resolve(surface, { ...values, ...pair }).sources[name]?.value).toBe(value);
      }
    }
  });

  it("names only known fields in effectWhen", () => {
    const names = new Set<string>(allFields().map(({ name }) => name));
    for (const { field } of allFields())
      for (const other of Object.keys(field.effectWhen ?? {})) expect(names).toContain(other);
  });
});

describe("resolveConfig", () => {
  it("fills defaults of the PyTorch original and says so", () => {
    const { config, sources, warnings } = resolve("train");
    expect(config.model).toMatchObject({
      gridsize: 2,
      amp_activation: "silu",
      probe_scale: 4,
      cbam_encoder: true,
    });
    expect(config.training).toMatchObject({ nepochs: 100, learning_rate: 1e-3, torch_loss_mode: "poisson" });
    expect(config.data).toMatchObject({ n_groups: 512, neighbor_count: 6, nphotons: 1e9 });
    expect(sources.nepochs).toEqual({ value: 100, source: "default" });
    expect(sources.train_data_file?.source).toBe(COMMAND_LINE);
    expect(warnings).toEqual([]);
  });

  it("fills the defaults of infer", () => {
    const { config } = resolve("infer");
    expect(config.data).toMatchObject({ n_groups: null, neighbor_count: 4, test_data_file: "scan.npz" });
    expect(config.execution.output_dir).toBe("inference_outputs");
    expect("learning_rate" in config.training).toBe(false);
  });

  it("is frozen, in every section", () => {
    const resolved = resolve("train");
    expect(Object.isFrozen(resolved)).toBe(true);
    for (const section of SECTIONS) expect(Object.isFrozen(resolved.config[section])).toBe(true);
    expect(Object.isFrozen(resolved.sources)).toBe(true);
  });

  it("lets default < preset < earlier layer < later layer, and tells an explicit default from a default", () => {
    const layers = [
      { source: "run.json", values: { train_data_file: "a.npz", learning_rate: 0.01, batch_size: 8 } },
      { source: COMMAND_LINE, values: { batch_size: "4", nepochs: "100" } },
    ];
    const { config, sources } = resolveConfig("train", { preset: "parity", layers });
    expect(config.training.batch_size).toBe(4);
    expect(config.training.learning_rate).toBe(0.01);
    expect(sources.optimizer?.source).toBe("preset parity");
    expect(sources.learning_rate?.source).toBe("run.json");
    expect(sources.nepochs).toEqual({ value: 100, source: COMMAND_LINE, givenAs: "--nepochs" });
  });

  it("accepts every preset, and parity changes nothing", () => {
    for (const preset of Object.keys(presets)) resolve("train", {}, { preset });
    expect(resolve("train", {}, { preset: "parity" }).config).toEqual(resolve("train").config);
  });

  it("derives object_big from gridsize, and the scale pair from the physics, unless given", () => {
    expect(resolve("train", { gridsize: 1 }).config.model.object_big).toBe(false);
    expect(resolve("train", { gridsize: 1 }).sources.object_big?.source).toBe("derived");
    expect(resolve("train", { gridsize: 1, object_big: true }).config.model.object_big).toBe(true);
    expect(resolve("train").config.data.measurement_domain).toBe("normalized_amplitude");
    const counts = resolve("train", { physics_forward_mode: "rectangular_scaled" });
    expect(counts.config.data.measurement_domain).toBe("count_intensity");
  });

  it("follows aliases with their value spellings", () => {
    const { config } = resolve("train", { mode: "Supervised", K: 9, max_epochs: 2, amp_activation: "SiLU" });
    expect(config.model).toMatchObject({ model_type: "supervised", amp_activation: "silu" });
    expect(config.data.neighbor_count).toBe(9);
    expect(config.training.nepochs).toBe(2);
  });

  it("warns once of deprecated names, and only when they are given", () => {
    const { config, warnings } = resolve("train", { n_images: 64, device: "cpu", disable_mlflow: true });
    expect(config.data.n_groups).toBe(64);
    expect(config.execution).toMatchObject({
      accelerator: "cpu",
      logger_backend: "none",
      enable_progress_bar: false,
    });
    expect(warnings.filter((text) => text.includes("deprecated")).length).toBe(2);
    expect(warnings.length).toBe(3);
  });

  it("lets --device give way to --accelerator", () => {
    const { config, warnings } = resolve("train", { device: "cpu", accelerator: "auto" });
    expect(config.execution.accelerator).toBe("auto");
    expect(warnings.join()).toContain("Ignoring --device value");
  });

  it("warns of what has no effect", () => {
    expect(resolve("train", { plateau_factor: 0.1 }).warnings.join()).toContain(
      "--plateau_factor has no effect",
    );
    expect(resolve("train", { plateau_factor: 0.1, scheduler: "ReduceLROnPlateau" }).warnings).toEqual([]);
    expect(resolve("train", { eca_decoder: true }).warnings.join()).toContain("never applied");
  });

  const refusals: [Surface, Record<string, unknown>, string, ErrorTag?][] = [
    ["train", { train_data_file: undefined }, "--train_data_file is required"],
    ["infer", { model_path: undefined }, "--model_path is required"],
    ["infer", { test_data: undefined }, "--test_data is required"],
    ["train", { learning_rat: 1 }, "did you mean '--learning_rate'"],
    ["train", { constructor: 1 }, "unknown option '--constructor'"],
    ["train", { nll_weight: 0.5 }, "--nll_weight: 1 is the only value here, got 0.5"],
    ["train", { training_directories: ["a"] }, "a run trains on one scan"],
    ["train", { model_path: "x" }, "belongs to infer, not to train"],
    ["infer", { gridsize: 2 }, "belongs to train, not to infer; the model archive carries it"],
    ["train", { batch_size: 12 }, "must be positive power of 2, got 12"],
    ["train", { batch_size: 0 }, "must be positive power of 2, got 0"],
    ["train", { gridsize: 0 }, "must be positive"],
    ["train", { gridsize: "2.5" }, "got '2.5'"],
    ["train", { gridsize: "1e1000" }, "got '1e1000'"],
    ["train", { n_groups: -3 }, "must be positive"],
    ["train", { n_groups: null }, "got null"],
    ["train", { N: 100 }, "one of 64, 128, 256, got 100"],
    ["train", { nphotons: Number.NaN }, "must be positive"],
    ["train", { learning_rate: 0 }, "must be positive"],
    ["train", { learning_rate: "fast" }, "got 'fast'"],
    ["train", { num_workers: 4 }, "expected 0, got 4"],
    ["train", { deterministic: "maybe" }, "expected true, false or warn"],
    ["train", { recon_log_fixed_indices: [1, -2] }, "whole numbers >= 0"],
    ["train", { recon_log_fixed_indices: "1;2" }, "whole numbers >= 0"],
    ["train", { devices: 2 }, "a run computes on one device"],
    ["train", { strategy: "ddp" }, "nothing to distribute"],
    ["train", { precision: "16-mixed" }, "32-bit floats"],
    ["train", { ffno_encoder_blocks: 8 }, "architecture ffno"],
    ["train", { ffno_encoder_modes: 8 }, "architecture ffno"],
    ["train", { ffno_encoder_share_weights: false }, "architecture ffno"],
    ["train", { ffno_encoder_gate_init: 0.2 }, "architecture ffno"],
    ["train", { ffno_encoder_norm: "layer" }, "architecture ffno"],
    ["train", { ffno_encoder_mlp_ratio: 4 }, "architecture ffno"],
    ["train", { spectral_bottleneck_blocks: 8 }, "architecture ffno"],
    ["train", { spectral_bottleneck_modes: 8 }, "architecture ffno"],
    ["train", { spectral_bottleneck_share_weights: false }, "architecture ffno"],
    ["train", { spectral_bottleneck_gate_init: 0.2 }, "architecture ffno"],
    ["train", { spectral_bottleneck_gate_mode: "per_block" }, "architecture ffno"],
    ["train", { pin_memory: true }, "from ordinary memory"],
    ["train", { persistent_workers: true }, "no workers"],
    ["infer", { prefetch_factor: 2 }, "no workers"],
    ["infer", { pad_eval: true }, "never applies it"],
    ["train", { optimizer: "adm" }, "did you mean 'adam'"],
    ["train", { optimizer: "constructor" }, "expected one of adam"],
    ["train", { architecture: "fno" }, "not built yet"],
    ["train", { amp_activation: "relu" }, "not built"],
    ["train", { backend: "tensorflow" }, "not built yet"],
    ["train", { logger: "mlfow" }, "did you mean 'mlflow'?"],
    ["train", { scheduler: "MultiStage" }, "not built"],
    ["train", { scheduler: "Adaptive" }, "use 'Default' for that"],
    ["train", { accelerator: "mps" }, "'webgpu' here", "EngineError"],
    ["train", { accelerator: "tpu" }, "Torch-XLA TPU execution is unsupported", "EngineError"],
    ["infer", { device: "tpu" }, "Torch-XLA TPU execution is unsupported", "EngineError"],
    ["train", { quiet: "yes" }, "takes no value"],
    ["train", { n_images: 4, n_groups: 5 }, "contradict each other"],
    ["train", { disable_mlflow: true, logger: "csv" }, "contradict each other"],
    ["train", { gridsize: 3, neighbor_count: 4 }, "K=4 must be >= C=9"],
    ["train", { gridsize: 3 }, "--neighbor_count 9"],
    ["train", { enable_oversampling: true, neighbor_pool_size: 3 }, "neighbor_pool_size=3 must be >= C=4"],
    ["train", { scale_contract_version: "legacy_v1" }, "must be supplied together"],
    ["infer", { measurement_domain: "count_intensity" }, "must be supplied together"],
    [
      "train",
      { scale_contract_version: "legacy_v1", measurement_domain: "count_intensity" },
      "must select a supported profile together",
    ],
    ["train", { rect_s1s2_init: "data" }, "rect_s1s2_init='data' is a CI-contract knob"],
    [
      "train",
      { physics_forward_mode: "rectangular_scaled", torch_loss_mode: "mae" },
      "ci_intensity_v2 requires TrainingConfig.torch_loss_mode='poisson'",
    ],
    [
      "train",
      { physics_forward_mode: "rectangular_scaled", model_type: "supervised" },
      "ci_intensity_v2 requires ModelConfig.mode='Unsupervised'",
    ],
    [
      "train",
      { physics_forward_mode: "rectangular_scaled", amplitude_physics_gain: 2 },
      "amplitude_physics_gain must be 1.0 when physics_forward_mode='rectangular_scaled'",
    ],
    ["train", { amplitude_physics_gain: 0 }, "must be positive and finite"],
    ["train", { output_dir: "" }, "expected a path"],
  ];
  it.each(refusals)("%s refuses %j: %s", (surface, values, phrase, tag = "UsageError") => {
    const error = refusal(() => resolve(surface, values));
    expect(error.message).toContain(phrase);
    expect(error.tag).toBe(tag);
  });
});

describe("profile ci", () => {
  it("sets the contract and its bundle", () => {
    const { config, sources } = resolve("train", {}, { profile: "ci" });
    expect(config.model).toMatchObject({
      physics_forward_mode: "rectangular_scaled",
      rect_s1s2_init: "data",
      rect_s1s2_trainable: true,
      cnn_output_mode: "real_imag",
    });
    expect(config.data.measurement_domain).toBe("count_intensity");
    expect(sources.rect_s1s2_init?.source).toBe("profile ci");
  });

  it("lets what is not contract be overridden", () => {
    expect(resolve("train", { rect_s1s2_init: "ones" }, { profile: "ci" }).config.model.rect_s1s2_init).toBe(
      "ones",
    );
  });

  it("wins over a preset, which is not explicit", () => {
    const { config } = resolve("train", {}, { profile: "ci", preset: "parity" });
    expect(config.model.physics_forward_mode).toBe("rectangular_scaled");
  });

  it.each([
    [{ torch_loss_mode: "mae" }, "the CI profile requires torch_loss_mode='poisson'; you passed 'mae'"],
    [
      { physics_forward_mode: "amplitude" },
      "the CI profile requires physics_forward_mode='rectangular_scaled'",
    ],
    [
      { scale_contract_version: "legacy_v1", measurement_domain: "normalized_amplitude" },
      "the CI profile requires scale_contract_version='ci_intensity_v2'",
    ],
  ])("refuses %j", (values, phrase) => {
    expect(refusal(() => resolve("train", values, { profile: "ci" })).message).toContain(phrase);
  });

  it("is the only profile, and belongs to train", () => {
    expect(refusal(() => resolve("train", {}, { profile: "xx" })).message).toContain(
      "Unknown configuration profile 'xx'; supported profiles: 'ci'",
    );
    expect(refusal(() => resolve("infer", {}, { profile: "ci" })).message).toContain("belongs to train");
    expect(refusal(() => resolve("train", {}, { preset: "party" })).message).toContain(
      "did you mean 'parity'",
    );
  });
});

describe("withFacts", () => {
  it("takes N and, unless explicit, nphotons from the file", () => {
    const { config, sources } = withFacts(resolve("train"), { N: 128, nphotons: 1e6 });
    expect(config.model.N).toBe(128);
    expect(config.data.nphotons).toBe(1e6);
    expect(sources.nphotons?.source).toBe("data file");
    expect(withFacts(resolve("train", { nphotons: 5 }), { N: 64, nphotons: 1e6 }).config.data.nphotons).toBe(
      5,
    );
  });

  it("refuses another N than the file's, and a size without a network", () => {
    expect(refusal(() => withFacts(resolve("train", { N: 64 }), { N: 128 })).message).toContain("128 x 128");
    expect(refusal(() => withFacts(resolve("train"), { N: 100 })).tag).toBe("DataError");
  });
});

it("every alias and switch of the original's native commands is known", () => {
  const train = namesOf("train");
  for (const name of [
    "max_epochs",
    "n_images",
    "device",
    "disable_mlflow",
    "quiet",
    "logger",
    "checkpoint_monitor",
  ])
    expect(train.has(name)).toBe(true);
  for (const name of ["test_data", "n_images", "device", "quiet"])
    expect(namesOf("infer").has(name)).toBe(true);
});
