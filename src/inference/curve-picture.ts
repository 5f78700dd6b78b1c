// Draws curves over one pair of axes: a residual by epoch, a Fourier ring correlation with its threshold.
import { PtychoError } from "../core/errors.js";
import { type Axes, type Axis, axesMargins, drawAxes, placeOf } from "./axes.js";
import { FONT_HEIGHT } from "./bitmap-font.js";
import {
  type Box,
  blankPage,
  type Colour,
  drawDot,
  drawLine,
  drawText,
  FAINT_INK,
  INK,
  type Picture,
  type Point,
  textPixels,
} from "./page.js";
import { linearTicks, logTicks, widened } from "./picture-scale.js";
import { type LegendEntry, layOutLegend, SAMPLE_WIDTH } from "./plot-legend.js";

export interface Series {
  /** Named above the plot when there are two series or more. */
  readonly name: string;
  readonly x: ArrayLike<number>;
  /** As long as `x`; the line is broken where a value is not finite. */
  readonly y: ArrayLike<number>;
  /** A broken line without dots, as of a threshold. */
  readonly dashed?: boolean;
}

export interface CurveOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Default: where all values are above 0 and span more than a factor of ten. */
  readonly logY?: boolean;
}

const SIZE = 2;
const PLOT = { width: 640, height: 380 };
const THICKNESS = 3;
/** Series of at most this many points get a dot at each; lone points between gaps always do. */
const MOST_DOTS = 40;
/** Colours told apart with any colour vision (Okabe and Ito 2008). */
const COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [90, 90, 90],
];

/**
 * The picture of up to six series. An axis that is logarithmic leaves out values at or below 0, and says so.
 *
 * @throws PtychoError ShapeError for x and y of different lengths, UsageError for more than six series.
 */
export function drawCurves(options: CurveOptions): Picture {
  const { title, series } = options;
  checkSeries(series);
  const finite = series.flatMap(({ x, y }) => spotsOf(x, y));
  const log = options.logY ?? spansDecade(finite.map(({ y }) => y));
  const isDrawn = ({ x, y }: Point) => Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0);
  const drawn = finite.filter(isDrawn);
  const axes = { x: xAxis(options.xLabel, drawn), y: yAxis(options.yLabel, drawn, log) };
  const left = finite.length - drawn.length;
  const note = left === 0 ? "" : `${left} ${left === 1 ? "value" : "values"} at or below 0 not shown`;

  const line = FONT_HEIGHT * SIZE;
  const gap = 6 * SIZE;
  const margins = axesMargins(axes, SIZE);
  const legend = layOutLegend(series.length < 2 ? [] : series.map(legendEntry), PLOT.width, SIZE);
  const box = { left: gap * 2 + margins.left, top: gap * 3 + line + legend.height, ...PLOT };
  const right =
    box.left +
    Math.max(box.width + margins.right, legend.width, ...[title, note].map((t) => textPixels(t, SIZE)));
  const bottom = box.top + box.height + margins.bottom + (note === "" ? 0 : line + gap);
  const page = blankPage(right + gap * 2, bottom + gap * 2);

  drawText(page, title, box.left, gap * 2, SIZE, INK);
  legend.draw(page, box.left, gap * 3 + line);
  drawAxes(page, box, axes, SIZE);
  series.forEach((one, k) => {
    drawSeries(page, box, axes, one, COLOURS[k], isDrawn);
  });
  if (drawn.length === 0) {
    const empty = "no values";
    const emptyLeft = box.left + Math.round((box.width - textPixels(empty, SIZE)) / 2);
    drawText(page, empty, emptyLeft, box.top + Math.round(box.height / 2), SIZE, FAINT_INK);
  }
  drawText(page, note, box.left, bottom - line, SIZE, FAINT_INK);
  return page;
}

function checkSeries(series: readonly Series[]): void {
  for (const { name, x, y } of series)
    if (x.length !== y.length)
      throw new PtychoError(
        "ShapeError",
        `drawCurves: series "${name}": expected as many y as x, got ${x.length} x and ${y.length} y`,
      );
  if (series.length > COLOURS.length)
    throw new PtychoError(
      "UsageError",
      `drawCurves: expected at most ${COLOURS.length} series, got ${series.length}; draw two pictures`,
    );
}

function spotsOf(x: ArrayLike<number>, y: ArrayLike<number>): Point[] {
  return Array.from(x, (value, i) => ({ x: value, y: y[i] })).filter(
    (spot) => Number.isFinite(spot.x) && Number.isFinite(spot.y),
  );
}

function spansDecade(values: readonly number[]): boolean {
  const [low, high] = extremes(values);
  return low > 0 && high > 10 * low;
}

/** From the first to the last value, or from 0 where that is near; ticks at whole numbers where all values are whole. */
function xAxis(label: string, spots: readonly Point[]): Axis {
  const values = spots.map(({ x }) => x);
  const whole = values.every(Number.isInteger);
  const [least, most] = spots.length === 0 ? [0, 1] : extremes(values);
  const start = least > 0 && least <= 0.1 * most ? 0 : least;
  const [low, high] = start < most ? [start, most] : whole ? [least - 1, least + 1] : widened(least, most);
  const pad = 0.015 * (high - low);
  const ticks = linearTicks(low, high, whole ? 1 : 0);
  return { label, low: low - pad, high: high + pad, log: false, ticks };
}

function yAxis(label: string, spots: readonly Point[], log: boolean): Axis {
  const [least, most] = spots.length === 0 ? [log ? 0.1 : 0, 1] : extremes(spots.map(({ y }) => y));
  if (log) {
    const factor = Math.max((most / least) ** 0.05, 1.05);
    const [low, high] = most > least * 1.001 ? [least / factor, most * factor] : [least / 3, most * 3];
    return { label, low, high, log, ticks: logTicks(low, high) };
  }
  const [from, to] = widened(least, most);
  const low = from > 0 && from < to / 2 ? 0 : from;
  const pad = 0.04 * (to - low);
  const start = low === 0 ? 0 : low - pad;
  return { label, low: start, high: to + pad, log, ticks: linearTicks(start, to + pad) };
}

function drawSeries(
  page: Picture,
  box: Box,
  axes: Axes,
  { x, y, dashed }: Series,
  colour: Colour,
  isDrawn: (spot: Point) => boolean,
): void {
  const spots = Array.from(x, (value, i) => ({ x: value, y: y[i] }));
  const places = spots.map((spot) => (isDrawn(spot) ? placeOf(box, axes, spot.x, spot.y) : undefined));
  let travelled = 0;
  places.forEach((place, i) => {
    const before = places[i - 1];
    const after = places[i + 1];
    if (place === undefined) return;
    if (before !== undefined && dashed) travelled = drawDashes(page, before, place, travelled, colour);
    if (before !== undefined && !dashed) drawLine(page, before, place, THICKNESS, colour);
    const alone = before === undefined && after === undefined;
    if (alone || (!dashed && places.length <= MOST_DOTS)) drawDot(page, place, 4, colour);
  });
}

/** A line in dashes of 10 with gaps of 8 pixels, that go on where the line before ended. Returns the way so far. */
function drawDashes(page: Picture, from: Point, to: Point, travelled: number, colour: Colour): number {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const at = (way: number) => ({
    x: from.x + ((to.x - from.x) * way) / length,
    y: from.y + ((to.y - from.y) * way) / length,
  });
  for (let start = -(travelled % 18); start < length; start += 18) {
    const begin = Math.max(0, start);
    const end = Math.min(length, start + 10);
    if (end > begin) drawLine(page, at(begin), at(end), THICKNESS - 1, colour);
  }
  return travelled + length;
}

function legendEntry({ name, dashed }: Series, k: number): LegendEntry {
  return {
    name,
    drawSample: (page, x, y) => {
      const end = { x: x + SAMPLE_WIDTH * SIZE, y };
      if (dashed) drawDashes(page, { x, y }, end, 0, COLOURS[k]);
      else drawLine(page, { x, y }, end, THICKNESS, COLOURS[k]);
    },
  };
}

function extremes(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
