// Every kind of golden case: how it is checked, or why it is not.
import type { CaseCheck } from "./check.js";
import { dataChecks } from "./data-cases.js";
import { inferenceChecks } from "./inference-cases.js";
import { modelChecks } from "./model-cases.js";
import { physicsChecks } from "./physics-cases.js";
import { trainingChecks } from "./training-cases.js";

export const caseChecks: Readonly<Record<string, CaseCheck>> = joined([
  physicsChecks,
  modelChecks,
  trainingChecks,
  inferenceChecks,
  dataChecks,
]);

const TENSORFLOW = "the TensorFlow backend";
const SIMULATION = "simulation";
const EVALUATION = "evaluation";
const CONFIGURATION = "configuration";
const MOSAIC = "the stitching of the TensorFlow workflows";

/** Kinds that belong to another capability, with its name. */
export const otherCapabilities: Readonly<Record<string, string>> = {
  artifact: "the import of PyTorch artefacts",
  generator: "the architectures ffno, fno and fno_vanilla",
  ptychodus_product: "the exchange with ptychodus",
  groups_cache: "the groups cache",
  npz_fixture_generator: "the fixture generator",
  config_bridge: CONFIGURATION,
  config_defaults: CONFIGURATION,
  config_errors: CONFIGURATION,
  config_execution: CONFIGURATION,
  config_infer_probe_size: CONFIGURATION,
  config_metadata: CONFIGURATION,
  config_scenarios: CONFIGURATION,
  default_probe: SIMULATION,
  objects_grf: SIMULATION,
  objects_lines: SIMULATION,
  objects_points_diagonals: SIMULATION,
  sim_ci_counts: SIMULATION,
  sim_grid_gridsize2: SIMULATION,
  sim_nongrid_positions: SIMULATION,
  simulate_patterns: SIMULATION,
  eval_pieces: EVALUATION,
  eval_reconstruction: EVALUATION,
  eval_registration: EVALUATION,
  eval_torch_frc: EVALUATION,
  stitch_grid: MOSAIC,
  stitch_position: MOSAIC,
  stitch_whole_object: MOSAIC,
  tf_bundle: TENSORFLOW,
  tf_diffract: TENSORFLOW,
  tf_formats: TENSORFLOW,
  tf_losses: TENSORFLOW,
  tf_model: TENSORFLOW,
  tf_reassemble: TENSORFLOW,
  tf_translate: TENSORFLOW,
};

/** Kinds whose cases take seconds each; the unit tests leave them to `npm run parity` unless PTYCHOPINN_SLOW is set. */
export const heavyKinds: ReadonlySet<string> = new Set(["autoencoder", "compute_loss", "trajectory"]);

/** One record of all; a kind that two rooms answer for is checked by both. */
function joined(parts: readonly Readonly<Record<string, CaseCheck>>[]): Record<string, CaseCheck> {
  const all: Record<string, CaseCheck> = {};
  for (const [kind, check] of parts.flatMap((part) => Object.entries(part))) {
    const earlier = all[kind];
    all[kind] =
      earlier === undefined
        ? check
        : async (...given) => [...(await earlier(...given)), ...(await check(...given))];
  }
  return all;
}
