// Drawn real images [side, side]: layers of shapes, letters, and the Siemens star.
import { check } from "../core/errors.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import type { Pcg64Random } from "../numeric/random-pcg64.js";
import { perlinField } from "./noise-fields.js";
import { toUnitRange } from "./original-images.js";

/** Share of the texture in a layered image. */
const TEXTURE = 0.35;

/**
 * Layers, one on the other, of ellipses, disks, soft blobs and thin lines at random places, each layer of one height
 * (0.5 to 0.9), with a third of Perlin noise; 0 .. 1.
 */
export function layeredShapes(sidePx: number, random: Pcg64Random): Float64Array {
  const share = (sidePx / 256) ** 2;
  const layers = [
    { count: 130, least: 2, most: 12, flattest: 0.4, blurPx: 0.7 },
    { count: 40, least: 4, most: 16, flattest: 1, blurPx: 0.7 },
    { count: 10, least: 8, most: 30, flattest: 1, blurPx: 8 },
    { count: 60, least: 20, most: 80, flattest: 0.02, blurPx: 0.7 },
  ];
  const image = new Float64Array(sidePx * sidePx);
  for (const { count, least, most, flattest, blurPx } of layers) {
    const mask = new Float64Array(sidePx * sidePx);
    for (let k = 0; k < Math.max(1, Math.round(count * share)); k++) {
      const [x, y] = random.uniform(0, sidePx, 2);
      const [radius, flatness] = [random.uniform(least, most, 1)[0], random.uniform(flattest, 1, 1)[0]];
      const narrow = flattest < 0.1 ? 0.8 : radius * flatness;
      fillEllipse(mask, sidePx, { x, y, radius, narrow, angle: Math.PI * random.random() });
    }
    const height = random.uniform(0.5, 0.9, 1)[0];
    gaussianBlur(mask, sidePx, sidePx, blurPx).forEach((value, i) => {
      image[i] += height * value;
    });
  }
  const shapes = toUnitRange(image);
  const texture = perlinField(sidePx, random);
  return shapes.map((value, i) => (1 - TEXTURE) * value + TEXTURE * texture[i]);
}

interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly narrow: number;
  readonly angle: number;
}

function fillEllipse(mask: Float64Array, side: number, { x, y, radius, narrow, angle }: Ellipse): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(side, y + radius); row++)
    for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(side, x + radius); column++) {
      const [along, across] = [(column - x) * cos + (row - y) * sin, (row - y) * cos - (column - x) * sin];
      if ((along / radius) ** 2 + (across / narrow) ** 2 <= 1) mask[row * side + column] = 1;
    }
}

/** Letters V of 3 to 27 px, a thousand on 256 x 256 px, added up, then B(1) + 2 B(5) + 5 B(10), largest value 1. */
export function letterImage(sidePx: number, random: Pcg64Random): Float64Array {
  check(
    sidePx >= 32,
    "UsageError",
    () => `letters object: the side must be 32 pixels or more to hold letters, got ${sidePx}`,
  );
  const canvas = new Float64Array(sidePx * sidePx);
  const letters = Math.max(8, Math.round(1000 * (sidePx / 256) ** 2));
  for (let k = 0; k < letters; k++) {
    const size = Math.round(60 * (0.05 + 0.4 * random.random()));
    const [left, top] = random.integers(0, sidePx - size, 2);
    for (let i = 0; i < size * size; i++) {
      const [row, column] = [Math.floor(i / size), i % size];
      // Two strokes that meet at the bottom, each a quarter of the letter wide.
      const arm = ((size - 1) / 2) * (1 - row / size);
      if (Math.abs(Math.abs(column - (size - 1) / 2) - arm) <= size / 8)
        canvas[(top + row) * sidePx + left + column]++;
    }
  }
  const [fine, middle, coarse] = [1, 5, 10].map((sigma) => gaussianBlur(canvas, sidePx, sidePx, sigma));
  const sum = fine.map((value, i) => value + 2 * middle[i] + 5 * coarse[i]);
  const most = sum.reduce((a, b) => Math.max(a, b));
  return sum.map((value) => value / most);
}

/**
 * A star of `spokes` bright sectors and as many dark ones, 0 .. 1, from 0.45 of the side down to where a sector is one
 * pixel wide; each pixel is the mean of 4 x 4 samples.
 */
export function siemensStar(sidePx: number, spokes: number): Float64Array {
  check(
    Number.isInteger(spokes) && spokes >= 2 && spokes <= sidePx,
    "UsageError",
    () => `Siemens star: expected a whole number of 2 to ${sidePx} spokes, got ${spokes}`,
  );
  const outer = 0.45 * sidePx;
  const inner = spokes / Math.PI;
  const centre = sidePx / 2;
  const isBright = (x: number, y: number) => {
    const radius = Math.hypot(x, y);
    return radius <= outer && radius >= inner && Math.sin(spokes * Math.atan2(y, x)) > 0;
  };
  const offsets = [0.125, 0.375, 0.625, 0.875];
  return Float64Array.from({ length: sidePx * sidePx }, (_, i) => {
    const [x, y] = [(i % sidePx) - centre, Math.floor(i / sidePx) - centre];
    let bright = 0;
    for (const dy of offsets) for (const dx of offsets) if (isBright(x + dx, y + dy)) bright++;
    return bright / 16;
  });
}
