// The last stage of a decoder: the patch's centre from most channels, its outer border from the rest.
import { add, cast, constant, mul, silu } from "../compute/build-elementwise.js";
import { pad, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { batchNormState, convNorm } from "./batch-norm.js";
import { doubleConv } from "./double-conv.js";
import { conv3x3State, type Layer } from "./layer.js";
import type { ModelOptions } from "./model-options.js";
import { upsampledConv } from "./upsampled-conv.js";

export type Activation = (x: Expr) => Expr;

export interface HeadShape {
  /** Channels of the decoder's features. */
  readonly inputs: number;
  /** Planes that the head makes. */
  readonly outputs: number;
  readonly normalise: boolean;
}

/**
 * Features [B, inputs, N/2, N/2] -> [B, outputs, N, N]. The centre is activation(conv1(all but the last `outer`
 * channels)), zero-padded by N/4; with probeBig the border adds silu(conv2(upsampled block(last `outer` channels)))
 * outside the central N/2 square, whatever the activation of the centre is.
 */
export function decoderHead(
  name: string,
  options: ModelOptions,
  head: HeadShape,
  activation: Activation,
): Layer {
  const { inputs, outputs, normalise } = head;
  const outer = outerChannels(options, head);
  const inner = inputs - outer;
  const wide = options.nFiltersScale * 32;
  const block = doubleConv(`${name}.conv_up_block`, outer, wide, normalise);
  const bn1 = normalise ? `${name}.bn1` : undefined;
  const bn2 = normalise ? `${name}.bn2` : undefined;
  const quarter = options.N / 4;
  const margin = [0, 0, quarter, quarter];
  const border = constant(borderMask(options.N));
  return {
    state: [
      ...conv3x3State(`${name}.conv1`, inner, outputs),
      ...block.state,
      ...conv3x3State(`${name}.conv2`, wide, outputs),
      ...batchNormState(bn1, outputs),
      ...batchNormState(bn2, outputs),
    ],
    apply: (x, context) => {
      const bias1 = context.parameter(`${name}.conv1.bias`);
      const bias2 = context.parameter(`${name}.conv2.bias`);
      // Zero weights for the outer channels give the same sum as cutting them off, without copying the features.
      const weight1 = pad(context.parameter(`${name}.conv1.weight`), [0, 0, 0, 0], [0, outer, 0, 0]);
      const centre = convNorm(x, { weight: weight1, bias: bias1, norm: bn1 }, context);
      const padded = pad(activation(centre), margin, margin);
      if (!options.probeBig) return padded;
      const features = block.apply(sliceAxis(x, 1, inner, inputs), context);
      const weight2 = context.parameter(`${name}.conv2.weight`);
      const upsampled = { weight: weight2, bias: bias2, norm: bn2, convolve: upsampledConv };
      const raw = convNorm(features, upsampled, context);
      return add(padded, mul(silu(raw), cast(border, raw.dtype)));
    },
  };
}

function outerChannels(options: ModelOptions, { inputs, outputs }: HeadShape): number {
  const legacy = options.legacyDecoder;
  const outer = legacy
    ? Math.max(1, Math.trunc(inputs * Math.max(0, Math.min(0.5, legacy.outerFraction))))
    : outputs;
  check(
    outer < inputs,
    "UsageError",
    () =>
      `cnn: a head of ${outputs} planes needs ${outer} of the decoder's ${inputs} channels for the border, which ` +
      "leaves none for the centre; raise n_filters_scale or lower gridsize",
  );
  return outer;
}

/** 1 outside the central N/2 square, 0 inside; [1, 1, N, N]. */
function borderMask(N: number): NdArray<"float32"> {
  const mask = float32([1, 1, N, N]);
  const low = N / 4;
  const high = N - low;
  for (let row = 0; row < N; row++) {
    for (let column = 0; column < N; column++) {
      const central = row >= low && row < high && column >= low && column < high;
      mask.data[row * N + column] = central ? 0 : 1;
    }
  }
  return mask;
}
