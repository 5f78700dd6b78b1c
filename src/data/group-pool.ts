// All groups that a scan offers, found once, of which runs then take some: the grouping of PtychoPINN from July to
// August 2025, whose cache file groups-cache.ts reads. grouping.ts draws its groups around seeds instead.
import { check } from "../core/errors.js";
import { int32, type NdArray } from "../core/ndarray.js";
import { nearestNeighbours } from "../numeric/neighbours.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";

/** Most groups that are drawn around one pattern. */
const MOST_PER_POINT = 50;

/** Which pool: of groups of gridsize^2 out of a pattern and its K nearest. */
export interface PoolKind {
  readonly gridsize: number;
  /** K. */
  readonly neighbourCount: number;
}

/**
 * Different groups [G, C], C = gridsize^2, members ascending and groups in lexicographic order. Around every pattern
 * min(50, floor((K + 1) / C) + 1) times C of its K + 1 nearest, itself included, are drawn without replacement.
 *
 * @throws PtychoError DataError for fewer than K + 1 patterns, UsageError for C > K + 1.
 */
export function poolGroups(
  xPx: Float64Array,
  yPx: Float64Array,
  { gridsize, neighbourCount }: PoolKind,
  random: LegacyRandom,
): NdArray<"int32"> {
  const members = gridsize * gridsize;
  const width = neighbourCount + 1;
  check(
    xPx.length >= width,
    "DataError",
    () =>
      `grouping: the scan has ${xPx.length} patterns, and ${neighbourCount} neighbours of each need ${width}`,
  );
  check(
    members <= width,
    "UsageError",
    () =>
      `grouping: groups of ${members} cannot be drawn from ${width} patterns; set neighbor_count to ${members - 1} or more`,
  );
  const { indices } = nearestNeighbours(xPx, yPx, width);
  const perPoint = Math.min(MOST_PER_POINT, Math.floor(width / members) + 1);
  const found = new Map<string, number[]>();
  for (let point = 0; point < xPx.length; point++) {
    for (let k = 0; k < perPoint; k++) {
      const group = Array.from(
        random.choice(width, members, false),
        (at) => indices.data[point * width + at],
      ).sort((a, b) => a - b);
      found.set(group.join(), group);
    }
  }
  const groups = [...found.values()].sort((a, b) => {
    const differs = a.findIndex((member, i) => member !== b[i]);
    return differs < 0 ? 0 : a[differs] - b[differs];
  });
  return int32([groups.length, members], groups.flat());
}

/** `count` of the groups [G, C] of a pool in random order; all of them, without a draw, where it has no more. */
export function drawFromPool(pool: NdArray<"int32">, count: number, random: LegacyRandom): NdArray<"int32"> {
  const [available, members] = pool.shape;
  if (count >= available) return pool;
  const chosen = random.choice(available, count, false);
  const data = Int32Array.from(
    { length: count * members },
    (_, i) => pool.data[chosen[Math.floor(i / members)] * members + (i % members)],
  );
  return int32([count, members], data);
}
