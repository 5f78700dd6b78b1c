// Settings of the original that have one value here. That value is accepted, so that its configurations can be read; any
// other would be ignored, and is refused with the reason.
import { PtychoError } from "../core/errors.js";
import { type FieldValue, type FixedField, TRAIN } from "./field.js";
import { fixedExecution } from "./fixed-execution.js";

const fixed = (only: FieldValue, reason: string): FixedField => ({ surfaces: TRAIN, only, reason });

const ONE_LOSS =
  "the loss is the one that torch_loss_mode names; weights mix losses in the TensorFlow original alone";
const FNO = "it belongs to architectures ffno, fno, fno_vanilla and neuralop_uno, which are not built yet";
const ONE_SCALE =
  "the scale of the amplitude is not trained; --physics_forward_mode rectangular_scaled trains s1 and s2";
const NEAREST = "groups are drawn from the nearest neighbours alone; give neighbor_count";
const NO_FINE_TUNE = "there is no stage with a frozen encoder; 'ptychopinn adapt' trains a model further";

export const fixedFields: Readonly<Record<string, FixedField>> = {
  ...fixedExecution,
  mae_weight: fixed(0, ONE_LOSS),
  nll_weight: fixed(1, ONE_LOSS),
  nll: fixed(true, ONE_LOSS),
  realspace_mae_weight: fixed(0, `${ONE_LOSS}; to train on known patches give --model_type supervised`),
  realspace_weight: fixed(0, `${ONE_LOSS}; to smooth the object give --amp_loss or --phase_loss`),
  positions_provided: fixed(
    true,
    "a scan without positions cannot be grouped; put xcoords and ycoords into the file",
  ),
  probe_trainable: fixed(
    false,
    "training takes the probe as known; 'ptychopinn reconstruct --refine_probe on' fits it",
  ),
  intensity_scale_trainable: fixed(false, ONE_SCALE),
  intensity_scale: fixed(10000, ONE_SCALE),
  pad_object: fixed(true, "the object is always padded to hold its shifted patches"),
  gaussian_smoothing_sigma: fixed(0, "objects are not blurred; smooth with --amp_loss or --phase_loss"),
  edge_pad: fixed(10, "patches are used whole; the original trims by it nowhere, too"),
  offset: fixed(6, "positions come from the scan file; offset belongs to simulated grids"),
  max_position_jitter: fixed(10, "the original ignores it, too; simulate --position_error moves positions"),
  num_datasets: fixed(1, "a model is trained on one scan; 'ptychopinn adapt' takes it to another"),
  ...{ fno_modes: fixed(12, FNO), fno_width: fixed(32, FNO), fno_blocks: fixed(4, FNO) },
  ...{ fno_cnn_blocks: fixed(2, FNO), fno_input_transform: fixed("none", FNO) },
  ...{ learned_input_channels: fixed(1, FNO), max_hidden_channels: fixed(null, FNO) },
  ...{ resnet_width: fixed(null, FNO) },
  generator_output_mode: fixed("real_imag", `${FNO}; the cnn has cnn_output_mode`),
  neighbor_function: fixed("Nearest", NEAREST),
  min_neighbor_distance: fixed(0, NEAREST),
  K_quadrant: fixed(30, NEAREST),
  scan_pattern: fixed("Isotropic", "positions are taken as they are, whatever their pattern"),
  normalize: fixed("Batch", "one scale for the whole scan keeps patterns comparable"),
  data_scaling: fixed("Parseval", "patterns are scaled by their mean energy"),
  probe_normalize: fixed(true, "the probe is always normalised; probe_scale says how"),
  phase_subtraction: fixed(
    false,
    "labels are taken as the scan file has them; take the mean phase off there",
  ),
  epochs_fine_tune: fixed(0, NO_FINE_TUNE),
  fine_tune_gamma: fixed(0.1, NO_FINE_TUNE),
  log_grad_norm: fixed(false, "norms of gradients are not recorded; gradient_clip_val limits them"),
  grad_norm_log_freq: fixed(1, "norms of gradients are not recorded; gradient_clip_val limits them"),
};

/** @param where the name as the user spelled it. @throws PtychoError UsageError for another value than the one there is. */
export function checkFixed(where: string, { only, also, reason }: FixedField, given: unknown): void {
  const texts = only === null ? ["none", "null"] : [String(only)];
  if (
    given === only ||
    (also !== undefined && given === also) ||
    (typeof given === "string" && texts.includes(given.toLowerCase()))
  )
    return;
  if (typeof given === "string" && typeof only === "number" && given.trim() !== "" && Number(given) === only)
    return;
  if (typeof given === "string" && given === only) return;
  const found = typeof given === "string" ? `'${given}'` : JSON.stringify(given);
  throw new PtychoError(
    "UsageError",
    `${where}: ${only ?? "none"} is the only value here, got ${found}: ${reason}`,
  );
}
