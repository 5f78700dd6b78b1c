// The original's ModelConfig and DataConfig, as its archives carry them -> our options.
import { check, nearestName, PtychoError } from "../core/errors.js";
import { type ModelOptions, modelDefaults } from "./model-options.js";

type Fields = Readonly<Record<string, unknown>>;

/** Fields of ModelConfig that shape the network, with the original's defaults. */
const NETWORK_FIELDS = {
  mode: "Unsupervised",
  architecture: "cnn",
  cnn_output_mode: "amp_phase",
  use_shared_decoder: false,
  C_model: 4,
  n_filters_scale: 2,
  amp_activation: "silu",
  batch_norm: false,
  decoder_last_c_outer_fraction: 0.125,
  decoder_last_amp_channels: 1,
  use_legacy_decoder_channel_override: false,
  eca_encoder: false,
  cbam_encoder: true,
  cbam_bottleneck: false,
  cbam_decoder: false,
  eca_decoder: false,
  spatial_decoder: false,
  decoder_spatial_kernel: 7,
  object_big: true,
  probe_big: true,
};

type NetworkFields = typeof NETWORK_FIELDS;

/** Fields of ModelConfig that a convolutional network does not read. */
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  ...[
    "fno_modes",
    "fno_width",
    "fno_blocks",
    "fno_cnn_blocks",
    "fno_input_transform",
    "generator_output_mode",
  ],
  ...["learned_input_channels", "max_hidden_channels", "resnet_width"],
  ...["spectral_bottleneck_blocks", "spectral_bottleneck_modes", "spectral_bottleneck_share_weights"],
  ...["spectral_bottleneck_gate_init", "spectral_bottleneck_gate_mode"],
  ...["intensity_scale_trainable", "intensity_scale", "max_position_jitter", "num_datasets"],
  ...["probe_mask", "probe_mask_tensor", "probe_mask_sigma", "probe_mask_diameter", "edge_pad", "offset"],
  ...[
    "C_forward",
    "training_patch_weighting",
    "physics_forward_mode",
    "rect_s1s2_trainable",
    "rect_s1s2_init",
  ],
  ...["amplitude_physics_gain", "pad_object", "gaussian_smoothing_sigma"],
  ...["loss_function", "amp_loss", "phase_loss", "amp_loss_coeff", "phase_loss_coeff"],
]);

/**
 * Options of the network that the original would build. Absent fields take the original's defaults; an unknown field
 * of ModelConfig, or one of another type, is refused.
 */
export function optionsFromTorch(modelConfig: Fields, dataConfig: Fields): ModelOptions {
  const fields = networkFields(modelConfig);
  const N = dataConfig.N ?? modelDefaults.N;
  check(typeof N === "number", "ArtefactError", () => `data_config.N: expected a number, got ${String(N)}`);
  const realImag = fields.cnn_output_mode === "real_imag" && fields.mode === "Unsupervised";
  const options: ModelOptions = {
    architecture: fields.architecture,
    N,
    channels: fields.object_big ? fields.C_model : 1,
    nFiltersScale: fields.n_filters_scale,
    outputKind: realImag ? "real_imag" : "amp_phase",
    ampActivation: fields.amp_activation,
    batchNorm: fields.batch_norm,
    probeBig: fields.probe_big,
    useSharedDecoder: fields.use_shared_decoder,
    cbamEncoder: fields.cbam_encoder,
    ecaEncoder: fields.eca_encoder,
    cbamBottleneck: fields.cbam_bottleneck,
    cbamDecoder: fields.cbam_decoder,
    ecaDecoder: fields.eca_decoder,
    spatialDecoder: fields.spatial_decoder,
    decoderSpatialKernel: fields.decoder_spatial_kernel,
  };
  if (!fields.use_legacy_decoder_channel_override) return options;
  const legacyDecoder = {
    outerFraction: fields.decoder_last_c_outer_fraction,
    amplitudeChannels: fields.decoder_last_amp_channels,
  };
  return { ...options, legacyDecoder };
}

function networkFields(modelConfig: Fields): NetworkFields {
  const fields: Record<string, unknown> = { ...NETWORK_FIELDS };
  for (const [name, value] of Object.entries(modelConfig)) {
    if (OTHER_FIELDS.has(name)) continue;
    const expected = NETWORK_FIELDS[name as keyof NetworkFields];
    if (expected === undefined) {
      const near = nearestName(name, [...Object.keys(NETWORK_FIELDS), ...OTHER_FIELDS]);
      const hint = near === undefined ? "" : `; the nearest known one is '${near}'`;
      throw new PtychoError("ArtefactError", `model_config: unknown field '${name}'${hint}`);
    }
    check(
      typeof value === typeof expected,
      "ArtefactError",
      () => `model_config.${name}: expected a ${typeof expected}, got ${JSON.stringify(value)}`,
    );
    fields[name] = value;
  }
  return fields as NetworkFields; // every key is present with its default's type
}
