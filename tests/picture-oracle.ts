// What stands on a picture, read back from its pixels: colours, and texts in the bitmap font.
import { FONT_HEIGHT, glyphColumns } from "../src/inference/bitmap-font.js";
import { type Colour, FAINT_INK, INK, type Picture } from "../src/inference/page.js";

export interface FoundText {
  readonly left: number;
  readonly top: number;
}

export function pixelAt(picture: Picture, x: number, y: number): number[] {
  return [...picture.rgb8.subarray((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3)];
}

/** Pixels of exactly this colour, in the whole picture or a box of it. */
export function countColour(
  picture: Picture,
  colour: readonly number[],
  box = { left: 0, top: 0, width: picture.width, height: picture.height },
): number {
  let count = 0;
  for (let y = box.top; y < box.top + box.height; y++)
    for (let x = box.left; x < box.left + box.width; x++) if (isColour(picture, x, y, colour)) count++;
  return count;
}

/** The smallest box that holds all pixels of exactly this colour; its right is -1 when there are none. */
export function extentOf(picture: Picture, colour: readonly number[]) {
  const box = { left: picture.width, top: picture.height, right: -1, bottom: -1 };
  for (let y = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++) {
      if (!isColour(picture, x, y, colour)) continue;
      box.left = Math.min(box.left, x);
      box.top = Math.min(box.top, y);
      box.right = Math.max(box.right, x);
      box.bottom = Math.max(box.bottom, y);
    }
  return box;
}

/**
 * Every place where `text` stands in ink or faint ink: the inked pixels of its glyphs in that colour and no others,
 * also in the columns just before and after (the end and the start of a longer text).
 */
export function findText(picture: Picture, text: string, size = 2): FoundText[] {
  const columns = [...text].flatMap((character) => [...glyphColumns(character), 0]);
  const margin = 3 * size;
  const stride = picture.width + 2 * margin;
  const offsets: { readonly inked: number[]; readonly blank: number[] } = { inked: [], blank: [] };
  for (let column = -2; column <= columns.length; column++)
    for (let y = 0; y < (FONT_HEIGHT - 1) * size; y++)
      for (let x = column * size; x < (column + 1) * size; x++) {
        const isInked = ((columns[column] ?? 0) >> Math.floor(y / size)) & 1;
        offsets[isInked ? "inked" : "blank"].push(y * stride + x);
      }
  const right = (columns.length - 1) * size;
  const first = offsets.inked[0];
  const found: FoundText[] = [];
  for (const colour of [INK, FAINT_INK]) {
    const mask = maskOf(picture, colour, margin);
    const standsAt = (start: number) =>
      offsets.inked.every((offset) => mask[start + offset] === 1) &&
      offsets.blank.every((offset) => mask[start + offset] === 0);
    for (let top = 0; top + (FONT_HEIGHT - 1) * size <= picture.height; top++)
      for (let left = 0; left + right <= picture.width; left++)
        if (mask[top * stride + margin + left + first] === 1 && standsAt(top * stride + margin + left))
          found.push({ left, top });
  }
  return found;
}

/** 1 where the picture has exactly this colour, with a margin of 0 left and right. */
function maskOf({ rgb8, width, height }: Picture, [red, green, blue]: Colour, margin: number): Uint8Array {
  const mask = new Uint8Array((width + 2 * margin) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = 3 * (y * width + x);
      if (rgb8[i] === red && rgb8[i + 1] === green && rgb8[i + 2] === blue)
        mask[y * (width + 2 * margin) + margin + x] = 1;
    }
  return mask;
}

function isColour({ rgb8, width }: Picture, x: number, y: number, colour: readonly number[]): boolean {
  const i = (y * width + x) * 3;
  return rgb8[i] === colour[0] && rgb8[i + 1] === colour[1] && rgb8[i + 2] === colour[2];
}
