// The teacher in grouped training: its scale found through the very physics of the objective, its patches for a batch.
import { constant, sqrt } from "../compute/build-elementwise.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { gatherStack } from "../data/frame-stack.js";
import type { Network } from "../model/network.js";
import { type BatchData, batchFeeds } from "../training/batch-feeds.js";
import { buildObjective, type ObjectiveSettings, physicsParameters } from "../training/objective.js";
import { cutWindows, teacherFeeds } from "../training/teacher.js";
import {
  type FittedTeacher,
  fitTeacher,
  type TaughtScan,
  type TeacherFile,
  windowInputs,
} from "./teacher.js";

/** @throws PtychoError DataError when the teacher does not belong to the scan. */
export function fitToGroups(
  file: TeacherFile,
  settings: ObjectiveSettings,
  data: BatchData,
): Promise<FittedTeacher> {
  const { coordsGlobal, images } = data.container;
  const [, groupSize, N] = images.shape;
  const [modes] = data.probe.shape;
  const light = new Float64Array(N * N);
  data.probe.re.forEach((re, i) => {
    light[i % light.length] += re ** 2 + data.probe.im[i] ** 2;
  });
  const { amplitudeRegulariser, phaseRegulariser, ...physics } = settings;
  const ones = physicsParameters(physics).map(
    ({ name, shape }) => [name, constant(float32(shape, new Float32Array(shape[0]).fill(1)))] as const,
  );
  const scan: TaughtScan = {
    N,
    groupSize,
    light,
    xPx: coordsGlobal.data.filter((_, i) => i % 2 === 0),
    yPx: coordsGlobal.data.filter((_, i) => i % 2 === 1),
    model: (groups) => {
      const shape = { batch: groups.length, channels: groupSize, N, modes };
      const network = windowsAsNetwork(shape.batch, groupSize, N);
      const { prediction } = buildObjective(physics, shape, network, Object.fromEntries(ones), {}, "eval");
      if (prediction === undefined) throw new Error(`profile ${physics.profile} has no physics`);
      return {
        amplitude: data.container.domain === "counts" ? sqrt(prediction) : prediction,
        feeds: batchFeeds(data, groups),
      };
    },
    measured: (groups) => {
      const values = gatherStack(images, groups);
      return data.container.domain === "counts" ? values.map(Math.sqrt) : values;
    },
  };
  return fitTeacher(file, scan);
}

/** The teacher's patches of a batch, as inputs of the objective. */
export function patchFeeds(
  { picture }: FittedTeacher,
  { container }: BatchData,
  groups: Int32Array,
  strength: number,
): Record<string, NdArray<"float32">> {
  const [, C, N] = container.images.shape;
  const centres = Array.from(groups).flatMap((group) =>
    Array.from({ length: C }, (_, c) => 2 * (group * C + c)),
  );
  const { data } = container.coordsGlobal;
  const cut = () =>
    cutWindows(
      picture,
      centres.map((i) => data[i]),
      centres.map((i) => data[i + 1]),
      N,
    );
  return teacherFeeds(cut, [groups.length, C, N, N], strength);
}

/** Answers every pattern with the object window that is fed for it. */
function windowsAsNetwork(batch: number, channels: number, N: number): Network {
  const { re, im } = windowInputs([batch, channels, N, N]);
  return {
    architecture: "teacher",
    N,
    inputChannels: channels,
    parameters: [],
    buffers: [],
    stateOrder: [],
    warnings: [],
    apply: () => ({ first: re, second: im, kind: "real_imag", bufferUpdates: {}, taps: {} }),
  };
}
