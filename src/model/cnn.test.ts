import { describe, expect, it } from "vitest";
import { add, constant, input } from "../compute/build-elementwise.js";
import { mean } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import { compile } from "../compute/runtime.js";
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";
import { initialParameters } from "./initialise.js";
import { type ModelOptions, modelDefaults } from "./model-options.js";
import type { Network } from "./network.js";
import { buildNetwork } from "./registry.js";

const small: ModelOptions = { ...modelDefaults, nFiltersScale: 1 };
const build = (changes: Partial<ModelOptions> = {}) => buildNetwork({ ...small, ...changes });

function program(network: Network, batch: number) {
  const named = (specs: readonly { name: string; shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, input(name, shape)]));
  const parameters = named(network.parameters);
  const { N, inputChannels } = network;
  const x = input("x", [batch, inputChannels, N, N]);
  return { parameters, output: network.apply(x, parameters, "eval", named(network.buffers)) };
}

function feedsOf(network: Network, batch: number): Record<string, NdArray> {
  const x = float32([batch, network.inputChannels, network.N, network.N]);
  for (let i = 0; i < x.data.length; i++) x.data[i] = Math.sin(0.37 * i) ** 2;
  const buffers = network.buffers.map(({ name, shape, initial }) => [
    name,
    float32(shape, new Float32Array(sizeOf(shape)).fill(initial)),
  ]);
  return { ...initialParameters(network.parameters, 3), ...Object.fromEntries(buffers), x };
}

async function planes(network: Network, batch = 1) {
  const { output } = program(network, batch);
  const executable = await compile({ outputs: { first: output.first, second: output.second } });
  const result = await executable.run(feedsOf(network, batch));
  await executable.release();
  return result;
}

describe("cnn", () => {
  it.each([
    [64, 1, 586_790],
    [128, 1, 1_184_073],
  ])("N=%i with %i channels has the original's number of parameters", (N, channels, expected) => {
    const count = build({ N, channels }).parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);
    expect(count).toBe(expected);
  });

  it("N=256 with a channel gate without hidden units runs forward and backward", async () => {
    const network = build({ N: 256 });
    const gate = network.parameters.find(({ name }) => name.startsWith("encoder.blocks.0.attention"));
    expect(gate?.shape).toEqual([0, 8]);
    const { output, parameters } = program(network, 1);
    const loss = add(mean(output.first), mean(output.second));
    const [gradient] = gradients(loss, [parameters["encoder.blocks.0.conv1.weight"]]);
    const executable = await compile({ outputs: { first: output.first, gradient } });
    const result = await executable.run(feedsOf(network, 1));
    expect(result.first.shape).toEqual([1, 1, 256, 256]);
    expect((result.gradient.data as Float32Array).some((value) => value !== 0)).toBe(true);
  });

  it("can be exported with a symbolic batch axis, attention and all", async () => {
    const network = build({ channels: 4, cbamBottleneck: true, useSharedDecoder: true, batchNorm: true });
    const { x, ...state } = feedsOf(network, 3);
    const weights = Object.fromEntries(
      Object.entries(state).map(([name, value]) => [name, constant(value as NdArray<"float32">)]),
    );
    const { first, second } = network.apply(input("x", [1, 4, 64, 64]), weights, "eval", weights);
    const executable = await compile({ outputs: { first, second } }, { batchAxis: "B" });
    const result = await executable.run({ x });
    const fixed = await planes(network, 3);
    expect(result.first.shape).toEqual([3, 4, 64, 64]);
    for (const plane of ["first", "second"] as const) {
      const [a, b] = [result[plane].data as Float32Array, fixed[plane].data as Float32Array];
      expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-6);
    }
  });

  it("leaves the border zero without probeBig", async () => {
    const { first } = await planes(build({ probeBig: false }));
    const at = (row: number, column: number) => first.data[row * 64 + column];
    expect([at(0, 0), at(15, 32), at(32, 48), at(63, 63)]).toEqual([0, 0, 0, 0]);
    expect(at(16, 16)).not.toBe(0);
    expect(at(47, 47)).not.toBe(0);
  });

  it("gives the heads of legacy checkpoints their shapes", async () => {
    const legacyDecoder = { outerFraction: 0.9, amplitudeChannels: 1 };
    const network = build({ channels: 4, legacyDecoder });
    const shapeOf = (name: string) => network.parameters.find((spec) => spec.name === name)?.shape;
    expect(shapeOf("decoder_amp.amp.conv1.weight")).toEqual([1, 16, 3, 3]);
    expect(shapeOf("decoder_phase.phase.conv1.weight")).toEqual([4, 16, 3, 3]);
    expect(shapeOf("decoder_phase.phase.conv_up_block.conv1.weight")).toEqual([32, 16, 3, 3]);
    const { first, second } = await planes(network);
    expect([first.shape, second.shape]).toEqual([
      [1, 1, 64, 64],
      [1, 4, 64, 64],
    ]);
    const tiny = build({ legacyDecoder: { ...legacyDecoder, outerFraction: 0.01 } });
    expect(tiny.parameters.find(({ name }) => name === "decoder_amp.amp.conv1.weight")?.shape[1]).toBe(31);
  });

  it("says which options change nothing", () => {
    expect(build().warnings).toEqual([]);
    expect(build({ cbamEncoder: false, ecaEncoder: true }).warnings).toEqual([
      "eca_encoder has no effect: its weights are stored and never applied",
    ]);
    expect(build({ ecaDecoder: true, cbamDecoder: true }).warnings).toEqual([
      "eca_decoder has no effect: its weights are stored and never applied",
      "cbam_decoder has no effect: eca_decoder is on and takes its place",
    ]);
  });

  it("refuses what it cannot build", () => {
    expect(() => build({ N: 96 })).toThrow("cnn: N must be one of 64, 128, 256, got 96");
    expect(() => build({ channels: 0 })).toThrow("channels must be a whole number of at least 1, got 0");
    expect(() => build({ channels: 36 })).toThrow("leaves none for the centre");
    expect(() => build({ ampActivation: "softplus" })).toThrow("amp_activation 'softplus' is not available");
    expect(() => build({ channels: 4, legacyDecoder: { outerFraction: 0.1, amplitudeChannels: 2 } })).toThrow(
      "decoder_last_amp_channels must be 1 or 4",
    );
    const network = build();
    expect(() => network.apply(input("x", [1, 4, 64, 64]), {}, "eval", {})).toThrow(
      "cnn: expected diffraction [B, 1, 64, 64], got [1,4,64,64]",
    );
    expect(() => network.apply(input("x", [1, 1, 64, 64]), {}, "eval", {})).toThrow(
      "parameter 'encoder.blocks.0.conv1.weight' was not given",
    );
  });
});
