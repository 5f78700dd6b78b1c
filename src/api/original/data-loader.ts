// The original's PtychoDataLoader: which scan, in which form, and where a training writes.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { check, PtychoError } from "../../core/errors.js";
import { type ComplexParts, type Numbers, rawDataFromArrays } from "../../data/raw-data-from-arrays.js";
import { printable } from "../../formats/printable.js";
import { expectMembers, type ScanSource } from "../request.js";
import { type ConfigManager, type ConfigManagerOptions, managerOf } from "./config-manager.js";

/** The forms that the original knows; here they differ in nothing. */
export const DATALOADER_FORMATS = ["lightning_module", "lightning_only_module", "tensordict"] as const;

export interface PtychoDataLoaderOptions extends ConfigManagerOptions {
  /** A scan file, a folder that holds one .npz, or the scan itself. */
  readonly data_dir: ScanSource;
  readonly config_manager?: ConfigManager;
  readonly data_format?: (typeof DATALOADER_FORMATS)[number];
  /** Where a training writes, in a folder `run_<timestamp>` of its own. */
  readonly output_dir?: string;
  /** Names that folder; the present time, as 20250131_235959, when absent. */
  readonly timestamp?: string;
}

export interface FromNpOptions extends ConfigManagerOptions {
  /** n * N * N values, row after row; what they are, `data_config.measurement_domain` says. */
  readonly diff_patterns: Numbers;
  /** P * N * N values. */
  readonly probe: ComplexParts;
  /** n pairs (y, x) in object pixels, one behind the other, as ptychodus has them. */
  readonly positions: Numbers;
  readonly config_manager?: ConfigManager;
}

const CONFIGS = [
  ...["data_config", "model_config", "training_config", "inference_config", "datagen_config"],
  ...["config_manager", "onWarning"],
];
const MEMBERS = ["data_dir", ...CONFIGS, "data_format", "output_dir", "timestamp"];
const DOMAINS = { count_intensity: "counts", normalized_amplitude: "amplitude" } as const;

/** @deprecated pass `data` and `outputDir` to `train` and `infer`. */
export class PtychoDataLoader {
  readonly config_manager: ConfigManager;
  /** The scan: its file, or itself. */
  readonly data: ScanSource;
  /** Folder of the training run; undefined where none was named. */
  readonly output_dir: string | undefined;

  /** @throws PtychoError UsageError for a folder without or with several scans, or a form that there is not. */
  constructor(options: PtychoDataLoaderOptions) {
    expectMembers("PtychoDataLoader", options, MEMBERS);
    const { data_dir, data_format, output_dir, timestamp, ...configs } = options;
    check(
      data_format === undefined || DATALOADER_FORMATS.includes(data_format),
      "UsageError",
      () =>
        `PtychoDataLoader: data_format: expected one of ${DATALOADER_FORMATS.join(", ")}, got '${data_format}'`,
    );
    this.config_manager = managerOf("PtychoDataLoader", configs);
    this.data = typeof data_dir === "string" ? scanIn(data_dir) : data_dir;
    this.output_dir = output_dir && join(output_dir, `run_${timestamp ?? timestampOf(new Date())}`);
  }

  /**
   * A loader over arrays in memory.
   *
   * @throws PtychoError as `rawDataFromArrays`; UsageError where `measurement_domain` does not say what the values are.
   * @deprecated
   */
  static from_np(options: FromNpOptions): PtychoDataLoader {
    expectMembers("PtychoDataLoader.from_np", options, ["diff_patterns", "probe", "positions", ...CONFIGS]);
    const { diff_patterns, probe, positions, ...configs } = options;
    const config_manager = managerOf("PtychoDataLoader.from_np", configs);
    const { measurement_domain: stated } = config_manager.data_config;
    if (stated === undefined)
      throw new PtychoError(
        "UsageError",
        "PtychoDataLoader.from_np: state what diff_patterns are: data_config.measurement_domain 'count_intensity' or " +
          "'normalized_amplitude'",
      );
    const axis = (offset: 0 | 1) =>
      Float64Array.from({ length: Math.ceil(positions.length / 2) }, (_, i) => positions[2 * i + offset]);
    const data_dir = rawDataFromArrays({
      ...{ diffraction: diff_patterns, domain: DOMAINS[stated], probe },
      ...{ yPx: axis(0), xPx: axis(1) },
    });
    return new PtychoDataLoader({ config_manager, data_dir });
  }

  /** Always refused: batches are made inside a training. @deprecated */
  module_train_dataloader(): never {
    throw batchesInside("module_train_dataloader");
  }

  /** Always refused: batches are made inside a training. @deprecated */
  module_val_dataloader(): never {
    throw batchesInside("module_val_dataloader");
  }
}

function batchesInside(name: string): PtychoError {
  return new PtychoError(
    "UsageError",
    `PtychoDataLoader.${name}: batches are made inside the training and are not handed out; train with Trainer, or train()`,
  );
}

/** The one scan at `path`. */
function scanIn(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path; // its reader says what is wrong with it
  const scans = readdirSync(path).filter((name) => name.endsWith(".npz"));
  check(
    scans.length === 1,
    "UsageError",
    () =>
      `PtychoDataLoader: data_dir ${printable(path)}: a run takes one scan, the folder holds ${scans.length} .npz files; name ` +
      "one of them, and take the model to the others with adapt()",
  );
  return join(path, scans[0]);
}

function timestampOf(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}_${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
