import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { initialParameters } from "../model/initialise.js";
import { modelDefaults } from "../model/model-options.js";
import { layoutOf, packParameters, parameterExprs } from "../model/parameters.js";
import { buildNetwork } from "../model/registry.js";
import { FEATURE_CHANNELS, modelledAmplitude, refinementInputs } from "../physics/refinement.js";
import { buildRefinementObjective } from "./refinement-objective.js";

const N = 8;
const BATCH = 3;
const MODES = 2;
const CANVAS = 14;
const network = buildNetwork({
  ...modelDefaults,
  architecture: "unrolled",
  channels: FEATURE_CHANNELS,
  nFiltersScale: 1,
});
const layout = layoutOf(network.parameters);
const flat = input("parameters", [layout.size]);

const wave = (shape: readonly number[], seed: number, offset = 0): NdArray<"float32"> => {
  const size = shape.reduce((a, b) => a * b);
  return float32(
    shape,
    Float32Array.from({ length: size }, (_, i) => offset + Math.sin(seed + 12.9898 * i)),
  );
};
const probe = {
  probe_re: wave([BATCH, 1, MODES, N, N], 1),
  probe_im: wave([BATCH, 1, MODES, N, N], 2),
  probe_peak: float32([1], [3.5]),
};
const feeds = {
  ...probe,
  amplitude: wave([BATCH, 1, N, N], 3, 1.5),
  positions: float32([BATCH, 1, 1, 2], [0, 0, 3, -2, -3, 1]),
};
/** Amplitudes of the object 1, which is where the canvas starts. */
const flatAmplitude = ((): NdArray<"float32"> => {
  const data = refinementInputs(BATCH, MODES, N);
  const window = { re: input("one", [BATCH, 1, N, N]), im: input("zero", [BATCH, 1, N, N]) };
  const one = float32([BATCH, 1, N, N], new Float32Array(BATCH * N * N).fill(1));
  const zero = float32([BATCH, 1, N, N]);
  return evaluate([modelledAmplitude(window, data.probe)], { ...probe, one, zero })[0] as NdArray<"float32">;
})();

const untrained = packParameters(layout, initialParameters(network.parameters, 4));

/** `step_size` as given, the rest as `parameters`. */
function withStepSize(parameters: Float32Array, value: number): Float32Array {
  const changed = parameters.slice();
  changed[layout.entries.find(({ name }) => name === "step_size")?.offset ?? Number.NaN] = value;
  return changed;
}

const lossExpr = (steps: number, cropPx = N): Expr =>
  buildRefinementObjective(
    { steps, cropPx },
    { batch: BATCH, N, modes: MODES, canvasPx: CANVAS },
    network,
    parameterExprs(layout, flat),
  ).loss;
const lossAt = (loss: Expr, parameters: Float32Array, arrays: Record<string, NdArray> = feeds): number =>
  Number(evaluate([loss], { ...arrays, parameters: float32([layout.size], parameters) })[0].data[0]);

describe("buildRefinementObjective", () => {
  it("is zero for the true object at every depth", () => {
    for (const steps of [1, 3])
      expect(lossAt(lossExpr(steps), untrained, { ...feeds, amplitude: flatAmplitude })).toBeLessThan(1e-11);
  });

  it("is the relative mean square of the amplitudes, with 0.3 for every step but the last", () => {
    const measured = feeds.amplitude.data;
    let [misfit, energy] = [0, 0];
    measured.forEach((value, i) => {
      misfit += (flatAmplitude.data[i] - value) ** 2;
      energy += value ** 2;
    });
    // A step of size zero without correction leaves the object 1.
    const standing = withStepSize(untrained, 0);
    expect(lossAt(lossExpr(1), standing)).toBeCloseTo(misfit / energy, 5);
    expect(lossAt(lossExpr(4), standing)).toBeCloseTo((1.9 * misfit) / energy, 5);
  });

  it("falls with the steps of the physics", () => {
    const loss = [1, 2, 3].map((steps) => lossAt(lossExpr(steps), untrained));
    const standing = [1, 2, 3].map((steps) => lossAt(lossExpr(steps), withStepSize(untrained, 0)));
    loss.forEach((value, i) => {
      expect(value).toBeLessThan(0.95 * standing[i]);
    });
    expect(loss[2] - 0.3 * loss[0]).toBeLessThan(loss[0]);
  });

  it("with a teacher: every canvas is also compared with the teacher's, and the report stays without", () => {
    const flatCanvas = (value: number, known: number): Record<string, NdArray> => {
      const filled = (v: number) => float32([CANVAS, CANVAS], new Float32Array(CANVAS * CANVAS).fill(v));
      return {
        ...{ teacher_re: filled(value), teacher_im: filled(0), teacher_known: filled(known) },
        teacher_strength: float32([], [0.5]),
      };
    };
    const built = buildRefinementObjective(
      { steps: 3, cropPx: N, teacher: true },
      { batch: BATCH, N, modes: MODES, canvasPx: CANVAS },
      network,
      parameterExprs(layout, flat),
    );
    const standing = withStepSize(untrained, 0); // every canvas is 1
    const ratio = (value: number, known: number): number => {
      const arrays = { ...feeds, ...flatCanvas(value, known) };
      const reported = lossAt(built.reported, standing, arrays);
      expect(reported).toBe(lossAt(lossExpr(3), standing));
      return lossAt(built.loss, standing, arrays) / reported;
    };
    expect(ratio(2, 1)).toBeCloseTo(1.5, 5);
    expect(ratio(2, 0)).toBe(1);
    expect(ratio(1, 1)).toBeCloseTo(1, 5);
    const slope = gradients(built.loss, [flat])[0];
    const pull = (value: number): number => {
      const arrays = { ...feeds, ...flatCanvas(value, 1), parameters: float32([layout.size], standing) };
      const at = layout.entries.find(({ name }) => name === "correction.bias")?.offset ?? Number.NaN;
      return Number(evaluate([slope], arrays)[0].data[at]);
    };
    // A brighter teacher pulls the constant that the network adds to the object upwards.
    expect(pull(3)).toBeLessThan(pull(1));
  });

  it("has the gradient that finite differences find", () => {
    // Away from the start, where a correction of zero hides the network from its gradient.
    const parameters = withStepSize(untrained, 0.8);
    for (const { name, offset, size } of layout.entries)
      if (name.startsWith("correction."))
        for (let i = 0; i < size; i++) parameters[offset + i] = 0.2 * Math.sin(2 + 1.3 * i);
    const loss = lossExpr(2, 4);
    const [gradient] = evaluate(gradients(loss, [flat]), {
      ...feeds,
      parameters: float32([layout.size], parameters),
    }).map(({ data }) => Array.from(data, Number));
    // float32 leaves about 1e-7 of noise on a loss of order 1, hence 1e-5 on a slope over 2 * 0.01; the curvature adds
    // about 1e-4 of it.
    const slope = (direction: (i: number) => number): number => {
      const moved = (by: number) => parameters.map((value, i) => value + by * direction(i));
      return (lossAt(loss, moved(0.01)) - lossAt(loss, moved(-0.01))) / 0.02;
    };
    const norm = Math.hypot(...gradient);
    expect(norm).toBeGreaterThan(0.01);
    expect(slope((i) => gradient[i] / norm) / norm).toBeCloseTo(1, 2);
    for (const name of [
      "step_size",
      "correction.bias",
      "fine_up.1.weight",
      "coarse.0.weight",
      "fine.0.bias",
    ]) {
      const { offset, size } = layout.entries.find((entry) => entry.name === name) ?? { offset: 0, size: 0 };
      expect(size).toBeGreaterThan(0);
      const own = gradient.slice(offset, offset + size);
      const ownNorm = Math.hypot(...own);
      const along = slope((i) => (i >= offset && i < offset + size ? gradient[i] / ownNorm : 0));
      expect(Math.abs(along - ownNorm), name).toBeLessThan(0.02 * ownNorm + 2e-5);
    }
  });
});
