// What a scan file is, in numbers: the machine-readable half of an inspection.
import type { Json } from "../core/json.js";
import type { BadPixels } from "../data/bad-pixels.js";
import type { ScanFacts } from "../data/doctor/facts.js";
import { agrees, betterOrientation } from "../data/doctor/orientation.js";
import { ENGINE_EDGES } from "../data/doctor/pattern-checks.js";
import { engineNamed } from "../engines/registry.js";
import { type Plan, planBytes } from "../engines/workbench.js";

const MIB = 2 ** 20;
/** Pixels that the engines keep around the windows. */
const MARGIN_PX = 2;

/** Facts by subject, under stable names; a subject that the file does not have is left out. */
export function describeScan(facts: ScanFacts): { readonly [subject: string]: Json } {
  const { contents, statistics, positions, probe, overlap, sweep, badPixels } = facts;
  if (contents === undefined) return {};
  const { patterns, mask, metadata } = contents;
  const canvas = canvasOf(facts);
  return {
    file: {
      ...{ format: contents.format, bytes: contents.bytes, pixel_size_m: contents.pixelSizeM ?? null },
      arrays: contents.arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
      has_metadata: metadata !== undefined,
      ...{ has_mask: mask !== undefined, object_shape: contents.objectShape ?? null },
    },
    ...(patterns === undefined
      ? {}
      : {
          patterns: {
            ...{ key: patterns.key, dtype: patterns.dtype, shape: patterns.shape },
            ...{
              axis_order: patterns.order ?? null,
              count: patterns.n,
              pixels: [patterns.height, patterns.width],
            },
          },
        }),
    ...(statistics === undefined
      ? {}
      : {
          values: {
            ...{
              units: facts.units,
              least: finite(statistics.count.min),
              largest: finite(statistics.count.max),
            },
            ...{
              whole_numbers: statistics.trace.whole,
              squares_whole_numbers: statistics.trace.squaresWhole,
            },
            ...{ not_finite: statistics.count.notFinite, negative: statistics.count.negative },
            mean_sum: mean(statistics.sums),
            mean_sum_of_squares: mean(statistics.squares),
          },
          photons: {
            ...{
              counted_per_pattern: facts.countedPhotons ?? null,
              stated_per_pattern: facts.statedPhotons ?? null,
            },
          },
        }),
    ...(badPixels === undefined
      ? {}
      : {
          detector: {
            ...detectorCounts(badPixels),
            ceiling_amplitude: badPixels.ceiling ?? null,
            patterns_looked_at: statistics?.sampled.length ?? 0,
          },
        }),
    ...(positions === undefined
      ? {}
      : {
          positions: {
            ...{ count: positions.xPx.length, places: positions.unique, span_px: positions.spanPx },
            median_step_px: positions.spacingPx ?? null,
          },
        }),
    ...(probe === undefined
      ? {}
      : {
          probe: {
            ...{ shape: probe.shape, modes: probe.modes ?? null, diameter_px: probe.diameterPx },
            power_shares: probe.powerShares,
          },
        }),
    ...(overlap.length === 0 ? {} : { overlap: overlap.map((metrics) => ({ ...metrics })) }),
    ...(canvas === undefined ? {} : { canvas: { pixels: [canvas.height, canvas.width] } }),
    ...(canvas === undefined || !ENGINE_EDGES.includes(patterns?.width ?? 0)
      ? {}
      : { memory: { reconstruct_mib: memoryMib(facts, canvas) } }),
    ...(sweep === undefined
      ? {}
      : {
          orientation: {
            verdict: agrees(sweep) ? (betterOrientation(sweep)?.name ?? "as it is") : "no agreement",
            ...{
              shuffled_residual: sweep.scores[0].shuffled,
              patterns: sweep.patterns,
              epochs: sweep.epochs,
              probe: sweep.probe,
            },
            scores: sweep.scores.map(({ name, residual }) => ({ name, residual })),
          },
        }),
  };
}

function detectorCounts({ counts: { saturatedValues, ...fixed } }: BadPixels) {
  return { ...fixed, saturated_values: saturatedValues };
}

interface Canvas {
  readonly width: number;
  readonly height: number;
}

function canvasOf({ positions, contents }: ScanFacts): Canvas | undefined {
  const N = contents?.patterns?.width;
  if (positions?.areFinite !== true || N === undefined) return undefined;
  const edge = (span: number) => Math.ceil(span) + N + 2 * MARGIN_PX;
  return { width: edge(positions.spanPx[0]), height: edge(positions.spanPx[1]) };
}

/** The planes of `reconstruct` with the engine's own settings, object and probe fitted, and the patterns once more. */
function memoryMib({ statistics, positions, probe, contents }: ScanFacts, canvas: Canvas): number {
  const n = statistics?.n ?? positions?.xPx.length ?? 0;
  const N = contents?.patterns?.width ?? 0;
  const { planes, defaults } = engineNamed("rpie");
  const never = Number.POSITIVE_INFINITY;
  const plan: Plan = {
    ...{ engine: "rpie", n, N, modes: probe?.modes ?? 1, ...canvas, originPx: [0, 0], threads: 8 },
    ...{ framesResident: true, probesResident: false },
    settings: {
      ...{ ...defaults, batchSize: Math.min(n, Math.max(8, Math.min(256, Math.ceil(n / 9)))) },
      ...{ seed: 0, noise: "amplitude", decay: [never, never], probeStart: 1 },
      ...{ positionStart: never, positionLimitPx: 0, brightnessStart: never },
    },
  };
  return Math.ceil((planBytes(plan, planes?.(plan) ?? {}) + 4 * n * N * N) / MIB);
}

function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
