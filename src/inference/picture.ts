// Draws a real image [H, W] as an RGB picture: colours, colour bar with numbers, scale bar, title.
import { PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { FONT_ADVANCE, FONT_HEIGHT, glyphColumns, textWidth } from "./bitmap-font.js";
import { type ColourMap, colourTable } from "./colour-map.js";
import { formatLength, linearTicks, niceBelow, PHASE_TICKS, percentileRange } from "./picture-scale.js";

/** An RGB picture, row-major, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb8: Uint8Array;
}

export interface PictureOptions {
  readonly title: string;
  /** "gray" or "viridis" for any quantity; "phase" is cyclic, in radians, from -pi to pi. */
  readonly map: ColourMap;
  /** Unit above the colour bar, such as "rad" or "a.u.". Default: "rad" for the phase map, else none. */
  readonly unit?: string;
  /** Values at the ends of the map. Default: the 0.5 and 99.5 percentiles of the covered pixels. Not for "phase". */
  readonly range?: readonly [number, number];
  /** Weight [H, W]; pixels at 0 are drawn as hatched grey, like values that are not finite. */
  readonly coverage?: NdArray<"float32">;
  /** Size of an image pixel; the scale bar is in pixels when absent. */
  readonly pixelSizeM?: number;
}

type Colour = readonly [number, number, number];
const PAPER: Colour = [255, 255, 255];
const INK: Colour = [34, 34, 34];
const FAINT_INK: Colour = [110, 110, 110];
const NO_DATA: readonly Colour[] = [
  [205, 205, 205],
  [192, 192, 192],
];
/** Small images are enlarged by a whole factor to at least this many picture pixels along the longer side. */
const LEAST_SIDE = 400;

/**
 * The picture of `values` [H, W]: row 0 on top, column 0 at the left.
 *
 * @throws PtychoError ShapeError for a coverage of another shape, UsageError for a range that is none.
 */
export function drawPicture(
  values: NdArray<"float32"> | NdArray<"float64">,
  options: PictureOptions,
): Picture {
  const { H, W } = expectShape("drawPicture", values.shape, "H W");
  if (options.coverage !== undefined)
    expectShape("drawPicture: coverage", options.coverage.shape, "H W", { H, W });
  const coverage = options.coverage?.data;
  const isDrawn = (i: number) =>
    Number.isFinite(values.data[i]) && (coverage === undefined || coverage[i] > 0);
  const [low, high] = chooseRange(values, options, isDrawn);
  const enlarge = Math.ceil(LEAST_SIDE / Math.max(H, W));
  const imageWidth = W * enlarge;
  const imageHeight = H * enlarge;
  const size = Math.min(4, Math.max(2, Math.round(Math.max(imageWidth, imageHeight) / 450)));
  const line = FONT_HEIGHT * size;
  const gap = 6 * size;
  const barWidth = 10 * size;
  const ticks = options.map === "phase" ? PHASE_TICKS : linearTicks(low, high);
  const labelWidth = Math.max(...ticks.map((tick) => textWidth(tick.label))) * size;
  const left = gap * 2;
  const top = gap * 2 + line + gap;
  const barX = left + imageWidth + gap * 2;
  const scale = scaleBar(imageWidth, enlarge, options.pixelSizeM);
  const sizeLabel = `${W} × ${H} px`;
  const unit = options.unit ?? (options.map === "phase" ? "rad" : "");
  const content = Math.max(
    barX + barWidth + gap + Math.max(labelWidth, textWidth(unit) * size - gap - barWidth),
    left + textWidth(options.title) * size,
    left + scale.width + gap + textWidth(`${scale.label}   ${sizeLabel}`) * size,
  );
  const anyMissing = values.data.some((_, i) => !isDrawn(i));
  const page = blankPage(
    content + gap * 2,
    top + imageHeight + gap * 2 + line * 2 + (anyMissing ? line + gap : 0),
  );

  const table = colourTable(options.map);
  const colourAt = (value: number): Colour => {
    const place = Math.max(0, Math.min(1, (value - low) / (high - low)));
    const entry = Math.round(place * 255) * 3;
    return [table[entry], table[entry + 1], table[entry + 2]];
  };
  for (let row = 0; row < imageHeight; row++) {
    for (let column = 0; column < imageWidth; column++) {
      const i = Math.floor(row / enlarge) * W + Math.floor(column / enlarge);
      const hatch = NO_DATA[Math.floor((row + column) / (3 * size)) % 2];
      setPixel(page, left + column, top + row, isDrawn(i) ? colourAt(values.data[i]) : hatch);
    }
  }
  drawFrame(page, left, top, imageWidth, imageHeight);
  drawText(page, options.title, left, gap * 2, size, INK);

  for (let row = 0; row < imageHeight; row++) {
    const colour = colourAt(high - ((high - low) * (row + 0.5)) / imageHeight);
    fillBox(page, barX, top + row, barWidth, 1, colour);
  }
  drawFrame(page, barX, top, barWidth, imageHeight);
  drawText(page, unit, barX, gap * 2, size, FAINT_INK);
  for (const tick of ticks) {
    const y = top + Math.round(((high - tick.value) / (high - low)) * (imageHeight - 1));
    fillBox(page, barX + barWidth, y, 2 * size, Math.max(1, size - 1), INK);
    const labelTop = Math.round(y - 3.5 * size);
    drawText(page, tick.label, barX + barWidth + 4 * size, labelTop, size, INK);
  }

  const footer = top + imageHeight + gap * 1.5;
  fillBox(page, left, footer + 2 * size, scale.width, 3 * size, INK);
  drawText(page, scale.label, left + scale.width + gap, footer, size, INK);
  const sizeLeft = Math.max(
    left + scale.width + gap + textWidth(`${scale.label}   `) * size,
    left + imageWidth - textWidth(sizeLabel) * size,
  );
  drawText(page, sizeLabel, sizeLeft, footer, size, FAINT_INK);
  if (anyMissing) {
    const noteTop = footer + line + gap;
    for (let row = 0; row < 7 * size; row++)
      for (let column = 0; column < 14 * size; column++)
        setPixel(page, left + column, noteTop + row, NO_DATA[Math.floor((row + column) / (3 * size)) % 2]);
    drawText(page, "no data", left + 14 * size + gap, noteTop, size, FAINT_INK);
  }
  return page;
}

/** Pictures side by side, aligned at the top. */
export function joinPictures(pictures: readonly Picture[]): Picture {
  const height = Math.max(0, ...pictures.map((picture) => picture.height));
  const page = blankPage(
    pictures.reduce((sum, picture) => sum + picture.width, 0),
    height,
  );
  let left = 0;
  for (const picture of pictures) {
    for (let row = 0; row < picture.height; row++) {
      const line = picture.rgb8.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
      page.rgb8.set(line, (row * page.width + left) * 3);
    }
    left += picture.width;
  }
  return page;
}

function chooseRange(
  values: NdArray<"float32"> | NdArray<"float64">,
  options: PictureOptions,
  isDrawn: (index: number) => boolean,
): readonly [number, number] {
  if (options.map === "phase") {
    if (options.range === undefined) return [-Math.PI, Math.PI];
    throw new PtychoError(
      "UsageError",
      "drawPicture: the cyclic phase map always runs from -pi to pi; leave the range out or choose viridis",
    );
  }
  if (options.range === undefined) return percentileRange(values.data, isDrawn);
  const [low, high] = options.range;
  if (Number.isFinite(low) && Number.isFinite(high) && low < high) return options.range;
  throw new PtychoError("UsageError", `drawPicture: expected a range low < high, got [${low}, ${high}]`);
}

/** A bar of a round length, about a fifth of the image, in picture pixels. */
function scaleBar(imageWidth: number, enlarge: number, pixelSizeM: number | undefined) {
  const unit = pixelSizeM ?? 1;
  const length = niceBelow((imageWidth / enlarge / 4) * unit, pixelSizeM === undefined ? 1 : 0);
  const label = pixelSizeM === undefined ? `${length} px` : formatLength(length);
  return { width: Math.round((length / unit) * enlarge), label };
}

function blankPage(width: number, height: number): Picture {
  const page = { width: Math.ceil(width), height: Math.ceil(height) };
  return { ...page, rgb8: new Uint8Array(page.width * page.height * 3).fill(PAPER[0]) };
}

function setPixel(page: Picture, x: number, y: number, colour: Colour): void {
  if (x < 0 || y < 0 || x >= page.width || y >= page.height) return;
  page.rgb8.set(colour, (y * page.width + x) * 3);
}

function fillBox(
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

function drawFrame(page: Picture, left: number, top: number, width: number, height: number): void {
  fillBox(page, left - 1, top - 1, width + 2, 1, INK);
  fillBox(page, left - 1, top + height, width + 2, 1, INK);
  fillBox(page, left - 1, top - 1, 1, height + 2, INK);
  fillBox(page, left + width, top - 1, 1, height + 2, INK);
}

/** `size` picture pixels per font pixel. */
function drawText(
  page: Picture,
  text: string,
  left: number,
  top: number,
  size: number,
  colour: Colour,
): void {
  let x = left;
  for (const character of text) {
    glyphColumns(character).forEach((bits, column) => {
      for (let row = 0; row < FONT_HEIGHT; row++)
        if ((bits >> row) & 1) fillBox(page, x + column * size, top + row * size, size, size, colour);
    });
    x += FONT_ADVANCE * size;
  }
}
