import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32 } from "../core/ndarray.js";
import {
  type OptimiserSettings,
  STEP_SCALARS,
  slotNames,
  stepScalars,
  updateParameters,
} from "./optimiser.js";

const BASE: OptimiserSettings = {
  optimizer: "adam",
  momentum: 0.9,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
};
const START = [1, -2, 0.5];
const RATE = 0.1;
const gradientAt = (step: number): number[] => [Math.sin(step), 0.1 * step, -1 / step];

/** Parameters after `steps` steps through the graph. */
function trained(settings: OptimiserSettings, steps: number, mask?: readonly number[]): number[] {
  const names = slotNames(settings);
  const slots = Object.fromEntries(names.map((name) => [name, input(`slot.${name}`, [3])]));
  const next = updateParameters(
    settings,
    { parameters: input("parameters", [3]), slots },
    input("gradient", [3]),
    input("scalars", [STEP_SCALARS]),
    mask && input("mask", [3]),
  );
  const state: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, [0, 0, 0]]));
  let parameters = START;
  for (let step = 1; step <= steps; step++) {
    const feeds = {
      parameters: float32([3], parameters),
      gradient: float32([3], gradientAt(step)),
      scalars: float32([STEP_SCALARS], stepScalars(settings, RATE, step)),
      ...(mask && { mask: float32([3], mask) }),
      ...Object.fromEntries(names.map((name) => [`slot.${name}`, float32([3], state[name])])),
    };
    const outputs = [next.parameters, ...names.map((name) => next.slots[name])];
    const [moved, ...rest] = evaluate(outputs, feeds).map(({ data }) => Array.from(data, Number));
    parameters = moved;
    for (const [i, name] of names.entries()) state[name] = rest[i];
  }
  return parameters;
}

/** Kingma & Ba 2015, algorithm 1, with L2 in the gradient or (adamw) decay of the parameter itself. */
function adam({ optimizer, beta1, beta2, weightDecay }: OptimiserSettings, steps: number): number[] {
  return START.map((theta, i) => {
    let [p, m, v] = [theta, 0, 0];
    for (let t = 1; t <= steps; t++) {
      let g = gradientAt(t)[i];
      if (optimizer === "adamw") p -= RATE * weightDecay * p;
      else g += weightDecay * p;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      p -= (RATE * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + 1e-8);
    }
    return p;
  });
}

function sgd({ momentum, weightDecay }: OptimiserSettings, steps: number): number[] {
  return START.map((theta, i) => {
    let [p, velocity] = [theta, 0];
    for (let t = 1; t <= steps; t++) {
      const g = gradientAt(t)[i] + weightDecay * p;
      velocity = momentum * velocity + g;
      p -= RATE * (momentum > 0 ? g + momentum * velocity : g);
    }
    return p;
  });
}

const expectClose = (found: readonly number[], expected: readonly number[]) =>
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 5);
  });

describe("updateParameters, against the algorithms in double", () => {
  it.each([
    ["adam", 0],
    ["adam", 0.1],
    ["adamw", 0],
    ["adamw", 0.1],
  ] as const)("%s, weight decay %d", (optimizer, weightDecay) => {
    const settings = { ...BASE, optimizer, weightDecay, beta2: 0.99 };
    expectClose(trained(settings, 5), adam(settings, 5));
  });

  it.each([
    [0, 0],
    [0.9, 0],
    [0.9, 0.1],
    [0, 0.1],
  ])("sgd, momentum %d, weight decay %d", (momentum, weightDecay) => {
    const settings = { ...BASE, optimizer: "sgd", momentum, weightDecay } as const;
    expectClose(trained(settings, 5), sgd(settings, 5));
  });

  it("decays only where the mask says", () => {
    const settings = { ...BASE, optimizer: "sgd", momentum: 0, weightDecay: 0.5 } as const;
    const [decayed, plain] = [sgd(settings, 3), sgd({ ...settings, weightDecay: 0 }, 3)];
    expectClose(trained(settings, 3, [1, 0, 1]), [decayed[0], plain[1], decayed[2]]);
  });

  it("keeps no state that it does not need", () => {
    expect(slotNames(BASE)).toEqual(["first_moment", "second_moment"]);
    expect(slotNames({ ...BASE, optimizer: "sgd" })).toEqual(["momentum"]);
    expect(slotNames({ ...BASE, optimizer: "sgd", momentum: 0 })).toEqual([]);
  });
});
