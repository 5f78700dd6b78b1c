// Checks of the scan positions: one per pattern, in pixels, spread over an area, and in the orientation of the patterns.
import { orientationOptions } from "../orient-positions.js";
import type { Check } from "./finding.js";
import { agrees, bestOrientation, betterOrientation } from "./orientation.js";

/** Least and greatest extent of a scan that the readers take to be in pixels. */
const SPAN_PX = { min: 1e-3, max: 1e6 } as const;
/** A median step below this is no step of pixels. */
const LEAST_STEP_PX = 0.1;
/** Overlap of neighbours (metric 2) below which ptychography fails, and below which it is hard. */
const OVERLAP = { none: 0.02, low: 0.1 } as const;
const METRES =
  "are they in metres or micrometres? FACTOR is 1 over the size of an object pixel in the same unit";

export const POSITION_CHECKS: readonly Check[] = [
  {
    id: "positions.not-finite",
    severity: "error",
    about: "NaN or infinite coordinates",
    look: ({ positions }) =>
      positions === undefined || positions.firstNotFinite < 0
        ? undefined
        : {
            sentence: `position ${positions.firstNotFinite} is (${positions.xPx[positions.firstNotFinite]}, ${positions.yPx[positions.firstNotFinite]}): expected finite pixels; remove the pattern`,
          },
  },
  {
    id: "positions.lengths",
    severity: "error",
    about: "x and y of different lengths",
    look: ({ positions }) =>
      positions === undefined || positions.stored.x === positions.stored.y
        ? undefined
        : {
            sentence: `there are ${positions.stored.x} x coordinates and ${positions.stored.y} y coordinates`,
          },
  },
  {
    id: "positions.too-few",
    severity: "error",
    about: "patterns without a position",
    look: ({ positions, contents }) => {
      const n = contents?.patterns?.order === undefined ? undefined : contents.patterns.n;
      if (positions === undefined || n === undefined) return undefined;
      const least = Math.min(positions.stored.x, positions.stored.y);
      return least >= n
        ? undefined
        : {
            sentence: `${least} positions for ${n} patterns: every pattern needs one; remove the patterns without`,
          };
    },
  },
  {
    id: "positions.surplus",
    severity: "warning",
    about: "positions without a pattern",
    look: ({ positions, contents, prepare }) => {
      const n = contents?.patterns?.order === undefined ? undefined : contents.patterns.n;
      if (positions === undefined || n === undefined || positions.stored.x !== positions.stored.y)
        return undefined;
      return positions.stored.x <= n
        ? undefined
        : {
            sentence: `${positions.stored.x} positions for ${n} patterns: the last ${positions.stored.x - n} are dropped; was a pattern lost at the start?`,
            repair: prepare(""),
          };
    },
  },
  {
    id: "positions.units",
    severity: "error",
    about: "positions that are no pixels: metres, micrometres",
    look: ({ positions, contents, prepare }) => {
      if (positions?.areFinite !== true || positions.unique < 2) return undefined;
      const span = Math.max(...positions.spanPx);
      const step = positions.spacingPx ?? 0;
      const { pixelSizeM } = contents ?? {};
      const factor = pixelSizeM === undefined ? "FACTOR" : (1 / pixelSizeM).toPrecision(6);
      const repair = prepare(`--scale-positions ${factor}`);
      if (span < SPAN_PX.min || span > SPAN_PX.max)
        return {
          sentence: `the scan spans ${figures(span)} along its longer side, expected pixels: ${METRES}`,
          repair,
        };
      if (positions.unique < 10 || step >= LEAST_STEP_PX) return undefined;
      return {
        sentence: `neighbouring positions are ${figures(step)} apart, expected pixels: ${METRES}`,
        repair,
      };
    },
  },
  {
    id: "positions.one-place",
    severity: "error",
    about: "all patterns at one place",
    look: ({ positions }) =>
      positions?.areFinite === true && positions.unique === 1 && positions.xPx.length > 1
        ? {
            sentence: `all ${positions.xPx.length} patterns lie at one place: without overlap there is no ptychography`,
          }
        : undefined,
  },
  {
    id: "positions.duplicate",
    severity: "warning",
    about: "places that were measured more than once",
    look: ({ positions }) => {
      if (positions?.areFinite !== true || positions.unique < 2) return undefined;
      const repeated = positions.xPx.length - positions.unique;
      return repeated === 0
        ? undefined
        : {
            sentence: `${repeated} of ${positions.xPx.length} positions repeat an earlier one: was the place measured twice, or the position not read?`,
          };
    },
  },
  {
    id: "positions.collinear",
    severity: "warning",
    about: "a scan along one line",
    look: ({ positions }) =>
      positions?.isCollinear === true
        ? {
            sentence:
              "all positions lie on one straight line: groups of four, and the object beside the line, cannot be solved",
          }
        : undefined,
  },
  {
    id: "positions.isolated",
    severity: "warning",
    about: "single positions far from all others",
    look: ({ positions }) =>
      positions === undefined || positions.isolated.length === 0
        ? undefined
        : {
            sentence: `${positions.isolated.length} positions lie far from all others: ${positions.isolated
              .slice(0, 5)
              .map((i) => `${i} at (${figures(positions.xPx[i])}, ${figures(positions.yPx[i])})`)
              .join(", ")}; remove them, or the canvas becomes huge`,
          },
  },
  {
    id: "positions.outside-object",
    severity: "warning",
    about: "windows that reach beyond the object in the file",
    look: ({ positions, contents }) => {
      const [shape, patterns] = [contents?.objectShape, contents?.patterns];
      if (positions?.areFinite !== true || shape?.length !== 2 || patterns === undefined) return undefined;
      const half = patterns.width / 2;
      const inside = (value: number, edge: number) => value - half >= -1 && value + half <= edge + 1;
      const outside = [...positions.xPx.keys()].filter(
        (i) => !inside(positions.xPx[i], shape[1]) || !inside(positions.yPx[i], shape[0]),
      );
      return outside.length === 0
        ? undefined
        : {
            sentence: `${outside.length} of ${positions.xPx.length} windows reach beyond the object of the file, [${shape.join(", ")}] pixels: its frame is another one, or the positions are wrong`,
          };
    },
  },
  {
    id: "positions.overlap",
    severity: "warning",
    about: "neighbours that hardly overlap",
    look: ({ overlap, positions, probe, contents }) => {
      const [metrics] = overlap;
      if (metrics === undefined || positions === undefined || positions.unique < 2) return undefined;
      const share = metrics.metric_2_image_based_avg;
      if (share >= OVERLAP.low) return undefined;
      const width = contents?.patterns?.width ?? 0;
      const diameter =
        probe === undefined || probe.diameterPx === 0
          ? `0.6 of the window of ${width} px`
          : `${figures(probe.diameterPx)} px`;
      return {
        severity: share < OVERLAP.none ? "error" : "warning",
        sentence:
          `neighbours overlap by ${Math.round(100 * share)} % (median step ${figures(positions.spacingPx ?? 0)} px, probe ` +
          `${diameter}): expected ${100 * OVERLAP.low} % or more; are the positions in pixels of the object?`,
      };
    },
  },
  {
    id: "positions.orientation",
    severity: "warning",
    about: "patterns that agree with the positions in another orientation or scale",
    look: ({ sweep, prepare }) => {
      const better = sweep === undefined ? undefined : betterOrientation(sweep);
      if (sweep === undefined || better === undefined) return undefined;
      const [own] = sweep.scores;
      return {
        sentence:
          `the patterns agree better with other positions: ${better.name} leaves R ${better.residual.toFixed(4)}, the file as it ` +
          `is ${own.residual.toFixed(4)}, shuffled positions ${own.shuffled.toFixed(4)}`,
        repair: prepare(orientationOptions(better.orientation)),
      };
    },
  },
  {
    id: "positions.mismatch",
    severity: "warning",
    about: "positions that explain the patterns no better than shuffled ones",
    look: ({ sweep }) => {
      if (sweep === undefined || agrees(sweep)) return undefined;
      const best = bestOrientation(sweep.scores);
      return {
        sentence:
          `in no orientation do the positions explain the patterns better than shuffled ones (R ` +
          `${best.residual.toFixed(4)} against ${best.shuffled.toFixed(4)}): are they those of these patterns, ` +
          "in their order and in pixels?",
      };
    },
  },
];

const figures = (value: number): string => String(Number(value.toPrecision(3)));
