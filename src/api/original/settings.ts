// From the original's names to the settings of a run here. Nothing given is dropped, unless it is the original's own
// default of something that this library does not have.
import { namesOf } from "../../config/names.js";
import type { DataClass, Row } from "../../config/original/dataclass.js";
import {
  TORCH_DATA,
  TORCH_DATAGEN,
  TORCH_INFERENCE,
  TORCH_MODEL,
  TORCH_TRAINING,
} from "../../config/original/torch.js";
import { check, PtychoError } from "../../core/errors.js";
import type { Settings } from "../request.js";
import type { ConfigManager } from "./config-manager.js";

type Values = Readonly<Record<string, unknown>>;

/** Names whose meaning in the PyTorch classes is another one than here. */
const OTHER_MEANING: Readonly<Record<string, string>> = {
  n_subsample:
    "in DataConfig it counts groups per centre, and one group is drawn about a pattern here; give TrainingConfig.n_groups",
};

/** Names that are arguments of the objects themselves. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  training_directories: "is data_dir of PtychoDataLoader",
  train_data_file: "is data_dir of PtychoDataLoader",
  test_data_file: "is not taken by PtychoDataLoader; call train() with testData",
  output_dir: "is output_dir of PtychoDataLoader",
};

/**
 * Settings of `train`.
 *
 * @throws PtychoError UsageError for a value that contradicts another, or that has no counterpart here.
 */
export function trainSettings(manager: ConfigManager): Settings<"train"> {
  refuseGenerator(manager);
  const settings: Record<string, unknown> = {
    ...asked("train", TORCH_DATA, manager.data_config),
    ...asked("train", TORCH_MODEL, manager.model_config),
    ...asked("train", TORCH_TRAINING, manager.training_config),
  };
  const gridsize = gridsizeOf(manager.data_config, manager.model_config);
  return { ...settings, ...(gridsize === undefined ? {} : { gridsize }) }; // names are checked where it is resolved
}

/** Settings of `infer`; data, model and training are those that the model was trained with. */
export function inferSettings(manager: ConfigManager): Settings<"infer"> {
  const { batch_size, ...rest } = manager.inference_config;
  return {
    ...asked("infer", TORCH_INFERENCE, rest),
    ...(batch_size === undefined ? {} : { inference_batch_size: batch_size }),
  };
}

/** The given values under names that a run knows or refuses with a reason. */
function asked(surface: "train" | "infer", table: DataClass, values: Values): Values {
  const known = namesOf(surface);
  const rows: Readonly<Record<string, Row>> = table.fields;
  const kept = Object.entries(values).filter(([name, value]) => {
    if (value === null || ["C", "grid_size", "C_model", "C_forward"].includes(name)) return false;
    const isDefault = JSON.stringify(value) === JSON.stringify(rows[name][1]);
    const elsewhere = ARGUMENTS[name];
    if (elsewhere !== undefined) {
      check(isDefault, "UsageError", () => `${table.name}.${name}: ${elsewhere}; leave it out`);
      return false;
    }
    const other = OTHER_MEANING[name];
    if (other !== undefined) {
      check(isDefault, "UsageError", () => `${table.name}.${name}: ${other}`);
      return false;
    }
    return known.has(name) || !isDefault;
  });
  return Object.fromEntries(kept);
}

/** The edge of a group, from whichever of C and grid_size is given; all that is given must agree. */
function gridsizeOf(
  data: ConfigManager["data_config"],
  model: ConfigManager["model_config"],
): number | undefined {
  const { C, grid_size: grid } = data;
  if (grid !== undefined && grid[0] !== grid[1])
    throw new PtychoError(
      "UsageError",
      `DataConfig.grid_size: groups are square here, got (${grid[0]}, ${grid[1]}); give two equal numbers`,
    );
  const given = { C, C_model: model.C_model, C_forward: model.C_forward };
  const members = grid === undefined ? (C ?? model.C_model ?? model.C_forward) : grid[0] * grid[1];
  if (members === undefined) return undefined;
  const edge = Math.sqrt(members);
  check(
    Number.isInteger(edge) && edge > 0,
    "UsageError",
    () => `DataConfig.C: groups are square here, got ${members} patterns; give 1, 4, 9, ...`,
  );
  for (const [name, value] of Object.entries(given))
    check(
      value === undefined || value === members,
      "UsageError",
      () => `${name}: groups of ${members} patterns were asked for, and ${value}; give one of them`,
    );
  return edge;
}

function refuseGenerator({ datagen_config }: ConfigManager): void {
  const rows: Readonly<Record<string, Row>> = TORCH_DATAGEN.fields;
  for (const [name, value] of Object.entries(datagen_config))
    check(
      JSON.stringify(value) === JSON.stringify(rows[name][1]),
      "UsageError",
      () =>
        `DatagenConfig.${name}: the data generator is simulate() here, with options of its own; leave it out`,
    );
}
