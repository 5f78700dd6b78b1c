// A payload reaches our own configuration whole: each name that may be given arrives with its value, or is refused by name.
import { describe, expect, it } from "vitest";
import { namesOf } from "../names.js";
import { resolveConfig } from "../resolve.js";
import { EXECUTION_CONFIG, executionConfig } from "./execution-config.js";
import type { TrainingPayloadRequest } from "./payload.js";
import { toTrainRequest } from "./to-request.js";
import { trainingOverrides, trainingPayload } from "./training-payload.js";

const facts = { trainFileExists: true, probe: { kind: "shape", shape: [64, 64] }, cuda: false } as const;

function resolved(request: Partial<TrainingPayloadRequest>) {
  const base = { trainDataFile: "scan.npz", outputDir: "out", ...request };
  const payload = trainingPayload({ ...base, overrides: { n_groups: 32, ...request.overrides } }, facts);
  return resolveConfig("train", toTrainRequest(payload));
}

function refusal(request: Partial<TrainingPayloadRequest>): string | undefined {
  try {
    resolved(request);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The field of ours that a name stands for, where it has one. */
function fieldNamed(name: string): string | undefined {
  const other: Record<string, string> = { grid_size: "gridsize", K: "neighbor_count", epochs: "nepochs" };
  const meaning = namesOf("train").get(other[name] ?? name);
  return meaning?.kind === "field" ? meaning.entry.name : undefined;
}

/** A value that is legal for the original and not its default; with what it needs beside it. */
function sample(name: string, annotation: string): { value: unknown; beside?: Record<string, unknown> } {
  const special: Record<string, { value: unknown; beside?: Record<string, unknown> }> = {
    N: { value: 128 },
    gridsize: { value: 2 },
    grid_size: { value: [2, 2] },
    mode: { value: "Supervised" },
    model_type: { value: "Supervised" },
    batch_size: { value: 8 },
    nll_weight: { value: 0.5 },
    mae_weight: { value: 0.5 },
    n_groups: { value: 77 },
    K: { value: 9 },
    neighbor_count: { value: 9 },
    C: { value: 4, beside: { gridsize: 2 } },
    C_model: { value: 4, beside: { gridsize: 2 } },
    C_forward: { value: 4, beside: { gridsize: 2 } },
    scale_contract_version: { value: "legacy_v1", beside: { measurement_domain: "normalized_amplitude" } },
    measurement_domain: { value: "normalized_amplitude", beside: { scale_contract_version: "legacy_v1" } },
    rect_s1s2_init: { value: "data", beside: { physics_forward_mode: "rectangular_scaled" } },
    device: { value: "cpu" },
    devices: { value: 3 },
    loss_function: { value: "MAE" },
    patch_weighting: { value: "uniform" },
    framework: { value: "Default" },
    amp_activation: { value: "sigmoid" },
    gradient_clip_algorithm: { value: "agc" },
    optimizer: { value: "sgd" },
    scheduler: { value: "Exponential" },
    accelerator: { value: "mps" },
    logger_backend: { value: null },
    checkpoint_mode: { value: "max" },
    checkpoint_monitor_metric: { value: "train_loss" },
    probe_mask_tensor: { value: {} },
  };
  if (special[name] !== undefined) return special[name];
  const members = [...annotation.matchAll(/'([^']+)'/g)].map(([, text]) => text);
  if (members.length > 0) return { value: members[members.length - 1] };
  if (/Tuple/.test(annotation)) return { value: [0.2, 0.8] };
  if (/List\[int\]/.test(annotation)) return { value: [1, 2] };
  if (/List/.test(annotation)) return { value: ["a"] };
  if (/bool/.test(annotation)) return { value: BOOLS[name] ?? true };
  if (/str/.test(annotation)) return { value: "other" };
  return { value: annotation.includes("int") ? 3 : 0.25 };
}

/** Booleans that are true by default in some class of the original. */
const TRUE = [
  ...["object_big", "probe_big", "pad_object", "cbam_encoder", "rect_s1s2_trainable", "probe_normalize"],
  ...["nll", "positions_provided", "varpro_scaling", "deterministic"],
  ...["enable_checkpointing", "ffno_encoder_share_weights", "spectral_bottleneck_share_weights"],
];
const BOOLS = Object.fromEntries(TRUE.map((name) => [name, false]));

/** Fields of ours that refuse the sample by name. */
const REFUSED_VALUE = ["accelerator", "architecture", "loss_function", "num_workers"];

/** Values that our table writes in another way. */
const WRITTEN: Readonly<Record<string, unknown>> = {
  ...{ mode: "supervised", model_type: "supervised", grid_size: 2 },
  ...{ logger_backend: "none", recon_log_fixed_indices: "1,2" },
};

describe("toTrainRequest", () => {
  it.each([...trainingOverrides()])("hands on or refuses by name: %s", (name, annotation) => {
    const { value, beside } = sample(name, annotation);
    const overrides = { ...beside, [name]: value };
    const field = fieldNamed(name);
    if (beside?.gridsize !== undefined) {
      expect(resolved({ overrides }).sources.gridsize?.value).toBe(2); // C follows from it
      return;
    }
    const why = refusal({ overrides });
    if (field === undefined || REFUSED_VALUE.includes(name)) {
      expect(why).toContain(name);
      return;
    }
    expect(why).toBeUndefined();
    const { sources } = resolved({ overrides });
    const found = sources[field as keyof typeof sources]; // a field of the table
    expect(found?.value).toEqual(WRITTEN[name] ?? value);
    expect(found?.source).toBe("override");
  });

  it.each(Object.keys(EXECUTION_CONFIG.fields))(
    "hands on or refuses by name, of the execution config: %s",
    (name) => {
      const [annotation] = EXECUTION_CONFIG.fields[name as keyof typeof EXECUTION_CONFIG.fields];
      const { value } = sample(name, annotation);
      const request = () => ({
        executionConfig: executionConfig({ [name]: value }, { cuda: false }, () => {}),
      });
      const field = fieldNamed(name);
      const why = refusal(request());
      if (field === undefined || REFUSED_VALUE.includes(name)) {
        expect(why).toContain(name);
        return;
      }
      expect(why).toBeUndefined();
      const { sources } = resolved(request());
      const found = sources[field as keyof typeof sources]; // a field of the table
      expect(found?.value).toEqual(WRITTEN[name] ?? value);
      expect(found?.source).toBe("execution config");
    },
  );

  it("runs with the original's defaults, not ours, where nothing was given", () => {
    const { config, sources } = resolved({});
    expect(config.model.gridsize).toBe(1);
    expect(config.model.object_big).toBe(true);
    expect(config.training.nepochs).toBe(50);
    expect(config.data.neighbor_count).toBe(6);
    expect(config.data.n_subsample).toBeNull(); // 7 in the PyTorch class, where it means groups per centre (D8)
    expect(config.data.train_data_file).toBe("scan.npz");
    expect(config.execution.output_dir).toBe("out");
    expect(config.execution.enable_progress_bar).toBe(false);
    expect(sources.nepochs?.source).toBe("default of the original");
    expect(sources.N?.givenAs).toBeUndefined();
  });

  it("keeps the precedence: override, execution config, command line", () => {
    const config = executionConfig({ learning_rate: 2e-4, accum_steps: 4 }, { cuda: false }, () => {});
    const { sources } = resolved({
      overrides: { learning_rate: 0.01 },
      executionConfig: config,
      commandLine: { learning_rate: 0.5, accum_steps: 7, max_epochs: 9 },
    });
    expect(sources.learning_rate).toMatchObject({ value: 0.01, source: "override" });
    expect(sources.accum_steps).toMatchObject({ value: 4, source: "execution config" });
    expect(sources.nepochs).toMatchObject({ value: 9, source: "command line" });
  });

  it("hands the profile on by its name, and keeps what was given beside it", () => {
    const { sources } = resolved({ profile: "ci", overrides: { rect_s1s2_init: "ones", gridsize: 2 } });
    expect(sources.physics_forward_mode).toMatchObject({ value: "rectangular_scaled", source: "profile ci" });
    expect(sources.rect_s1s2_init).toMatchObject({ value: "ones", source: "override" });
    expect(sources.cnn_output_mode?.value).toBe("real_imag");
  });

  it("accepts a given default of what it lacks, and refuses any other value by name", () => {
    expect(refusal({ overrides: { window: 20 } })).toBeUndefined();
    expect(refusal({ overrides: { window: 21 } })).toMatch(/window/);
    expect(refusal({ overrides: { loss_function: "MAE" } })).toMatch(/loss_function 'MAE' contradicts/);
  });
});
