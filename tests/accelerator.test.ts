// The other devices of this machine against the processor, for a prediction and for a whole training step; and what the
// runs say about the device. WebGPU can be had without a GPU, from a software adapter: docs/execution-config.md says how.
import { describe, expect, it } from "vitest";
import { add, input, mul, relu, sigmoid, silu, tanh } from "../src/compute/build-elementwise.js";
import { conv2d, maxPool2, upsample2 } from "../src/compute/build-linear.js";
import { max, mean, sliceAxis } from "../src/compute/build-shape.js";
import type { Device } from "../src/compute/device.js";
import { inputsOf, type Program } from "../src/compute/emit.js";
import { compile } from "../src/compute/runtime.js";
import { isPtychoError } from "../src/core/errors.js";
import { float32, type NdArray, sizeOf } from "../src/core/ndarray.js";
import { openPredictor } from "../src/inference/predict.js";
import { initialParameters } from "../src/model/initialise.js";
import { modelDefaults } from "../src/model/model-options.js";
import type { Network } from "../src/model/network.js";
import { layoutOf, packParameters } from "../src/model/parameters.js";
import { buildNetwork } from "../src/model/registry.js";
import { buildObjective, type ObjectiveSettings } from "../src/training/objective.js";
import { buildRefinementObjective } from "../src/training/refinement-objective.js";
import { buildTrainingStep, type StepDefinition } from "../src/training/step.js";
import { devicesHere } from "./device-there.js";

const N = 16;
const B = 2;
const here = await devicesHere();
/** float32 sums of thousands of products in another order; 2e-6 was measured for the gradient of the CNN on SwiftShader. */
const TOLERANCE = 2e-4;

const AMPLITUDE: ObjectiveSettings = {
  profile: "amplitude",
  loss: "poisson",
  l2Match: false,
  probeScale: 4,
  physicsGain: 1,
  experiments: 1,
};
const sgd = { optimizer: "sgd", momentum: 0.9, weightDecay: 0, beta1: 0.9, beta2: 0.999 } as const;

/** A step whose new momentum is the clipped gradient itself. */
function stepOf(
  network: ReturnType<typeof buildNetwork>,
  objective: StepDefinition["objective"],
): { readonly program: Program; readonly feeds: Record<string, NdArray> } {
  const layout = layoutOf(network.parameters);
  const { update: program } = buildTrainingStep({
    layout,
    buffers: Object.fromEntries(network.buffers.map(({ name, shape }) => [name, shape])),
    objective,
    optimiser: sgd,
    clip: { algorithm: "norm", limit: 1 },
  });
  const drawn = packParameters(layout, initialParameters(network.parameters, 5));
  const feeds = [...inputsOf(program)].map(([name, { shape }]): [string, NdArray] => {
    const wave = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.6 + 0.5 * Math.sin(1.7 * i));
    if (name === "parameters") return [name, float32(shape, drawn)];
    if (name === "scalars") return [name, float32(shape, [1e-3, 1e-3, 1])];
    return [name, name.startsWith("slot.") ? float32(shape) : float32(shape, wave)];
  });
  return { program, feeds: Object.fromEntries(feeds) };
}

/** A network in miniature with the operations of the CNN; the whole one takes a minute on a software adapter. */
const miniature: Network = {
  architecture: "miniature",
  N,
  inputChannels: 1,
  parameters: Object.entries({ first: [16, 1, 3, 3], second: [16, 16, 3, 3], heads: [2, 16, 3, 3] }).map(
    ([name, shape]) => ({ name, shape, initial: { kind: "uniform", low: -0.3, high: 0.3 } }),
  ),
  buffers: [],
  stateOrder: ["first", "second", "heads"],
  warnings: [],
  apply: (x, { first, second, heads }) => {
    const pooled = maxPool2(silu(conv2d(x, first)));
    const gate = sigmoid(add(mean(pooled, [2, 3], true), max(pooled, [2, 3], true)));
    const planes = conv2d(upsample2(relu(conv2d(mul(pooled, gate), second))), heads);
    return {
      first: silu(sliceAxis(planes, 1, 0, 1)),
      second: mul(tanh(sliceAxis(planes, 1, 1, 2)), Math.PI),
      kind: "amp_phase",
      bufferUpdates: {},
      taps: {},
    };
  },
};
const unrolled = buildNetwork({
  ...modelDefaults,
  architecture: "unrolled",
  channels: 6,
  nFiltersScale: 1,
  N,
});
const STEPS = {
  miniature: () =>
    stepOf(miniature, (parameters, buffers) => {
      const shape = { batch: B, channels: 1, N, modes: 1 };
      const built = buildObjective(AMPLITUDE, shape, miniature, parameters, buffers, "train");
      return { loss: built.loss, reported: built.reported, bufferUpdates: {} };
    }),
  unrolled: () =>
    stepOf(unrolled, (parameters) => {
      const shape = { batch: B, N, modes: 1, canvasPx: 20 };
      const aims = { steps: 1, cropPx: 12, teacher: false };
      const { loss, reported } = buildRefinementObjective(aims, shape, unrolled, parameters);
      return { loss, reported, bufferUpdates: {} };
    }),
};

async function outputsOn(device: Device, { program, feeds }: ReturnType<typeof stepOf>) {
  const executable = await compile(program, { device });
  const results = await executable.run(feeds);
  await executable.release();
  return results;
}

/** |a - b| / |b| over all elements. */
function relativeDifference(a: NdArray, b: NdArray): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < b.data.length; i++) {
    apart += (Number(a.data[i]) - Number(b.data[i])) ** 2;
    size += Number(b.data[i]) ** 2;
  }
  return Math.sqrt(apart / size);
}

for (const device of ["webgpu", "cuda"] as const)
  describe.runIf(here.includes(device))(`${device} (skipped where it is absent)`, () => {
    it.each(["miniature", "unrolled"] as const)(
      "a training step of the %s network is that of the processor",
      async (kind) => {
        const step = STEPS[kind]();
        const [expected, actual] = [await outputsOn("cpu", step), await outputsOn(device, step)];
        expect(Object.keys(actual)).toContain("slot.momentum_next");
        for (const [name, array] of Object.entries(expected))
          expect(relativeDifference(actual[name], array), name).toBeLessThan(TOLERANCE);
      },
      120_000,
    );

    it("a prediction is that of the processor, whatever the batch", async () => {
      const weights = initialParameters(miniature.parameters, 5);
      const wave = Float32Array.from({ length: 2 * N * N }, (_, i) => Math.sin(0.37 * i) ** 2);
      const [expected, actual] = [
        await openPredictor(miniature, weights),
        await openPredictor(miniature, weights, { device }),
      ];
      for (const batch of [1, 2]) {
        const patterns = float32([batch, 1, N, N], wave.subarray(0, batch * N * N));
        const [a, b] = [await actual.predict(patterns, 2), await expected.predict(patterns, 2)];
        for (const part of ["re", "im"] as const)
          expect(relativeDifference(float32(a.shape, a[part]), float32(b.shape, b[part]))).toBeLessThan(
            TOLERANCE,
          );
      }
      for (const predictor of [expected, actual]) await predictor.release();
    }, 120_000);
  });

it("a program that WebGPU cannot run whole is refused, not split with the processor; skipped without WebGPU", async ({
  skip,
}) => {
  if (!here.includes("webgpu")) skip("no WebGPU adapter on this machine");
  const refusal = await compile({ outputs: { y: input("x", [2], "float64") } }, { device: "webgpu" }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(isPtychoError(refusal, "EngineError"), String(refusal)).toBe(true);
});
