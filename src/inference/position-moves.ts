// Scan positions before and after refinement: how far they moved, and what part of the plane holds them.
import type { Box, Point } from "./page.js";
import { niceBelow } from "./picture-scale.js";

/** A position before and after refinement; twice the same where there was none. */
export interface Move {
  readonly start: Point;
  readonly end: Point;
}

/** Root mean square of the shifts, of their parts along x and y, and the largest shift, in pixels. */
export function shiftStatistics(moves: readonly Move[]): {
  rms: number;
  x: number;
  y: number;
  largest: number;
} {
  let sumX = 0;
  let sumY = 0;
  let largest = 0;
  for (const { start, end } of moves) {
    sumX += (end.x - start.x) ** 2;
    sumY += (end.y - start.y) ** 2;
    largest = Math.max(largest, shiftOf(start, end));
  }
  const count = Math.max(1, moves.length);
  return {
    rms: Math.sqrt((sumX + sumY) / count),
    x: Math.sqrt(sumX / count),
    y: Math.sqrt(sumY / count),
    largest,
  };
}

/**
 * How many times longer than the shifts arrows may be drawn: 1 or a round number with which all but the longest
 * twentieth are no longer than `room` pixels.
 */
export function arrowFactor(moves: readonly Move[], room: number): number {
  const shifts = Float64Array.from(moves, ({ start, end }) => shiftOf(start, end))
    .filter((shift) => shift > 0)
    .sort();
  if (shifts.length === 0) return 1;
  const long = shifts[Math.round(0.95 * (shifts.length - 1))];
  return niceBelow(room / long, 1);
}

/** Mean distance of neighbours, were `count` positions spread evenly over the box; at least 1 pixel. */
export function meanSpacing({ width, height }: Box, count: number): number {
  const along = Math.max(width, height) / Math.max(1, count - 1);
  return Math.max(1, along, Math.sqrt((width * height) / Math.max(1, count)));
}

/** The smallest box that holds the points; undefined when there are none. */
export function boundsOf(points: readonly Point[]): Box | undefined {
  if (points.length === 0) return undefined;
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const { x, y } of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return { left, top, width: right - left, height: bottom - top };
}

/** The box with a margin of 6 % and at least 2 pixels, and widened to at most `longest` times its shorter side. */
export function viewAround({ left, top, width, height }: Box, longest: number): Box {
  const margin = Math.max(2, 0.06 * Math.max(width, height));
  const least = (Math.max(width, height) + 2 * margin) / longest;
  const viewWidth = Math.max(width + 2 * margin, least);
  const viewHeight = Math.max(height + 2 * margin, least);
  return {
    left: left + (width - viewWidth) / 2,
    top: top + (height - viewHeight) / 2,
    width: viewWidth,
    height: viewHeight,
  };
}

/** The first move that starts in each square of `cellPx`. */
export function onePerCell(moves: readonly Move[], cellPx: number): Move[] {
  const taken = new Set<string>();
  return moves.filter(({ start }) => {
    const cell = `${Math.floor(start.x / cellPx)} ${Math.floor(start.y / cellPx)}`;
    const isFree = !taken.has(cell);
    taken.add(cell);
    return isFree;
  });
}

function shiftOf(start: Point, end: Point): number {
  return Math.hypot(end.x - start.x, end.y - start.y);
}
