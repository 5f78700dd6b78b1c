// The compiled graphs of a run, made when a batch of a new size first asks for them.
import { input } from "../compute/build-elementwise.js";
import { compile, type Executable } from "../compute/runtime.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { Network } from "../model/network.js";
import { type ParameterLayout, parameterExprs } from "../model/parameters.js";
import { type BatchData, batchFeeds } from "../training/batch-feeds.js";
import type { ClipAlgorithm } from "../training/clip.js";
import type { StepRunner } from "../training/fit.js";
import { type BatchShape, buildObjective, type ObjectiveSettings } from "../training/objective.js";
import type { OptimiserSettings } from "../training/optimiser.js";
import { buildTrainingStep, type StepPrograms, stateFeeds, type TrainingState } from "../training/step.js";

export interface GraphSettings {
  readonly objective: ObjectiveSettings;
  readonly network: Network;
  readonly layout: ParameterLayout;
  readonly optimiser: OptimiserSettings;
  readonly clip?: { readonly algorithm: ClipAlgorithm; readonly limit: number };
  readonly accumulate: number;
}

export interface TrainingGraphs extends StepRunner {
  /** Mean loss over batches of groups, without a step. */
  meanLoss(state: TrainingState, data: BatchData, batches: readonly Int32Array[]): Promise<number>;
  release(): Promise<void>;
}

export function openTrainingGraphs(
  settings: GraphSettings,
  shape: Omit<BatchShape, "batch">,
): TrainingGraphs {
  const compiled = new Map<string, Promise<Executable>>();
  const programs = new Map<number, StepPrograms>();
  const once = (key: string, make: () => Promise<Executable>): Promise<Executable> => {
    const made = compiled.get(key) ?? make();
    compiled.set(key, made);
    return made;
  };
  const stepOf = (batch: number): StepPrograms => {
    const made = programs.get(batch) ?? stepPrograms(settings, { ...shape, batch });
    programs.set(batch, made);
    return made;
  };
  const evaluation = (batch: number): Promise<Executable> =>
    once(`evaluate ${batch}`, () =>
      compile({ outputs: { loss: lossAt(settings, { ...shape, batch }, "eval") } }),
    );
  return {
    update: (batch) => once(`update ${batch}`, () => compile(stepOf(batch).update)),
    accumulate: (batch) =>
      once(`accumulate ${batch}`, () => compile(stepOf(batch).accumulate ?? stepOf(batch).update)),
    meanLoss: async (state, data, batches) => {
      let total = 0;
      let groups = 0;
      for (const batch of batches) {
        const executable = await evaluation(batch.length);
        const { loss } = await executable.run({ ...stateFeeds(state), ...batchFeeds(data, batch) });
        total += Number(loss.data[0]) * batch.length;
        groups += batch.length;
      }
      return total / groups;
    },
    release: async () => {
      for (const executable of compiled.values()) await (await executable).release();
    },
  };
}

/**
 * Factor by which both rectangular scales must grow so that the predicted mean of one batch meets the measured one:
 * sqrt(mean counts / mean prediction), with both scales at 1.
 */
export async function calibratedRectangularScale(
  settings: GraphSettings,
  state: TrainingState,
  data: BatchData,
  groups: Int32Array,
): Promise<number> {
  const [, channels, N] = data.container.images.shape;
  const shape = { batch: groups.length, channels, N, modes: data.probe.shape[0] };
  const { prediction } = objectiveAt(settings, shape, "eval");
  if (prediction === undefined) return 1;
  const executable = await compile({ outputs: { prediction } });
  const feeds = batchFeeds(data, groups);
  const results = await executable.run({ ...stateFeeds(state), ...feeds });
  await executable.release();
  return Math.sqrt(meanOf(feeds.diffraction) / Math.max(meanOf(results.prediction), 1e-30));
}

function stepPrograms(settings: GraphSettings, shape: BatchShape): StepPrograms {
  const { layout, network, optimiser, clip, accumulate } = settings;
  return buildTrainingStep({
    layout,
    buffers: Object.fromEntries(network.buffers.map(({ name, shape: extent }) => [name, extent])),
    objective: (parameters, buffers) => {
      const { loss, network: output } = buildObjective(
        settings.objective,
        shape,
        network,
        parameters,
        buffers,
        "train",
      );
      return { loss, bufferUpdates: output.bufferUpdates };
    },
    optimiser,
    accumulate,
    ...(clip === undefined ? {} : { clip }),
  });
}

function objectiveAt(
  { layout, network, objective }: GraphSettings,
  shape: BatchShape,
  mode: "train" | "eval",
) {
  const parameters = parameterExprs(layout, input("parameters", [layout.size]));
  const buffers = Object.fromEntries(
    network.buffers.map(({ name, shape: extent }) => [name, input(`buffer.${name}`, extent)]),
  );
  return buildObjective(objective, shape, network, parameters, buffers, mode);
}

const lossAt = (settings: GraphSettings, shape: BatchShape, mode: "train" | "eval") =>
  objectiveAt(settings, shape, mode).loss;

function meanOf(array: NdArray): number {
  let total = 0;
  for (let i = 0; i < array.data.length; i++) total += Number(array.data[i]);
  return total / array.data.length;
}

/** The buffers of a network at their start. */
export function initialBuffers(network: Network): Record<string, NdArray<"float32">> {
  return Object.fromEntries(
    network.buffers.map(({ name, shape, initial }) => {
      const buffer = float32(shape);
      buffer.data.fill(initial);
      return [name, buffer];
    }),
  );
}
