// Checks of the patterns: their size, their values, whether they are what the contract says.
import { median, percentile } from "../../numeric/statistics.js";
import type { Check } from "./finding.js";

/** Edges that the engines take (src/numeric/wave-kernels.ts). */
export const ENGINE_EDGES = [16, 32, 64, 128, 256, 512, 1024];
/** Edges that the networks take. */
const NETWORK_EDGES = [64, 128, 256];
/** Negative values down to this part of the largest are the noise of a dark subtraction. */
const DARK_NOISE = 1e-3;
/** Part of the patterns that may be blank. */
const BLANK_PART = 0.1;
/** Energy of a pattern over the median of all, outside of which something happened to the beam. */
const DIM = 0.05;
const BRIGHT = 20;
/** Least intensity of any pixel over the mean of all from which on there is a background under everything. */
const PEDESTAL = 0.02;
/** Mean photons of a pattern below which little can be reconstructed. */
const FEW_PHOTONS = 100;

export const PATTERN_CHECKS: readonly Check[] = [
  {
    id: "patterns.not-square",
    severity: "error",
    about: "patterns of unequal edges",
    look: ({ contents, prepare }) => {
      const patterns = contents?.patterns;
      if (patterns?.order === undefined || patterns.height === patterns.width) return undefined;
      const { height, width } = patterns;
      const edge = ENGINE_EDGES.filter((N) => N <= Math.min(height, width)).at(-1) ?? ENGINE_EDGES[0];
      return {
        sentence: `the patterns are ${height} x ${width} pixels: expected square ones, zero frequency in the middle`,
        repair: prepare(`--crop ${edge}`),
      };
    },
  },
  {
    id: "patterns.size",
    severity: "error",
    about: "patterns of an edge that nothing reconstructs",
    look: ({ contents, prepare }) => {
      const patterns = contents?.patterns;
      if (patterns?.order === undefined || patterns.height !== patterns.width) return undefined;
      const { width } = patterns;
      if (NETWORK_EDGES.includes(width)) return undefined;
      if (ENGINE_EDGES.includes(width))
        return {
          severity: "note",
          sentence: `patterns of ${width} x ${width} pixels: 'reconstruct' takes them, networks take ${NETWORK_EDGES.join(", ")}`,
        };
      const smaller = ENGINE_EDGES.filter((N) => N < width).at(-1);
      const larger = ENGINE_EDGES.find((N) => N > width);
      return {
        sentence: `the patterns are ${width} x ${width} pixels: expected an edge of ${ENGINE_EDGES.join(", ")}`,
        repair: prepare(
          larger === undefined || (smaller ?? 0) * 1.3 > width ? `--crop ${smaller}` : `--pad ${larger}`,
        ),
      };
    },
  },
  {
    id: "patterns.not-finite",
    severity: "error",
    about: "NaN or infinite pixels that no mask covers",
    look: ({ statistics, contents, prepare }) => {
      if (statistics === undefined || statistics.count.notFinite === 0) return undefined;
      const { count, height, width } = statistics;
      const pixel = count.firstNotFinite % (height * width);
      const masked = contents?.mask?.shape.length === 2 && contents.mask.data[pixel] === 1;
      return {
        ...(masked ? { severity: "note" as const } : {}),
        sentence:
          `${count.notFinite} pixels are NaN or infinite, first in pattern ` +
          `${Math.floor(count.firstNotFinite / (height * width))} at row ${Math.floor(pixel / width)}, column ${pixel % width}: ` +
          (masked
            ? "the mask of the file covers that one"
            : "training refuses them, 'reconstruct' leaves them out"),
        repair: prepare("--mask auto"),
      };
    },
  },
  {
    id: "patterns.negative",
    severity: "error",
    about: "negative values: a dark subtraction, or counts that ran over a signed type",
    look: ({ statistics, prepare }) => {
      if (statistics === undefined || statistics.count.negative === 0) return undefined;
      const { negative, min, max } = statistics.count;
      if (-min <= DARK_NOISE * max)
        return {
          severity: "note",
          sentence: `${negative} pixels are slightly negative, down to ${figures(min)}: they are taken as 0`,
        };
      const overflow =
        statistics.trace.whole && min < -0.25 * 2 ** 15 ? "; did counts run over a signed 16-bit type?" : "";
      return {
        sentence: `${negative} pixels are negative, down to ${figures(min)} (largest ${figures(max)}): expected 0 or more${overflow}`,
        repair: prepare("--threshold 0"),
      };
    },
  },
  {
    id: "patterns.wrapped",
    severity: "error",
    about: "counts that ran over the end of an 8- or 16-bit type and began again at 0",
    look: ({ wrapped }) =>
      wrapped === undefined
        ? undefined
        : {
            sentence:
              `${wrapped.values} values of the patterns looked at lie far below their neighbours, which come close to ` +
              `2^${wrapped.bits}: the counts ran over a ${wrapped.bits}-bit type; write the file again with a wider one`,
          },
  },
  {
    id: "units.intensity",
    severity: "error",
    about: "intensities or counts where amplitudes are expected",
    look: ({ statistics, statedUnits, units, statedPhotons, prepare }) => {
      if (statistics === undefined || statedUnits === units || units !== "counts") return undefined;
      const why = statistics.trace.whole
        ? "every value is a whole number"
        : `a pattern sums to the ${figures(statedPhotons ?? 0)} photons of the metadata`;
      return {
        sentence: `the patterns are intensities (${why}), where amplitudes, their square roots, are expected`,
        repair: prepare("--units counts"),
      };
    },
  },
  {
    id: "units.amplitude",
    severity: "error",
    about: "amplitudes where counts are said to be",
    look: ({ statistics, statedUnits }) => {
      if (statistics === undefined || statedUnits !== "counts") return undefined;
      const { max, whole, squaresWhole } = statistics.trace;
      return max > 1 && !whole && squaresWhole
        ? {
            sentence:
              "the values are said to be counts, but their squares are whole numbers: they are amplitudes",
          }
        : undefined;
    },
  },
  {
    id: "patterns.blank",
    severity: "warning",
    about: "patterns without any light",
    look: ({ statistics }) => {
      if (statistics === undefined) return undefined;
      const blank = [...statistics.squares.keys()].filter((i) => statistics.squares[i] === 0);
      if (blank.length === 0) return undefined;
      return {
        severity: blank.length > BLANK_PART * statistics.n ? "error" : "warning",
        sentence: `${blank.length} of ${statistics.n} patterns are zero everywhere: ${list(blank)}; they are left out`,
      };
    },
  },
  {
    id: "patterns.brightness",
    severity: "warning",
    about: "single patterns far darker or brighter than the others: the beam was lost, or a shutter was late",
    look: ({ statistics, units }) => {
      if (statistics === undefined) return undefined;
      const energy = units === "counts" ? statistics.sums : statistics.squares;
      const lit = energy.filter((value) => value > 0);
      if (lit.length < 3) return undefined;
      const middle = median(lit);
      const odd = [...energy.keys()].filter(
        (i) => energy[i] > 0 && (energy[i] < DIM * middle || energy[i] > BRIGHT * middle),
      );
      if (odd.length === 0) return undefined;
      return {
        sentence:
          `${odd.length} patterns have less than ${DIM} or more than ${BRIGHT} times the light of the others: ${list(odd)}; ` +
          "look at the beam and the shutter, and remove them",
      };
    },
  },
  {
    id: "patterns.repeated",
    severity: "warning",
    about: "patterns that equal another one to the last bit: a detector that stood still",
    look: ({ statistics }) =>
      statistics === undefined || statistics.repeated.length === 0
        ? undefined
        : {
            sentence: `${statistics.repeated.length} patterns equal an earlier one to the last bit: ${list(statistics.repeated)}; was the detector read out?`,
          },
  },
  {
    id: "patterns.corner",
    severity: "error",
    about: "zero frequency in the corner of the patterns instead of the middle",
    look: ({ statistics, meanIntensity, prepare }) => {
      if (statistics === undefined || meanIntensity === undefined) return undefined;
      const { height, width } = statistics;
      const shares = lightShares(meanIntensity, height, width);
      if (shares.corners <= 2 * shares.middle || shares.corners < 0.5) return undefined;
      return {
        sentence: `${percent(shares.corners)} of the light lies in the corners of the patterns: zero frequency is expected at N/2`,
        repair: prepare("--fftshift"),
      };
    },
  },
  {
    id: "patterns.off-centre",
    severity: "warning",
    about: "a beam that does not meet the middle of the patterns",
    look: ({ statistics, meanIntensity, prepare }) => {
      if (statistics === undefined || meanIntensity === undefined) return undefined;
      const { height, width } = statistics;
      const shares = lightShares(meanIntensity, height, width);
      if (shares.corners > 2 * shares.middle && shares.corners >= 0.5) return undefined;
      const [row, column] = centreOf(meanIntensity, height, width);
      const [down, right] = [row - height / 2, column - width / 2];
      if (Math.abs(down) <= height / 16 && Math.abs(right) <= width / 16) return undefined;
      return {
        sentence:
          `the light is centred at row ${row.toFixed(1)}, column ${column.toFixed(1)}, expected ${height / 2}, ${width / 2}: ` +
          "the zero frequency seems to be elsewhere",
        repair: prepare("--center"),
      };
    },
  },
  {
    id: "patterns.background",
    severity: "warning",
    about: "light that is the same in every pixel of every pattern",
    look: ({ statistics, meanIntensity, units, prepare }) => {
      if (statistics === undefined || meanIntensity === undefined) return undefined;
      const mean = meanIntensity.reduce((total, value) => total + value, 0) / meanIntensity.length;
      const low = percentile(statistics.least, 1);
      const floor = units === "counts" ? low : low * low;
      if (!(floor > PEDESTAL * mean)) return undefined;
      return {
        sentence: `no pixel is ever darker than an intensity of ${figures(floor)}, ${percent(floor / mean)} of the mean: a background lies under the patterns`,
        repair: prepare(`--background ${figures(floor)}`),
      };
    },
  },
  {
    id: "photons.few",
    severity: "warning",
    about: "hardly any photons",
    look: ({ countedPhotons }) =>
      countedPhotons === undefined || countedPhotons >= FEW_PHOTONS
        ? undefined
        : {
            sentence: `a pattern holds ${figures(countedPhotons)} photons in the mean: expect a noisy picture`,
          },
  },
];

/** Shares of the light in the middle quarter of the area and in the four corners, which have the same area. */
function lightShares(intensity: Float64Array, height: number, width: number) {
  const inMiddle = (index: number, edge: number) => index >= edge / 4 && index < (3 * edge) / 4;
  let [middle, corners, total] = [0, 0, 0];
  intensity.forEach((value, p) => {
    const [row, column] = [inMiddle(Math.floor(p / width), height), inMiddle(p % width, width)];
    if (row && column) middle += value;
    if (!row && !column) corners += value;
    total += value;
  });
  return { middle: middle / total, corners: corners / total };
}

/** Centre of mass (row, column). */
function centreOf(intensity: Float64Array, height: number, width: number): [number, number] {
  let [rows, columns, total] = [0, 0, 0];
  for (let p = 0; p < height * width; p++) {
    rows += intensity[p] * Math.floor(p / width);
    columns += intensity[p] * (p % width);
    total += intensity[p];
  }
  return [rows / total, columns / total];
}

const figures = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const list = (indices: readonly number[]): string =>
  indices.slice(0, 8).join(", ") + (indices.length > 8 ? ", ..." : "");
