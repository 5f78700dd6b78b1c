// An inference payload reaches our own configuration whole: each name that may be given arrives with its value, agrees with
// the archive, or is refused by name.
import { describe, expect, it } from "vitest";
import type { Config } from "../fields.js";
import { fixedFields } from "../fixed-fields.js";
import { namesOf } from "../names.js";
import { resolveConfig } from "../resolve.js";
import { INFERENCE_CONFIG, MODEL_CONFIG } from "./canonical.js";
import type { Row } from "./dataclass.js";
import { EXECUTION_CONFIG, executionConfig } from "./execution-config.js";
import { inferenceOverrides, inferencePayload } from "./inference-payload.js";
import type { InferencePayloadRequest } from "./payload.js";
import { toInferRequest } from "./to-infer-request.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL } from "./torch.js";

const facts = {
  ...{ modelPathExists: true, archiveExists: true, testFileExists: true, cuda: false },
  probe: { kind: "shape", shape: [64, 64] },
} as const;

/** What an archive of `train` with these values says. */
function archive(values: Record<string, unknown> = {}): Config<"train"> {
  const layer = { source: "test", values: { train_data_file: "scan.npz", ...values } };
  return resolveConfig("train", { layers: [layer] }).config;
}

function resolved(request: Partial<InferencePayloadRequest>, trained = archive()) {
  const base = { modelPath: "run", testDataFile: "new.npz", outputDir: "out", ...request };
  const payload = inferencePayload({ ...base, overrides: { n_groups: 32, ...request.overrides } }, facts);
  return resolveConfig("infer", toInferRequest(payload, trained));
}

/** Another legal value than the default, of the simple annotations. */
function another(annotation: string, fallback: unknown): unknown {
  const members = [...annotation.matchAll(/'([^']+)'/g)].map(([, text]) => text);
  if (members.length > 0) return members.find((text) => text !== fallback);
  if (/bool/.test(annotation)) return fallback !== true;
  if (/Tuple/.test(annotation)) return [0.2, 0.8];
  if (/List\[int\]/.test(annotation)) return [1, 2];
  if (/List/.test(annotation)) return ["a"];
  if (/str/.test(annotation)) return "other";
  if (annotation.includes("int")) return fallback === 6 ? 7 : 6;
  return 0.25;
}

/** What the first class of the original that has the field gives it. */
function fallbackOf(name: string): unknown {
  const classes = [
    TORCH_DATA,
    TORCH_MODEL,
    TORCH_INFERENCE,
    INFERENCE_CONFIG,
    MODEL_CONFIG,
    EXECUTION_CONFIG,
  ];
  const owner = classes.find(({ fields }) => Object.hasOwn(fields, name));
  return (owner?.fields as Readonly<Record<string, Row>> | undefined)?.[name]?.[1];
}

/** Values that another one must accompany, or whose annotation is wider than what the original takes. */
const SPECIAL: Readonly<Record<string, Record<string, unknown>>> = {
  scale_contract_version: { scale_contract_version: "legacy_v1", measurement_domain: "normalized_amplitude" },
  measurement_domain: { scale_contract_version: "legacy_v1", measurement_domain: "normalized_amplitude" },
  ...{ grid_size: { grid_size: [3, 3] }, gridsize: { gridsize: 3 }, N: { N: 128 } },
  ...{ mode: { mode: "Supervised" }, model_type: { model_type: "Supervised" } },
  amp_activation: { amp_activation: "sigmoid" },
  accelerator: { accelerator: "cpu" },
  ...{
    C: { C: 9, gridsize: 3 },
    C_model: { C_model: 9, gridsize: 3 },
    C_forward: { C_forward: 9, gridsize: 3 },
  },
  devices: { devices: 3 },
  checkpoint_mode: { checkpoint_mode: "max" },
  logger_backend: { logger_backend: null },
  probe_mask: { probe_mask: true },
  probe_mask_tensor: { probe_mask_tensor: {} },
};

describe("toInferRequest", () => {
  it.each([...inferenceOverrides()])("hands on or refuses by name: %s", (name, annotation) => {
    const overrides = SPECIAL[name] ?? { [name]: another(annotation, fallbackOf(name)) };
    const own = name === "batch_size" ? "inference_batch_size" : name === "K" ? "neighbor_count" : name;
    const meaning = namesOf("infer").get(own);
    let found: ReturnType<typeof resolved>;
    try {
      found = resolved({ overrides });
    } catch (error) {
      expect(String(error)).toMatch(new RegExp(`${name}|gridsize`));
      return;
    }
    if (meaning?.kind === "field") {
      const { value, source } = found.sources[meaning.entry.name] ?? {};
      expect(source).toBe("override");
      expect(value).toEqual(overrides[name]);
      return;
    }
    // What was not refused is what the archive says, or the one value that there is here, or sets other fields.
    const stored = Object.values(archive()).flatMap((section) => Object.entries(section));
    const isStored = stored.some(([field, value]) => field === own && value === overrides[name]);
    const isOnly = Object.hasOwn(fixedFields, name) && fixedFields[name].only === overrides[name];
    expect([name, isStored || isOnly || meaning?.kind === "switch"]).toEqual([name, true]);
  });

  it.each([
    [
      { gridsize: 1 },
      /override: gridsize 1 contradicts the model archive, .* gridsize 2; leave gridsize out/,
    ],
    [{ N: 128 }, /override: N 128 contradicts the model archive, which was trained with N 64/],
    [{ mode: "Supervised" }, /mode "Supervised" contradicts the model archive, .* model_type pinn/],
    [{ C: 9, C_model: 9, C_forward: 9, gridsize: 3 }, /contradicts the model archive, .* gridsize 2/],
    [{ amp_activation: "sigmoid" }, /amp_activation "sigmoid" contradicts .* amp_activation silu/],
    [{ window: 21 }, /override: window: .*leave it out/],
  ])("refuses %o", (overrides, message) => {
    expect(() => resolved({ overrides })).toThrow(message);
  });

  it("takes what agrees with the archive, whatever it was trained with", () => {
    const trained = archive({ gridsize: 1, n_filters_scale: 1, probe_scale: 2 });
    const overrides = { gridsize: 1, C: 1, n_filters_scale: 1, probe_scale: 2, window: 20 };
    expect(resolved({ overrides }, trained).config.data.n_groups).toBe(32);
  });

  it("refuses settings of a training, of the execution config too", () => {
    const given = (values: Record<string, unknown>) => ({
      executionConfig: executionConfig(values, { cuda: false }, () => {}),
    });
    expect(() => resolved(given({ learning_rate: 0.5 }))).toThrow(/'learning_rate' belongs to train/);
    expect(() => resolved(given({ precision: "16-mixed" }))).toThrow(/precision: 32-true is the only value/);
    expect(resolved(given({ learning_rate: 0.001 })).surface).toBe("infer");
    const names = Object.keys(EXECUTION_CONFIG.fields) as (keyof typeof EXECUTION_CONFIG.fields)[];
    for (const name of names) {
      const [annotation, fallback] = EXECUTION_CONFIG.fields[name];
      const value = SPECIAL[name]?.[name] ?? another(annotation, fallback);
      let source: string | undefined;
      try {
        const { sources } = resolved(given({ [name]: value }));
        source = sources[name as keyof typeof sources]?.source;
      } catch (error) {
        expect(String(error)).toContain(name);
        continue;
      }
      expect([name, source]).toEqual([name, "execution config"]);
    }
  });

  it("runs with the original's defaults, not ours, where nothing was given", () => {
    const { config, sources } = resolved({});
    expect(config.inference).toMatchObject({ patch_weighting: "probe", middle_trim: 0 });
    expect(config.inference.inference_batch_size).toBe(16);
    expect(config.inference.model_path).toBe("run");
    expect(config.data).toMatchObject({ test_data_file: "new.npz", neighbor_count: 4, n_groups: 32 });
    expect(config.data.scale_contract_version).toBeNull();
    expect(config.execution.output_dir).toBe("out");
    expect(config.data.n_subsample).toBeNull();
    expect(sources.patch_weighting?.source).toBe("default of the original");
    expect(config.inference.varpro_scaling).toBe(false); // a model of amplitudes has no scales
    const ci = resolveConfig("train", {
      profile: "ci",
      layers: [{ source: "test", values: { train_data_file: "scan.npz" } }],
    }).config;
    expect(resolved({}, ci).config.inference.varpro_scaling).toBe(true);
  });

  it("gives an unrolled model no defaults that it would refuse", () => {
    const trained = resolveConfig("train", {
      preset: "unrolled",
      layers: [{ source: "test", values: { train_data_file: "scan.npz" } }],
    }).config;
    expect(resolved({}, trained).sources.patch_weighting?.givenAs).toBeUndefined();
  });

  it("keeps the precedence, and inference_batch_size above batch_size", () => {
    const config = executionConfig({ inference_batch_size: 8 }, { cuda: false }, () => {});
    const { sources } = resolved({ overrides: { batch_size: 4 }, executionConfig: config });
    expect(sources.inference_batch_size).toMatchObject({ value: 8, source: "execution config" });
    const plain = resolved({ overrides: { batch_size: 4 }, commandLine: { K: 7 } }).sources;
    expect(plain.inference_batch_size).toMatchObject({ value: 4, source: "override" });
    expect(plain.neighbor_count).toMatchObject({ value: 7, source: "command line" });
  });
});
