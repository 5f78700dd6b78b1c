// The compiled graphs of a run, made when a batch of a new size first asks for them.
import { input } from "../compute/build-elementwise.js";
import type { Placement } from "../compute/device.js";
import type { Program } from "../compute/emit.js";
import { compile, type Executable } from "../compute/runtime.js";
import type { NetworkMode } from "../model/network.js";
import { parameterExprs } from "../model/parameters.js";
import type { StepRunner, TrainingBatch } from "../training/fit.js";
import {
  buildTrainingStep,
  type StepDefinition,
  type StepPrograms,
  stateFeeds,
  type TrainingState,
} from "../training/step.js";

export interface GraphSettings extends Omit<StepDefinition, "objective"> {
  objective(size: number, mode: NetworkMode): StepDefinition["objective"];
  readonly placement: Placement;
}

export interface TrainingGraphs extends StepRunner {
  accumulate(size: number): Promise<Executable>;
  /** Mean loss over batches, without a step. */
  meanLoss(state: TrainingState, batches: readonly TrainingBatch[]): Promise<number>;
  release(): Promise<void>;
}

export function openTrainingGraphs(settings: GraphSettings): TrainingGraphs {
  const compiled = new Map<string, Promise<Executable>>();
  const programs = new Map<number, StepPrograms>();
  const once = (key: string, make: () => Promise<Executable>): Promise<Executable> => {
    const made = compiled.get(key) ?? make();
    compiled.set(key, made);
    return made;
  };
  const here = (program: Program) => compile(program, settings.placement);
  const stepOf = (size: number): StepPrograms => {
    const made =
      programs.get(size) ?? buildTrainingStep({ ...settings, objective: settings.objective(size, "train") });
    programs.set(size, made);
    return made;
  };
  return {
    update: (size) => once(`update ${size}`, () => here(stepOf(size).update)),
    accumulate: (size) =>
      once(`accumulate ${size}`, () => here(stepOf(size).accumulate ?? stepOf(size).update)),
    meanLoss: async (state, batches) => {
      let total = 0;
      let patterns = 0;
      for (const batch of batches) {
        const executable = await once(`evaluate ${batch.size}`, () =>
          here({ outputs: lossOf(settings, batch.size) }),
        );
        const { loss } = await executable.run({ ...stateFeeds(state), ...batch.feeds() });
        total += Number(loss.data[0]) * batch.patterns;
        patterns += batch.patterns;
      }
      return total / patterns;
    },
    release: async () => {
      for (const executable of compiled.values()) await (await executable).release();
    },
  };
}

function lossOf({ layout, buffers, objective }: GraphSettings, size: number) {
  const parameters = parameterExprs(layout, input("parameters", [layout.size]));
  const inputs = Object.entries(buffers).map(([name, shape]) => [name, input(`buffer.${name}`, shape)]);
  return { loss: objective(size, "eval")(parameters, Object.fromEntries(inputs)).loss };
}
