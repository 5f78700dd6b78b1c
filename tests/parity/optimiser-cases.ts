// Parity of the optimisers and of gradient clipping with the PyTorch original.
import { add, input, mul } from "../../src/compute/build-elementwise.js";
import { sum } from "../../src/compute/build-shape.js";
import type { Expr } from "../../src/compute/expr.js";
import { compile } from "../../src/compute/runtime.js";
import { float32, type NdArray } from "../../src/core/ndarray.js";
import { layoutOf, packParameters } from "../../src/model/parameters.js";
import { CLIP_ALGORITHMS, clipGradients, gradientNorm } from "../../src/training/clip.js";
import { STEP_SCALARS, stepScalars } from "../../src/training/optimiser.js";
import { buildTrainingStep, initialState, nextState, stateFeeds } from "../../src/training/step.js";
import { compareAll, realOf } from "./case-arrays.js";
import type { CaseCheck } from "./check.js";
import { realInput, runCase } from "./graph-case.js";
import { optimiserSettings } from "./training-setup.js";

export const optimiserChecks: Readonly<Record<string, CaseCheck>> = {
  optimizer: async (json, arrays) => {
    const settings = optimiserSettings(json.config.optimizer);
    const names = Object.keys(arrays)
      .map((name) => /^(.+)0$/.exec(name)?.[1])
      .filter((name) => name !== undefined);
    const layout = layoutOf(names.map((name) => ({ name, shape: arrays[`${name}0`].shape })));
    // A loss whose gradient is the recorded one: sum of parameter times gradient.
    const { update } = buildTrainingStep({
      layout,
      buffers: {},
      objective: (parameters) => ({ loss: weightedSum(parameters), bufferUpdates: {} }),
      optimiser: settings,
    });
    const executable = await compile(update);
    const start = packParameters(
      layout,
      Object.fromEntries(names.map((name) => [name, realOf(arrays[`${name}0`])])),
    );
    let state = initialState(start, settings, {});
    const steps = arrays[`g${names[0]}`].shape[0];
    const traces = layout.entries.map(({ name, size }) => ({ name, values: new Float32Array(steps * size) }));
    for (let step = 0; step < steps; step++) {
      const feeds: Record<string, NdArray> = { ...stateFeeds(state) };
      for (const { name, shape, size } of layout.entries) {
        const all = realOf(arrays[`g${name}`]).data as Float32Array;
        feeds[`gradient.${name}`] = float32(shape, all.slice(step * size, (step + 1) * size));
      }
      feeds.scalars = float32([STEP_SCALARS], stepScalars(settings, json.config.optimizer.lr, step + 1));
      state = nextState(state, await executable.run(feeds), true);
      layout.entries.forEach(({ offset, size }, i) => {
        traces[i].values.set(state.parameters.data.subarray(offset, offset + size), step * size);
      });
    }
    await executable.release();
    const actual = Object.fromEntries(
      traces.map(({ name, values }) => [name, float32([steps, ...arrays[`${name}0`].shape], values)]),
    );
    return compareAll(json, arrays, actual);
  },

  clip: async (json, arrays) => {
    const indices = Array.from({ length: json.config.n }, (_, i) => i);
    const parameters = indices.map((i) => realInput(arrays, `p${i}`));
    const raw = indices.map((i) => realInput(arrays, `g${i}`));
    const limits = { norm: json.config.max_norm, value: json.config.value, agc: json.config.agc };
    const outputs: Record<string, Expr> = { total_norm: gradientNorm(raw) };
    for (const algorithm of CLIP_ALGORITHMS) {
      clipGradients(algorithm, limits[algorithm], raw, parameters).forEach((clipped, i) => {
        outputs[`${algorithm}.${i}`] = clipped;
      });
    }
    return compareAll(json, arrays, await runCase(arrays, outputs));
  },
};

function weightedSum(parameters: Readonly<Record<string, Expr>>): Expr {
  return Object.entries(parameters)
    .map(([name, value]) => sum(mul(value, input(`gradient.${name}`, value.shape))))
    .reduce((total, term) => add(total, term));
}
