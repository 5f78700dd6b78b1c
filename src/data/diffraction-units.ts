// What diffraction values are, and their conversion into the domain that a caller works in.
import type { Domain } from "./raw-data.js";

/** sqrt of counts; a number proportional to counts, its factor unknown; photon counts. */
export type DiffractionUnits = "amplitude" | "intensity" | "counts";

export const DIFFRACTION_UNITS: readonly DiffractionUnits[] = ["amplitude", "intensity", "counts"];

/**
 * Converts values in place: amplitude = sqrt(counts). Slightly negative values stay negative, so that checks see them.
 * An intensity is taken for counts where counts are asked for, with a warning: its factor is not known.
 */
export function convertUnits(
  where: string,
  values: Float32Array,
  units: DiffractionUnits,
  domain: Domain,
  warnings: string[],
): void {
  if (units === domain) return;
  if (units === "intensity" && domain === "counts") {
    warnings.push(
      `${where}: the patterns are intensities of unknown gain; they are taken as photon counts (--units counts says so)`,
    );
    return;
  }
  if (domain === "amplitude")
    for (let i = 0; i < values.length; i++) values[i] = Math.sign(values[i]) * Math.sqrt(Math.abs(values[i]));
  else for (let i = 0; i < values.length; i++) values[i] *= Math.abs(values[i]);
}
