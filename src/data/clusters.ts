// Spatial clusters of patterns: a centre and its nearest neighbours, the batches of an objective that merges them.
import { check } from "../core/errors.js";
import { nearestNeighbours } from "../numeric/neighbours.js";
import { pcg64Random } from "../numeric/random-pcg64.js";

export interface Clusters {
  /** [n, size] patterns of the cluster round every pattern, nearest first. */
  readonly members: Int32Array;
  readonly size: number;
  /** Largest distance in whole pixels, along rows or columns, between two members of a cluster. */
  readonly extentPx: number;
}

/** @throws PtychoError DataError when there are fewer patterns than a cluster needs. */
export function makeClusters(xPx: Int32Array, yPx: Int32Array, size: number): Clusters {
  check(
    xPx.length >= size,
    "DataError",
    () => `clusters: the scan has ${xPx.length} patterns, a batch needs ${size}; lower --batch_size`,
  );
  const { indices } = nearestNeighbours(Float64Array.from(xPx), Float64Array.from(yPx), size);
  let extentPx = 0;
  for (let centre = 0; centre < xPx.length; centre++) {
    const members = indices.data.subarray(centre * size, (centre + 1) * size);
    for (const values of [xPx, yPx]) {
      const [low, high] = rangeOf(values, members);
      extentPx = Math.max(extentPx, high - low);
    }
  }
  return { members: indices.data, size, extentPx };
}

/** The cluster round pattern `centre`. */
export function clusterOf({ members, size }: Clusters, centre: number): Int32Array {
  return members.slice(centre * size, (centre + 1) * size);
}

/**
 * The centres of an epoch, drawn without repetition from `candidates`: a pure function of seed and epoch.
 *
 * @throws PtychoError ShapeError for more centres than candidates.
 */
export function epochCentres(candidates: Int32Array, count: number, seed: number, epoch: number): Int32Array {
  check(
    count <= candidates.length,
    "ShapeError",
    () => `clusters: ${count} centres cannot be drawn from ${candidates.length} patterns without repetition`,
  );
  const order = candidates.slice();
  pcg64Random((BigInt(seed) << 32n) | BigInt(epoch)).shuffle(order);
  return order.slice(0, count);
}

/** Middle of a cluster, whole pixels. */
export function middleOf(values: Int32Array, members: Int32Array): number {
  const [low, high] = rangeOf(values, members);
  return Math.floor((low + high) / 2);
}

function rangeOf(values: Int32Array, members: Int32Array): [low: number, high: number] {
  let [low, high] = [values[members[0]], values[members[0]]];
  for (const member of members) {
    low = Math.min(low, values[member]);
    high = Math.max(high, values[member]);
  }
  return [low, high];
}
