// Prediction of a batch that may not fit into the memory of the device: in halves then, and the halves' halves.
import { isOutOfMemory } from "../compute/runtime.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";

export type PredictBatch = (diffraction: NdArray<"float32">) => Promise<ComplexArray>;

/**
 * The same prediction, [B, C, N, N] -> [B, C, N, N], which after a failure for want of memory takes half as many samples at
 * a time from there on; `told` is called with that number. A single sample that does not fit fails as before.
 */
export function withinMemory(predict: PredictBatch, told: (samples: number) => void): PredictBatch {
  let largest = Number.POSITIVE_INFINITY;
  const inParts: PredictBatch = async (diffraction) => {
    const [batch, ...image] = diffraction.shape;
    const part = (from: number, to: number) => {
      const size = diffraction.data.length / batch;
      return float32([to - from, ...image], diffraction.data.subarray(from * size, to * size));
    };
    if (batch > largest) {
      const cut = largest; // which may fall on the way
      const first = await inParts(part(0, cut));
      return joined(first, await inParts(part(cut, batch)));
    }
    try {
      return await predict(diffraction);
    } catch (error) {
      if (batch === 1 || !isOutOfMemory(error)) throw error;
      largest = Math.ceil(batch / 2);
      told(largest);
      return inParts(diffraction);
    }
  };
  return inParts;
}

function joined(a: ComplexArray, b: ComplexArray): ComplexArray {
  const both = (first: Float32Array, second: Float32Array) => {
    const plane = new Float32Array(first.length + second.length);
    plane.set(first);
    plane.set(second, first.length);
    return plane;
  };
  return complex64([a.shape[0] + b.shape[0], ...a.shape.slice(1)], both(a.re, b.re), both(a.im, b.im));
}
