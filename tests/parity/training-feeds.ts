// The arrays of a training batch of the PyTorch original as the inputs of our objective.
import { float32, isComplex, type NdArray, sizeOf } from "../../src/core/ndarray.js";
import { logGammaConstant } from "../../src/training/log-gamma.js";
import { type BatchShape, DOMAIN_OF, type Profile } from "../../src/training/objective.js";
import { realOf } from "./case-arrays.js";
import type { CaseArray, CaseArrays } from "./check.js";

export function shapeOf(feeds: Readonly<Record<string, NdArray>>): BatchShape {
  const [batch, channels, N] = feeds.diffraction.shape;
  return { batch, channels, N, modes: feeds.probe_re.shape[2] };
}

/** The inputs of the objective for one batch, whose arrays have the names of a compute_loss case. */
export function batchFeeds(profile: Profile, arrays: CaseArrays): Record<string, NdArray> {
  const diffraction = asFloat32(arrays.measured_intensity ?? arrays.images);
  const [batch] = diffraction.shape;
  const perSample = (array: CaseArray): NdArray<"float32"> => ({
    ...asFloat32(array),
    shape: [batch, 1, 1, 1],
  });
  const flat = (array: CaseArray): NdArray<"float32"> => ({ ...asFloat32(array), shape: [batch] });
  const feeds: Record<string, NdArray> = {
    diffraction,
    input_scale: perSample(arrays.rms_input_scale ?? arrays.rms_scaling_constant),
    positions: asFloat32(arrays.coords_relative),
    experiment: flat(arrays.experiment_id),
    ...probeFeeds(arrays.probe),
  };
  if (arrays.physics_scaling_constant) feeds.physics_scale = perSample(arrays.physics_scaling_constant);
  if (arrays.mean_measured_intensity) feeds.mean_intensity = flat(arrays.mean_measured_intensity);
  if (arrays.label_amp) feeds.label_amplitude = asFloat32(arrays.label_amp);
  if (arrays.label_phase) feeds.label_phase = asFloat32(arrays.label_phase);
  if (profile === "counts") feeds.output_scale = inverse(perSample(arrays.probe_normalization));
  if (profile === "legacy_rectangular") feeds.output_scale = legacyOutputScale(arrays);
  const observed = profile === "amplitude" ? scaledBy(diffraction, feeds.physics_scale) : diffraction;
  if (profile !== "supervised") feeds.log_gamma = logGammaConstant(observed, DOMAIN_OF[profile]);
  return feeds;
}

/** The case's probe as [1, 1, P, N, N]; one probe for all samples. */
function probeFeeds(probe: CaseArray): Record<string, NdArray> {
  if (!isComplex(probe)) throw new TypeError("expected a complex probe");
  const [rows, columns] = probe.shape.slice(-2);
  const leading = probe.shape.slice(0, -2);
  if (leading.length > 1 && sizeOf(leading.slice(0, -1)) > 1)
    throw new Error(`one probe expected, got [${probe.shape}]`);
  const shape = [1, 1, leading.at(-1) ?? 1, rows, columns];
  return { probe_re: float32(shape, probe.re), probe_im: float32(shape, probe.im) };
}

function legacyOutputScale(arrays: CaseArrays): NdArray<"float32"> {
  const scaling = asFloat32(arrays.scaling).data;
  const physics = asFloat32(arrays.physics_scaling_constant).data;
  const values = Array.from(scaling, (value, i) => Math.sqrt(1 / (value * value * physics[i] + 1e-9)));
  return float32([values.length, 1, 1, 1], values);
}

function inverse({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  return float32(
    shape,
    data.map((value) => 1 / value),
  );
}

function scaledBy({ shape, data }: NdArray<"float32">, scale: NdArray): NdArray<"float32"> {
  const pixels = data.length / shape[0];
  return float32(
    shape,
    data.map((value, i) => value * Number(scale.data[Math.floor(i / pixels)])),
  );
}

export function asFloat32(array: CaseArray | undefined): NdArray<"float32"> {
  if (array === undefined) throw new Error("an array of the case is missing");
  const { shape, data } = realOf(array);
  return float32(shape, Float32Array.from(data as ArrayLike<number | bigint>, Number));
}
