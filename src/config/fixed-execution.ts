// The execution settings of the original that have one value here.
import { BOTH, type FixedField, TRAIN } from "./field.js";

const NO_WORKERS = "the scan is read once, in this process, and there are no workers (num_workers 0)";
const FFNO = "it belongs to architecture ffno, which is not built yet";

const ffno = (only: FixedField["only"]): FixedField => ({ surfaces: TRAIN, only, reason: FFNO });

export const fixedExecution: Readonly<Record<string, FixedField>> = {
  devices: {
    surfaces: BOTH,
    only: 1,
    also: "auto",
    reason: "a run computes on one device, and auto is one too; give several scans to several runs",
  },
  strategy: {
    surfaces: BOTH,
    only: "auto",
    reason: "a run is one process on one device, so that there is nothing to distribute",
  },
  precision: {
    surfaces: BOTH,
    only: "32-true",
    reason:
      "networks are trained and evaluated in 32-bit floats; mixed precision needs the scaling of the loss against underflow, which is not built",
  },
  pin_memory: {
    surfaces: BOTH,
    only: false,
    reason: "the compute engine copies batches to its device itself, from ordinary memory",
  },
  persistent_workers: { surfaces: BOTH, only: false, reason: NO_WORKERS },
  prefetch_factor: { surfaces: BOTH, only: null, reason: NO_WORKERS },
  pad_eval: {
    surfaces: BOTH,
    only: false,
    reason: "the original names it and never applies it; the canvas is always large enough for every patch",
  },
  ffno_encoder_blocks: ffno(24),
  ffno_encoder_modes: ffno(12),
  ffno_encoder_share_weights: ffno(true),
  ffno_encoder_gate_init: ffno(0.1),
  ffno_encoder_norm: ffno("instance"),
  ffno_encoder_mlp_ratio: ffno(2),
  spectral_bottleneck_blocks: ffno(6),
  spectral_bottleneck_modes: ffno(12),
  spectral_bottleneck_share_weights: ffno(true),
  spectral_bottleneck_gate_init: ffno(0.1),
  spectral_bottleneck_gate_mode: ffno("shared"),
};
