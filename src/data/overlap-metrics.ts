// How much neighbouring patterns of a scan overlap: the three metrics of the original's specs/overlap_metrics.md.
import { check } from "../core/errors.js";
import { nearestNeighbours } from "../numeric/neighbours.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { groupScan } from "./grouping.js";

export interface OverlapRequest {
  /** 1: every pattern is a group of its own; 2: groups of four neighbours. */
  readonly gridsize: 1 | 2;
  /** Share of the patterns that are kept, drawn at random. */
  readonly imageFraction: number;
  /** Groups drawn for gridsize 2; with gridsize 1 there are as many as patterns kept. */
  readonly groups: number;
  /** Neighbours over which a mean is taken. Default 6. */
  readonly neighbourCount?: number;
  readonly probeDiameterPx: number;
  /** Seed of the patterns kept and of the groups; NumPy's legacy stream. */
  readonly seed: number;
}

/** Under the names that the original writes. */
export interface OverlapMetrics {
  readonly metrics_version: "1.0";
  readonly gridsize: number;
  readonly s_img: number;
  readonly n_groups: number;
  readonly neighbor_count: number;
  readonly probe_diameter_px: number;
  readonly rng_seed_subsample: number;
  readonly n_images: number;
  readonly n_unique_images: number;
  /** Within groups, from the first member to the others; absent for gridsize 1. */
  readonly metric_1_group_based_avg?: number;
  /** Of every different position with its nearest ones. */
  readonly metric_2_image_based_avg: number;
  /** Of every group's centre with those nearer than the probe diameter; 0 for a group without any. */
  readonly metric_3_group_to_group_avg: number;
}

/** Neighbours from which a group of four is drawn. */
const GROUP_POOL = 6;

/**
 * @param xPx, yPx positions [n], pixels, finite
 * @throws PtychoError UsageError for a fraction outside (0, 1] or a diameter that is not positive, DataError for too few
 * positions.
 */
export function overlapMetrics(
  xPx: Float64Array,
  yPx: Float64Array,
  request: OverlapRequest,
): OverlapMetrics {
  const { gridsize, imageFraction, probeDiameterPx, seed, neighbourCount = 6 } = request;
  check(
    imageFraction > 0 && imageFraction <= 1,
    "UsageError",
    () => `overlap metrics: the share of patterns must be in (0, 1], got ${imageFraction}`,
  );
  check(
    probeDiameterPx > 0 && Number.isFinite(probeDiameterPx),
    "UsageError",
    () => `overlap metrics: the probe diameter must be a positive number of pixels, got ${probeDiameterPx}`,
  );
  const size = Math.floor(imageFraction * xPx.length);
  check(size > 0, "DataError", () => `overlap metrics: no pattern of ${xPx.length} is left to look at`);
  const random = legacyRandom(seed);
  const kept = size === xPx.length ? undefined : random.choice(xPx.length, size, false).sort();
  const pick = (values: Float64Array) =>
    kept === undefined ? values : Float64Array.from(kept, (i) => values[i]);
  const [x, y] = [pick(xPx), pick(yPx)];
  const overlap = (distance: number) => discOverlap(distance, probeDiameterPx);
  const unique = uniquePositions(x, y);
  const facts = {
    ...({ metrics_version: "1.0", gridsize, s_img: imageFraction, neighbor_count: neighbourCount } as const),
    ...{ probe_diameter_px: probeDiameterPx, rng_seed_subsample: seed },
    ...{ n_images: size, n_unique_images: unique.x.length },
    metric_2_image_based_avg: meanOverlapOfNeighbours(unique.x, unique.y, neighbourCount, overlap),
  };
  if (gridsize === 1)
    return {
      ...facts,
      n_groups: size,
      metric_3_group_to_group_avg: meanOverlapWithin(x, y, probeDiameterPx, overlap),
    };
  const request2 = { gridsize, nGroups: Math.min(request.groups, size), neighbourCount: GROUP_POOL };
  const { positionsPx, centresPx, nnIndices } = groupScan(x, y, request2, random);
  const [groups, members] = nnIndices.shape;
  let sum = 0;
  for (let g = 0; g < groups; g++) {
    const at = (member: number, axis: number) => positionsPx.data[(g * members + member) * 2 + axis];
    const distances = Array.from({ length: members - 1 }, (_, m) =>
      Math.hypot(at(m + 1, 0) - at(0, 0), at(m + 1, 1) - at(0, 1)),
    ).sort((a, b) => a - b);
    const near = distances.slice(0, neighbourCount);
    sum += near.reduce((total, distance) => total + overlap(distance), 0) / near.length;
  }
  const centre = (axis: number) =>
    Float64Array.from({ length: groups }, (_, g) => centresPx.data[2 * g + axis]);
  return {
    ...{ ...facts, n_groups: groups, metric_1_group_based_avg: sum / groups },
    metric_3_group_to_group_avg: meanOverlapWithin(centre(0), centre(1), probeDiameterPx, overlap),
  };
}

/** Shared area of two discs of one diameter, over the area of one. */
export function discOverlap(distance: number, diameter: number): number {
  if (distance >= diameter) return 0;
  const radius = diameter / 2;
  const lens =
    2 * radius ** 2 * Math.acos(distance / diameter) -
    (distance / 2) * Math.sqrt(diameter ** 2 - distance ** 2);
  return lens / (Math.PI * radius ** 2);
}

/** The different positions, in the order in which they come first. */
export function uniquePositions(
  x: Float64Array,
  y: Float64Array,
): { readonly x: Float64Array; readonly y: Float64Array } {
  const seen = new Set<string>();
  const first: number[] = [];
  for (let i = 0; i < x.length; i++) {
    const place = `${x[i]},${y[i]}`;
    if (seen.has(place)) continue;
    seen.add(place);
    first.push(i);
  }
  return { x: Float64Array.from(first, (i) => x[i]), y: Float64Array.from(first, (i) => y[i]) };
}

function meanOverlapOfNeighbours(
  x: Float64Array,
  y: Float64Array,
  count: number,
  overlap: (distance: number) => number,
): number {
  const n = x.length;
  const k = Math.min(count + 1, n);
  if (k < 2) return 0;
  const { distances } = nearestNeighbours(x, y, k);
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 1; j < k; j++) sum += overlap(distances.data[i * k + j]); // j = 0 is the point itself
  return sum / (n * (k - 1));
}

function meanOverlapWithin(
  x: Float64Array,
  y: Float64Array,
  diameter: number,
  overlap: (distance: number) => number,
): number {
  const cells = new Map<string, number[]>();
  const cellOf = (i: number) => [Math.floor(x[i] / diameter), Math.floor(y[i] / diameter)];
  for (let i = 0; i < x.length; i++) {
    const key = cellOf(i).join();
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [i]);
    else cell.push(i);
  }
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const [column, row] = cellOf(i);
    let [sum, count] = [0, 0];
    for (let dc = -1; dc <= 1; dc++)
      for (let dr = -1; dr <= 1; dr++)
        for (const j of cells.get(`${column + dc},${row + dr}`) ?? []) {
          const distance = Math.hypot(x[j] - x[i], y[j] - y[i]);
          if (j === i || distance >= diameter) continue;
          sum += overlap(distance);
          count++;
        }
    if (count > 0) total += sum / count;
  }
  return total / x.length;
}
