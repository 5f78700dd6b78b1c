// The legend above a plot: samples with their names, in as many rows as they need.
import { FONT_HEIGHT } from "./bitmap-font.js";
import { drawText, INK, type Picture, textPixels } from "./page.js";

export interface LegendEntry {
  readonly name: string;
  /** Draws what the name stands for, SAMPLE_WIDTH * size pixels wide, around the row `middle`. */
  drawSample(page: Picture, left: number, middle: number): void;
}

export interface LegendLayout {
  /** In picture pixels, the gap below included. */
  readonly width: number;
  readonly height: number;
  draw(page: Picture, left: number, top: number): void;
}

/** Width of a sample in font pixels. */
export const SAMPLE_WIDTH = 22;
const NAME_GAP = 6;
const ENTRY_GAP = 16;
const ROW_GAP = 6;

/** Lays the entries out from left to right, with a new row where one would end beyond `mostWidth`. */
export function layOutLegend(entries: readonly LegendEntry[], mostWidth: number, size: number): LegendLayout {
  const rowHeight = (FONT_HEIGHT + ROW_GAP) * size;
  let offset = 0;
  let row = 0;
  let width = 0;
  const places = entries.map((entry) => {
    const entryWidth = (SAMPLE_WIDTH + NAME_GAP) * size + textPixels(entry.name, size);
    if (offset > 0 && offset + entryWidth > mostWidth) {
      row++;
      offset = 0;
    }
    const place = { entry, offset, below: row * rowHeight };
    width = Math.max(width, offset + entryWidth);
    offset += entryWidth + ENTRY_GAP * size;
    return place;
  });
  return {
    width,
    height: entries.length === 0 ? 0 : (row + 1) * rowHeight,
    draw: (page, left, top) => {
      for (const { entry, offset, below } of places) {
        entry.drawSample(page, left + offset, top + below + 3 * size);
        const nameLeft = left + offset + (SAMPLE_WIDTH + NAME_GAP) * size;
        drawText(page, entry.name, nameLeft, top + below, size, INK);
      }
    },
  };
}
