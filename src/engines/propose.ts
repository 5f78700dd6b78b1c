// What every pattern of a batch proposes: of its exit waves, its window of the object, the probe, and its own position.
import { refinePosition } from "./positions.js";
import { addToProbe, clearChunks } from "./probe-modes.js";
import { correct, fitBrightness, forChunks, model, movedProbe, proposeObject } from "./project.js";
import { NUMBER, type Workbench } from "./workbench.js";

/** Every pattern of a part: what it asks of the exit wave, of its window of the object, and of the probe. */
export function propose(bench: Workbench, part: number, parts: number): void {
  const { plan, batch, change, numbers } = bench;
  const epoch = numbers[NUMBER.epoch];
  const fitsProbe = epoch >= plan.settings.probeStart;
  if (fitsProbe) clearChunks(bench, part, parts);
  forChunks(bench, part, parts, (chunk, from, to) => {
    for (let slot = from; slot < to; slot++) {
      const pattern = batch[slot];
      const probe = movedProbe(bench, slot, pattern);
      const intensity = model(bench, probe, pattern, change[slot]);
      if (epoch >= plan.settings.brightnessStart) fitBrightness(bench, slot, pattern, intensity);
      if (epoch >= plan.settings.positionStart)
        refinePosition(bench, slot, pattern, probe, change[slot], intensity);
      correct(bench, slot, pattern, change[slot], intensity);
      proposeObject(bench, slot, probe, (p) => change[slot][p]);
      if (fitsProbe) addToProbe(bench, chunk, pattern, change[slot]);
    }
  });
}
