import { describe, expect, it } from "vitest";
import { add, mul } from "../compute/build-elementwise.js";
import { isPtychoError } from "../core/errors.js";
import { float32 } from "../core/ndarray.js";
import { modelDefaults } from "../model/model-options.js";
import type { Network } from "../model/network.js";
import { layoutOf } from "../model/parameters.js";
import { buildNetwork } from "../model/registry.js";
import type { History } from "../training/fit.js";
import type { TrainingState } from "../training/step.js";
import { contrastInspector } from "./inspect-contrast.js";

/** Amplitude 1 + gain x, phase gain x: flat for gain 0. */
const linear: Network = {
  architecture: "linear",
  N: 8,
  inputChannels: 1,
  parameters: [{ name: "gain", shape: [1], initial: { kind: "constant", value: 0 } }],
  buffers: [],
  stateOrder: ["gain"],
  warnings: [],
  apply: (x, { gain }) => ({
    first: add(mul(x, gain), 1),
    second: mul(x, gain),
    kind: "amp_phase",
    bufferUpdates: {},
    taps: {},
  }),
};
const pattern = float32(
  [2, 1, 8, 8],
  Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)),
);

const stateOf = (values: Float32Array): TrainingState => ({
  parameters: float32([values.length], values),
  slots: {},
  buffers: {},
  count: 0,
});
const historyOf = (trainLoss: readonly number[], validationLoss?: readonly number[]): History => ({
  trainLoss,
  validationLoss,
  learningRate: trainLoss.map(() => 1e-3),
});

/** Inspects after every epoch; the epoch (from 1) after which it refused, or undefined. */
async function refusedAfter(
  losses: readonly number[],
  gainOf: (epoch: number) => number,
  validation?: readonly number[],
): Promise<number | undefined> {
  const inspect = contrastInspector(linear, layoutOf(linear.parameters), pattern, 1);
  for (let epoch = 1; epoch <= losses.length; epoch++) {
    const history = historyOf(losses.slice(0, epoch), validation?.slice(0, epoch));
    try {
      await inspect(stateOf(Float32Array.of(gainOf(epoch))), history);
    } catch (error) {
      expect(isPtychoError(error, "DivergenceError"), String(error)).toBe(true);
      return epoch;
    }
  }
  return undefined;
}

const still = new Array(25).fill(3) as number[];
const falling = still.map((loss, epoch) => loss - 0.001 * epoch);

describe("contrastInspector", () => {
  it("refuses when the patch has been flat for ten epochs and the loss stood still for as long", async () => {
    expect(await refusedAfter(still, () => 0)).toBe(11);
    expect(await refusedAfter(still, (epoch) => (epoch <= 5 ? 0.1 : 0))).toBe(15);
  });

  it("lets go on while the loss falls, the validation loss where there is one", async () => {
    expect(await refusedAfter(falling, () => 0)).toBeUndefined();
    expect(await refusedAfter(falling, () => 0, still)).toBe(11);
    expect(await refusedAfter(still, () => 0, falling)).toBeUndefined();
  });

  it("lets go on while the patch has contrast, and counts anew after it had", async () => {
    expect(await refusedAfter(still, () => 0.01)).toBeUndefined();
    expect(await refusedAfter(still, (epoch) => (epoch % 10 === 0 ? 0.01 : 0))).toBeUndefined();
  });

  it("knows the network with all weights zero for flat", async () => {
    const network = buildNetwork({ ...modelDefaults, N: 64, channels: 1, nFiltersScale: 1 });
    const layout = layoutOf(network.parameters);
    const patterns = float32([1, 1, 64, 64], new Float32Array(4096).fill(0.5));
    const inspect = contrastInspector(network, layout, patterns, 1);
    const state = stateOf(new Float32Array(layout.size));
    for (let epoch = 1; epoch <= 10; epoch++) await inspect(state, historyOf(still.slice(0, epoch)));
    await expect(inspect(state, historyOf(still.slice(0, 11)))).rejects.toThrow(/same flat patch/);
  });
});
