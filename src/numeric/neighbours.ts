// Nearest neighbours in the plane, by a grid of buckets. Ties are broken by index, so the answer is defined.

import { check } from "../core/errors.js";
import { float64, int32, type NdArray } from "../core/ndarray.js";

export interface Neighbours {
  /** [n, k] indices, nearest first; equal distances in order of index. The point itself is among them. */
  readonly indices: NdArray<"int32">;
  /** [n, k] Euclidean distances, in the unit of the coordinates. */
  readonly distances: NdArray<"float64">;
}

/**
 * The k nearest points of each point, itself included.
 *
 * @param x [n] finite coordinates
 * @param y [n]
 * @throws PtychoError ShapeError unless x and y have one length n >= k >= 1; DataError for a coordinate not finite.
 */
export function nearestNeighbours(x: Float64Array, y: Float64Array, k: number): Neighbours {
  const n = x.length;
  check(y.length === n, "ShapeError", () => `neighbours: x has ${n} points and y ${y.length}`);
  check(
    Number.isInteger(k) && k >= 1 && k <= n,
    "ShapeError",
    () => `neighbours: expected 1 to ${n} neighbours, got ${k}`,
  );
  const grid = makeGrid(x, y);
  const indices = int32([n, k]);
  const distances = float64([n, k]);
  const best = { index: new Int32Array(k), squared: new Float64Array(k) };
  for (let i = 0; i < n; i++) {
    collectNearest(grid, x, y, i, best);
    for (let j = 0; j < k; j++) {
      indices.data[i * k + j] = best.index[j];
      distances.data[i * k + j] = Math.sqrt(best.squared[j]);
    }
  }
  return { indices, distances };
}

/** Points sorted into square cells; cell c holds members[starts[c] .. starts[c+1]). */
interface Grid {
  readonly xMin: number;
  readonly yMin: number;
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  readonly starts: Int32Array;
  readonly members: Int32Array;
}

function makeGrid(x: Float64Array, y: Float64Array): Grid {
  const n = x.length;
  let [xMin, xMax, yMin, yMax] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    check(
      Number.isFinite(x[i]) && Number.isFinite(y[i]),
      "DataError",
      () => `neighbours: point ${i} is (${x[i]}, ${y[i]}); expected finite coordinates`,
    );
    xMin = Math.min(xMin, x[i]);
    xMax = Math.max(xMax, x[i]);
    yMin = Math.min(yMin, y[i]);
    yMax = Math.max(yMax, y[i]);
  }
  const width = xMax - xMin;
  const height = yMax - yMin;
  // About two points a cell; the bound on n keeps thin scans from making a long empty grid.
  const cell = Math.max(Math.sqrt((2 * width * height) / n), (2 * Math.max(width, height)) / n) || 1;
  const columns = Math.floor(width / cell) + 1;
  const rows = Math.floor(height / cell) + 1;
  const cellOf = new Int32Array(n);
  const starts = new Int32Array(columns * rows + 1);
  for (let i = 0; i < n; i++) {
    cellOf[i] = Math.floor((y[i] - yMin) / cell) * columns + Math.floor((x[i] - xMin) / cell);
    starts[cellOf[i] + 1]++;
  }
  for (let c = 0; c < columns * rows; c++) starts[c + 1] += starts[c];
  const next = starts.slice();
  const members = new Int32Array(n);
  for (let i = 0; i < n; i++) members[next[cellOf[i]]++] = i;
  return { xMin, yMin, cell, columns, rows, starts, members };
}

interface Best {
  readonly index: Int32Array;
  readonly squared: Float64Array;
}

/** Searches square rings of cells around point i until no farther ring can hold a nearer (or tied) point. */
function collectNearest(grid: Grid, x: Float64Array, y: Float64Array, i: number, best: Best): void {
  const k = best.index.length;
  const column = Math.floor((x[i] - grid.xMin) / grid.cell);
  const row = Math.floor((y[i] - grid.yMin) / grid.cell);
  const lastRing = Math.max(column, row, grid.columns - 1 - column, grid.rows - 1 - row);
  let found = 0;
  for (let ring = 0; ring <= lastRing; ring++) {
    // A point of this ring is at least (ring - 1) cells away; the slack allows for rounding of the cell number.
    const nearest = (ring - 1 - 1e-9) * grid.cell;
    if (found === k && nearest > 0 && nearest * nearest > best.squared[k - 1]) return;
    for (let r = Math.max(row - ring, 0); r <= Math.min(row + ring, grid.rows - 1); r++) {
      const edge = r === row - ring || r === row + ring;
      const stride = edge || ring === 0 ? 1 : 2 * ring;
      for (let c = column - ring; c <= column + ring; c += stride) {
        if (c < 0 || c >= grid.columns) continue;
        const cell = r * grid.columns + c;
        for (let m = grid.starts[cell]; m < grid.starts[cell + 1]; m++) {
          const j = grid.members[m];
          const dx = x[j] - x[i];
          const dy = y[j] - y[i];
          found = insert(best, found, j, dx * dx + dy * dy);
        }
      }
    }
  }
}

/** Inserts (squared, j) in the sorted list of at most k; returns how many it now holds. */
function insert(best: Best, found: number, j: number, squared: number): number {
  const k = best.index.length;
  let slot = found;
  while (
    slot > 0 &&
    (squared < best.squared[slot - 1] || (squared === best.squared[slot - 1] && j < best.index[slot - 1]))
  ) {
    slot--;
  }
  if (slot >= k) return found;
  for (let m = Math.min(found, k - 1); m > slot; m--) {
    best.index[m] = best.index[m - 1];
    best.squared[m] = best.squared[m - 1];
  }
  best.index[slot] = j;
  best.squared[slot] = squared;
  return Math.min(found + 1, k);
}
