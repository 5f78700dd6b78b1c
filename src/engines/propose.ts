// What every pattern of a batch proposes: of its exit waves, its window of the object, the probe, and its own position.
import type { Wave } from "../numeric/wave-memory.js";
import { refinePosition } from "./positions.js";
import { addToProbe, clearChunks } from "./probe-modes.js";
import { correct, fitBrightness, forPatterns, model, movedProbe, proposeObject } from "./project.js";
import { NUMBER, type Workbench } from "./workbench.js";

/** A pattern as it is modelled now; its far fields lie in the slot's `change`. */
export interface Examined {
  readonly probe: readonly Wave[];
  readonly intensity: Float32Array;
}

/** Models a pattern, and fits its brightness and its position from the epochs on that ask for it. */
export function examine(bench: Workbench, slot: number, pattern: number): Examined {
  const { plan, change, numbers } = bench;
  const epoch = numbers[NUMBER.epoch];
  const probe = movedProbe(bench, slot, pattern);
  const intensity = model(bench, probe, pattern, change[slot]);
  if (epoch >= plan.settings.brightnessStart) fitBrightness(bench, slot, pattern, intensity);
  if (epoch >= plan.settings.positionStart)
    refinePosition(bench, slot, pattern, probe, change[slot], intensity);
  return { probe, intensity };
}

/** Every pattern of a part: what it asks of the exit wave, of its window of the object, and of the probe. */
export function propose(bench: Workbench, part: number, parts: number): void {
  const { plan, change, numbers } = bench;
  const fitsProbe = numbers[NUMBER.epoch] >= plan.settings.probeStart;
  if (fitsProbe) clearChunks(bench, part, parts);
  forPatterns(bench, part, parts, (slot, pattern, chunk) => {
    const { probe, intensity } = examine(bench, slot, pattern);
    correct(bench, slot, pattern, change[slot], intensity);
    proposeObject(bench, slot, probe, (p) => change[slot][p]);
    if (fitsProbe) addToProbe(bench, chunk, pattern, change[slot]);
  });
}
