// Training as the original does it: a network sees the patterns of a group and predicts their patches.
import { input } from "../compute/build-elementwise.js";
import type { ChosenDevice } from "../compute/choose-device.js";
import { compile } from "../compute/runtime.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { float32, float64, type NdArray } from "../core/ndarray.js";
import { epochBatches, gatherBatch } from "../data/batches.js";
import type { FrameStack } from "../data/frame-stack.js";
import { openPredictor, predictionOutputs } from "../inference/predict.js";
import { buildNetwork } from "../model/registry.js";
import { type BatchData, batchFeeds } from "../training/batch-feeds.js";
import type { TrainingBatch } from "../training/fit.js";
import { buildObjective, physicsParameters } from "../training/objective.js";
import { teacherStrength } from "../training/teacher.js";
import { brightStart, initialBuffers } from "./bright-start.js";
import { contrastInspector } from "./inspect-contrast.js";
import { modelOptionsOf, objectiveSettingsOf } from "./model-settings.js";
import { fitToGroups, patchFeeds } from "./teach-groups.js";
import { type TeacherFile, teacherArrays } from "./teacher.js";
import type { Preview, TrainingTask, Weights } from "./training-task.js";

export interface GroupedData {
  readonly train: BatchData;
  /** Groups of `train` to train on. */
  readonly groups: Int32Array;
  readonly validation: { readonly data: BatchData; readonly groups: Int32Array } | undefined;
  readonly teacher: TeacherFile | undefined;
  readonly device: ChosenDevice;
  readonly warnings: readonly string[];
}

/** @throws PtychoError DataError for a teacher of another scan. */
export async function groupedTask(
  { config }: ResolvedConfig<"train">,
  data: GroupedData,
): Promise<TrainingTask> {
  const { train, groups, validation } = data;
  const { placement, name: deviceName, notes: deviceNotes, warnings: deviceWarnings } = data.device;
  const { container, probe } = train;
  const { batch_size } = config.training;
  const { seed } = config.execution;
  const network = buildNetwork(modelOptionsOf(config.model));
  const settings = objectiveSettingsOf(config);
  const scales = physicsParameters(settings);
  const [, channels, N] = container.images.shape;
  const modes = probe.shape[0];
  const teacher = data.teacher && (await fitToGroups(data.teacher, settings, train));
  const toBatch = (source: BatchData, batch: Int32Array, strength?: number): TrainingBatch => ({
    patterns: batch.length * channels,
    size: batch.length,
    feeds: () => ({
      ...batchFeeds(source, batch),
      ...(teacher === undefined || strength === undefined
        ? {}
        : patchFeeds(teacher, source, batch, strength)),
    }),
  });
  const objective: TrainingTask["objective"] = (batch, mode) => (parameters, buffers) => {
    const shape = { batch, channels, N, modes };
    const taught = { ...settings, teacher: teacher !== undefined && mode === "train" };
    const built = buildObjective(taught, shape, network, parameters, buffers, mode);
    return { loss: built.loss, reported: built.reported, bufferUpdates: built.network.bufferUpdates };
  };
  const sample = groups.slice(0, batch_size);
  const calibrated = async (drawn: Weights): Promise<Weights> => {
    const named = Object.fromEntries(
      [...network.parameters, ...scales].map(({ name, shape }) => [name, input(name, shape)]),
    );
    const buffers = Object.fromEntries(network.buffers.map(({ name, shape }) => [name, input(name, shape)]));
    const shape = { batch: sample.length, channels, N, modes };
    const { prediction } = buildObjective(settings, shape, network, named, buffers, "eval");
    if (prediction === undefined) return drawn;
    const feeds = batchFeeds(train, sample);
    const executable = await compile({ outputs: { prediction } }, placement);
    const results = await executable.run({ ...drawn, ...initialBuffers(network), ...feeds });
    await executable.release();
    const scale = Math.sqrt(meanOf(feeds.diffraction) / Math.max(meanOf(results.prediction), 1e-30));
    const filled = scales.map(({ name, shape: extent }) => [
      name,
      float32(extent, new Float32Array(extent[0]).fill(scale)),
    ]);
    return { ...drawn, ...Object.fromEntries(filled) };
  };
  const inputScale = container.domain === "counts" ? container.rmsInputScale : 1;
  const held = validation === undefined ? "none" : `${validation.groups.length} groups`;
  return {
    network,
    specs: [...network.parameters, ...scales],
    profile: train.profile,
    objective,
    batchesOf: (epoch) =>
      epochBatches(groups, batch_size, { seed, epoch }).map((batch, i, { length }) =>
        toBatch(train, batch, teacher && teacherStrength(teacher.schedule, epoch, i / length)),
      ),
    ...(validation === undefined
      ? {}
      : {
          validation: epochBatches(validation.groups, batch_size, undefined).map((batch) =>
            toBatch(validation.data, batch),
          ),
        }),
    start: async (given, origin) => {
      const images = gatherBatch(container, sample).images;
      const { weights, mirrored } =
        train.profile === "supervised" || origin === "trained"
          ? { weights: given, mirrored: [] }
          : await brightStart(network, given, images, inputScale, placement);
      const calibrates = scales.length > 0 && config.model.rect_s1s2_init === "data";
      const heads = mirrored.join(" and ");
      return {
        weights: calibrates ? await calibrated(weights) : weights,
        notes:
          mirrored.length === 0
            ? []
            : [`mirrored the drawn amplitude head (${heads}): it began negative, a trap of SiLU`],
      };
    },
    inspect: (layout) =>
      contrastInspector(network, layout, gatherBatch(container, sample).images, inputScale, placement),
    preview: previewOf(validation?.data ?? train, async (weights) => ({
      predictor: await openPredictor(network, weights, placement),
      inputScale,
    })),
    async *patches(weights) {
      const predictor = await openPredictor(network, weights, placement);
      try {
        for (const batch of epochBatches(groups, batch_size, undefined))
          yield await predictor.predict(gatherBatch(container, batch).images, inputScale);
      } finally {
        await predictor.release();
      }
    },
    arrays: [
      ...fingerprinted("", train),
      ...(validation === undefined || validation.data === train
        ? []
        : fingerprinted("validation_", validation.data)),
      ...(data.teacher === undefined ? [] : teacherArrays(data.teacher.picture)),
    ],
    statistics:
      container.domain === "counts"
        ? {
            rms_input_scale: container.rmsInputScale,
            mean_measured_intensity: container.meanMeasuredIntensity,
            probe_factor: train.probeFactor,
          }
        : {
            rms_scale: container.rmsScale,
            physics_scale: container.physicsScale,
            nphotons: container.nphotons,
          },
    onnx: (weights) => ({ outputs: predictionOutputs(network, weights), options: { batchAxis: "batch" } }),
    device: data.device,
    summary:
      `training ${network.architecture} on ${groups.length} groups of ${channels}, patterns ${N} x ${N}; ` +
      `validation: ${held}; device: ${deviceName}`,
    notes: [...deviceNotes, ...(teacher === undefined ? [] : [teacher.note])],
    warnings: [...deviceWarnings, ...data.warnings, ...network.warnings],
  };
}

function previewOf({ container }: BatchData, open: Preview["open"]): Preview {
  const [count, channels] = container.images.shape;
  const placeOf = (group: number) =>
    Array.from(container.coordsGlobal.data.subarray(2 * channels * group, 2 * channels * (group + 1)));
  return {
    groups: count,
    batchOf: (groups) => ({
      diffraction: gatherBatch(container, groups).images,
      positionsPx: float64([channels * groups.length, 2], Array.from(groups, placeOf).flat()),
    }),
    open,
  };
}

function fingerprinted(prefix: string, { container, probe }: BatchData): [string, NdArray | FrameStack][] {
  const { images, coordsRelative, labels } = container;
  const planes = { probe, ...(labels === undefined ? {} : { labels }) };
  return [
    [`${prefix}images`, images],
    [`${prefix}coordsRelative`, coordsRelative],
    ...Object.entries(planes).flatMap(([name, { shape, re, im }]): [string, NdArray][] => [
      [`${prefix}${name}_re`, float32(shape, re)],
      [`${prefix}${name}_im`, float32(shape, im)],
    ]),
  ];
}

function meanOf(array: NdArray): number {
  let total = 0;
  for (let i = 0; i < array.data.length; i++) total += Number(array.data[i]);
  return total / array.data.length;
}
