import { describe, expect, it } from "vitest";
import { PtychoError } from "../core/errors.js";
import { complex64, float32, type NdArray } from "../core/ndarray.js";
import { withinMemory } from "./within-memory.js";

const patterns = float32(
  [5, 1, 2, 2],
  Float32Array.from({ length: 20 }, (_, i) => i),
);

/** Twice the patterns, and minus them; fails as ONNX Runtime does above `most` samples. */
function predictor(most: number, message = "Failed to allocate memory for requested buffer of size 123") {
  const taken: number[] = [];
  const predict = async (x: NdArray<"float32">) => {
    taken.push(x.shape[0]);
    if (x.shape[0] > most) throw new PtychoError("EngineError", `ONNX Runtime failed: ${message}`);
    return complex64(
      x.shape,
      x.data.map((value) => 2 * value),
      x.data.map((value) => -value),
    );
  };
  return { predict, taken };
}

describe("withinMemory", () => {
  it("halves the batch until it fits, says so, and gives the same", async () => {
    const { predict, taken } = predictor(2);
    const told: number[] = [];
    const safe = withinMemory(predict, (samples) => told.push(samples));
    const expected = await predictor(5).predict(patterns);
    expect(await safe(patterns)).toEqual(expected);
    expect([told, taken]).toEqual([
      [3, 2],
      [5, 3, 2, 1, 2],
    ]);
    taken.length = 0;
    expect(await safe(patterns)).toEqual(expected); // from now on it knows
    expect(taken).toEqual([2, 2, 1]);
  });

  it("leaves a batch alone that fits", async () => {
    const { predict, taken } = predictor(5);
    await withinMemory(predict, () => expect.unreachable())(patterns);
    expect(taken).toEqual([5]);
  });

  it("passes on what is no want of memory, and a single sample that does not fit", async () => {
    for (const { predict } of [predictor(2, "wrong rank"), predictor(0)])
      await expect(withinMemory(predict, () => {})(patterns)).rejects.toThrow("ONNX Runtime failed");
  });
});
