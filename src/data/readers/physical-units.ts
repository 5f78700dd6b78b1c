// Units at the file door: metres and electronvolts inside. A unit is read from the file or stated; it is never guessed.
import { nearestName, PtychoError } from "../../core/errors.js";

/** Metres in one of each. */
const LENGTHS: Readonly<Record<string, number>> = {
  ...{ m: 1, mm: 1e-3, um: 1e-6, nm: 1e-9, pm: 1e-12, cm: 1e-2 },
  ...{ meter: 1, meters: 1, metre: 1, metres: 1, millimeter: 1e-3, millimetre: 1e-3 },
  ...{ micron: 1e-6, microns: 1e-6, micrometer: 1e-6, micrometre: 1e-6, nanometer: 1e-9, nanometre: 1e-9 },
  ...{ angstrom: 1e-10, angstroms: 1e-10, a: 1e-10, å: 1e-10 },
  ...{ µm: 1e-6, μm: 1e-6, mkm: 1e-6 },
};

/** Joules in an electronvolt (SI, exact). */
export const JOULES_PER_EV = 1.602176634e-19;
/** h c in eV m (SI, exact constants). */
const PLANCK_TIMES_C_EV_M = 1.9864458571489286e-25 / JOULES_PER_EV;

/** Electronvolts in one of each. */
const ENERGIES: Readonly<Record<string, number>> = {
  ...{ ev: 1, kev: 1e3, mev: 1e6, j: 1 / JOULES_PER_EV, joule: 1 / JOULES_PER_EV, joules: 1 / JOULES_PER_EV },
};

/** @throws PtychoError DataError naming the units that are known. */
export function metresPer(where: string, unit: string): number {
  return factor(where, unit, LENGTHS, "a length");
}

/** @throws PtychoError DataError naming the units that are known. */
export function electronvoltsPer(where: string, unit: string): number {
  return factor(where, unit, ENERGIES, "an energy");
}

function factor(where: string, unit: string, known: Readonly<Record<string, number>>, what: string): number {
  const name = unit.trim().toLowerCase();
  if (Object.hasOwn(known, name)) return known[name];
  const near = nearestName(name, Object.keys(known));
  throw new PtychoError(
    "DataError",
    `${where}: ${JSON.stringify(unit)} is no unit of ${what}; expected one of ${Object.keys(known).join(", ")}` +
      (near === undefined ? "" : `; is ${near} meant?`),
  );
}

/** Wavelength of photons of an energy, metres. */
export function photonWavelengthM(energyEv: number): number {
  return PLANCK_TIMES_C_EV_M / energyEv;
}
