// A page of RGB pixels and what is drawn on it: boxes, lines, dots, text. The pictures are made of these alone.
import { FONT_ADVANCE, FONT_HEIGHT, glyphColumns, textWidth } from "./bitmap-font.js";

/** An RGB picture, row-major, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb8: Uint8Array;
}

export type Colour = readonly [number, number, number];

/** A rectangle of picture pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A place on the page; whole numbers are the centres of pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export const PAPER: Colour = [255, 255, 255];
export const INK: Colour = [34, 34, 34];
export const FAINT_INK: Colour = [110, 110, 110];

/** An empty page, its sides rounded up. */
export function blankPage(width: number, height: number): Picture {
  const page = { width: Math.ceil(width), height: Math.ceil(height) };
  return { ...page, rgb8: new Uint8Array(page.width * page.height * 3).fill(PAPER[0]) };
}

/** Nothing outside the page. */
export function setPixel(page: Picture, x: number, y: number, colour: Colour): void {
  if (x < 0 || y < 0 || x >= page.width || y >= page.height) return;
  const start = (y * page.width + x) * 3;
  page.rgb8[start] = colour[0];
  page.rgb8[start + 1] = colour[1];
  page.rgb8[start + 2] = colour[2];
}

export function fillBox(
  page: Picture,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) setPixel(page, x, y, colour);
}

/** A line of one pixel around the box, outside it. */
export function drawFrame(page: Picture, left: number, top: number, width: number, height: number): void {
  fillBox(page, left - 1, top - 1, width + 2, 1, INK);
  fillBox(page, left - 1, top + height, width + 2, 1, INK);
  fillBox(page, left - 1, top - 1, 1, height + 2, INK);
  fillBox(page, left + width, top - 1, 1, height + 2, INK);
}

/** A line with round ends, smoothed; pixels within `thickness / 2 - 1/2` of it have exactly `colour`. */
export function drawLine(page: Picture, from: Point, to: Point, thickness: number, colour: Colour): void {
  const reach = thickness / 2 + 1;
  const alongX = to.x - from.x;
  const alongY = to.y - from.y;
  const lengthSquared = alongX * alongX + alongY * alongY;
  for (let y = Math.floor(Math.min(from.y, to.y) - reach); y <= Math.max(from.y, to.y) + reach; y++)
    for (let x = Math.floor(Math.min(from.x, to.x) - reach); x <= Math.max(from.x, to.x) + reach; x++) {
      const dx = x - from.x;
      const dy = y - from.y;
      const place = lengthSquared === 0 ? 0 : (dx * alongX + dy * alongY) / lengthSquared;
      const nearest = Math.max(0, Math.min(1, place));
      const distance = Math.hypot(dx - nearest * alongX, dy - nearest * alongY);
      blendPixel(page, x, y, colour, thickness / 2 + 0.5 - distance);
    }
}

/** A filled disk with a smooth rim. */
export function drawDot(page: Picture, centre: Point, radius: number, colour: Colour): void {
  drawLine(page, centre, centre, 2 * radius, colour);
}

/** `size` picture pixels per font pixel; `left` and `top` are those of the line of text. */
export function drawText(
  page: Picture,
  text: string,
  left: number,
  top: number,
  size: number,
  colour: Colour,
): void {
  forEachInk(text, (column, row) =>
    fillBox(page, left + column * size, top + row * size, size, size, colour),
  );
}

/** Text that runs upwards; it takes FONT_HEIGHT * size pixels to the right of `left`, and ends above `bottom`. */
export function drawTextUpwards(
  page: Picture,
  text: string,
  left: number,
  bottom: number,
  size: number,
  colour: Colour,
): void {
  forEachInk(text, (column, row) =>
    fillBox(page, left + row * size, bottom - (column + 1) * size, size, size, colour),
  );
}

/** The width of a text in picture pixels. */
export function textPixels(text: string, size: number): number {
  return textWidth(text) * size;
}

/** `share` of the colour, from 0 to 1, over what is there. */
function blendPixel(page: Picture, x: number, y: number, colour: Colour, share: number): void {
  if (share <= 0 || x < 0 || y < 0 || x >= page.width || y >= page.height) return;
  const part = Math.min(1, share);
  const start = (y * page.width + x) * 3;
  for (let channel = 0; channel < 3; channel++) {
    const below = page.rgb8[start + channel];
    page.rgb8[start + channel] = Math.round(below + (colour[channel] - below) * part);
  }
}

function forEachInk(text: string, visit: (column: number, row: number) => void): void {
  [...text].forEach((character, place) => {
    glyphColumns(character).forEach((bits, column) => {
      for (let row = 0; row < FONT_HEIGHT; row++)
        if ((bits >> row) & 1) visit(place * FONT_ADVANCE + column, row);
    });
  });
}
