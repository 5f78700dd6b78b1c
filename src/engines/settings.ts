// How a reconstruction runs, whatever the engine.

/** How measured and modelled patterns are compared. */
export type NoiseModel = "amplitude" | "poisson";

/** How a reconstruction runs. Epochs count from 0; a start at Infinity means never. */
export interface EngineSettings {
  /** Patterns that are fitted together before the object changes. */
  readonly batchSize: number;
  /** Seed of the order in which patterns are visited. */
  readonly seed: number;
  readonly noise: NoiseModel;
  /** Share of a proposed change of the object that is made. */
  readonly objectStep: number;
  /** Share of a proposed change of the probe that is made. */
  readonly probeStep: number;
  /** Epochs over which both steps fall to nothing in a straight line; [Infinity, Infinity]: they stay. */
  readonly decay: readonly [from: number, until: number];
  /** First epoch that changes the probe. */
  readonly probeStart: number;
  /** First epoch that moves scan positions. */
  readonly positionStart: number;
  /** Largest distance of a position from where it was recorded, pixels. */
  readonly positionLimitPx: number;
  /** First epoch that fits the brightness of every single pattern. */
  readonly brightnessStart: number;
  /** Share of the last change that is repeated; 0: none. */
  readonly momentum: number;
  /** The engine's own knob: alpha of the regularised ePIE, beta of RAAR; each engine says what it makes of it. */
  readonly relaxation: number;
}
