// Parity of reassembly, inference and learning-rate schedules with the PyTorch original.
import { isPtychoError } from "../../src/core/errors.js";
import { complex64, float32, int32, type NdArray } from "../../src/core/ndarray.js";
import {
  accumulateBarycentric,
  canvasArrays,
  canvasOriginOffset,
  normaliseCanvas,
  paddedCanvasSize,
} from "../../src/inference/stitch-barycentric.js";
import { stitchCropped } from "../../src/inference/stitch-crop.js";
import { sumGroups, sumPatches } from "../../src/inference/stitch-groups.js";
import { emptyCanvas } from "../../src/inference/stitch-splat.js";
import {
  centreCrop,
  padObject,
  trimAndPadOutput,
  trimReconstruction,
} from "../../src/inference/stitch-trim.js";
import { canvasSizeOf } from "../../src/physics/overlap.js";
import { expectScheduler, makeSchedule, type ScheduleSettings } from "../../src/training/schedule.js";
import { compareAll, compareNumber, complexOf, realOf, reshaped, withShape } from "./case-arrays.js";
import type { CaseArray, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { inferencePathChecks } from "./inference-path-cases.js";

type Outputs = Record<string, CaseArray>;

export const inferenceChecks: Readonly<Record<string, CaseCheck>> = {
  ...inferencePathChecks,

  barycentric: async (json, arrays) => {
    const [height, width] = json.config.canvas;
    const patches = complexOf(arrays.patches);
    const outputs: Outputs = {};
    const results: CheckResult[] = [];
    for (const [weighting, intensity] of [
      ["probe", realOf(arrays.probe_mag_sq)],
      ["uniform", undefined],
    ] as const) {
      const canvas = emptyCanvas(height, width);
      const counted = accumulateBarycentric(canvas, patches, realOf(arrays.positions), intensity);
      const { sums, weights } = canvasArrays(canvas);
      outputs[`canvas_${weighting}`] = sums;
      outputs[`weights_${weighting}`] = weights;
      outputs[`texture_${weighting}`] = normaliseCanvas(canvas);
      for (const name of ["accepted", "total"] as const)
        results.push(compareNumber(`${name} (${weighting})`, counted[name], json.info[name]));
    }
    outputs.canvas_legacy = outputs.canvas_uniform;
    outputs.counts_legacy = outputs.weights_uniform;
    return [...compareAll(json, arrays, outputs), ...results];
  },

  reassemble_crop: async (json, arrays) => {
    const patches = withShape(complexOf(arrays.patches), arrays.patches.shape.slice(1));
    const offsets = { ...realOf(arrays.offsets), shape: [patches.shape[0], 2] } as NdArray;
    const cropPx = json.config.crop_size;
    const reflected = stitchCropped(patches, offsets, { cropPx, reflected: true });
    const right = stitchCropped(patches, offsets, { cropPx });
    return compareAll(json, arrays, {
      canvas: reflected.canvas,
      mask: reflected.mask,
      canvas_flipped: right.canvas,
    });
  },

  reassemble_tf: async (json, arrays) => {
    const stitched = stitchCropped(complexOf(arrays.patches), realOf(arrays.offsets), {
      cropPx: json.config.M,
    });
    return compareAll(json, arrays, { canvas: stitched.canvas, norm: stitched.norm });
  },

  legacy_reassembly: async (json, arrays) => {
    const { middle: middlePx, max_neighbor_distance: distancePx = 3 } = json.config;
    const [n, , N] = arrays.patches1.shape;
    const single = sumPatches(
      withShape(complexOf(arrays.patches1), [n, N, N]),
      reshaped(arrays.coords1, [n, 2]),
      middlePx,
    );
    const [groups, channels] = arrays.patches4.shape;
    const multi = sumGroups(
      complexOf(arrays.patches4),
      reshaped(arrays.rel4, [groups, channels, 2]),
      reshaped(arrays.center4, [groups, 2]),
      { middlePx, mergedPx: canvasSizeOf(N, Math.sqrt(channels), distancePx) },
    );
    return compareAll(json, arrays, {
      single_image: single.image,
      single_ones: complex64(single.ones.shape, single.ones.data),
      multi_image: multi.image,
      multi_ones: multi.ones,
    });
  },

  trim_rules: async (json, arrays) => {
    const { big, edge_pad: edgePad, center, canvas, anchors } = json.config;
    const settings: [number, number, number][] = json.config.settings ?? json.info.settings;
    const image = single(arrays.img);
    return compareAll(json, arrays, {
      padded_sizes: int32(
        [settings.length],
        settings.map((setting) => canvasSizeOf(...setting)),
      ),
      trimmed: trimReconstruction(single(arrays.big), big[0]),
      trim_pad: trimAndPadOutput(image, edgePad),
      center: centreCrop(image, center),
      padded: padObject(image),
      canvas_sizes: int32(
        [canvas.length, 2],
        (canvas as [number, number, number][]).flatMap((row) => [...paddedCanvasSize(...row)]),
      ),
      anchor: float32(
        [anchors.length, 2],
        (anchors as number[][]).flatMap(([x, y, height, width]) => [
          ...canvasOriginOffset([x, y], height, width),
        ]),
      ),
    });
  },

  scheduler: async (json, arrays) => {
    const outputs: Outputs = {};
    const results: CheckResult[] = [];
    const excluded: Record<string, string> = {};
    for (const [name, setting] of Object.entries<CaseJson>(json.config.settings ?? json.info.settings)) {
      excluded[`workflow_lr.${name}`] =
        "the original's workflow never steps its schedulers (CONTRACTS D4); ours does";
      const settings = scheduleSettings(setting.training_config);
      if (["MultiStage", "Adaptive"].includes(settings.scheduler)) {
        excluded[`lr.${name}`] = "the original only warns and keeps the rate; ours refuses the name";
        results.push(checkRefused(name, settings));
        continue;
      }
      const rates = learningRates(settings, setting.epochs_run, arrays[`metric.${name}`]);
      outputs[`lr.${name}`] = float32([rates.length], rates);
      const exact: number[] = json.info.lr[name];
      const worst = Math.max(...rates.map((rate, e) => Math.abs(rate / exact[e] - 1)));
      results.push({
        name: `info.lr.${name}`,
        passed: rates.length === exact.length && worst <= 1e-12,
        detail: `worst relative difference ${worst.toExponential(2)} (<= 1e-12)`,
      });
    }
    return [...compareAll(json, arrays, outputs, excluded), ...results];
  },
};

function single(array: CaseArray): NdArray<"float32"> {
  const { shape, data } = realOf(array);
  return float32(shape, Float32Array.from(data as ArrayLike<number>));
}

const SCHEDULE_DEFAULTS = {
  scheduler: "Default",
  lr_warmup_epochs: 0,
  lr_min_ratio: 0.1,
  plateau_factor: 0.5,
  plateau_patience: 2,
  plateau_min_lr: 5e-5,
  plateau_threshold: 0,
};

function scheduleSettings(
  trainingConfig: CaseJson,
): Omit<ScheduleSettings, "scheduler"> & { scheduler: string } {
  const fields = { ...SCHEDULE_DEFAULTS, ...trainingConfig };
  return {
    scheduler: fields.scheduler,
    learningRate: fields.learning_rate,
    epochs: fields.epochs,
    lrWarmupEpochs: fields.lr_warmup_epochs,
    lrMinRatio: fields.lr_min_ratio,
    plateauFactor: fields.plateau_factor,
    plateauPatience: fields.plateau_patience,
    plateauMinLr: fields.plateau_min_lr,
    plateauThreshold: fields.plateau_threshold,
  };
}

/** Learning rates in force during the first epochs, the schedule stepped after each. */
function learningRates(
  settings: ReturnType<typeof scheduleSettings>,
  epochs: number,
  metric: CaseArray | undefined,
): number[] {
  const schedule = makeSchedule({ ...settings, scheduler: expectScheduler(settings.scheduler) });
  const rates: number[] = [];
  for (let state = schedule.init(); state.epoch < epochs; ) {
    rates.push(state.learningRate);
    state = schedule.step(state, metric === undefined ? undefined : Number(realOf(metric).data[state.epoch]));
  }
  return rates;
}

function checkRefused(name: string, settings: ReturnType<typeof scheduleSettings>): CheckResult {
  try {
    expectScheduler(settings.scheduler);
  } catch (error) {
    return { name: `refuses ${name}`, passed: isPtychoError(error, "UsageError"), detail: String(error) };
  }
  return { name: `refuses ${name}`, passed: false, detail: "the scheduler was accepted" };
}
