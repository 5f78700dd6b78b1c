// One image on a page: title above, legend at the right, scale bar and size below, hatching where there are no data.
import { FONT_ADVANCE, FONT_HEIGHT } from "./bitmap-font.js";
import {
  type Box,
  blankPage,
  type Colour,
  drawFrame,
  drawText,
  FAINT_INK,
  fillBox,
  INK,
  type Picture,
  setPixel,
  textPixels,
} from "./page.js";
import { formatLength, niceBelow } from "./picture-scale.js";

/** An image by its elements, row-major. */
export interface PaintedImage {
  readonly rows: number;
  readonly columns: number;
  /** False where there are no data. */
  isDrawn(index: number): boolean;
  /** Asked only where `isDrawn`. */
  colourAt(index: number): Colour;
}

/** What stands at the right of the image, `place.height` pixels high or less. */
export interface Legend {
  widthPx(size: number): number;
  leastHeightPx(size: number): number;
  draw(page: Picture, place: { left: number; top: number; height: number; size: number }): void;
}

export interface ImagePageOptions {
  readonly title: string;
  readonly image: PaintedImage;
  readonly legend: Legend;
  /** Size of an image pixel; the scale bar is in pixels when absent. */
  readonly pixelSizeM: number | undefined;
}

const NO_DATA: readonly Colour[] = [
  [205, 205, 205],
  [192, 192, 192],
];
/** Small images are enlarged by a whole factor to at least this many picture pixels along the longer side. */
const LEAST_SIDE = 400;

/** The page of one image: row 0 on top, column 0 at the left. */
export function drawImagePage(options: ImagePageOptions): Picture {
  const { title, image, legend } = options;
  const { rows, columns } = image;
  const enlarge = Math.ceil(LEAST_SIDE / Math.max(rows, columns));
  const width = columns * enlarge;
  const height = rows * enlarge;
  const size = Math.min(4, Math.max(2, Math.round(Math.max(width, height) / 450)));
  const line = FONT_HEIGHT * size;
  const gap = 6 * size;
  const left = gap * 2;
  const top = gap * 2 + line + gap;
  const legendLeft = left + width + gap * 2;
  const legendHeight = Math.max(height, legend.leastHeightPx(size));
  const scale = scaleBar(columns, enlarge, options.pixelSizeM);
  const sizeLabel = `${columns} × ${rows} px`;
  const content = Math.max(
    legendLeft + legend.widthPx(size),
    left + textPixels(title, size),
    left + scale.width + gap + textPixels(`${scale.label}   ${sizeLabel}`, size),
  );
  const anyMissing = hasMissing(image);
  const below = gap * 2 + line * 2 + (anyMissing ? line + gap : 0);
  const page = blankPage(content + gap * 2, top + Math.max(height + below, legendHeight + gap * 2));

  paintImage(page, { left, top, width, height }, image, size);
  drawText(page, title, left, gap * 2, size, INK);
  legend.draw(page, { left: legendLeft, top, height: legendHeight, size });
  const footer = top + height + gap * 1.5;
  const labelEnd = drawScaleBar(page, scale, left, footer, size);
  const sizeLeft = Math.max(labelEnd + 3 * FONT_ADVANCE * size, left + width - textPixels(sizeLabel, size));
  drawText(page, sizeLabel, sizeLeft, footer, size, FAINT_INK);
  if (anyMissing) drawNoDataNote(page, left, footer + line + gap, size);
  return page;
}

/** Paints the image into the box, each element a whole number of pixels wide, with a frame. */
export function paintImage(
  page: Picture,
  { left, top, width, height }: Box,
  image: PaintedImage,
  size: number,
): void {
  const { rows, columns } = image;
  const enlarge = width / columns;
  for (let imageRow = 0; imageRow < rows; imageRow++)
    for (let imageColumn = 0; imageColumn < columns; imageColumn++) {
      const i = imageRow * columns + imageColumn;
      const colour = image.isDrawn(i) ? image.colourAt(i) : undefined;
      for (let y = imageRow * enlarge; y < (imageRow + 1) * enlarge; y++)
        for (let x = imageColumn * enlarge; x < (imageColumn + 1) * enlarge; x++)
          setPixel(page, left + x, top + y, colour ?? hatch(x, y, size));
    }
  drawFrame(page, left, top, width, height);
}

/** Whether some element of the image has no data. */
export function hasMissing({ rows, columns, isDrawn }: PaintedImage): boolean {
  for (let i = 0; i < rows * columns; i++) if (!isDrawn(i)) return true;
  return false;
}

/** A swatch of the hatching with its name. */
export function drawNoDataNote(page: Picture, left: number, top: number, size: number): void {
  for (let y = 0; y < 7 * size; y++)
    for (let x = 0; x < 14 * size; x++) setPixel(page, left + x, top + y, hatch(x, y, size));
  drawText(page, "no data", left + 20 * size, top, size, FAINT_INK);
}

export interface ScaleBar {
  /** In picture pixels. */
  readonly width: number;
  readonly label: string;
}

/** A bar of a round length, at most a quarter of the image. */
export function scaleBar(columns: number, enlarge: number, pixelSizeM: number | undefined): ScaleBar {
  const unit = pixelSizeM ?? 1;
  const length = niceBelow((columns / 4) * unit, pixelSizeM === undefined ? 1 : 0);
  const label = pixelSizeM === undefined ? `${length} px` : formatLength(length);
  return { width: Math.round((length / unit) * enlarge), label };
}

/** The bar and, right of it, its length. Returns the right end of the label. */
export function drawScaleBar(
  page: Picture,
  { width, label }: ScaleBar,
  left: number,
  top: number,
  size: number,
): number {
  const labelLeft = left + width + 6 * size;
  fillBox(page, left, top + 2 * size, width, 3 * size, INK);
  drawText(page, label, labelLeft, top, size, INK);
  return labelLeft + textPixels(label, size);
}

function hatch(x: number, y: number, size: number): Colour {
  return NO_DATA[Math.floor((x + y) / (3 * size)) % 2];
}
