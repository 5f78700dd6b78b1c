// Parity of the named scales: container, data layer, photons, probe and the count contract.
import { type ComplexArray, complex64, float32, isComplex, type NdArray } from "../../src/core/ndarray.js";
import {
  amplitudeToCounts,
  countStatistics,
  normaliseCountLoss,
  resolveScaleContract,
} from "../../src/data/count-scale.js";
import {
  type DataScaling,
  intensityScaleFromPhotons,
  type Normalize,
  physicsScaleTorch,
  rmsScaleContainer,
  rmsScaleTorch,
  scaleToFloat32,
} from "../../src/data/normalise.js";
import {
  hardProbeMask,
  normaliseProbe,
  softProbeMask,
  unitEnergyProbe,
} from "../../src/data/probe-normalisation.js";
import { compareAll, complexOf, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, expectRefusal, numbers } from "./data-compare.js";

const close = (name: string, actual: ArrayLike<number>, reference: ArrayLike<number>): CheckResult =>
  compareValues(name, actual, reference, 1e-6, "relative");

/** float32 probes: relative to the largest entry, since single parts may pass through zero. */
function closeArray(
  name: string,
  actual: ComplexArray | NdArray,
  reference: CaseArrays[string],
): CheckResult {
  const expected = numbers(reference);
  const largest = expected.reduce((a, value) => Math.max(a, Math.abs(value)), 0);
  return compareValues(name, numbers(actual), expected, 1e-6 * largest);
}

export const dataScaleChecks: Readonly<Record<string, CaseCheck>> = {
  norm_normalize_data: async (_json, arrays) =>
    Object.keys(arrays)
      .filter((name) => name.startsWith("in_"))
      .map((name) => {
        const patterns = channelFirst(realOf(arrays[name]));
        const scaled = scaleToFloat32(patterns, rmsScaleContainer(patterns));
        const expected = channelFirst(realOf(arrays[name.replace("in_", "out_")]));
        return compareValues(name, scaled.data, numbers(expected), 2e-7, "relative");
      }),

  norm_intensity_scale: async ({ config, expected }, arrays) => {
    const scales = (patterns: NdArray) =>
      config.nphotons.map((nphotons: number) => intensityScaleFromPhotons(patterns, nphotons));
    const stacks: Record<string, NdArray> = {};
    for (const name of Object.keys(arrays)) {
      if (!name.startsWith("X_")) continue;
      const patterns = realOf(arrays[name]);
      stacks[name.slice(2)] = patterns.shape.length === 4 ? channelFirst(patterns) : patterns;
    }
    const names = Object.keys(arrays).filter((name) => name.includes("_scale_"));
    return [
      ...names.map((name) => close(name, scales(stacks[name.replace(/^.*_/, "")]), numbers(arrays[name]))),
      ...errorChecks(expected.errors, {
        nphotons_zero: () => intensityScaleFromPhotons(stacks["3d"], 0),
        nphotons_negative: () => intensityScaleFromPhotons(stacks["3d"], -5),
        all_zero: () => intensityScaleFromPhotons(float32([2, 4, 4]), 1e5),
        one_dim: () => intensityScaleFromPhotons(float32([4]), 1e5),
      }),
    ];
  },

  norm_torch_rms_physics_factors: async ({ config, expected }, arrays) => {
    const scaleOf = (fn: string, scaling: string, normalize: string, patterns: NdArray) =>
      fn === "rms"
        ? rmsScaleTorch(patterns, config.N, scaling as DataScaling, normalize as Normalize)
        : physicsScaleTorch(patterns, scaling as DataScaling, normalize as Normalize);
    const values = Object.keys(arrays)
      .filter((name) => /^(rms|physics)_/.test(name))
      .map((name) => {
        const [fn, scaling, normalize, input] = name.split("_");
        const scale = scaleOf(fn, scaling, normalize, realOf(arrays[input]));
        const sameShape = scale.shape.join() === arrays[name].shape.join();
        return sameShape
          ? close(name, scale.data, numbers(arrays[name]))
          : { name, passed: false, detail: `shape [${scale.shape}], expected [${arrays[name].shape}]` };
      });
    const refusals = expected.errors.map((row: CaseJson): CheckResult => {
      const name = `${row.fn} ${row.data_scaling} ${row.normalize} ${row.input}`;
      const patterns = row.input === "zeros" ? float32([2, 3, 4, 4]) : realOf(arrays[row.input]);
      const act = () => scaleOf(row.fn, row.data_scaling, row.normalize, patterns);
      if (row.status === "ok") return close(name, act().data, [Number(flat(row.value)[0])]);
      // The original fails on Each by a wrong reshape; ours answers with one scale per pattern.
      if (row.normalize === "Each" && patterns.shape.length === 4) {
        const [B, C] = patterns.shape;
        const { shape } = act();
        return { name, passed: shape.join() === `${B},${C},1,1`, detail: `deviation D23: shape [${shape}]` };
      }
      return expectRefusal(name, act, []);
    });
    return [...values, ...refusals];
  },

  norm_probe: async (json, arrays) => probeChecks(json, arrays),

  norm_ci_contract: async (json, arrays) => countContractChecks(json, arrays),

  scale_factors: async (json, arrays) => {
    const { config } = json;
    const X = realOf(arrays.X);
    const N = X.shape[3];
    const probe = complexOf(arrays.probe);
    const single = firstMode(probe);
    const normalised = [
      normaliseProbe(single, config.probe_scale, undefined),
      normaliseProbe(probe, config.probe_scale, undefined),
      normaliseProbe(single, config.probe_scale, softProbeMask(N, config.mask_sigma, config.mask_diameter)),
    ];
    const counts = realOf(arrays.counts);
    const statistics = countStatistics(counts, N);
    const physical = amplitudeToCounts(X as NdArray<"float32">, probe, config.count_amplitude_scale);
    const photons = intensityScaleFromPhotons(X, config.nphotons);
    // The Batch factors and the training norm of this case are of the stack of first channels.
    const first = firstChannel(X);
    return compareAll(json, arrays, {
      rms_batch: rmsScaleTorch(first, N, "Parseval", "Batch"),
      rms_group: rmsScaleTorch(X, N, "Parseval", "Group"),
      phys_batch: physicsScaleTorch(first, "Parseval", "Batch"),
      phys_group: physicsScaleTorch(X, "Parseval", "Group"),
      max_batch: rmsScaleTorch(X, N, "Max", "Batch"),
      max_group: rmsScaleTorch(X, N, "Max", "Group"),
      nphotons_scale: float32([1], [photons]),
      nphotons_scale_channel_last: float32([1], [photons]),
      training_norm: float32(
        [X.shape[0], 1, 1, 1],
        new Float32Array(X.shape[0]).fill(rmsScaleContainer(first)),
      ),
      probe_normalized: normalised[0].probe,
      probe_normalized_multi: normalised[1].probe,
      probe_normalized_masked: normalised[2].probe,
      probe_factor: float32([3], [normalised[0].factor, normalised[1].factor, normalised[2].factor]),
      soft_mask: softProbeMask(N, config.mask_sigma, config.mask_diameter),
      soft_mask_default: softProbeMask(N),
      ci_rms_input_scale: float32([1], [statistics.rmsInputScale]),
      ci_mean_measured_intensity: float32([1], [statistics.meanMeasuredIntensity]),
      ci_intensity: physical.counts,
      ci_probe: physical.probe,
      ci_nll_normalized: normaliseCountLoss(
        realOf(arrays.nll) as NdArray<"float32">,
        float32([1], [statistics.meanMeasuredIntensity]),
      ),
    });
  },
};

function probeChecks({ config, expected }: CaseJson, arrays: CaseArrays): CheckResult[] {
  const probe = complexOf(arrays.probe);
  const modes = complexOf(arrays.probe_modes);
  const { N } = config;
  const masks: Record<string, NdArray | undefined> = {
    tf: hardProbeMask(N),
    nomask: undefined,
    mask: softProbeMask(N),
    mask_s0: softProbeMask(N, 0),
  };
  const results: CheckResult[] = [];
  for (const [i, scale] of config.probe_scales.entries()) {
    results.push(
      closeArray(`tf_probe_${i}`, normaliseProbe(probe, scale, masks.tf).probe, arrays[`tf_probe_${i}`]),
    );
    for (const kind of ["nomask", "mask", "mask_s0"]) {
      const name = `torch_${kind}_${i}`;
      const { probe: normalised, factor } = normaliseProbe(probe, scale, masks[kind]);
      results.push(closeArray(name, normalised, arrays[name]));
      results.push(close(`${name}_factor`, [factor], numbers(arrays[`${name}_factor`])));
    }
  }
  for (const kind of ["nomask", "mask"]) {
    const { probe: normalised, factor } = normaliseProbe(modes, 4, masks[kind]);
    results.push(closeArray(`torch_modes_${kind}`, normalised, arrays[`torch_modes_${kind}`]));
    results.push(
      close(`torch_modes_${kind}_factor`, [factor], numbers(arrays[`torch_modes_${kind}_factor`])),
    );
  }
  for (const name of Object.keys(arrays)) {
    const size = /^hard_mask_(\d+)$/.exec(name)?.[1];
    if (size !== undefined)
      results.push(compareValues(name, hardProbeMask(Number(size)).data, numbers(arrays[name]), 0));
    const soft = /^soft_mask_(?:default|s(\d+)(?:_d(\d+))?)$/.exec(name);
    if (soft !== null) {
      const sigma = soft[1] === undefined ? 1 : Number(soft[1]);
      const mask = softProbeMask(N, sigma, soft[2] === undefined ? N / 2 : Number(soft[2]));
      results.push(compareValues(name, mask.data, numbers(arrays[name]), 1e-6));
    }
  }
  const unit = unitEnergyProbe(probe);
  results.push(closeArray("unit_energy_probe", unit.probe, arrays.unit_energy_probe));
  results.push(close("unit_energy_factor", [unit.factor], numbers(arrays.unit_energy_factor)));
  return [
    ...results,
    ...errorChecks(expected.errors, {
      probe_scale_zero: () => normaliseProbe(probe, 0, undefined),
      probe_zero: () => normaliseProbe(complex64([8, 8]), 4, undefined),
      mask_shape: () => normaliseProbe(probe, 4, float32([8, 8])),
      mask_diameter: () => softProbeMask(16, 1, 0),
      mask_n: () => softProbeMask(0),
    }),
  ];
}

function countContractChecks({ config, expected }: CaseJson, arrays: CaseArrays): CheckResult[] {
  const counts = realOf(arrays.measured_intensity);
  const amplitude = realOf(arrays.amplitude) as NdArray<"float32">;
  const probe = complexOf(arrays.probe);
  const scale = config.count_amplitude_scale;
  const statistics = countStatistics(counts, config.N);
  const physical = amplitudeToCounts(amplitude, probe, scale);
  const nll = realOf(arrays.raw_nll) as NdArray<"float32">;
  const single = (value: number) => float32([1, 1, 1, 1], [value]);
  const contracts: Record<string, readonly (string | undefined)[]> = {
    resolve_default: [undefined, undefined],
    resolve_legacy: ["legacy_v1", "normalized_amplitude"],
  };
  const oks = expected.checks.flatMap((row: CaseJson): CheckResult[] => {
    const asked = contracts[row.name];
    if (asked === undefined || row.status !== "ok") return [];
    const { version, measurementDomain } = resolveScaleContract(...asked);
    const passed = version === row.value.version && measurementDomain === row.value.measurement_domain;
    return [{ name: row.name, passed, detail: `${version}, ${measurementDomain}` }];
  });
  return [
    close("rms_input_scale", [statistics.rmsInputScale], numbers(arrays.rms_input_scale_f64)),
    close(
      "mean_measured_intensity",
      [statistics.meanMeasuredIntensity],
      numbers(arrays.mean_measured_intensity_f64),
    ),
    close(
      "nll_scalar_mean",
      normaliseCountLoss(nll, single(statistics.meanMeasuredIntensity)).data,
      numbers(arrays.nll_scalar_mean),
    ),
    close(
      "nll_per_sample_mean",
      normaliseCountLoss(nll, realOf(arrays.means) as NdArray<"float32">).data,
      numbers(arrays.nll_per_sample_mean),
    ),
    closeArray("adapted_intensity", physical.counts, arrays.adapted_intensity),
    closeArray("adapted_probe", physical.probe, arrays.adapted_probe),
    ...oks,
    ...errorChecks(expected.checks, {
      stats_3d: () => countStatistics(float32([1, 4, 4]), 4),
      stats_nan: () => countStatistics(single(Number.NaN), 4),
      stats_negative: () => countStatistics(single(-1), 4),
      stats_zero: () => countStatistics(single(0), 4),
      stats_N_zero: () => countStatistics(counts, 0),
      nll_2d: () => normaliseCountLoss(float32([2, 2]), float32([1], [1])),
      nll_shape: () => normaliseCountLoss(float32([3]), float32([2])),
      nll_zero_mean: () => normaliseCountLoss(float32([2]), float32([1], [0])),
      adapt_negative_amp: () => amplitudeToCounts(single(-1), probe, 1),
      adapt_zero_amp: () => amplitudeToCounts(single(0), probe, 1),
      adapt_zero_probe: () => amplitudeToCounts(amplitude, complex64([4, 4]), 1),
      adapt_scale_negative: () => amplitudeToCounts(amplitude, probe, -1),
      adapt_overflow: () => amplitudeToCounts(amplitude, probe, 1e30),
      resolve_mixed: () => resolveScaleContract("legacy_v1", "count_intensity"),
      resolve_legacy_only: () => resolveScaleContract("legacy_v1"),
      resolve_unknown: () => resolveScaleContract("v9"),
    }),
  ];
}

/** The recorded refusals that our API can be asked for, each with the key phrase of the original's message. */
function errorChecks(
  rows: readonly CaseJson[],
  acts: Readonly<Record<string, () => unknown>>,
): CheckResult[] {
  return rows.flatMap((row) => {
    const act = acts[row.name];
    if (act === undefined || row.error === undefined) return [];
    return [expectRefusal(row.name, act, [keyPhrase(row.error.message)])];
  });
}

/** Without the name of the argument, the value found and the full stop. */
function keyPhrase(message: string): string {
  return message
    .replace(/^x_norm /, "")
    .replace(/, got [\d.]+$/, "")
    .replace(/\.$/, "");
}

/** (B, N, N, C) to [B, C, N, N]. */
function channelFirst(array: NdArray): NdArray {
  const [B, N, M, C] = array.shape;
  const source = array.data as Float64Array;
  const data = source.slice();
  for (let b = 0; b < B; b++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < N * M; p++) data[(b * C + c) * N * M + p] = source[(b * N * M + p) * C + c];
  return { dtype: array.dtype, shape: [B, C, N, M], data };
}

function firstMode(probe: ComplexArray): ComplexArray {
  const [, N] = probe.shape;
  if (!isComplex(probe)) throw new TypeError("expected a complex probe");
  return complex64([N, N], probe.re.slice(0, N * N), probe.im.slice(0, N * N));
}

function firstChannel(X: NdArray): NdArray<"float32"> {
  const [B, C, N] = X.shape;
  const data = X.data as Float32Array;
  return float32(
    [B, 1, N, N],
    Float32Array.from(
      { length: B * N * N },
      (_, i) => data[Math.floor(i / (N * N)) * C * N * N + (i % (N * N))],
    ),
  );
}

function flat(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value];
}
