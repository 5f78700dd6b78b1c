// Parity of the scale constants of the data pipeline with the PyTorch original.
import { type ComplexArray, complex64, float32, type NdArray } from "../../src/core/ndarray.js";
import { amplitudeToCounts, countStatistics, normaliseCountLoss } from "../../src/data/count-scale.js";
import {
  intensityScaleFromPhotons,
  physicsScaleTorch,
  rmsScaleContainer,
  rmsScaleTorch,
} from "../../src/data/normalise.js";
import { normaliseProbe, softProbeMask } from "../../src/data/probe-normalisation.js";
import { compareAll, complexOf, realOf } from "./case-arrays.js";
import type { CaseCheck } from "./check.js";

export const scaleFactorChecks: Readonly<Record<string, CaseCheck>> = {
  scale_factors: async (json, arrays) => {
    const { config } = json;
    const X = realOf(arrays.X) as NdArray<"float32">;
    const probe = complexOf(arrays.probe);
    const N = X.shape[X.shape.length - 1];
    const single = normaliseProbe(firstMode(probe), config.probe_scale, undefined);
    const multi = normaliseProbe(probe, config.probe_scale, undefined);
    const masked = normaliseProbe(
      firstMode(probe),
      config.probe_scale,
      softProbeMask(N, config.mask_sigma, config.mask_diameter),
    );
    const statistics = countStatistics(realOf(arrays.counts), N);
    const physical = amplitudeToCounts(X, probe, config.count_amplitude_scale);
    const mean = number(statistics.meanMeasuredIntensity);
    const photonScale = number(intensityScaleFromPhotons(X, config.nphotons));
    const containerScale = rmsScaleContainer(firstChannel(X));
    return compareAll(json, arrays, {
      rms_batch: rmsScaleTorch(firstChannel(X), N, "Parseval", "Batch"),
      rms_group: rmsScaleTorch(X, N, "Parseval", "Group"),
      phys_batch: physicsScaleTorch(firstChannel(X), "Parseval", "Batch"),
      phys_group: physicsScaleTorch(X, "Parseval", "Group"),
      max_batch: rmsScaleTorch(X, N, "Max", "Batch"),
      max_group: rmsScaleTorch(X, N, "Max", "Group"),
      nphotons_scale: photonScale,
      // The constant is a mean over all patterns, whatever order their axes are stored in.
      nphotons_scale_channel_last: photonScale,
      training_norm: float32([X.shape[0], 1, 1, 1], new Float32Array(X.shape[0]).fill(containerScale)),
      probe_normalized: single.probe,
      probe_normalized_multi: multi.probe,
      probe_normalized_masked: masked.probe,
      probe_factor: float32([3], [single.factor, multi.factor, masked.factor]),
      soft_mask: softProbeMask(N, config.mask_sigma, config.mask_diameter),
      soft_mask_default: softProbeMask(N),
      ci_rms_input_scale: number(statistics.rmsInputScale),
      ci_mean_measured_intensity: mean,
      ci_intensity: physical.counts,
      ci_probe: physical.probe,
      ci_nll_normalized: normaliseCountLoss(realOf(arrays.nll) as NdArray<"float32">, mean),
    });
  },
};

function firstMode(probe: ComplexArray): ComplexArray {
  const [, height, width] = probe.shape;
  const size = height * width;
  return complex64([height, width], probe.re.slice(0, size), probe.im.slice(0, size));
}

/** [B, C, N, N] -> [B, 1, N, N]. */
function firstChannel(stack: NdArray<"float32">): NdArray<"float32"> {
  const [batch, channels, height, width] = stack.shape;
  const size = height * width;
  const kept = stack.data.filter((_, i) => Math.floor(i / size) % channels === 0);
  return float32([batch, 1, height, width], kept);
}

const number = (value: number): NdArray<"float32"> => float32([1], [value]);
