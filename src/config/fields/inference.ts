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
    min: 1,
    surfaces: INFER,
    help: "groups predicted at a time",
  },
} as const satisfies FieldTable;
