// Groups of C = gridsize^2 neighbouring patterns, index for index as the original draws them from NumPy's legacy stream.

import { check } from "../core/errors.js";
import { float64, int32, type NdArray } from "../core/ndarray.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";
import { expectEnough, type GroupRequest } from "./group-request.js";
import { oversampledGroups } from "./oversampling.js";
import { neighbourTable } from "./scan-neighbours.js";

export interface Groups {
  readonly gridsize: number;
  /** [G, C] indices of the patterns of each group. */
  readonly nnIndices: NdArray<"int32">;
  /** [G, C, 1, 2] scan positions (x, y), in pixels. */
  readonly positionsPx: NdArray<"float64">;
  /** [G, 1, 1, 2] mean position of each group, in pixels. */
  readonly centresPx: NdArray<"float64">;
  /** [G, C, 1, 2] minus (position - centre): the shift that brings a member to the group's frame, in pixels. */
  readonly offsetsPx: NdArray<"float64">;
}

/**
 * Draws groups, advancing `random` by exactly the original's calls (sequential sampling reseeds it with 0).
 *
 * @param xPx [n] columns
 * @param yPx [n] rows
 * @throws PtychoError DataError if the scan cannot give such groups, UsageError if the request contradicts itself.
 */
export function groupScan(
  xPx: Float64Array,
  yPx: Float64Array,
  request: GroupRequest,
  random: LegacyRandom,
): Groups {
  const nnIndices = drawGroups(xPx, yPx, request, random);
  return { gridsize: request.gridsize, nnIndices, ...groupPositions(xPx, yPx, nnIndices) };
}

/** Positions of given groups [G, C]: members, centres and offsets, in pixels. */
export function groupPositions(
  xPx: Float64Array,
  yPx: Float64Array,
  nnIndices: NdArray<"int32">,
): Pick<Groups, "positionsPx" | "centresPx" | "offsetsPx"> {
  const [groups, members] = nnIndices.shape;
  const positionsPx = float64([groups, members, 1, 2]);
  const centresPx = float64([groups, 1, 1, 2]);
  const offsetsPx = float64([groups, members, 1, 2]);
  for (let g = 0; g < groups; g++) {
    for (const [axis, coordinates] of [xPx, yPx].entries()) {
      let sum = 0;
      for (let c = 0; c < members; c++) {
        const value = coordinates[nnIndices.data[g * members + c]];
        positionsPx.data[(g * members + c) * 2 + axis] = value;
        sum += value;
      }
      const centre = sum / members;
      centresPx.data[g * 2 + axis] = centre;
      for (let c = 0; c < members; c++) {
        const at = (g * members + c) * 2 + axis;
        offsetsPx.data[at] = -(positionsPx.data[at] - centre);
      }
    }
  }
  return { positionsPx, centresPx, offsetsPx };
}

function drawGroups(
  xPx: Float64Array,
  yPx: Float64Array,
  request: GroupRequest,
  random: LegacyRandom,
): NdArray<"int32"> {
  const n = xPx.length;
  const { gridsize, nGroups, neighbourCount } = request;
  check(
    n === yPx.length,
    "ShapeError",
    () => `grouping: Coordinate arrays must have matching shapes, got ${n} x and ${yPx.length} y`,
  );
  for (const [name, value] of Object.entries({ gridsize, nGroups, neighbourCount })) {
    check(
      Number.isInteger(value) && value >= 1,
      "UsageError",
      () => `grouping: ${name}: expected a whole number of 1 or more, got ${value}`,
    );
  }
  const members = gridsize * gridsize;
  if (nGroups > n && members > 1) return oversampledGroups(xPx, yPx, request, random);
  expectEnough(n, members, neighbourCount);
  const seeds = drawSeeds(n, nGroups, request.sequential === true, random);
  if (members === 1) return int32([seeds.length, 1], seeds);
  const table = neighbourTable(xPx, yPx, neighbourCount, members);
  const groups = int32([seeds.length, members]);
  for (const [g, seed] of seeds.entries()) {
    const neighbours = table.aroundOrWithSelf(seed);
    const picked = random.choice(neighbours.length, members, false);
    for (let c = 0; c < members; c++) groups.data[g * members + c] = neighbours[picked[c]];
  }
  return groups;
}

function drawSeeds(n: number, nGroups: number, sequential: boolean, random: LegacyRandom): Int32Array {
  const count = Math.min(nGroups, n);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  if (sequential) {
    random.seed(0);
    return all.slice(0, count);
  }
  return count < n ? random.choice(n, count, false) : all;
}
