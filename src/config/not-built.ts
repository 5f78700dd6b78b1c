// Names of the original that have no meaning here: refused by name with the reason, not as a typing error.

const STAGES = "the original ignores the stages; train in steps of your own with 'ptychopinn adapt'";
const DATAGEN = "it belongs to the original's data generator; 'ptychopinn simulate' has options of its own";
const BOUNDS = "groups are centred on the whole scan; cut the scan file instead";
const DERIVED = "it follows from gridsize (C = gridsize^2); leave it out";
const MLFLOW_MODE =
  "models are not fetched from MLflow here; give --model_path RUN_FOLDER --test_data SCAN.npz instead";

/** The names, each with the reason and what to do instead. */
export const REFUSED_NAMES: Readonly<Record<string, string>> = {
  ptycho_dir:
    "the legacy interface reads a folder of scans; give one scan as --train_data_file SCAN.npz, and a configuration as --config FILE",
  run_id: MLFLOW_MODE,
  infer_dir: MLFLOW_MODE,
  file_index: MLFLOW_MODE,
  training_directories:
    "a run trains on one scan; give it as train_data_file, and others with 'ptychopinn adapt'",
  grid_size: "groups are square; give gridsize, the edge alone",
  ...{ C: DERIVED, C_model: DERIVED, C_forward: DERIVED },
  probe_mask_tensor:
    "a mask of your own is not taken; give probe_mask, probe_mask_sigma and probe_mask_diameter",
  n_devices: "a run uses one device; leave it out",
  framework: "there is one training loop; leave it out",
  orchestrator: "there is one training loop; give logger_backend for the record",
  experiment_name: "a run is named by its output_dir; leave it out",
  experiment_number: "a run is named by its output_dir; leave it out",
  model_name: "a run is named by its output_dir; leave it out",
  notes: "the record of a run has no free text; put notes beside it in output_dir",
  ...{ stage_1_epochs: STAGES, stage_2_epochs: STAGES, stage_3_epochs: STAGES },
  ...{ physics_weight_schedule: STAGES, stage_3_lr_factor: STAGES },
  ...{ x_bounds: BOUNDS, y_bounds: BOUNDS },
  window: "stitching is weighted by patch_weighting and has no window; leave it out",
  ...{ objects_per_probe: DATAGEN, diff_per_object: DATAGEN, object_class: DATAGEN },
  ...{ image_size: DATAGEN, probe_paths: DATAGEN, beamstop_diameter: DATAGEN },
};

/** Flags of the original's legacy interfaces, which it refuses together with the present ones. */
export const LEGACY_FLAGS: readonly string[] = ["ptycho_dir", "run_id", "infer_dir", "file_index"];

/** Why `name` is refused, when it is a name of the original without a counterpart here; spelled with underscores. */
export function notBuilt(name: string): string | undefined {
  return Object.hasOwn(REFUSED_NAMES, name) ? REFUSED_NAMES[name] : undefined;
}
