// The legend of complex colours: a disk, phase anticlockwise from the right, amplitude from its centre to its rim.
import { FONT_HEIGHT } from "./bitmap-font.js";
import { complexColours } from "./complex-colour.js";
import { drawText, FAINT_INK, INK, type Picture, setPixel, textPixels } from "./page.js";

/** Radius of the disk in font pixels. */
const RADIUS = 22;
/** Room for the labels left and right of the disk, in font pixels. */
const SIDE = 10;

/** Width and height of the wheel with its labels, in picture pixels. */
export function wheelWidth(size: number): number {
  return 2 * (RADIUS + SIDE) * size;
}

export function wheelHeight(size: number): number {
  return 2 * (RADIUS + FONT_HEIGHT + 2) * size;
}

/** Draws the wheel with its labels below `top`, the word "phase" in the line of text above that. */
export function drawColourWheel(page: Picture, left: number, top: number, size: number): void {
  const radius = RADIUS * size;
  const colourOf = complexColours();
  const centreX = left + wheelWidth(size) / 2;
  const centreY = top + wheelHeight(size) / 2;
  for (let y = -radius - 1; y <= radius + 1; y++)
    for (let x = -radius - 1; x <= radius + 1; x++) {
      const distance = Math.hypot(x, y);
      if (distance <= radius) setPixel(page, centreX + x, centreY + y, colourOf(x, -y, radius));
      else if (distance <= radius + 1) setPixel(page, centreX + x, centreY + y, INK);
    }
  drawText(page, "phase", left, top - (FONT_HEIGHT + 6) * size, size, FAINT_INK);
  const centred = (text: string, y: number) =>
    drawText(page, text, Math.round(centreX - textPixels(text, size) / 2), y, size, INK);
  centred("π/2", top);
  centred("-π/2", centreY + radius + 3 * size);
  const beside = Math.round(centreY - 3.5 * size);
  drawText(page, "0", centreX + radius + 4 * size, beside, size, INK);
  drawText(page, "π", centreX - radius - 4 * size - textPixels("π", size), beside, size, INK);
}
