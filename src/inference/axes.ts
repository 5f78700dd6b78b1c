// Two axes around a plot: frame, grid, ticks with numbers, names; and where a value lies between them.
import { FONT_HEIGHT } from "./bitmap-font.js";
import {
  type Box,
  type Colour,
  drawFrame,
  drawText,
  drawTextUpwards,
  fillBox,
  INK,
  type Picture,
  textPixels,
} from "./page.js";
import type { Tick } from "./picture-scale.js";

export interface Axis {
  readonly label: string;
  /** Value at the left or bottom end; above `high` on an axis that runs the other way. */
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** A tick with an empty label is a short one, without a grid line. */
  readonly ticks: readonly Tick[];
}

export interface Axes {
  readonly x: Axis;
  readonly y: Axis;
}

const GRID: Colour = [226, 226, 226];

/** Room that ticks, numbers and names need around a plot, in picture pixels. */
export function axesMargins({ x, y }: Axes, size: number): { left: number; right: number; bottom: number } {
  const widest = (axis: Axis) => Math.max(0, ...axis.ticks.map((tick) => textPixels(tick.label, size)));
  return {
    left: (FONT_HEIGHT + 6) * size + widest(y) + 6 * size,
    right: Math.ceil(widest(x) / 2),
    bottom: (FONT_HEIGHT + 6) * size + (FONT_HEIGHT + 4) * size,
  };
}

/** Draws everything but what is plotted. */
export function drawAxes(page: Picture, box: Box, axes: Axes, size: number): void {
  const { left, top, width, height } = box;
  const bottom = top + height;
  const thin = Math.max(1, size - 1);
  for (const tick of axes.x.ticks)
    if (tick.label !== "") fillBox(page, columnOf(box, axes.x, tick.value), top, 1, height, GRID);
  for (const tick of axes.y.ticks)
    if (tick.label !== "") fillBox(page, left, rowOf(box, axes.y, tick.value), width, 1, GRID);
  drawFrame(page, left, top, width, height);
  for (const tick of axes.x.ticks) {
    const x = columnOf(box, axes.x, tick.value);
    fillBox(page, x, bottom, thin, (tick.label === "" ? 2 : 3) * size, INK);
    drawText(
      page,
      tick.label,
      Math.round(x - textPixels(tick.label, size) / 2),
      bottom + 5 * size,
      size,
      INK,
    );
  }
  for (const tick of axes.y.ticks) {
    const y = rowOf(box, axes.y, tick.value);
    const length = (tick.label === "" ? 2 : 3) * size;
    fillBox(page, left - length, y, length, thin, INK);
    const labelLeft = left - 5 * size - textPixels(tick.label, size);
    drawText(page, tick.label, labelLeft, Math.round(y - 3.5 * size), size, INK);
  }
  const xLabelLeft = left + (width - textPixels(axes.x.label, size)) / 2;
  drawText(page, axes.x.label, Math.round(xLabelLeft), bottom + (FONT_HEIGHT + 8) * size, size, INK);
  const yLabelBottom = Math.round(top + (height + textPixels(axes.y.label, size)) / 2);
  drawTextUpwards(page, axes.y.label, left - axesMargins(axes, size).left, yLabelBottom, size, INK);
}

/** Where (x, y) lies in the box. */
export function placeOf(box: Box, axes: Axes, x: number, y: number): { x: number; y: number } {
  return {
    x: box.left + fraction(axes.x, x) * (box.width - 1),
    y: box.top + (1 - fraction(axes.y, y)) * (box.height - 1),
  };
}

function columnOf(box: Box, axis: Axis, value: number): number {
  return box.left + Math.round(fraction(axis, value) * (box.width - 1));
}

function rowOf(box: Box, axis: Axis, value: number): number {
  return box.top + Math.round((1 - fraction(axis, value)) * (box.height - 1));
}

function fraction({ low, high, log }: Axis, value: number): number {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}
