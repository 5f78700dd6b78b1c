// What an engine is, and what one is given. Members import this file; the registry imports the members.
import type { EngineSettings, NoiseModel } from "./settings.js";
import type { Plan, Workbench } from "./workbench.js";

/** Work on a part of the patterns of a batch, or of the rows of the canvas. Every thread calls it with its own part. */
export type Phase = (bench: Workbench, part: number, parts: number) => void;

/** An engine that uses every setting. */
export const ALL_KNOBS = {
  batchSize: "used",
  objectStep: "used",
  probeStep: "used",
  momentum: "used",
  relaxation: "used",
} as const satisfies Engine["knobs"];

/** Carries out a phase of the engine on all threads. */
export type RunPhase = (name: string) => void;

/** The settings that an engine may have no use for. */
export const KNOBS = ["batchSize", "objectStep", "probeStep", "momentum", "relaxation"] as const;
export type Knob = (typeof KNOBS)[number];

export interface Engine {
  /** One line for the help and the reports. */
  readonly title: string;
  /** For each setting "used", or why the engine has no use for it, in words that follow its name. */
  readonly knobs: { readonly [K in Knob]: string };
  /** What the user gets where nothing is said. */
  readonly defaults: Pick<EngineSettings, Knob> & { readonly epochs: number };
  /** Noise models that it can work with. */
  readonly noise: readonly NoiseModel[];
  /** float32 planes of its own that are kept from epoch to epoch and saved with the state: values by name. */
  readonly planes?: (plan: Plan) => Readonly<Record<string, number>>;
  readonly phases: Readonly<Record<string, Phase>>;
  /** Called before epoch 0, on planes that are zero. */
  readonly begin?: (bench: Workbench, run: RunPhase) => void;
  /** One pass over all patterns; yields after every batch, so that others get their turn. */
  readonly epoch: (bench: Workbench, run: RunPhase) => Iterable<void> | AsyncIterable<void>;
}
