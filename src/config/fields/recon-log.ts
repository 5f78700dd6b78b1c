// Fields of the pictures that training leaves on the way.
import { type FieldTable, TRAIN } from "../field.js";

export const reconLogFields = {
  recon_log_every_n_epochs: {
    type: "int",
    default: null,
    nullOn: TRAIN,
    min: 1,
    unit: "epochs",
    aliases: [{ name: "torch_recon_log_every_n_epochs" }],
    surfaces: TRAIN,
    help: "every so many epochs write pictures of the prediction to recon_log in output_dir; none: never",
  },
  recon_log_num_patches: {
    type: "int",
    default: 4,
    min: 1,
    aliases: [{ name: "torch_recon_log_num_patches" }],
    surfaces: TRAIN,
    effectWhen: { recon_log_fixed_indices: [null] },
    help: "groups whose patches are drawn, evenly spaced over the test scan, or over the training scan without one",
  },
  recon_log_fixed_indices: {
    type: "ints",
    default: null,
    nullOn: TRAIN,
    min: 0,
    aliases: [{ name: "torch_recon_log_fixed_indices" }],
    surfaces: TRAIN,
    help: "the groups to draw instead, from 0",
  },
  recon_log_stitch: {
    type: "bool",
    default: false,
    aliases: [{ name: "torch_recon_log_stitch" }],
    surfaces: TRAIN,
    help: "also draw the stitched object",
  },
  recon_log_max_stitch_samples: {
    type: "int",
    default: null,
    nullOn: TRAIN,
    min: 1,
    aliases: [{ name: "torch_recon_log_max_stitch_samples" }],
    surfaces: TRAIN,
    effectWhen: { recon_log_stitch: [true] },
    help: "groups that are stitched, the first ones; none: all",
  },
} as const satisfies FieldTable;
