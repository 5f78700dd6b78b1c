// Fields of prediction and stitching.
import { type FieldTable, INFER } from "../field.js";

export const inferenceFields = {
  model_path: {
    type: "path",
    default: null,
    surfaces: INFER,
    help: "trained model: the archive wts.h5.zip or the folder that holds it",
  },
  patch_weighting: {
    type: "enum",
    default: "probe",
    values: ["uniform", "probe"],
    surfaces: INFER,
    help: "weight of a patch on the canvas: one, or the intensity of the probe",
  },
  varpro_scaling: {
    type: "bool",
    default: false,
    surfaces: INFER,
    help: "solve the scales s1 and s2 from the diffraction and apply them to the canvas",
  },
  inference_batch_size: {
    type: "int",
    default: 16,
    nullOn: INFER,
    min: 1,
    aliases: [{ name: "torch_inference_batch_size" }],
    surfaces: INFER,
    help: "groups predicted at a time; none: as many as a step of the training had",
  },
  middle_trim: {
    type: "int",
    default: 0,
    min: 0,
    unit: "px",
    surfaces: INFER,
    help: "edge of the central window of each patch that is stitched, even and at most N; 0: the whole patch",
  },
  phase_vmin: {
    type: "float",
    default: null,
    nullOn: INFER,
    unit: "rad",
    surfaces: INFER,
    help: "phase at the dark end of the phase picture; none: from the object",
  },
  phase_vmax: {
    type: "float",
    default: null,
    nullOn: INFER,
    unit: "rad",
    surfaces: INFER,
    help: "phase at the bright end of the phase picture; none: from the object",
  },
  comparison_plot: {
    type: "bool",
    default: false,
    surfaces: INFER,
    help: "also draw the object beside the one that the scan file holds as objectGuess (comparison_plot.png)",
  },
  debug_dump: {
    type: "path",
    default: null,
    nullOn: INFER,
    bare: "auto",
    words: ["auto"],
    surfaces: INFER,
    help: "folder for positions and statistics of the predicted patches; auto, or no value: debug_dump in output_dir",
  },
} as const satisfies FieldTable;
