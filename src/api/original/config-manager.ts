// The original's ConfigManager (ptycho_torch/api/base_api.py, CONTRACTS 2.6) over the settings of this library.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { deprecate } from "node:util";
import { build, checkAnnotation, type DataClass, type Row } from "../../config/original/dataclass.js";
import {
  TORCH_DATA,
  TORCH_DATAGEN,
  TORCH_INFERENCE,
  TORCH_MODEL,
  TORCH_TRAINING,
  type TorchData,
  type TorchInference,
  type TorchModel,
  type TorchTraining,
} from "../../config/original/torch.js";
import { PtychoError } from "../../core/errors.js";
import { readRegularFile } from "../../formats/files.js";
import { printable } from "../../formats/printable.js";

/** Values of the original's PyTorch classes, by their names there. */
export interface OriginalConfigs {
  readonly data_config?: Partial<TorchData["values"]>;
  readonly model_config?: Partial<TorchModel["values"]>;
  readonly training_config?: Partial<TorchTraining["values"]>;
  readonly inference_config?: Partial<TorchInference["values"]>;
  /** Accepted where it is empty: the data generator is `simulate` here. */
  readonly datagen_config?: Readonly<Record<string, unknown>>;
}

/** `OriginalConfigs`, and where the notice of deprecation goes. */
export interface ConfigManagerOptions extends OriginalConfigs {
  /** Told once per manager that this interface is deprecated; absent: Node's own warning, once per process. */
  readonly onWarning?: (text: string) => void;
}

type Part = keyof OriginalConfigs;

const CLASSES: Readonly<Record<Part, DataClass>> = {
  data_config: TORCH_DATA,
  model_config: TORCH_MODEL,
  training_config: TORCH_TRAINING,
  inference_config: TORCH_INFERENCE,
  datagen_config: TORCH_DATAGEN,
};
const PARTS = Object.keys(CLASSES) as readonly Part[]; // the keys of the table above

const NOTICE =
  "ptychopinn: ConfigManager, PtychoDataLoader, PtychoModel, Trainer and InferenceEngine are kept for programs written " +
  "for the Python original and are deprecated; call train(), loadBundle() and infer() instead";
const CODE = "PTYCHOPINN_OBJECT_API";

/**
 * What was asked for in the original's words. Holds given values alone: what is left out has the default of `train` and
 * `infer` here. Names and types are checked at once, the rest when a run begins.
 *
 * @deprecated pass `settings` to `train` and `infer`.
 */
export class ConfigManager {
  #parts: Required<OriginalConfigs>;

  /** @throws PtychoError UsageError for an unknown name, with the nearest one, or a value of a wrong type. */
  constructor({ onWarning, ...given }: ConfigManagerOptions = {}) {
    this.#parts = checkedParts("ConfigManager", given);
    if (onWarning === undefined) deprecate(() => {}, NOTICE, CODE)();
    else onWarning(NOTICE);
  }

  /** @deprecated */
  static from_configs(options: ConfigManagerOptions = {}): ConfigManager {
    return new ConfigManager(options);
  }

  /**
   * One JSON file with the members `data_config`, `model_config`, ...; an unreadable one is refused, where the original
   * went on with its defaults.
   *
   * @deprecated
   */
  static _from_json(path: string, onWarning?: (text: string) => void): ConfigManager {
    return new ConfigManager({ ...readJson(path), ...(onWarning === undefined ? {} : { onWarning }) });
  }

  /** The folder `configs` of a run of the original: one JSON file per class, as far as they are there. @deprecated */
  static _from_lightning_json(runFolder: string, onWarning?: (text: string) => void): ConfigManager {
    const folder = join(runFolder, "configs");
    const found = PARTS.filter((part) => existsSync(join(folder, `${part}.json`)));
    if (found.length === 0)
      throw new PtychoError(
        "UsageError",
        `${printable(folder)}: expected ${PARTS.map((part) => `${part}.json`).join(", ")}, found none of them`,
      );
    const parts = Object.fromEntries(found.map((part) => [part, readJson(join(folder, `${part}.json`))]));
    return new ConfigManager({ ...parts, ...(onWarning === undefined ? {} : { onWarning }) });
  }

  /** Always refused. @deprecated */
  static _from_mlflow(runId: string): never {
    throw new PtychoError(
      "UsageError",
      `ConfigManager._from_mlflow(${JSON.stringify(runId)}): configurations are not fetched from MLflow here; save them as ` +
        "JSON and call _from_json",
    );
  }

  /** `_from_json`; a `run_id` is refused, as nothing is fetched from MLflow. @deprecated */
  static _flexible_load(options: {
    readonly run_id?: string | null;
    readonly json_path: string;
  }): ConfigManager {
    return options.run_id == null
      ? ConfigManager._from_json(options.json_path)
      : ConfigManager._from_mlflow(options.run_id);
  }

  /** Further values, stronger than those there are. @deprecated */
  update(given: OriginalConfigs): void {
    const checked = checkedParts("ConfigManager.update", given);
    this.#parts = mapParts((part) => ({ ...this.#parts[part], ...checked[part] }));
  }

  get data_config(): Partial<TorchData["values"]> {
    return this.#parts.data_config;
  }

  get model_config(): Partial<TorchModel["values"]> {
    return this.#parts.model_config;
  }

  get training_config(): Partial<TorchTraining["values"]> {
    return this.#parts.training_config;
  }

  get inference_config(): Partial<TorchInference["values"]> {
    return this.#parts.inference_config;
  }

  get datagen_config(): Readonly<Record<string, unknown>> {
    return this.#parts.datagen_config;
  }

  /** data, model, training, inference, datagen. @deprecated */
  to_tuple() {
    const { data_config, model_config, training_config, inference_config, datagen_config } = this.#parts;
    return [data_config, model_config, training_config, inference_config, datagen_config] as const;
  }
}

/** The manager that was handed over, or one of the parts that were. */
export function managerOf(
  where: string,
  { config_manager, ...parts }: ConfigManagerOptions & { readonly config_manager?: ConfigManager },
): ConfigManager {
  const given = Object.entries(parts).find(([, value]) => value !== undefined);
  if (config_manager !== undefined && given !== undefined)
    throw new PtychoError(
      "UsageError",
      `${where}: config_manager and ${given[0]} are both given; put ${given[0]} into the manager`,
    );
  return config_manager ?? new ConfigManager(parts);
}

function checkedParts(where: string, given: OriginalConfigs): Required<OriginalConfigs> {
  const unknown = Object.keys(given).find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new PtychoError(
      "UsageError",
      `${where}: unknown member '${unknown}'; it takes ${PARTS.join(", ")}`,
    );
  return mapParts((part) => {
    const values = Object.fromEntries(
      Object.entries(given[part] ?? {}).filter(([, value]) => value !== undefined),
    );
    const table = CLASSES[part];
    build(table, values); // refuses unknown names
    const rows: Readonly<Record<string, Row>> = table.fields;
    for (const [name, value] of Object.entries(values))
      checkAnnotation(`${where}: ${part}`, name, rows[name][0], value);
    return values;
  });
}

function mapParts(of: (part: Part) => object): Required<OriginalConfigs> {
  const parts = Object.fromEntries(PARTS.map((part) => [part, Object.freeze(of(part))]));
  return parts as unknown as Required<OriginalConfigs>; // one member per part
}

function readJson(path: string): Readonly<Record<string, object>> {
  const where = printable(path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readRegularFile(path).toString("utf8"));
  } catch (error) {
    if (error instanceof PtychoError) throw error;
    throw new PtychoError("UsageError", `${where}: is not JSON; write it again`, error);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new PtychoError("UsageError", `${where}: expected a JSON object of settings`);
  return parsed as Readonly<Record<string, object>>;
}
