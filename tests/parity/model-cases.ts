// Parity of the networks and their attention gates with the PyTorch original, run on ONNX Runtime.
import { add, input, mul, square, sub } from "../../src/compute/build-elementwise.js";
import { mean, sum } from "../../src/compute/build-shape.js";
import { gradients } from "../../src/compute/differentiate.js";
import type { Expr } from "../../src/compute/expr.js";
import { compile } from "../../src/compute/runtime.js";
import { float32, type NdArray, sizeOf } from "../../src/core/ndarray.js";
import { basicSpatialAttention, cbam, channelGate, eca } from "../../src/model/attention.js";
import { type Layer, layerContext } from "../../src/model/layer.js";
import type { Network, NetworkMode, NetworkOutput } from "../../src/model/network.js";
import { buildNetwork } from "../../src/model/registry.js";
import { optionsFromTorch } from "../../src/model/torch-model-config.js";
import { type CaseArrays, type CaseCheck, type CaseJson, type CheckResult, compareOutput } from "./check.js";

type Arrays = Record<string, NdArray>;

export const modelChecks: Readonly<Record<string, CaseCheck>> = {
  autoencoder: async (json, arrays) => {
    const { model_config: modelConfig, data_config: dataConfig } = json.config;
    const network = buildNetwork(optionsFromTorch(modelConfig, dataConfig));
    const actual = {
      ...(await trainPass(network, arrays, json)),
      ...(wants(json, /_eval$/) ? await evalPass(network, arrays) : {}),
    };
    return [checkState(network, json), ...compareAll(json, arrays, actual)];
  },

  attention_unit: async (json, arrays) => {
    const { C: channels, kernel } = json.config;
    const units: Record<string, Layer> = {
      cbam: cbam("cbam", channels),
      channel: channelGate("cbam.ChannelGate", channels),
      eca: eca("eca"),
      spatial: basicSpatialAttention("spatial", kernel),
    };
    const x = input("x", arrays.x.shape);
    const cot = input("cot", arrays.cot.shape);
    const parameters = weightInputs(json);
    const outputs: Record<string, Expr> = {};
    for (const [name, unit] of Object.entries(units)) {
      const y = unit.apply(x, layerContext("eval", parameters, {}, {}));
      outputs[name] = y;
      [outputs[`grad_${name}_x`]] = gradients(sum(mul(cot, y)), [x]);
    }
    return compareAll(json, arrays, await run(outputs, arrays));
  },
};

/** The planes in train mode, gradients of L = mean((first - 1)^2) + mean((second - 0.5)^2), and new buffers. */
async function trainPass(network: Network, arrays: CaseArrays, json: CaseJson): Promise<Arrays> {
  const { output, parameters } = forward(network, arrays, "train");
  const loss = add(mean(square(sub(output.first, 1))), mean(square(sub(output.second, 0.5))));
  const names = network.parameters.filter((spec) => sizeOf(spec.shape) > 0).map((spec) => spec.name);
  const grads = gradients(
    loss,
    names.map((name) => parameters[name]),
  );
  const outputs: Record<string, Expr> = { amp: output.first, phase: output.second, ...output.taps };
  for (const [name, value] of Object.entries(output.bufferUpdates)) outputs[`after.${name}`] = value;
  names.forEach((name, i) => {
    outputs[`grad.${name}`] = grads[i];
  });
  const actual = await run(outputs, arrays);
  const norms = (json.info.param_names as string[]).map((name) => {
    const gradient = actual[`grad.${name}`];
    return gradient === undefined ? 0 : normOf(gradient);
  });
  return { ...actual, grad_norms: float32([norms.length], norms) };
}

function normOf(array: NdArray): number {
  let total = 0;
  for (const value of array.data as Float32Array) total += value * value;
  return Math.sqrt(total);
}

async function evalPass(network: Network, arrays: CaseArrays): Promise<Arrays> {
  const { output } = forward(network, arrays, "eval");
  return run({ amp_eval: output.first, phase_eval: output.second }, arrays);
}

function forward(
  network: Network,
  arrays: CaseArrays,
  mode: NetworkMode,
): { output: NetworkOutput; parameters: Record<string, Expr> } {
  const named = (specs: readonly { name: string; shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, input(name, shape)]));
  const parameters = named(network.parameters);
  const output = network.apply(input("x", arrays.x.shape), parameters, mode, named(network.buffers));
  return { output, parameters };
}

function weightInputs(json: CaseJson): Record<string, Expr> {
  const names: string[] = json.state_dict_order;
  return Object.fromEntries(names.map((name) => [name, input(name, json.arrays[name].shape)]));
}

async function run(outputs: Record<string, Expr>, arrays: CaseArrays): Promise<Arrays> {
  const executable = await compile({ outputs });
  try {
    return await executable.run(floatFeeds(arrays));
  } finally {
    await executable.release();
  }
}

/** The case's arrays as the runtime takes them: integer buffers become float32. */
function floatFeeds(arrays: CaseArrays): Arrays {
  const feeds: Arrays = {};
  for (const [name, array] of Object.entries(arrays)) {
    if ("re" in array) continue;
    const data = array.data as ArrayLike<number | bigint>;
    feeds[name] = array.dtype === "float32" ? array : float32(array.shape, Float32Array.from(data, Number));
  }
  return feeds;
}

/** Names, shapes and order of our state against the case's weights. */
function checkState(network: Network, json: CaseJson): CheckResult {
  const specs = new Map([...network.parameters, ...network.buffers].map((spec) => [spec.name, spec.shape]));
  const describe = (name: string, shape: readonly number[]) => `${name} [${shape}]`;
  const ours = network.stateOrder.map((name) => describe(name, specs.get(name) ?? []));
  const theirs = (json.state_dict_order as string[]).map((name) => describe(name, json.arrays[name].shape));
  const differing = theirs.findIndex((entry, i) => entry !== ours[i]);
  const gradientOrder = JSON.stringify(json.info.param_names);
  const sameParameters = gradientOrder === JSON.stringify(network.parameters.map((spec) => spec.name));
  const passed = ours.length === theirs.length && differing < 0 && sameParameters;
  const detail = passed
    ? `${ours.length} entries in order`
    : `${ours.length} entries, expected ${theirs.length}; entry ${differing} is ${ours[differing]}, expected ${theirs[differing]}`;
  return { name: "state_dict", passed, detail };
}

/** One result per output array of the case; an output that we did not compute fails. */
function compareAll(json: CaseJson, arrays: CaseArrays, actual: Arrays): CheckResult[] {
  return outputNames(json).map((name) => {
    if (actual[name] === undefined) return { name, passed: false, detail: "was not computed" };
    return compareOutput(name, actual[name], arrays[name], json.tolerance[name]);
  });
}

function wants(json: CaseJson, pattern: RegExp): boolean {
  return outputNames(json).some((name) => pattern.test(name));
}

function outputNames(json: CaseJson): string[] {
  return Object.keys(json.arrays).filter((name) => json.arrays[name].role === "output");
}
