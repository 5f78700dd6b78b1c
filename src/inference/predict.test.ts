import { describe, expect, it } from "vitest";
import { complex64, float32, type NdArray, sizeOf } from "../core/ndarray.js";
import { modelDefaults } from "../model/model-options.js";
import { buildNetwork } from "../model/registry.js";
import { openPredictor } from "./predict.js";

const network = buildNetwork({ ...modelDefaults, nFiltersScale: 1, channels: 4 });
const weights: Record<string, NdArray> = Object.fromEntries(
  [...network.parameters, ...network.buffers].map(({ name, shape }, k) => [
    name,
    float32(
      shape,
      Float32Array.from(
        { length: sizeOf(shape) },
        (_, i) => Math.sqrt((6 * shape[0]) / sizeOf(shape)) * Math.sin(3 * k + 1.7 * i + i * i),
      ),
    ),
  ]),
);

function diffractionOf(samples: readonly number[], factor = 1): NdArray<"float32"> {
  const size = 4 * 64 * 64;
  const data = new Float32Array(samples.length * size);
  samples.forEach((sample, b) => {
    for (let i = 0; i < size; i++) data[b * size + i] = factor * Math.abs(Math.sin(i * 0.37 + sample));
  });
  return float32([samples.length, 4, 64, 64], data);
}

describe("openPredictor", () => {
  it("gives each sample the same patches in any batch, and scales the input per sample", async () => {
    const predictor = await openPredictor(network, weights);
    const together = await predictor.predict(diffractionOf([1, 2, 3]), 0.5);
    expect(together.shape).toEqual([3, 4, 64, 64]);
    const alone = await predictor.predict(diffractionOf([3], 0.25), Float32Array.of(2));
    const size = sizeOf(alone.shape);
    const last = complex64(alone.shape, together.re.slice(2 * size), together.im.slice(2 * size));
    let worst = 0;
    let spread = 0;
    for (let i = 0; i < size; i++) {
      worst = Math.max(worst, Math.hypot(last.re[i] - alone.re[i], last.im[i] - alone.im[i]));
      spread = Math.max(spread, Math.abs(last.re[i] - together.re[i]));
    }
    expect(spread).toBeGreaterThan(0.1);
    expect(worst).toBeLessThan(1e-3 * spread);
    await expect(predictor.predict(diffractionOf([1]), Float32Array.of(1, 2))).rejects.toThrow(
      /input scale: expected 1/,
    );
    await expect(predictor.predict(float32([1, 1, 64, 64]), 1)).rejects.toThrow(
      /diffraction: expected shape/,
    );
    await predictor.release();
  });

  it("refuses weights that are missing or of another shape", async () => {
    const [first] = network.parameters;
    const { [first.name]: _, ...missing } = weights;
    await expect(openPredictor(network, missing)).rejects.toThrow(/expected shape .*, got none/);
    const other = { ...weights, [first.name]: float32([1, 2]) };
    await expect(openPredictor(network, other)).rejects.toThrow(
      /got \[1,2\]; the weights belong to another network/,
    );
  });
});
