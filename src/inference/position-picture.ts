// Draws scan positions on the canvas as dots, and as arrows how far a refinement moved them.
import { PtychoError } from "../core/errors.js";
import { type Axes, axesMargins, drawAxes, placeOf } from "./axes.js";
import { FONT_HEIGHT } from "./bitmap-font.js";
import {
  type Box,
  blankPage,
  type Colour,
  drawDot,
  drawLine,
  drawText,
  FAINT_INK,
  fillBox,
  INK,
  PAPER,
  type Picture,
  type Point,
  textPixels,
} from "./page.js";
import { linearTicks } from "./picture-scale.js";
import { type LegendEntry, layOutLegend, SAMPLE_WIDTH } from "./plot-legend.js";
import {
  arrowFactor,
  boundsOf,
  type Move,
  meanSpacing,
  onePerCell,
  shiftStatistics,
  viewAround,
} from "./position-moves.js";

export interface PositionMapOptions {
  /** Default: "scan positions". */
  readonly title?: string;
  /** Columns and rows of the canvas at which the patterns were taken, after refinement if there was one. */
  readonly xPx: ArrayLike<number>;
  readonly yPx: ArrayLike<number>;
  /** The positions before refinement. */
  readonly startXPx?: ArrayLike<number>;
  readonly startYPx?: ArrayLike<number>;
  /** Height and width of the canvas; what lies outside is shaded. */
  readonly sizePx: readonly [number, number];
}

const SIZE = 2;
/** Picture pixels along the longer side of the plot. */
const SIDE = 640;
/** The plot is at most this many times longer than wide, also for a scan along a line. */
const LONGEST = 3;
/** Where arrows would be denser than one in a cell of this many picture pixels, one a cell is drawn. */
const ARROW_CELL = 20;
/** Length of all but the longest arrows, in distances between them: then most are shorter than one. */
const ROOM = 1.7;
const REFINED: Colour = [0, 114, 178];
const START: Colour = [150, 150, 150];
const ARROW: Colour = [213, 94, 0];
const OUTSIDE: Colour = [240, 240, 240];

/**
 * The picture of the positions: columns to the right, rows downwards, as in the picture of the object, cut to where
 * the positions are. Arrows point along the shift from the start; small shifts are drawn longer by a round factor
 * that the legend states. Below stand the root mean square and the largest shift.
 *
 * @throws PtychoError ShapeError for arrays of different lengths, UsageError for one start array without the other.
 */
export function drawPositionMap(options: PositionMapOptions): Picture {
  const { moves, missing, isRefined } = readMoves(options);
  const [height, width] = options.sizePx;
  const canvas = { left: 0, top: 0, width, height };
  const starts = boundsOf(moves.map(({ start }) => start)) ?? canvas;
  const cellPx = (ARROW_CELL / SIDE) * Math.max(starts.width, starts.height);
  const spacing = meanSpacing(starts, moves.length);
  const factor = arrowFactor(moves, ROOM * Math.max(cellPx, spacing));
  const tipOf = ({ start, end }: Move): Point => ({
    x: start.x + factor * (end.x - start.x),
    y: start.y + factor * (end.y - start.y),
  });
  const reached = boundsOf(moves.flatMap((move) => [move.start, move.end, tipOf(move)]));
  const view = viewAround(reached ?? canvas, LONGEST);
  const axes = axesOf(view);
  const scale = SIDE / Math.max(view.width, view.height);
  const plot = { width: Math.round(view.width * scale), height: Math.round(view.height * scale) };
  const radius = Math.min(isRefined ? 3.5 : 4.5, Math.max(1.5, 0.16 * scale * spacing));
  const arrows = moves.filter(({ start, end }) => start.x !== end.x || start.y !== end.y);
  const kept = onePerCell(arrows, ARROW_CELL / scale);

  const line = FONT_HEIGHT * SIZE;
  const gap = 6 * SIZE;
  const margins = axesMargins(axes, SIZE);
  const legend = layOutLegend(
    isRefined ? entries(factor, kept.length > 0) : [],
    Math.max(plot.width, 420),
    SIZE,
  );
  const box = { left: gap * 2 + margins.left, top: gap * 3 + line + legend.height, ...plot };
  const title = options.title ?? "scan positions";
  const notes = [
    countNote(moves, missing, options.sizePx),
    ...(isRefined ? shiftNotes(moves, kept.length, arrows.length) : []),
  ];
  const texts = [title, ...notes].map((text) => textPixels(text, SIZE));
  const notesTop = box.top + box.height + margins.bottom + gap;
  const page = blankPage(
    box.left + Math.max(box.width + margins.right, legend.width, ...texts) + gap * 2,
    notesTop + notes.length * (line + gap) + gap,
  );

  drawText(page, title, box.left, gap * 2, SIZE, INK);
  legend.draw(page, box.left, gap * 3 + line);
  const onPage = (point: Point): Point => placeOf(box, axes, point.x, point.y);
  shadeOutside(page, box, onPage({ x: 0, y: 0 }), onPage({ x: width, y: height }));
  drawAxes(page, box, axes, SIZE);
  if (isRefined) for (const { start } of moves) drawRing(page, onPage(start), radius);
  for (const { end } of moves) drawDot(page, onPage(end), radius, REFINED);
  for (const move of kept) drawArrow(page, onPage(move.start), onPage(tipOf(move)));
  notes.forEach((note, k) => {
    drawText(page, note, box.left, notesTop + k * (line + gap), SIZE, FAINT_INK);
  });
  return page;
}

function readMoves({ xPx, yPx, startXPx, startYPx }: PositionMapOptions): {
  moves: Move[];
  missing: number;
  isRefined: boolean;
} {
  if ((startXPx === undefined) !== (startYPx === undefined))
    throw new PtychoError("UsageError", "drawPositionMap: give both of startXPx and startYPx, or neither");
  for (const [name, values] of Object.entries({ yPx, startXPx, startYPx }))
    if (values !== undefined && values.length !== xPx.length)
      throw new PtychoError(
        "ShapeError",
        `drawPositionMap: ${name}: expected ${xPx.length} values like xPx, got ${values.length}`,
      );
  const all = Array.from(xPx, (x, i): Move => {
    const end = { x, y: yPx[i] };
    const isMoved = startXPx !== undefined && startYPx !== undefined;
    return { start: isMoved ? { x: startXPx[i], y: startYPx[i] } : end, end };
  });
  const moves = all.filter(({ start, end }) => Number.isFinite(start.x + start.y + end.x + end.y));
  return { moves, missing: all.length - moves.length, isRefined: startXPx !== undefined };
}

function axesOf({ left, top, width, height }: Box): Axes {
  const right = left + width;
  const bottom = top + height;
  return {
    x: { label: "x (px)", low: left, high: right, log: false, ticks: linearTicks(left, right) },
    y: { label: "y (px)", low: bottom, high: top, log: false, ticks: linearTicks(top, bottom) },
  };
}

function entries(factor: number, anyArrow: boolean): LegendEntry[] {
  const centre = (left: number, middle: number) => ({ x: left + (SAMPLE_WIDTH / 2) * SIZE, y: middle });
  const start: LegendEntry = {
    name: "start",
    drawSample: (page, left, middle) => drawRing(page, centre(left, middle), 4.5),
  };
  const refined: LegendEntry = {
    name: "refined",
    drawSample: (page, left, middle) => drawDot(page, centre(left, middle), 4.5, REFINED),
  };
  const shift: LegendEntry = {
    name: factor === 1 ? "shift" : `shift × ${factor}`,
    drawSample: (page, left, y) => drawArrow(page, { x: left, y }, { x: left + SAMPLE_WIDTH * SIZE, y }),
  };
  return anyArrow ? [start, refined, shift] : [start, refined];
}

function countNote(
  moves: readonly Move[],
  missing: number,
  [height, width]: readonly [number, number],
): string {
  const outside = moves.filter(({ end }) => !(end.x >= 0 && end.y >= 0 && end.x <= width && end.y <= height));
  const count =
    moves.length === 0 ? "no positions" : `${moves.length} position${moves.length === 1 ? "" : "s"}`;
  return [
    `${count}, canvas ${width} × ${height} px`,
    ...(outside.length > 0 ? [`${outside.length} outside`] : []),
    ...(missing > 0 ? [`${missing} not finite`] : []),
  ].join(", ");
}

function shiftNotes(moves: readonly Move[], drawn: number, arrows: number): string[] {
  if (moves.length === 0) return [];
  const { rms, x, y, largest } = shiftStatistics(moves);
  return [
    `r.m.s. shift ${px(rms)} px (x ${px(x)}, y ${px(y)}), largest ${px(largest)} px`,
    ...(drawn < arrows ? [`${drawn} of ${arrows} arrows are drawn`] : []),
  ];
}

/** A length in pixels to three digits. */
function px(length: number): string {
  if (length === 0 || length >= 1000) return length.toFixed(0);
  return length < 1e-3 ? length.toExponential(1) : length.toPrecision(3);
}

/** Shades the part of the plot that is not between the corners of the canvas. */
function shadeOutside(page: Picture, box: Box, from: Point, to: Point): void {
  const left = Math.max(box.left, Math.round(from.x));
  const top = Math.max(box.top, Math.round(from.y));
  const right = Math.min(box.left + box.width, Math.round(to.x) + 1);
  const bottom = Math.min(box.top + box.height, Math.round(to.y) + 1);
  fillBox(page, box.left, box.top, box.width, box.height, OUTSIDE);
  fillBox(page, left, top, right - left, bottom - top, PAPER);
}

/** A small ring would look like a dot that is not quite filled; it is filled. */
function drawRing(page: Picture, centre: Point, radius: number): void {
  drawDot(page, centre, radius + 0.5, START);
  if (radius >= 3) drawDot(page, centre, radius - 1, PAPER);
}

/** A line with a head, which is no longer than 7 pixels and half of the arrow. */
function drawArrow(page: Picture, from: Point, to: Point): void {
  drawLine(page, from, to, 2, ARROW);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < 4) return;
  const head = Math.min(7, length / 2);
  const along = { x: ((to.x - from.x) / length) * head, y: ((to.y - from.y) / length) * head };
  for (const side of [-0.55, 0.55]) {
    const barb = { x: to.x - along.x + side * along.y, y: to.y - along.y - side * along.x };
    drawLine(page, to, barb, 2, ARROW);
  }
}
