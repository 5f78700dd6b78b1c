// The blocked layout, on whatever block size this machine has: results as by definition, whatever the channel counts.
import { describe, expect, it } from "vitest";
import { float32 } from "../core/ndarray.js";
import { add, full, input, mul, relu, sub } from "./build-elementwise.js";
import { conv2d, maxPool2 } from "./build-linear.js";
import { mean, sum } from "./build-shape.js";
import { gradients } from "./differentiate.js";
import { emitOnnx, type Program } from "./emit.js";
import { evaluate } from "./evaluate.js";
import { compile, imageBlockSize } from "./runtime.js";

const IMAGE = 6;

/** Two convolutions with what surrounds them in a network, and every gradient. */
function program(channels: readonly [number, number, number], edge = 3): Program {
  const x = input("x", [2, channels[0], IMAGE, IMAGE]);
  const first = input("first", [channels[1], channels[0], edge, edge]);
  const bias = input("bias", [channels[1]]);
  const second = input("second", [channels[2], channels[1], 3, 3]);
  const hidden = relu(conv2d(x, first, bias));
  const gated = mul(hidden, mean(hidden, [2, 3], true));
  const raw = conv2d(gated, second);
  const y = add(mul(relu(raw), 0.5), sub(raw, 1));
  const loss = sum(mul(maxPool2(y), maxPool2(y)));
  const [gx, gFirst, gBias, gSecond] = gradients(loss, [x, first, bias, second]);
  return { outputs: { y, gx, gFirst, gBias, gSecond } };
}

const feedsOf = (channels: readonly number[], edge: number) => {
  const shapes = {
    x: [2, channels[0], IMAGE, IMAGE],
    first: [channels[1], channels[0], edge, edge],
    bias: [channels[1]],
    second: [channels[2], channels[1], 3, 3],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], k) => {
      const array = float32(shape);
      array.data.forEach((_, i) => {
        array.data[i] = 0.3 * Math.sin(1.7 * i + k);
      });
      return [name, array];
    }),
  );
};

const operators = (model: Uint8Array): string => Buffer.from(model).toString("latin1");

describe("blocked layout", () => {
  it.each<{ channels: [number, number, number]; edge: number }>([
    { channels: [1, 16, 32], edge: 3 },
    { channels: [16, 32, 16], edge: 3 },
    { channels: [32, 16, 3], edge: 3 },
    { channels: [3, 32, 1], edge: 3 },
    { channels: [20, 16, 16], edge: 3 },
    { channels: [16, 20, 16], edge: 3 },
    { channels: [16, 32, 16], edge: 1 },
    { channels: [2, 16, 1], edge: 5 },
  ])("$channels channels, kernel edge $edge: runtime equals the evaluator", async ({ channels, edge }) => {
    const { outputs } = program(channels, edge);
    const feeds = feedsOf(channels, edge);
    const executable = await compile({ outputs });
    const actual = await executable.run(feeds);
    await executable.release();
    const expected = evaluate(Object.values(outputs), feeds);
    Object.keys(outputs).forEach((name, k) => {
      const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
      const difference = Array.from(expected[k].data, (value, i) => value - actual[name].data[i]);
      expect(largest(difference), name).toBeLessThan(1e-5 * largest(expected[k].data));
    });
  });

  it("is used where asked for and where channels fill blocks, and never for constant kernels", () => {
    const blocked = operators(emitOnnx(program([16, 32, 16]), { blockSize: 16 }));
    expect(blocked).toContain("ReorderInput");
    expect(operators(emitOnnx(program([16, 32, 16])))).not.toContain("Reorder");
    expect(operators(emitOnnx(program([20, 20, 20]), { blockSize: 16 }))).not.toContain("Reorder");
    const frozen = conv2d(input("x", [1, 16, 4, 4]), full([16, 16, 3, 3], 1));
    expect(operators(emitOnnx({ outputs: { y: frozen } }, { blockSize: 16 }))).not.toContain("Reorder");
  });

  it("stays in the layout between convolutions and fuses the Relu", () => {
    const weights = [0, 1].map((k) => input(`w${k}`, [16, 16, 3, 3]));
    const x = input("x", [1, 16, 4, 4]);
    const y = conv2d(mul(relu(conv2d(x, weights[0])), 2), weights[1]);
    const model = operators(emitOnnx({ outputs: { y } }, { blockSize: 16 }));
    expect(model.split("ReorderInput").length - 1).toBe(1);
    expect(model.split("ReorderOutput").length - 1).toBe(1);
    expect(model).toContain("activation");
  });

  it("finds a power of two as block size, or none", async () => {
    expect([undefined, 4, 8, 16, 32]).toContain(await imageBlockSize());
  });
});
