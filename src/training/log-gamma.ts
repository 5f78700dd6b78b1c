// The part of the Poisson likelihood that no prediction changes, in plain float64.
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";
import type { Domain } from "../physics/domain.js";

/**
 * Sum over the pixels of a sample of k - k log k + log Gamma(k + 1), with k the observed counts (the square of an
 * observed amplitude): what the graph part of the Poisson losses leaves out. It does not cancel: about log(2 pi k) / 2.
 * Observation [B, ...] -> [B].
 */
export function logGammaConstant(observation: NdArray<"float32">, domain: Domain): NdArray<"float32"> {
  const [batch] = observation.shape;
  const pixels = sizeOf(observation.shape) / batch;
  const sums = new Float32Array(batch);
  for (let sample = 0; sample < batch; sample++) {
    let total = 0;
    for (let i = sample * pixels; i < (sample + 1) * pixels; i++) {
      const value = observation.data[i];
      total += stirlingRest(domain === "amplitude" ? Math.fround(value * value) : value);
    }
    sums[sample] = total;
  }
  return float32([batch], sums);
}

/** k - k log k + log Gamma(k + 1) for k >= 0; 0 at k = 0, where 0 log 0 = 0. */
export function stirlingRest(k: number): number {
  if (k === 0) return 0;
  // Stirling's series is good to 1e-12 from 10 on; below, Gamma(k + 1) is stepped up to there.
  let product = 1;
  let raised = k;
  while (raised < 10) {
    raised += 1;
    product *= raised;
  }
  const inverse = 1 / raised;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  const rest = 0.5 * Math.log(2 * Math.PI * raised) + series;
  if (raised === k) return rest;
  return rest + raised * Math.log(raised) - raised - Math.log(product) - k * Math.log(k) + k;
}
