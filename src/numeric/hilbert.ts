// The Hilbert curve: points of the plane in an order in which neighbours on the curve are neighbours in the plane.
import { check } from "../core/errors.js";

/** Cells along an edge of the square that the curve fills. */
const CELLS = 1024;

/** Indices of the points (x, y) in the order of a Hilbert curve through the square around them; ties by index. */
export function hilbertOrder(x: ArrayLike<number>, y: ArrayLike<number>): Int32Array {
  check(
    x.length === y.length,
    "ShapeError",
    () => `hilbertOrder: expected as many x as y, got ${x.length} and ${y.length}`,
  );
  const n = x.length;
  const low = [x, y].map((values) =>
    Array.from(values).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  );
  const high = [x, y].map((values) =>
    Array.from(values).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  );
  const edge = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const cell = (value: number, least: number) =>
    Math.min(CELLS - 1, Math.floor(((value - least) / edge) * CELLS));
  const place = Float64Array.from({ length: n }, (_, i) =>
    distanceAlong(cell(x[i], low[0]), cell(y[i], low[1])),
  );
  return Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => place[a] - place[b] || a - b);
}

/** Distance of a cell along the curve (Warren, Hacker's Delight, 2nd edition, section 16-2). */
function distanceAlong(column: number, row: number): number {
  let [x, y, distance] = [column, row, 0];
  for (let half = CELLS / 2; half >= 1; half /= 2) {
    const [right, below] = [x >= half ? 1 : 0, y >= half ? 1 : 0];
    distance += half * half * ((3 * right) ^ below);
    x -= right * half;
    y -= below * half;
    if (below === 1) continue;
    if (right === 1) {
      x = half - 1 - x;
      y = half - 1 - y;
    }
    [x, y] = [y, x];
  }
  return distance;
}
