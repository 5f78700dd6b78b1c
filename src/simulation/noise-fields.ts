// Random fields [side, side] with values 0 .. 1: noise without neighbours, and noise with features of several sizes.
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import type { Pcg64Random } from "../numeric/random-pcg64.js";
import { toUnitRange } from "./original-images.js";

/** Feature size of the first octave as a share of the side; each further octave has half the size and half the height. */
const FIRST_OCTAVE = 1 / 4;
const OCTAVES = 6;
const TABLE = 256;

/** Independent uniform values, blurred by `sigmaPx` (0: as drawn) and stretched to 0 .. 1. */
export function whiteField(sidePx: number, sigmaPx: number, random: Pcg64Random): Float64Array {
  return toUnitRange(gaussianBlur(random.randoms(sidePx * sidePx), sidePx, sidePx, sigmaPx));
}

/** Gradient noise on a square lattice with the quintic fade (Perlin 2002). */
export function perlinField(sidePx: number, random: Pcg64Random): Float64Array {
  const gradientDot = latticeGradients(random);
  const fade = (t: number) => t * t * t * (t * (6 * t - 15) + 10);
  return octaves(sidePx, (x, y) => {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - column, y - row];
    const corner = (i: number, j: number) => gradientDot(column + i, row + j, fx - i, fy - j);
    const mix = (a: number, b: number, share: number) => a + share * (b - a);
    const top = mix(corner(0, 0), corner(1, 0), fade(fx));
    return mix(top, mix(corner(0, 1), corner(1, 1), fade(fx)), fade(fy));
  });
}

/** Gradient noise on a lattice of triangles (Perlin 2001; Gustavson 2005): no preferred axes. */
export function simplexField(sidePx: number, random: Pcg64Random): Float64Array {
  const gradientDot = latticeGradients(random);
  const skew = (Math.sqrt(3) - 1) / 2;
  const unskew = (3 - Math.sqrt(3)) / 6;
  return octaves(sidePx, (x, y) => {
    const [column, row] = [Math.floor(x + (x + y) * skew), Math.floor(y + (x + y) * skew)];
    const back = (column + row) * unskew;
    const [x0, y0] = [x - (column - back), y - (row - back)];
    const second = x0 > y0 ? [1, 0] : [0, 1];
    let sum = 0;
    for (const [i, j] of [[0, 0], second, [1, 1]]) {
      const [dx, dy] = [x0 - i + (i + j) * unskew, y0 - j + (i + j) * unskew];
      const reach = 0.5 - dx * dx - dy * dy;
      if (reach > 0) sum += reach ** 4 * gradientDot(column + i, row + j, dx, dy);
    }
    return sum;
  });
}

/** Scalar product of (dx, dy) with the unit gradient of lattice point (column, row). */
function latticeGradients(random: Pcg64Random) {
  const table = random.permutation(TABLE);
  const angles = random.uniform(0, 2 * Math.PI, TABLE);
  const wrap = (value: number) => ((value % TABLE) + TABLE) % TABLE;
  return (column: number, row: number, dx: number, dy: number): number => {
    const angle = angles[table[(table[wrap(column)] + wrap(row)) % TABLE]];
    return Math.cos(angle) * dx + Math.sin(angle) * dy;
  };
}

function octaves(sidePx: number, noise: (x: number, y: number) => number): Float64Array {
  const field = new Float64Array(sidePx * sidePx);
  for (let octave = 0; octave < OCTAVES; octave++) {
    const featurePx = (sidePx * FIRST_OCTAVE) / 2 ** octave;
    if (featurePx < 2) break;
    // Each octave looks at another place, else all of them have a lattice point in the corner.
    const from = 37.5 * octave;
    for (let i = 0; i < field.length; i++)
      field[i] +=
        noise(from + (i % sidePx) / featurePx, from + Math.floor(i / sidePx) / featurePx) / 2 ** octave;
  }
  return toUnitRange(field);
}
