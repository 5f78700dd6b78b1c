// Each gate against its definition in plain loops.
import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { channelGate, eca, spatialGate } from "./attention.js";
import { type Layer, layerContext } from "./layer.js";

const [B, C, H, W] = [2, 17, 3, 4];
const wave = (shape: number[], phase: number) => {
  const array = float32(shape);
  for (let i = 0; i < array.data.length; i++) array.data[i] = Math.sin(1.7 * i + phase);
  return array;
};
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

function applied(layer: Layer, x: NdArray<"float32">, parameters: Record<string, NdArray<"float32">>) {
  const named = Object.fromEntries(layer.state.map(({ spec }) => [spec.name, input(spec.name, spec.shape)]));
  const y = layer.apply(input("x", x.shape), layerContext("eval", named, {}, {}));
  return evaluate([y], { ...parameters, x })[0];
}

function expectGated(
  y: NdArray,
  x: NdArray<"float32">,
  gate: (b: number, c: number, pixel: number) => number,
) {
  const [batch, channels] = x.shape;
  const pixels = x.data.length / (batch * channels);
  for (let i = 0; i < x.data.length; i++) {
    const plane = Math.floor(i / pixels);
    const expected = x.data[i] * gate(Math.floor(plane / channels), plane % channels, i % pixels);
    expect(Number(y.data[i])).toBeCloseTo(expected, 5);
  }
}

const plane = (x: NdArray<"float32">, b: number, c: number) => {
  const pixels = x.shape[2] * x.shape[3];
  const start = (b * x.shape[1] + c) * pixels;
  return [...x.data.slice(start, start + pixels)];
};
const average = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;

describe("channel gate", () => {
  it("is sigmoid(mlp(mean) + mlp(max))", () => {
    const x = wave([B, C, H, W], 0.3);
    const weights = {
      "g.mlp.1.weight": wave([1, C], 1),
      "g.mlp.1.bias": float32([1], [0.25]),
      "g.mlp.3.weight": wave([C, 1], 2),
      "g.mlp.3.bias": wave([C], 3),
    };
    const mlp = (pooled: number[], c: number) => {
      const inner = pooled.reduce(
        (total, value, i) => total + value * weights["g.mlp.1.weight"].data[i],
        0.25,
      );
      return weights["g.mlp.3.weight"].data[c] * Math.max(0, inner) + weights["g.mlp.3.bias"].data[c];
    };
    const planes = (b: number) => Array.from({ length: C }, (_, c) => plane(x, b, c));
    expectGated(applied(channelGate("g", C), x, weights), x, (b, c) =>
      sigmoid(
        mlp(planes(b).map(average), c) +
          mlp(
            planes(b).map((values) => Math.max(...values)),
            c,
          ),
      ),
    );
  });

  it("keeps only the outer bias, twice, with fewer than 16 channels", () => {
    const x = wave([B, 8, H, W], 0.3);
    const bias = wave([8], 1);
    const weights = {
      "g.mlp.1.weight": float32([0, 8]),
      "g.mlp.1.bias": float32([0]),
      "g.mlp.3.weight": float32([8, 0]),
      "g.mlp.3.bias": bias,
    };
    expectGated(applied(channelGate("g", 8), x, weights), x, (_, c) => sigmoid(2 * bias.data[c]));
  });
});

describe("spatial gate", () => {
  it("convolves the maximum and then the mean over channels", () => {
    const x = wave([B, C, H, W], 0.3);
    const weight = wave([1, 2, 3, 3], 2);
    expectGated(applied(spatialGate("s", 3), x, { "s.compress.weight": weight }), x, (b, _, pixel) => {
      let total = 0;
      for (let du = -1; du <= 1; du++) {
        for (let dv = -1; dv <= 1; dv++) {
          const [row, column] = [Math.floor(pixel / W) + du, (pixel % W) + dv];
          if (row < 0 || row >= H || column < 0 || column >= W) continue;
          const values = Array.from({ length: C }, (_, c) => plane(x, b, c)[row * W + column]);
          const tap = (du + 1) * 3 + dv + 1;
          total += weight.data[tap] * Math.max(...values) + weight.data[9 + tap] * average(values);
        }
      }
      return sigmoid(total);
    });
  });
});

describe("eca", () => {
  it("convolves the channel means along the channels, with zeros beyond the ends", () => {
    const x = wave([B, C, H, W], 0.3);
    const weight = float32([1, 1, 3], [0.5, -2, 3]);
    expectGated(applied(eca("e"), x, { "e.conv.weight": weight }), x, (b, c) => {
      const meanOf = (channel: number) => (channel < 0 || channel >= C ? 0 : average(plane(x, b, channel)));
      return sigmoid(0.5 * meanOf(c - 1) - 2 * meanOf(c) + 3 * meanOf(c + 1));
    });
  });
});
