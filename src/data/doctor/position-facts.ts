// What the positions of a scan file look like, before anything is refused.
import { nearestNeighbours } from "../../numeric/neighbours.js";
import { median } from "../../numeric/statistics.js";
import { uniquePositions } from "../overlap-metrics.js";
import type { ScanContents } from "../scan-contents.js";

export interface PositionFacts {
  /** Those that go with a pattern [n]; of unequal lengths as many as there are of both. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  readonly stored: { readonly x: number; readonly y: number };
  readonly areFinite: boolean;
  /** First one that is not finite, -1 where all are. */
  readonly firstNotFinite: number;
  readonly unique: number;
  /** Extent along x and y; 0 where not finite. */
  readonly spanPx: readonly [number, number];
  /** Median distance from a position to its nearest different one; undefined for fewer than two. */
  readonly spacingPx: number | undefined;
  /** All on one straight line; a single place counts as none. */
  readonly isCollinear: boolean;
  /** Positions from whose nearest neighbour they are far: more than 20 times the median, and more than a window. */
  readonly isolated: readonly number[];
}

/** Variance across the line over the variance along it. */
const LINE = 1e-8;
const ISOLATED = 20;

export function positionFacts({ xPx: x, yPx: y, patterns }: ScanContents): PositionFacts | undefined {
  if (x === undefined || y === undefined) return undefined;
  const n = Math.min(x.length, y.length, patterns?.n ?? Number.POSITIVE_INFINITY);
  const [xPx, yPx] = [x.slice(0, n), y.slice(0, n)];
  const stored = { x: x.length, y: y.length };
  const firstNotFinite = xPx.findIndex((value, i) => !Number.isFinite(value) || !Number.isFinite(yPx[i]));
  const unusable = {
    ...{ unique: 0, spacingPx: undefined, isCollinear: false, isolated: [] },
    spanPx: [0, 0] as const,
  };
  if (firstNotFinite >= 0 || n === 0)
    return { ...{ xPx, yPx, stored, firstNotFinite, areFinite: n > 0 && firstNotFinite < 0 }, ...unusable };
  const unique = uniquePositions(xPx, yPx);
  const base = {
    ...{ xPx, yPx, stored, areFinite: true, firstNotFinite, unique: unique.x.length },
    spanPx: [extent(xPx), extent(yPx)] as const,
  };
  if (unique.x.length < 2) return { ...base, spacingPx: undefined, isCollinear: false, isolated: [] };
  const { distances } = nearestNeighbours(unique.x, unique.y, 2);
  const nearest = Float64Array.from({ length: unique.x.length }, (_, i) => distances.data[2 * i + 1]);
  const spacingPx = median(nearest);
  const farPx = Math.max(ISOLATED * spacingPx, patterns?.width ?? 0);
  const isolated = [...nearest.keys()].filter((i) => nearest[i] > farPx);
  const places = new Set(isolated.map((i) => `${unique.x[i]},${unique.y[i]}`));
  return {
    ...{ ...base, spacingPx, isCollinear: unique.x.length > 2 && isLine(unique.x, unique.y) },
    isolated: places.size === 0 ? [] : [...xPx.keys()].filter((i) => places.has(`${xPx[i]},${yPx[i]}`)),
  };
}

function extent(values: Float64Array): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

function isLine(x: Float64Array, y: Float64Array): boolean {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - mx, y[i] - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  const root = Math.hypot(xx - yy, 2 * xy);
  return (xx + yy - root) / (xx + yy + root) < LINE;
}
