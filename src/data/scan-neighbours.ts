// The neighbours a scan point's group may be drawn from. Repeated positions count once.

import { check, PtychoError } from "../core/errors.js";
import { nearestNeighbours } from "../numeric/neighbours.js";

export interface NeighbourTable {
  /** K nearest without the point; if the scan has K points or fewer, all of them with the point itself first. */
  aroundOrWithSelf(point: number): readonly number[];
  /** K nearest without the point, however few; the point is added first only if they are fewer than a group. */
  withoutSelf(point: number): readonly number[];
}

/**
 * Neighbours in order of distance, ties in order of index.
 *
 * @param neighbourCount K
 * @param members C, patterns per group
 * @throws PtychoError DataError with fewer different positions than members, or all on one line.
 */
export function neighbourTable(
  xPx: Float64Array,
  yPx: Float64Array,
  neighbourCount: number,
  members: number,
): NeighbourTable {
  const { places, placeOf } = differentPlaces(xPx, yPx);
  check(
    places.length >= members,
    "DataError",
    () =>
      `grouping: Dataset has only ${places.length} different positions (of ${xPx.length} points) but ${members} ` +
      `coordinates per group requested; use a smaller gridsize`,
  );
  const x = Float64Array.from(places, (i) => xPx[i]);
  const y = Float64Array.from(places, (i) => yPx[i]);
  expectTwoDimensional(x, y);
  const width = Math.min(neighbourCount + 1, places.length);
  const { indices } = nearestNeighbours(x, y, width);
  const row = (point: number): number[] => {
    const from = placeOf[point] * width;
    const nearest = Array.from(indices.data.subarray(from, from + width), (place) => places[place]);
    // The point's own place is nearest; the point stands for it, though another pattern was there first.
    nearest[0] = point;
    return nearest;
  };
  return {
    aroundOrWithSelf: (point) => (width > neighbourCount ? row(point).slice(1) : row(point)),
    withoutSelf: (point) => {
      const nearest = row(point);
      return nearest.length - 1 < members ? nearest : nearest.slice(1);
    },
  };
}

/** First pattern at each different position, and the number of the position of each pattern. */
function differentPlaces(xPx: Float64Array, yPx: Float64Array) {
  const known = new Map<string, number>();
  const places: number[] = [];
  const placeOf = new Int32Array(xPx.length);
  for (let i = 0; i < xPx.length; i++) {
    const key = `${xPx[i]},${yPx[i]}`;
    let place = known.get(key);
    if (place === undefined) {
      place = places.length;
      known.set(key, place);
      places.push(i);
    }
    placeOf[i] = place;
  }
  return { places, placeOf };
}

/** Groups of several patterns need a scan with an area: the farthest point must not lie on the line of the others. */
function expectTwoDimensional(x: Float64Array, y: Float64Array): void {
  let far = 0;
  for (let i = 1; i < x.length; i++) {
    if (Math.hypot(x[i] - x[0], y[i] - y[0]) > Math.hypot(x[far] - x[0], y[far] - y[0])) far = i;
  }
  const [dx, dy] = [x[far] - x[0], y[far] - y[0]];
  const lengthSquared = dx * dx + dy * dy;
  for (let i = 1; i < x.length; i++) {
    if (Math.abs(dx * (y[i] - y[0]) - dy * (x[i] - x[0])) > 1e-9 * lengthSquared) return;
  }
  throw new PtychoError(
    "DataError",
    "grouping: all scan positions lie on one line; groups of several patterns need an area, use gridsize 1",
  );
}
