// Every op: the runtime against the plain evaluator, and the gradient against finite differences in float64.
import { describe, expect, it } from "vitest";
import { devicesHere } from "../../tests/device-there.js";
import { float32, float64, type NdArray, sizeOf } from "../core/ndarray.js";
import * as e from "./build-elementwise.js";
import * as l from "./build-linear.js";
import * as s from "./build-shape.js";
import type { Device } from "./device.js";
import { gradients } from "./differentiate.js";
import { emitOnnx } from "./emit.js";
import { evaluate } from "./evaluate.js";
import type { ElementType, Expr, OpName } from "./expr.js";
import { RULES } from "./rules.js";
import { compile } from "./runtime.js";

const devices = await devicesHere();
const [onWebgpu, onCuda] = [devices.includes("webgpu"), devices.includes("cuda")];

interface Case {
  readonly shapes: readonly (readonly number[])[];
  readonly build: (inputs: Expr[]) => Expr;
  readonly positive?: boolean;
  readonly differentiable?: boolean;
}

const images = [2, 3, 4, 6];
const unary = (build: (x: Expr) => Expr, positive = false): Case => ({
  shapes: [[3, 4]],
  build: ([x]) => build(x),
  positive,
});

const CASES: { readonly [K in keyof typeof RULES]: readonly Case[] } = {
  neg: [unary(e.neg)],
  exp: [unary(e.exp)],
  log: [unary(e.log, true)],
  sqrt: [unary(e.sqrt, true)],
  square: [unary(e.square)],
  abs: [unary(e.abs)],
  sign: [unary((x) => e.mul(e.sign(x), x))],
  relu: [unary(e.relu)],
  step: [unary((x) => e.mul(e.step(x), x))],
  sigmoid: [unary(e.sigmoid)],
  silu: [unary(e.silu)],
  tanh: [unary(e.tanh)],
  sin: [unary(e.sin), unary((x) => e.sin(e.mul(x, 40)))],
  cos: [unary(e.cos), unary((x) => e.cos(e.mul(x, 40)))],
  clampMin: [unary((x) => e.clampMin(x, 0.2))],
  cast: [unary((x) => e.cast(e.square(e.cast(x, "float64")), x.dtype))],
  stopGradient: [{ ...unary((x) => e.stopGradient(e.square(x))), differentiable: false }],
  add: [
    {
      shapes: [
        [3, 1, 4],
        [2, 1],
      ],
      build: ([a, b]) => e.add(a, b),
    },
  ],
  sub: [{ shapes: [[3, 4], [4]], build: ([a, b]) => e.sub(a, b) }],
  mul: [
    {
      shapes: [
        [2, 3, 4],
        [3, 1],
      ],
      build: ([a, b]) => e.mul(a, b),
    },
  ],
  div: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      build: ([a, b]) => e.div(a, b),
      positive: true,
    },
  ],
  greater: [{ shapes: [[3, 4], [4]], build: ([a, b]) => e.select(e.greater(a, b), a, b) }],
  greaterEqual: [{ shapes: [[3, 4], [4]], build: ([a, b]) => e.select(e.greaterEqual(a, b), b, a) }],
  select: [{ shapes: [[3, 4], [1]], build: ([a, b]) => e.select(e.greater(a, 0), a, b) }],
  sum: [
    { shapes: [[2, 3, 4]], build: ([x]) => s.sum(x, [0, 2]) },
    { shapes: [[2, 3]], build: ([x]) => s.mean(x) },
  ],
  max: [
    { shapes: [images], build: ([x]) => s.max(x, [1], true) },
    { shapes: [images], build: ([x]) => s.max(x, [2, 3]) },
  ],
  maxGradient: [
    { shapes: [images, [2, 1, 4, 6]], build: ([x, g]) => s.maxGradient(x, g, [1]), differentiable: false },
  ],
  reshape: [{ shapes: [[2, 6]], build: ([x]) => s.reshape(x, [3, -1]) }],
  transpose: [{ shapes: [[2, 3, 4]], build: ([x]) => s.transpose(x, [2, 0, 1]) }],
  broadcastTo: [{ shapes: [[3, 1]], build: ([x]) => s.broadcastTo(x, [2, 3, 4]) }],
  concat: [
    {
      shapes: [
        [2, 3],
        [2, 2],
      ],
      build: (parts) => s.concat(parts, 1),
    },
  ],
  slice: [{ shapes: [[4, 5]], build: ([x]) => s.slice(x, [1, 0], [3, 4]) }],
  pad: [{ shapes: [[2, 3]], build: ([x]) => s.pad(x, [1, 0], [0, 2]) }],
  matmul: [
    {
      shapes: [
        [2, 3, 4],
        [4, 5],
      ],
      build: ([a, b]) => l.matmul(a, b),
    },
    {
      shapes: [
        [2, 4, 3],
        [2, 5, 4],
      ],
      build: ([a, b]) => l.matmul(a, b, { transposeA: true, transposeB: true }),
    },
    {
      shapes: [
        [2, 1, 3, 4],
        [3, 5, 4],
      ],
      build: ([a, b]) => l.matmul(a, b, { transposeB: true }),
    },
    {
      shapes: [
        [4, 3],
        [2, 4, 5],
      ],
      build: ([a, b]) => l.matmul(a, b, { transposeA: true }),
    },
  ],
  conv2d: [
    { shapes: [images, [5, 3, 3, 3], [5]], build: ([x, w, b]) => l.conv2d(x, w, b) },
    { shapes: [images, [2, 3, 1, 1]], build: ([x, w]) => l.conv2d(x, w) },
    { shapes: [images, [2, 3, 3, 3]], build: ([x, w]) => l.conv2d(x, w, undefined, [0, 0]) },
    {
      shapes: [
        [2, 2, 7, 7],
        [1, 2, 7, 7],
      ],
      build: ([x, w]) => l.conv2d(x, w),
    },
    {
      shapes: [
        [1, 8, 4, 4],
        [8, 8, 3, 3],
      ],
      build: ([x, w]) => l.conv2d(x, w),
    },
    ...[6, 9, 10].map(
      (channels): Case => ({
        shapes: [[3, channels, 6, 4], [8, channels, 3, 3], [8]],
        build: ([x, w, b]) => l.conv2d(x, w, b),
      }),
    ),
    {
      shapes: [
        [6, 4, 4, 6],
        [12, 4, 3, 3],
      ],
      build: ([x, w]) => l.conv2d(x, w),
    },
  ],
  conv2dInputGradient: [
    {
      shapes: [
        [2, 5, 4, 6],
        [5, 3, 3, 3],
      ],
      build: ([g, w]) => l.conv2dInputGradient(g, w, images, [1, 1]),
    },
  ],
  conv2dWeightGradient: [
    { shapes: [images, [2, 5, 4, 6]], build: ([x, g]) => l.conv2dWeightGradient(x, g, [3, 3], [1, 1]) },
  ],
  maxPool2: [{ shapes: [images], build: ([x]) => l.maxPool2(x) }],
  maxPool2Gradient: [
    {
      shapes: [images, [2, 3, 2, 3]],
      build: ([x, g]) => l.maxPool2Gradient(x, l.maxPool2(x), g),
      differentiable: false,
    },
  ],
  upsample2: [{ shapes: [images], build: ([x]) => l.upsample2(x) }],
  sumPool2: [{ shapes: [images], build: ([x]) => l.sumPool2(x) }],
};

const TOLERANCE_F32 = 2e-5; // float32 sums of up to 200 products of order-one numbers
const STEP = 1e-5; // central difference in float64: truncation 1e-10, rounding 1e-11
const TOLERANCE_FD = 1e-6;

describe.each(Object.entries(CASES) as [OpName, readonly Case[]][])("%s", (op, cases) => {
  it.each(cases.map((c, i) => [i, c] as const))("case %i: runtime equals evaluator", async (i, c) => {
    await expectRuntime(c, i, "cpu");
  });

  // WebGPU has no float64.
  it.runIf(onWebgpu && op !== "cast").each(cases.map((c, i) => [i, c] as const))(
    "case %i: WebGPU equals evaluator",
    async (i, c) => {
      await expectRuntime(c, i, "webgpu");
    },
  );

  it.runIf(onCuda).each(cases.map((c, i) => [i, c] as const))(
    "case %i: CUDA equals evaluator",
    async (i, c) => {
      await expectRuntime(c, i, "cuda");
    },
  );

  it.each(cases.map((c, i) => [i, c] as const))("case %i: gradient equals finite differences", (i, c) => {
    if (c.differentiable === false) {
      const rule = RULES[op as keyof typeof RULES];
      expect(rule.gradient).toBe("not differentiable");
      return;
    }
    const [[, ...gradient], feeds] = programOf(c, "float64", i);
    const [[value]] = [programOf(c, "float64", i)];
    const analytic = evaluate(gradient, feeds);
    Object.values(feeds).forEach((fed, k) => {
      for (let j = 0; j < fed.data.length; j++) {
        const at = (delta: number): number => {
          const data = Float64Array.from(fed.data as Float64Array);
          data[j] += delta;
          const shifted = { ...feeds, [`x${k}`]: float64(fed.shape, data) };
          return weighted(evaluate([value[0]], shifted)[0]);
        };
        const numeric = (at(STEP) - at(-STEP)) / (2 * STEP);
        expect(Math.abs(numeric - Number(analytic[k].data[j]))).toBeLessThan(
          TOLERANCE_FD * Math.max(1, Math.abs(numeric)),
        );
      }
    });
  });
});

describe("the largest of equal values", () => {
  const x = e.input("x", [1, 1, 2, 4]);
  const g = e.input("g", [1, 1, 1, 2]);
  const feeds = { x: float32([1, 1, 2, 4], [3, 3, 0, 0, 3, 1, 0, 0]), g: float32([1, 1, 1, 2], [5, 7]) };
  const pooled = l.maxPool2Gradient(x, l.maxPool2(x), g);
  const reduced = s.maxGradient(x, s.mean(g, [2, 3], true), [2, 3]);
  it.each<Device>([
    "cpu",
    ...(onWebgpu ? (["webgpu"] as const) : []),
    ...(onCuda ? (["cuda"] as const) : []),
  ])("the gradient goes to the first on %s", async (device) => {
    const executable = await compile({ outputs: { pooled, reduced } }, { device });
    const results = await executable.run(feeds);
    await executable.release();
    expect(Array.from(results.pooled.data)).toEqual([5, 0, 7, 0, 0, 0, 0, 0]);
    expect(Array.from(results.reduced.data)).toEqual([6, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("is found without integers and scatters on devices that lack them", () => {
    const model = emitOnnx({ outputs: { pooled, reduced } }, { device: "webgpu" });
    expect(Buffer.from(model).toString("latin1")).not.toMatch(/MaxUnpool|ArgMax/);
  });
});

async function expectRuntime(c: Case, seed: number, device: Device): Promise<void> {
  const [outputs, feeds] = programOf(c, "float32", seed);
  const expected = evaluate(outputs, feeds);
  const named = Object.fromEntries(outputs.map((output, k) => [`y${k}`, output]));
  const executable = await compile({ outputs: named }, { device });
  const actual = await executable.run(feeds);
  await executable.release();
  outputs.forEach((_, k) => {
    expect(worstDifference(actual[`y${k}`], expected[k])).toBeLessThan(TOLERANCE_F32);
  });
}

/** The op's value followed by the gradients of sum(weight * value), and random feeds. */
function programOf(c: Case, dtype: "float32" | "float64", seed: number): [Expr[], Record<string, NdArray>] {
  const inputs = c.shapes.map((shape, k) => e.input(`x${k}`, shape, dtype));
  const value = c.build(inputs);
  const cotangent = e.constant(array(value.shape, dtype, cotangentAt) as NdArray<"float32">);
  const gradient = c.differentiable === false ? [] : gradients(s.sum(e.mul(value, cotangent)), inputs);
  const random = generator(seed + 1);
  const feeds = Object.fromEntries(
    c.shapes.map((shape, k) => [
      `x${k}`,
      array(shape, dtype, () => (c.positive ? 0.3 + random() : 2 * random() - 1)),
    ]),
  );
  return [[value, ...gradient], feeds];
}

const cotangentAt = (i: number): number => Math.sin(1.7 * i + 0.3);

function weighted(value: NdArray): number {
  let total = 0;
  for (let i = 0; i < value.data.length; i++) total += Number(value.data[i]) * cotangentAt(i);
  return total;
}

function array(shape: readonly number[], dtype: ElementType, f: (i: number) => number): NdArray {
  const data = Array.from({ length: sizeOf(shape) }, (_, i) => f(i));
  return dtype === "float64" ? float64(shape, data) : float32(shape, data);
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function worstDifference(a: NdArray, b: NdArray): number {
  expect(a.shape).toEqual(b.shape);
  let worst = 0;
  for (let i = 0; i < a.data.length; i++)
    worst = Math.max(worst, Math.abs(Number(a.data[i]) - Number(b.data[i])));
  return worst;
}
