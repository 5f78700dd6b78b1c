// More groups than points: different combinations of C out of the K neighbours of a point.

import { check } from "../core/errors.js";
import { int32, type NdArray } from "../core/ndarray.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";
import { expectEnough, type GroupRequest } from "./group-request.js";
import { neighbourTable } from "./scan-neighbours.js";

/**
 * Groups [nGroups, C]. Twice the points needed are taken as seeds; the combinations of their neighbours, in
 * lexicographic order of distance rank, fill a pool of at most twice nGroups; the groups are drawn from the pool,
 * with repetition only if it is too small.
 *
 * @throws PtychoError UsageError unless oversampling is enabled and the pool is large enough.
 */
export function oversampledGroups(
  xPx: Float64Array,
  yPx: Float64Array,
  request: GroupRequest,
  random: LegacyRandom,
): NdArray<"int32"> {
  const n = xPx.length;
  const { gridsize, nGroups } = request;
  const members = gridsize * gridsize;
  const poolSize = request.neighbourPoolSize ?? request.neighbourCount;
  const perPoint = poolSize >= members ? combinationCount(poolSize, members) : 0;
  check(
    request.oversampling === true,
    "UsageError",
    () =>
      `Requesting ${nGroups} groups but only ${n} points available (gridsize=${gridsize}, C=${members}). ` +
      `K choose C oversampling is required but not enabled. Ask for at most ${n} groups, or set ` +
      `enable_oversampling with neighbor_pool_size >= ${members} (up to ${n * perPoint} different groups with ${poolSize}).`,
  );
  check(
    poolSize >= members,
    "UsageError",
    () =>
      `K choose C oversampling requires neighbor_pool_size >= C (gridsize²). Got neighbor_pool_size=${poolSize}, ` +
      `but C=${members}. Increase neighbor_pool_size to at least ${members}.`,
  );
  expectEnough(n, members, poolSize);
  const needed = Math.max(1, Math.ceil(nGroups / perPoint));
  const seeds = chooseSeeds(n, Math.min(2 * needed, n), needed, request.sequential === true, random);
  const table = neighbourTable(xPx, yPx, poolSize, members);
  const pool: number[][] = [];
  for (const seed of seeds) {
    for (const combination of combinations(table.withoutSelf(seed), members)) {
      pool.push(combination);
      if (pool.length >= 2 * nGroups) break;
    }
    if (pool.length >= 2 * nGroups) break;
  }
  const picked = random.choice(pool.length, nGroups, nGroups > pool.length);
  return int32(
    [nGroups, members],
    Int32Array.from(
      { length: nGroups * members },
      (_, i) => pool[picked[Math.floor(i / members)]][i % members],
    ),
  );
}

function chooseSeeds(
  n: number,
  count: number,
  needed: number,
  sequential: boolean,
  random: LegacyRandom,
): Int32Array {
  const all = Int32Array.from({ length: n }, (_, i) => i);
  if (sequential && n >= needed) return all.slice(0, count);
  return count < n ? random.choice(n, count, false) : all;
}

function combinationCount(n: number, k: number): number {
  let count = 1;
  for (let i = 1; i <= k; i++) count = (count * (n - k + i)) / i;
  return Math.round(count);
}

/** Combinations in lexicographic order of place. */
function* combinations(items: readonly number[], size: number): Generator<number[]> {
  if (size > items.length) return;
  const places = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    yield places.map((place) => items[place]);
    let i = size - 1;
    while (i >= 0 && places[i] === items.length - size + i) i--;
    if (i < 0) return;
    places[i]++;
    for (let j = i + 1; j < size; j++) places[j] = places[j - 1] + 1;
  }
}
