// What can be asked of a network, and what is meant when nothing is said.
import type { OutputKind } from "./network.js";

/** The options of all architectures; a network reads the fields that concern it. */
export interface ModelOptions {
  readonly architecture: string;
  /** Edge of the diffraction image in pixels. */
  readonly N: number;
  /** Images of a group that the network sees together: gridsize squared with a big object, else 1. */
  readonly channels: number;
  readonly nFiltersScale: number;
  readonly outputKind: OutputKind;
  readonly ampActivation: string;
  readonly batchNorm: boolean;
  /** Learn the outer border of the patch too; otherwise the border is zero. */
  readonly probeBig: boolean;
  readonly useSharedDecoder: boolean;
  readonly cbamEncoder: boolean;
  readonly ecaEncoder: boolean;
  readonly cbamBottleneck: boolean;
  readonly cbamDecoder: boolean;
  readonly ecaDecoder: boolean;
  readonly spatialDecoder: boolean;
  readonly decoderSpatialKernel: number;
  /** Shapes of decoder heads in historical checkpoints; absent for every new network. */
  readonly legacyDecoder?: LegacyDecoder;
}

export interface LegacyDecoder {
  /** Share of the head's input channels which feed the border; clamped to [0, 0.5], at least one channel. */
  readonly outerFraction: number;
  /** Channels of the amplitude head of a big object: 1 or `channels`. */
  readonly amplitudeChannels: number;
}

/** The defaults of the PyTorch original for a group of one image. */
export const modelDefaults: ModelOptions = {
  architecture: "cnn",
  N: 64,
  channels: 1,
  nFiltersScale: 2,
  outputKind: "amp_phase",
  ampActivation: "silu",
  batchNorm: false,
  probeBig: true,
  useSharedDecoder: false,
  cbamEncoder: true,
  ecaEncoder: false,
  cbamBottleneck: false,
  cbamDecoder: false,
  ecaDecoder: false,
  spatialDecoder: false,
  decoderSpatialKernel: 7,
};
