// The convolutional network: an encoder down to N/2^k, and one decoder per plane or one shared by both.
import { add, mul, sigmoid, silu, tanh } from "../compute/build-elementwise.js";
import { maxPool2, upsample2 } from "../compute/build-linear.js";
import { sliceAxis } from "../compute/build-shape.js";
import { check, PtychoError } from "../core/errors.js";
import { basicSpatialAttention, cbam, eca } from "./attention.js";
import { type Activation, decoderHead } from "./decoder-head.js";
import { doubleConv } from "./double-conv.js";
import { identity, type Layer, layerContext, sequence } from "./layer.js";
import type { ModelOptions } from "./model-options.js";
import type { Network } from "./network.js";
import { refinement } from "./refinement.js";

/** Filters of the encoder's blocks, to be multiplied by nFiltersScale; the image is halved after each. */
const ENCODER_FILTERS: Readonly<Record<number, readonly number[]>> = {
  64: [32, 64, 128],
  128: [16, 32, 64, 128],
  256: [8, 16, 32, 64, 128],
};

/** Filters of the decoders' blocks; the image is doubled after each, and once more by the head. */
const DECODER_FILTERS: Readonly<Record<number, readonly number[]>> = {
  64: [64, 32],
  128: [128, 64, 32],
  256: [256, 128, 64, 32],
};

const BOTTLENECK_FILTERS = 128;

/** Input [B, channels, N, N], output planes of the same shape. */
export function buildCnn(options: ModelOptions): Network {
  checkOptions(options);
  const encoder = buildEncoder(options);
  const bottleneck = options.cbamBottleneck
    ? cbam("bottleneck_cbam", options.nFiltersScale * BOTTLENECK_FILTERS)
    : identity;
  const [firstActivation, secondActivation] = headActivations(options);
  const decoders = options.useSharedDecoder
    ? [sharedDecoder(options)]
    : [
        decoder("decoder_amp", "amp", options, amplitudeChannels(options), false, firstActivation),
        decoder("decoder_phase", "phase", options, options.channels, options.batchNorm, secondActivation),
      ];
  const state = [encoder, bottleneck, ...decoders].flatMap((layer) => layer.state);
  return {
    architecture: "cnn",
    N: options.N,
    inputChannels: options.channels,
    parameters: state.flatMap((entry) => (entry.kind === "parameter" ? [entry.spec] : [])),
    buffers: state.flatMap((entry) => (entry.kind === "buffer" ? [entry.spec] : [])),
    stateOrder: state.map((entry) => entry.spec.name),
    warnings: ineffectiveOptions(options),
    apply: (x, parameters, mode, buffers) => {
      check(
        x.shape.length === 4 &&
          x.shape[1] === options.channels &&
          x.shape[2] === options.N &&
          x.shape[3] === options.N,
        "ShapeError",
        () =>
          `cnn: expected diffraction [B, ${options.channels}, ${options.N}, ${options.N}], got [${x.shape}]`,
      );
      const bufferUpdates = {};
      const context = layerContext(mode, parameters, buffers, bufferUpdates);
      const encoded = bottleneck.apply(encoder.apply(x, context), context);
      const planes = decoders.map((layer) => layer.apply(encoded, context));
      const common = { kind: options.outputKind, bufferUpdates, taps: { bottleneck: encoded } };
      if (!options.useSharedDecoder) return { first: planes[0], second: planes[1], ...common };
      const half = amplitudeChannels(options);
      const first = firstActivation(sliceAxis(planes[0], 1, 0, half));
      const second = secondActivation(sliceAxis(planes[0], 1, half, 2 * half));
      return { first, second, ...common };
    },
  };
}

function checkOptions(options: ModelOptions): void {
  check(
    options.N in ENCODER_FILTERS,
    "UsageError",
    () => `cnn: N must be one of ${Object.keys(ENCODER_FILTERS).join(", ")}, got ${options.N}`,
  );
  for (const field of ["channels", "nFiltersScale", "decoderSpatialKernel"] as const) {
    check(
      Number.isInteger(options[field]) && options[field] >= 1,
      "UsageError",
      () => `cnn: ${field} must be a whole number of at least 1, got ${options[field]}`,
    );
  }
}

function buildEncoder(options: ModelOptions): Layer {
  const filters = ENCODER_FILTERS[options.N].map((count) => count * options.nFiltersScale);
  const blocks = filters.map((outputs, index) => {
    const name = `encoder.blocks.${index}`;
    const inputs = index === 0 ? options.channels : filters[index - 1];
    const convolutions = doubleConv(name, inputs, outputs, options.batchNorm);
    const pool: Layer = { state: [], apply: maxPool2 };
    if (options.cbamEncoder) return sequence([convolutions, cbam(`${name}.attention`, outputs), pool]);
    const unused = options.ecaEncoder ? eca(`${name}.attention`).state : [];
    return sequence([convolutions, { state: unused, apply: (x) => x }, pool]);
  });
  return sequence(blocks);
}

function decoder(
  name: string,
  headName: string,
  options: ModelOptions,
  outputs: number,
  normalise: boolean,
  activation: Activation,
): Layer {
  const inputs = options.nFiltersScale * 32;
  return sequence([
    ...decoderBlocks(name, options, normalise),
    unappliedAttention(name, options),
    decoderHead(`${name}.${headName}`, options, { inputs, outputs, normalise }, activation),
  ]);
}

/** Both planes from one decoder, without the planes' activations: [B, 2 C, N, N]. */
function sharedDecoder(options: ModelOptions): Layer {
  const name = "decoder_shared";
  const filters = decoderFilters(options);
  const blocks = decoderBlocks(name, options, options.batchNorm);
  const refinements = blocks.map((_, level) => {
    const expansion = level === blocks.length - 1 ? 2 : 1;
    return refinement(`${name}.refinement_blocks.${level}`, filters[level], expansion);
  });
  const attention = eca(`${name}.eca`);
  const shape = {
    inputs: options.nFiltersScale * 32,
    outputs: 2 * amplitudeChannels(options),
    normalise: options.batchNorm,
  };
  const head = decoderHead(`${name}.head`, options, shape, (x) => x);
  return {
    state: [...blocks, unappliedAttention(name, options), ...refinements, attention, head].flatMap(
      (layer) => layer.state,
    ),
    apply: (x, context) => {
      const levels = blocks.flatMap((block, level) => [block, refinements[level]]);
      return sequence([...levels, attention, head]).apply(x, context);
    },
  };
}

function decoderBlocks(name: string, options: ModelOptions, normalise: boolean): Layer[] {
  const filters = decoderFilters(options);
  return filters.map((outputs, index) => {
    const inputs = index === 0 ? options.nFiltersScale * BOTTLENECK_FILTERS : filters[index - 1];
    const convolutions = doubleConv(`${name}.blocks.${index}`, inputs, outputs, normalise);
    return sequence([convolutions, { state: [], apply: upsample2 }]);
  });
}

/** Parameters of the decoder's attention, which the original keeps in its state and never applies. */
function unappliedAttention(name: string, options: ModelOptions): Layer {
  const state = decoderFilters(options).flatMap((channels, index) => {
    const key = `${name}.attention_blocks.${index}`;
    if (options.ecaDecoder) return eca(key).state;
    if (options.spatialDecoder) return basicSpatialAttention(key, options.decoderSpatialKernel).state;
    return options.cbamDecoder ? cbam(key, channels).state : [];
  });
  return { state, apply: (x) => x };
}

function decoderFilters(options: ModelOptions): number[] {
  return DECODER_FILTERS[options.N].map((count) => count * options.nFiltersScale);
}

function amplitudeChannels({ channels, legacyDecoder }: ModelOptions): number {
  if (!legacyDecoder || channels === 1) return channels;
  const { amplitudeChannels: count } = legacyDecoder;
  check(
    count === 1 || count === channels,
    "UsageError",
    () => `cnn: decoder_last_amp_channels must be 1 or ${channels} (C_model), got ${count}`,
  );
  return count;
}

/** Of the first and the second plane. The real-imag pair confines the centre to (-0.8, 1.2) and (-1.2, 1.2). */
function headActivations(options: ModelOptions): [Activation, Activation] {
  if (options.outputKind === "real_imag") return [(x) => add(tanh(x), 0.2), (x) => mul(tanh(x), 1.2)];
  return [amplitudeActivation(options.ampActivation), (x) => mul(tanh(x), Math.PI)];
}

function amplitudeActivation(name: string): Activation {
  if (name === "sigmoid") return sigmoid;
  if (name === "silu" || name === "swish") return silu;
  throw new PtychoError(
    "UsageError",
    `cnn: amp_activation '${name}' is not available: the PyTorch original accepts the name and computes silu; ` +
      "choose silu (or its other name swish) or sigmoid",
  );
}

function ineffectiveOptions(options: ModelOptions): string[] {
  const warnings: string[] = [];
  if (options.ecaEncoder) {
    warnings.push(
      options.cbamEncoder
        ? "eca_encoder has no effect: cbam_encoder is on and takes its place"
        : "eca_encoder has no effect: its weights are stored and never applied",
    );
  }
  const stored = (["ecaDecoder", "spatialDecoder", "cbamDecoder"] as const).filter((field) => options[field]);
  const legacyNames = {
    ecaDecoder: "eca_decoder",
    spatialDecoder: "spatial_decoder",
    cbamDecoder: "cbam_decoder",
  };
  stored.forEach((field, index) => {
    const reason =
      index === 0
        ? "its weights are stored and never applied"
        : `${legacyNames[stored[0]]} is on and takes its place`;
    warnings.push(`${legacyNames[field]} has no effect: ${reason}`);
  });
  if (options.batchNorm && !options.useSharedDecoder) {
    warnings.push("batch_norm does not reach the amplitude decoder");
  }
  return warnings;
}
