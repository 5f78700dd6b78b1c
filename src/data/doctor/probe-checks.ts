// Checks of the probe guess.
import type { Check } from "./finding.js";

/** Share of the power of a mode below which it is not worth its time. */
const WEAK_MODE = 1e-4;

export const PROBE_CHECKS: readonly Check[] = [
  {
    id: "probe.size",
    severity: "error",
    about: "a probe of another size than the patterns, or of a shape that is not read",
    look: ({ probe, contents, prepare }) => {
      const patterns = contents?.patterns;
      if (probe === undefined || patterns?.order === undefined) return undefined;
      if (probe.modes !== undefined && probe.N === patterns.width) return undefined;
      const N = patterns.width;
      return {
        sentence: `the probe has shape [${probe.shape.join(", ")}]: expected [${N}, ${N}], [${N}, ${N}, 1] or [P, ${N}, ${N}]; without it 'reconstruct' estimates one`,
        repair: prepare(""),
      };
    },
  },
  {
    id: "probe.not-finite",
    severity: "error",
    about: "NaN or infinite values in the probe",
    look: ({ probe, prepare }) =>
      probe === undefined || probe.areFinite
        ? undefined
        : {
            sentence:
              "the probe holds values that are NaN or infinite; without it 'reconstruct' estimates one",
            repair: prepare(""),
          },
  },
  {
    id: "probe.zero",
    severity: "error",
    about: "a probe that is zero everywhere",
    look: ({ probe, prepare }) =>
      probe?.isZero === true
        ? {
            sentence: "the probe is zero everywhere; without it 'reconstruct' estimates one",
            repair: prepare(""),
          }
        : undefined,
  },
  {
    id: "probe.corner",
    severity: "error",
    about: "a probe in the corner of its window",
    look: ({ probe }) =>
      probe !== undefined && probe.cornerShare > 0.5 && probe.cornerShare > 2 * probe.centralShare
        ? {
            sentence: `${Math.round(100 * probe.cornerShare)} % of the light of the probe lies in the corners of its window: expected in the middle; shift it by N/2 (numpy.fft.fftshift)`,
          }
        : undefined,
  },
  {
    id: "probe.modes",
    severity: "note",
    about: "modes without light",
    look: ({ probe }) => {
      const weak = probe?.powerShares.filter((share) => share < WEAK_MODE).length ?? 0;
      return weak === 0
        ? undefined
        : {
            sentence: `${weak} of ${probe?.modes} modes of the probe hold less than ${100 * WEAK_MODE} % of its power`,
          };
    },
  },
];
