import { describe, expect, it } from "vitest";
import { add, input, mul, square, sub } from "../compute/build-elementwise.js";
import { mean, sum } from "../compute/build-shape.js";
import type { Program } from "../compute/emit.js";
import { evaluate } from "../compute/evaluate.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { layoutOf } from "../model/parameters.js";
import { type OptimiserSettings, stepScalars } from "./optimiser.js";
import { buildTrainingStep, initialState, nextState, type StepDefinition, stateFeeds } from "./step.js";

const SGD: OptimiserSettings = { optimizer: "sgd", momentum: 0, weightDecay: 0, beta1: 0.9, beta2: 0.999 };
const layout = layoutOf([
  { name: "w", shape: [2, 1] },
  { name: "unused", shape: [1] },
]);

/** loss = mean_i (x_i . w - y_i)^2; the buffer `seen` counts the batches. */
const definition: StepDefinition = {
  layout,
  buffers: { seen: [1] },
  objective: ({ w }, { seen }) => {
    const predicted = sum(mul(input("x", [3, 2, 1]), w), [1, 2]);
    return { loss: mean(square(sub(predicted, input("y", [3])))), bufferUpdates: { seen: add(seen, 1) } };
  },
  optimiser: SGD,
};
const BATCHES = [
  { x: [1, 2, 3, 4, 5, 6], y: [1, 0, 2] },
  { x: [-1, 1, 0, 2, 2, -3], y: [3, 1, 0] },
];
const START = [0.5, -0.25, 7];

function gradientOf(w: readonly number[], { x, y }: (typeof BATCHES)[number]): [number, number] {
  const rest = y.map((target, i) => x[2 * i] * w[0] + x[2 * i + 1] * w[1] - target);
  const along = (axis: number) => rest.reduce((total, r, i) => total + (2 / 3) * r * x[2 * i + axis], 0);
  return [along(0), along(1)];
}

function run({ outputs }: Program, feeds: Record<string, NdArray>): Record<string, NdArray> {
  const values = evaluate(Object.values(outputs), feeds);
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, values[i] as NdArray]));
}

const feedsOf = ({ x, y }: (typeof BATCHES)[number], rate = 0.1) => ({
  x: float32([3, 2, 1], x),
  y: float32([3], y),
  scalars: float32([3], stepScalars(SGD, rate, 1)),
});
const start = () => initialState(Float32Array.from(START), SGD, { seen: float32([1]) });

describe("buildTrainingStep", () => {
  it("reports what it is told to report, and descends the loss", () => {
    const reporting: StepDefinition = {
      ...definition,
      objective: (parameters, buffers) => {
        const { loss, bufferUpdates } = definition.objective(parameters, buffers);
        return { loss: mul(loss, 2), reported: loss, bufferUpdates };
      },
    };
    const feeds = { ...stateFeeds(start()), ...feedsOf(BATCHES[0]) };
    const [plain, doubled] = [definition, reporting].map((each) =>
      run(buildTrainingStep(each).update, feeds),
    );
    expect(doubled.loss.data[0]).toBe(plain.loss.data[0]);
    expect(Number(doubled.gradient_norm.data[0])).toBeCloseTo(2 * Number(plain.gradient_norm.data[0]), 4);
    const collected = buildTrainingStep({ ...reporting, accumulate: 2 }).accumulate;
    expect(collected && run(collected, { ...feeds, accumulated: float32([3]) }).loss.data[0]).toBe(
      plain.loss.data[0],
    );
  });

  it("moves against the gradient, leaves what the loss does not reach, and updates the buffers", () => {
    const { update } = buildTrainingStep(definition);
    const results = run(update, { ...stateFeeds(start()), ...feedsOf(BATCHES[0]) });
    const [a, b] = gradientOf(START, BATCHES[0]);
    expect(Number(results.gradient_norm.data[0])).toBeCloseTo(Math.hypot(a, b), 4);
    const after = nextState(start(), results, true);
    const expected = [START[0] - 0.1 * a, START[1] - 0.1 * b, START[2]];
    for (const [i, value] of expected.entries()) expect(after.parameters.data[i]).toBeCloseTo(value, 5);
    expect([after.buffers.seen.data[0], after.count]).toEqual([1, 1]);
  });

  it("weight decay does not touch what the loss does not reach", () => {
    const { update } = buildTrainingStep({ ...definition, optimiser: { ...SGD, weightDecay: 0.5 } });
    const { parameters_next } = run(update, { ...stateFeeds(start()), ...feedsOf(BATCHES[0]) });
    const [a] = gradientOf(START, BATCHES[0]);
    expect(Number(parameters_next.data[0])).toBeCloseTo(START[0] - 0.1 * (a + 0.5 * START[0]), 5);
    expect(Number(parameters_next.data[2])).toBe(START[2]);
  });

  it("accumulates the mean gradient of the round, and clips that, not the parts", () => {
    const clip = { algorithm: "norm", limit: 0.01 } as const;
    const { accumulate, update } = buildTrainingStep({ ...definition, accumulate: 2, clip });
    const first = run(accumulate!, {
      ...stateFeeds(start()),
      ...feedsOf(BATCHES[0]),
      accumulated: float32([3]),
    });
    const between = nextState(start(), first, false);
    expect([...between.parameters.data, between.count]).toEqual([...START, 0]);
    expect(between.buffers.seen.data[0]).toBe(1);
    const { accumulated_next: accumulated } = first;
    const results = run(update, { ...stateFeeds(between), ...feedsOf(BATCHES[1]), accumulated });
    const [g, h] = BATCHES.map((batch) => gradientOf(START, batch));
    const total = [(g[0] + h[0]) / 2, (g[1] + h[1]) / 2];
    const norm = Math.hypot(...total);
    expect(norm).toBeGreaterThan(0.01);
    expect(Number(results.gradient_norm.data[0])).toBeCloseTo(norm, 4);
    const after = nextState(between, results, true);
    for (const i of [0, 1])
      expect(after.parameters.data[i]).toBeCloseTo(START[i] - (0.1 * 0.01 * total[i]) / norm, 6);
    expect([after.buffers.seen.data[0], after.count]).toEqual([2, 1]);
  });
});
