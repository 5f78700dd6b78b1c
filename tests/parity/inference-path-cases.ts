// Parity of whole inference paths: the network of a case on ONNX Runtime, then its stitcher.
import { type ComplexArray, complex64, float32, type NdArray, sizeOf } from "../../src/core/ndarray.js";
import { softProbeMask } from "../../src/data/probe-normalisation.js";
import { fittedScales, openScaleFit } from "../../src/inference/fit-scales.js";
import { openPredictor } from "../../src/inference/predict.js";
import {
  accumulateBarycentric,
  normaliseCanvas,
  planCentredCanvas,
} from "../../src/inference/stitch-barycentric.js";
import { stitchCropped } from "../../src/inference/stitch-crop.js";
import { emptyCanvas } from "../../src/inference/stitch-splat.js";
import { buildNetwork } from "../../src/model/registry.js";
import { optionsFromTorch } from "../../src/model/torch-model-config.js";
import { scaleCanvas } from "../../src/physics/varpro.js";
import { compareAll, compareNumber, complexOf, realOf, reshaped, withShape } from "./case-arrays.js";
import type { CaseArray, CaseArrays, CaseCheck, CaseJson } from "./check.js";

export const inferencePathChecks: Readonly<Record<string, CaseCheck>> = {
  inference_uniform: async (json, arrays) => {
    const { n_groups: groups, crop_size: cropPx } = json.config;
    const raw = realOf(arrays["raw.diff3d"]);
    const [frames, N] = raw.shape;
    const count = Math.min(groups, frames);
    const diffraction = float32([count, N, N], raw.data.slice(0, count * N * N) as Float32Array);
    const scale = trainingScale(diffraction);
    const network = buildNetwork(optionsFromTorch(json.config.model_config, json.config.data_config));
    const channels = network.inputChannels;
    const rows = Array.from({ length: count * channels }, (_, i) => Math.floor(i / channels));
    const patches = await predictRows(json, arrays, raw, rows, scale, network.inputChannels);
    const positions = float32(
      [rows.length, 2],
      rows.flatMap((row) => [
        Number(realOf(arrays["raw.xcoords"]).data[row]),
        Number(realOf(arrays["raw.ycoords"]).data[row]),
      ]),
    );
    const flat = withShape(patches, [rows.length, N, N]);
    const reflected = stitchCropped(flat, positions, { cropPx: Math.min(cropPx, N), reflected: true }).canvas;
    return [
      ...compareAll(json, arrays, {
        canvas: reflected,
        amplitude: modulus(reflected),
        phase: angle(reflected),
        canvas_flipped: stitchCropped(flat, positions, { cropPx: Math.min(cropPx, N) }).canvas,
        ...patchOutputs(json, arrays, patches),
      }),
      compareNumber("info.input_scale", scale, json.info.input_scale, 1e-6),
    ];
  },

  inference_do_stitching: async (json, arrays) => {
    const { M, flip_x: flipX, flip_y: flipY, transpose } = json.config;
    const container = realOf(arrays.X);
    const [groups, N, , channels] = container.shape;
    const frames = float32([groups * channels, N, N]);
    for (let g = 0; g < groups; g++)
      for (let i = 0; i < N * N; i++)
        for (let c = 0; c < channels; c++)
          frames.data[(g * channels + c) * N * N + i] = Number(
            container.data[(g * N * N + i) * channels + c],
          );
    const rows = Array.from({ length: groups * channels }, (_, i) => i);
    const patches = await predictRows(json, arrays, frames, rows, 1, channels);
    const merged = complex64([groups, N, N]);
    for (let g = 0; g < groups; g++)
      for (let i = 0; i < N * N; i++) {
        const target = g * N * N + (transpose ? (i % N) * N + Math.floor(i / N) : i);
        for (let c = 0; c < patches.shape[1]; c++) {
          const source = (g * patches.shape[1] + c) * N * N + i;
          merged.re[target] += patches.re[source] / patches.shape[1];
          merged.im[target] += patches.im[source] / patches.shape[1];
        }
      }
    const offsets = float32(
      [groups, 2],
      Float32Array.from(realOf(arrays.global_offsets).data as Float32Array),
    );
    for (let g = 0; g < groups; g++) {
      if (flipX) offsets.data[2 * g] *= -1;
      if (flipY) offsets.data[2 * g + 1] *= -1;
    }
    const { canvas } = stitchCropped(merged, offsets, { cropPx: M });
    return compareAll(json, arrays, { canvas, amplitude: modulus(canvas), phase: angle(canvas) });
  },

  inference_barycentric: async (json, arrays) => {
    const {
      middle_trim: middlePx,
      patch_weighting: weighting,
      varpro_scaling: varpro,
    } = json.config.inference_config;
    const raw = realOf(arrays["raw.diff3d"]);
    const N = raw.shape[1];
    const [groups, channels] = arrays.nn_indices.shape;
    const rows = Array.from(realOf(arrays.nn_indices).data as unknown as ArrayLike<bigint>, Number);
    const inputScale = Number(realOf(arrays.rms_input_scale ?? arrays.rms_scaling_constant).data[0]);
    const patches = await predictRows(json, arrays, raw, rows, inputScale, channels);
    const positions = reshaped(arrays.coords_global, [groups * channels, 2]);
    const plan = planCentredCanvas(positions, middlePx);
    const canvas = emptyCanvas(plan.height, plan.width);
    const moved = float32([groups * channels, 2]);
    for (let i = 0; i < moved.data.length; i++)
      moved.data[i] = Number(positions.data[i]) + plan.offsetPx[i % 2];
    const light = effectiveProbe(json, arrays);
    accumulateBarycentric(
      canvas,
      central(withShape(patches, [groups * channels, N, N]), middlePx),
      moved,
      weighting === "probe" ? intensityOf(light, middlePx) : undefined,
    );
    const texture = normaliseCanvas(canvas);
    const s = varpro ? await fitScales(patches, raw, rows, light) : ([1, 1] as const);
    return compareAll(json, arrays, {
      texture_canvas: texture,
      canvas: scaleCanvas(texture, s),
      s: float32([2], [...s]),
      scan_com: float32([2], [...plan.centrePx]),
      canvas_origin_offset: float32([2], [...plan.offsetPx]),
      ...patchOutputs(json, arrays, patches),
    });
  },
};

/** Patches [G, C, N, N] of the frames `rows` (G x C of them) of a stack [n, N, N], by the case's own weights. */
async function predictRows(
  json: CaseJson,
  arrays: CaseArrays,
  frames: NdArray,
  rows: readonly number[],
  inputScale: number,
  channels: number,
): Promise<ComplexArray> {
  const network = buildNetwork(optionsFromTorch(json.config.model_config, json.config.data_config));
  const prefix = "model.autoencoder.";
  const weights = Object.fromEntries(
    Object.entries(arrays)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), realOf(array)]),
  );
  const N = network.N;
  const pixels = N * N;
  const diffraction = float32([rows.length / channels, channels, N, N]);
  rows.forEach((row, i) => {
    diffraction.data.set(frames.data.subarray(row * pixels, (row + 1) * pixels) as Float32Array, i * pixels);
  });
  const predictor = await openPredictor(network, weights);
  try {
    return await predictor.predict(diffraction, inputScale);
  } finally {
    await predictor.release();
  }
}

/** sqrt((N/2)^2 / mean over frames of the summed squares): the scale that training gave its amplitudes. */
function trainingScale(frames: NdArray<"float32">): number {
  const [n, N] = frames.shape;
  let total = 0;
  for (const value of frames.data) total += value * value;
  return Math.sqrt((N / 2) ** 2 / (total / n));
}

function patchOutputs(json: CaseJson, arrays: CaseArrays, patches: ComplexArray): Record<string, CaseArray> {
  const [groups, channels, N] = patches.shape;
  const pixels = N * N;
  const means = float32([groups, channels]);
  for (let i = 0; i < means.data.length; i++) {
    let total = 0;
    for (let k = i * pixels; k < (i + 1) * pixels; k++) total += Math.hypot(patches.re[k], patches.im[k]);
    means.data[i] = total / pixels;
  }
  const outputs: Record<string, CaseArray> = { patch_mean_abs: means };
  const middle = json.config.store_middle ?? json.config.middle;
  const stored = arrays.patches_center?.shape[0] ?? 0;
  if (stored > 0) {
    const flat = withShape(patches, [groups * channels, N, N]);
    const cropped = central(flat, middle);
    const size = stored * channels * middle * middle;
    outputs.patches_center = complex64(
      [stored, channels, middle, middle],
      cropped.re.slice(0, size),
      cropped.im.slice(0, size),
    );
  }
  if (arrays.patches_full !== undefined) {
    const size = sizeOf(arrays.patches_full.shape);
    outputs.patches_full = complex64(
      arrays.patches_full.shape,
      patches.re.slice(0, size),
      patches.im.slice(0, size),
    );
  }
  return outputs;
}

/** The central [N // 2 - middle // 2, + middle) square of patches [n, N, N]. */
function central(patches: ComplexArray, middle: number): ComplexArray {
  const [n, N] = patches.shape;
  const first = Math.floor(N / 2) - Math.floor(middle / 2);
  const out = complex64([n, middle, middle]);
  for (let i = 0; i < n; i++)
    for (let r = 0; r < middle; r++) {
      const source = (i * N + first + r) * N + first;
      out.re.set(patches.re.subarray(source, source + middle), (i * middle + r) * middle);
      out.im.set(patches.im.subarray(source, source + middle), (i * middle + r) * middle);
    }
  return out;
}

/** The probe [P, N, N] that weighs the patches and lights the VarPro basis. */
function effectiveProbe(json: CaseJson, arrays: CaseArrays): ComplexArray {
  const normalised = complexOf(arrays.probe_normalized);
  const rectangular = json.config.model_config.physics_forward_mode === "rectangular_scaled";
  if (!rectangular) return normalised;
  const scaling = Number(realOf(arrays.probe_scaling).data[0]);
  if (json.config.ci) {
    const raw = complexOf(arrays["raw.probeGuess"]);
    const N = raw.shape[raw.shape.length - 1];
    const fields = json.config.model_config;
    const mask = fields.probe_mask
      ? softProbeMask(N, fields.probe_mask_sigma ?? 1, fields.probe_mask_diameter ?? N / 2).data
      : new Float32Array(N * N).fill(1);
    const masked = (plane: Float32Array) => plane.map((value, i) => value * mask[i % (N * N)]);
    return complex64([sizeOf(raw.shape) / (N * N), N, N], masked(raw.re), masked(raw.im));
  }
  const physics = Number(realOf(arrays.physics_scaling_constant).data[0]);
  const factor = Math.sqrt(1 / (scaling ** 2 * physics + 1e-9));
  return complex64(
    normalised.shape,
    normalised.re.map((value) => value * factor),
    normalised.im.map((value) => value * factor),
  );
}

/** sum_p |P_p|^2 in the central square. */
function intensityOf(probe: ComplexArray, middle: number): NdArray {
  const square = central(probe, middle);
  const intensity = float32([middle, middle]);
  for (let i = 0; i < square.re.length; i++)
    intensity.data[i % (middle * middle)] += square.re[i] ** 2 + square.im[i] ** 2;
  return intensity;
}

function modulus(z: ComplexArray): NdArray<"float32"> {
  return float32(
    z.shape,
    z.re.map((value, i) => Math.hypot(value, z.im[i])),
  );
}

function angle(z: ComplexArray): NdArray<"float32"> {
  return float32(
    z.shape,
    z.re.map((value, i) => Math.atan2(z.im[i], value)),
  );
}

/** (s1, s2) that fit the frames `rows` to the basis of all patches, full frames. */
async function fitScales(
  patches: ComplexArray,
  frames: NdArray,
  rows: readonly number[],
  probe: ComplexArray,
): Promise<[number, number]> {
  const pixels = patches.shape[2] * patches.shape[3];
  const measured = float32(patches.shape);
  rows.forEach((row, i) => {
    measured.data.set(frames.data.subarray(row * pixels, (row + 1) * pixels) as Float32Array, i * pixels);
  });
  const fit = await openScaleFit(probe, patches.shape[1]);
  try {
    await fit.add(patches, measured);
    return fittedScales(fit.statistics());
  } finally {
    await fit.release();
  }
}
