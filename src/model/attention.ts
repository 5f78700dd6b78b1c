// Attention gates on [B, C, H, W]: each multiplies its argument by a sigmoid of pooled values.
// CBAM: Woo et al. 2018; ECA: Wang et al. 2020.
import { add, mul, relu, sigmoid } from "../compute/build-elementwise.js";
import { conv2d } from "../compute/build-linear.js";
import { concat, max, mean, reshape, transpose } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { type Layer, layerParameter, sequence } from "./layer.js";

const REDUCTION = 16;
const ECA_KERNEL = 3;

/** Channel gate, then spatial gate with a 7x7 kernel. */
export function cbam(name: string, channels: number): Layer {
  return sequence([channelGate(`${name}.ChannelGate`, channels), spatialGate(`${name}.SpatialGate`, 7)]);
}

/**
 * x * sigmoid(mlp(mean over the image) + mlp(max over the image)), mlp = Linear(C, h), ReLU, Linear(h, C) with
 * h = floor(C / 16). The outer linear map is applied once, to the sum. With fewer than 16 channels h is 0 and only
 * the outer bias remains.
 */
export function channelGate(name: string, channels: number): Layer {
  const hidden = Math.floor(channels / REDUCTION);
  const inner = `${name}.mlp.1`;
  const outer = `${name}.mlp.3`;
  return {
    state: [...linearState(inner, channels, hidden), ...linearState(outer, hidden, channels)],
    apply: (x, context) => {
      const bias = mul(context.parameter(`${outer}.bias`), 2);
      if (hidden === 0) return mul(x, sigmoid(reshape(bias, [1, channels, 1, 1])));
      const squeeze = reshape(context.parameter(`${inner}.weight`), [hidden, channels, 1, 1]);
      const expand = reshape(context.parameter(`${outer}.weight`), [channels, hidden, 1, 1]);
      const branch = (pooled: Expr) => relu(conv2d(pooled, squeeze, context.parameter(`${inner}.bias`)));
      const pooled = add(branch(mean(x, [2, 3], true)), branch(max(x, [2, 3], true)));
      return mul(x, sigmoid(conv2d(pooled, expand, bias)));
    },
  };
}

/** x * sigmoid(conv([max over channels, mean over channels])), odd square kernel, no bias. */
export function spatialGate(name: string, kernel: number): Layer {
  const weight = `${name}.compress.weight`;
  const area = kernel * kernel;
  return {
    state: [
      layerParameter(weight, [1, 2, kernel, kernel], {
        kind: "weight",
        layer: "conv2d",
        fanIn: 2 * area,
        fanOut: area,
      }),
    ],
    apply: (x, context) => {
      const pooled = concat([max(x, [1], true), mean(x, [1], true)], 1);
      return mul(x, sigmoid(conv2d(pooled, context.parameter(weight))));
    },
  };
}

export function basicSpatialAttention(name: string, kernel: number): Layer {
  return spatialGate(`${name}.spatial_gate`, kernel);
}

/** x * sigmoid(a convolution of length 3 along the channels of the image means), no bias. */
export function eca(name: string): Layer {
  const weight = `${name}.conv.weight`;
  return {
    state: [
      layerParameter(weight, [1, 1, ECA_KERNEL], {
        kind: "weight",
        layer: "conv1d",
        fanIn: ECA_KERNEL,
        fanOut: ECA_KERNEL,
      }),
    ],
    apply: (x, context) => {
      // Channels become the rows of a one-channel image.
      const rows = transpose(mean(x, [2, 3], true), [0, 2, 1, 3]);
      const mixed = conv2d(rows, reshape(context.parameter(weight), [1, 1, ECA_KERNEL, 1]));
      return mul(x, sigmoid(transpose(mixed, [0, 2, 1, 3])));
    },
  };
}

function linearState(name: string, inputs: number, outputs: number) {
  const layer = "linear";
  return [
    layerParameter(`${name}.weight`, [outputs, inputs], {
      kind: "weight",
      layer,
      fanIn: inputs,
      fanOut: outputs,
    }),
    layerParameter(`${name}.bias`, [outputs], { kind: "bias", layer, fanIn: inputs }),
  ];
}
