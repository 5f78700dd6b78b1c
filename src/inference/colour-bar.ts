// The bar of colours beside an image, with numbers: highest value on top.
import { FONT_HEIGHT } from "./bitmap-font.js";
import {
  type Colour,
  drawFrame,
  drawText,
  FAINT_INK,
  fillBox,
  INK,
  type Picture,
  textPixels,
} from "./page.js";
import type { Tick } from "./picture-scale.js";

export interface ColourBar {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
  /** Written above the bar. */
  readonly unit: string;
  colourOf(value: number): Colour;
}

/** Width of the bar and its numbers, in picture pixels. */
export function colourBarWidth({ ticks, unit }: ColourBar, size: number): number {
  const labels = Math.max(0, ...ticks.map((tick) => textPixels(tick.label, size)));
  return Math.max(16 * size + labels, textPixels(unit, size));
}

/** Draws the bar at `top`, its unit in the line of text above that. */
export function drawColourBar(
  page: Picture,
  { low, high, ticks, unit, colourOf }: ColourBar,
  { left, top, height, size }: { left: number; top: number; height: number; size: number },
): void {
  const width = 10 * size;
  for (let row = 0; row < height; row++)
    fillBox(page, left, top + row, width, 1, colourOf(high - ((high - low) * (row + 0.5)) / height));
  drawFrame(page, left, top, width, height);
  drawText(page, unit, left, top - (FONT_HEIGHT + 6) * size, size, FAINT_INK);
  for (const tick of ticks) {
    const y = top + Math.round(((high - tick.value) / (high - low)) * (height - 1));
    fillBox(page, left + width, y, 2 * size, Math.max(1, size - 1), INK);
    drawText(page, tick.label, left + width + 4 * size, Math.round(y - 3.5 * size), size, INK);
  }
}
