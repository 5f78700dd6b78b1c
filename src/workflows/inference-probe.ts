// The probe of a scan as inference uses it: masked as the model was trained, or as asked for.
import type { Config } from "../config/fields.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { softProbeMask } from "../data/probe-normalisation.js";
import type { TrainedFacts } from "./inference-data.js";

/** The soft disk [N, N] that the probe is masked with; undefined: it is not masked. */
export function probeMaskOf(config: Config<"infer">, trained: TrainedFacts, N: number): NdArray | undefined {
  const { probe_mask, probe_mask_sigma, probe_mask_diameter } = config.model;
  if (!(probe_mask ?? trained.config.model.probe_mask)) return undefined;
  return softProbeMask(N, probe_mask_sigma, probe_mask_diameter ?? N / 2);
}

/** The probe [P, N, N] times its mask. */
export function maskedProbe(probe: ComplexArray, mask: NdArray | undefined): ComplexArray {
  if (mask === undefined) return probe;
  const times = (plane: Float32Array): Float32Array =>
    plane.map((value, i) => value * Number(mask.data[i % mask.data.length]));
  return complex64(probe.shape, times(probe.re), times(probe.im));
}

/** Sum over the modes of |P|^2, [N, N]. */
export function probeIntensity(probe: ComplexArray, mask: NdArray | undefined): NdArray<"float32"> {
  const { re, im, shape } = maskedProbe(probe, mask);
  const intensity = float32(shape.slice(1));
  const pixels = intensity.data.length;
  for (let i = 0; i < re.length; i++) intensity.data[i % pixels] += re[i] ** 2 + im[i] ** 2;
  return intensity;
}
