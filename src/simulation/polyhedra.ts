// Crystals seen through: the thickness of random convex polyhedra along the beam.
import type { Pcg64Random } from "../numeric/random-pcg64.js";

/** Share of the hollow ones, and size of their cavity. */
const HOLLOW = 0.3;
const CAVITY = 0.75;
/** Polyhedra over an area of 100 x 100 px at radii of 4 to 10 % of the side. */
const PER_AREA = 8;
const RADIUS = [0.04, 0.1] as const;

interface Plane {
  readonly normal: readonly [number, number, number];
  readonly distance: number;
}

/**
 * Thickness [side, side], 0 where nothing lies, of polyhedra at random places: each a box turned at random with its
 * corners cut off, every facet at 0.7 to 1.1 of its radius from the centre; three in ten have a cavity of 3/4 of their size.
 */
export function polyhedraThickness(sidePx: number, random: Pcg64Random): Float64Array {
  const thickness = new Float64Array(sidePx * sidePx);
  const count = Math.max(4, Math.round((PER_AREA * sidePx * sidePx) / 1e4));
  for (let k = 0; k < count; k++) {
    const [centreX, centreY] = random.uniform(0, sidePx, 2);
    const radius = random.uniform(RADIUS[0] * sidePx, RADIUS[1] * sidePx, 1)[0];
    const cavity = random.random() < HOLLOW ? CAVITY : 0;
    const planes = cutBox(radius, random);
    // The corners of the uncut box lie nearer than this.
    const reach = Math.ceil(2 * radius);
    for (let y = Math.max(0, Math.floor(centreY) - reach); y < Math.min(sidePx, centreY + reach); y++)
      for (let x = Math.max(0, Math.floor(centreX) - reach); x < Math.min(sidePx, centreX + reach); x++) {
        const [dx, dy] = [x - centreX, y - centreY];
        const solid = chord(planes, dx, dy, 1, reach);
        thickness[y * sidePx + x] += solid - (cavity === 0 ? 0 : chord(planes, dx, dy, cavity, reach));
      }
  }
  return thickness;
}

/** Facets along the axes of a random frame and along its space diagonals. */
function cutBox(radius: number, random: Pcg64Random): Plane[] {
  const axes = randomFrame(random);
  const directions: (readonly [number, number, number])[] = [];
  for (const a of [-1, 0, 1])
    for (const b of [-1, 0, 1])
      for (const c of [-1, 0, 1]) {
        const steps = Math.abs(a) + Math.abs(b) + Math.abs(c);
        if (steps % 2 === 0) continue;
        const length = Math.sqrt(steps);
        directions.push([a / length, b / length, c / length]);
      }
  return directions.map(([a, b, c]) => ({
    normal: [0, 1, 2].map((k) => a * axes[0][k] + b * axes[1][k] + c * axes[2][k]) as [
      number,
      number,
      number,
    ],
    distance: radius * (0.7 + 0.4 * random.random()),
  }));
}

/** Rows of a rotation matrix, evenly from all rotations: a random unit quaternion. */
function randomFrame(random: Pcg64Random): readonly (readonly [number, number, number])[] {
  const drawn = random.standardNormal(4);
  const norm = Math.hypot(...drawn);
  const [w, x, y, z] = drawn.map((value) => value / norm);
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** Length inside the polyhedron, scaled by `scale` and cut at +-reach, of the line along z through (x, y). */
function chord(planes: readonly Plane[], x: number, y: number, scale: number, reach: number): number {
  let [low, high] = [-reach, reach];
  for (const { normal, distance } of planes) {
    const room = scale * distance - normal[0] * x - normal[1] * y;
    if (normal[2] > 0) high = Math.min(high, room / normal[2]);
    else if (normal[2] < 0) low = Math.max(low, room / normal[2]);
    else if (room < 0) return 0;
  }
  return Math.max(0, high - low);
}
