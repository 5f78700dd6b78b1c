// Scan positions in object pixels: x = column, y = row of the centre of the probe window.
import { check } from "../core/errors.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { pcg64Random } from "../numeric/random-pcg64.js";

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

export interface ScanPositions {
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}

export interface RasterOptions {
  readonly columns: number;
  readonly rows: number;
  readonly stepPx: number;
  /** Centre of the scan [x, y]. */
  readonly centrePx: readonly [number, number];
  /** Each coordinate moves by a uniform draw from -jitterPx to jitterPx. Default 0. */
  readonly jitterPx?: number;
  /** Needed with jitter; PCG64. */
  readonly seed?: number;
}

/** Row by row from the top left; with jitter the regular grid's artefacts vanish. */
export function makeRasterScan(options: RasterOptions): ScanPositions {
  const { columns, rows, stepPx, centrePx, jitterPx = 0 } = options;
  checkScan("raster scan", columns * rows, stepPx);
  const { seed } = options;
  check(
    jitterPx === 0 || seed !== undefined,
    "UsageError",
    () => "raster scan: jitter is random, so give it a seed",
  );
  const random = pcg64Random(seed ?? 0);
  const jitter = () => (jitterPx === 0 ? 0 : (2 * random.random() - 1) * jitterPx);
  const xPx = new Float64Array(columns * rows);
  const yPx = new Float64Array(columns * rows);
  for (let i = 0; i < xPx.length; i++) {
    xPx[i] = centrePx[0] + ((i % columns) - (columns - 1) / 2) * stepPx + jitter();
    yPx[i] = centrePx[1] + (Math.floor(i / columns) - (rows - 1) / 2) * stepPx + jitter();
  }
  return { xPx, yPx };
}

export interface FermatOptions {
  readonly positions: number;
  /** Side of the square with the area of one position: the mean step. */
  readonly stepPx: number;
  /** Centre of the scan [x, y]. */
  readonly centrePx: readonly [number, number];
}

/** Fermat spiral (Huang 2014): radius stepPx sqrt((i + 1/2) / pi), golden angle pi (3 - sqrt 5) from one to the next. */
export function makeFermatScan(options: FermatOptions): ScanPositions {
  const { positions, stepPx, centrePx } = options;
  checkScan("Fermat scan", positions, stepPx);
  const at = (axis: 0 | 1) =>
    Float64Array.from({ length: positions }, (_, i) => {
      const radius = stepPx * Math.sqrt((i + 0.5) / Math.PI);
      return centrePx[axis] + radius * (axis === 0 ? Math.cos(i * GOLDEN_ANGLE) : Math.sin(i * GOLDEN_ANGLE));
    });
  return { xPx: at(0), yPx: at(1) };
}

export interface RandomScanOptions {
  readonly positions: number;
  /** Object [H, W] in pixels. */
  readonly objectShape: readonly [number, number];
  /** Distance kept from the edges; at most half the shorter side less 1 is used. */
  readonly marginPx: number;
  readonly seed: number;
}

/** Uniform positions, all x then all y from MT19937: number for number the original's coordinate simulator. */
export function makeRandomScan(options: RandomScanOptions): ScanPositions {
  const { positions, objectShape, seed } = options;
  checkScan("random scan", positions, 1);
  const [height, width] = objectShape;
  const margin = Math.min(options.marginPx, Math.min(height, width) / 2 - 1);
  const random = legacyRandom(seed);
  return {
    xPx: random.uniform(margin, width - margin, positions),
    yPx: random.uniform(margin, height - margin, positions),
  };
}

export interface JitteredGridOptions {
  readonly positions: number;
  /** Pattern edge, kept free at every side of the square object. */
  readonly N: number;
  readonly objectSizePx: number;
  /** Standard deviation of each coordinate about its grid point. */
  readonly jitterPx: number;
  readonly seed: number;
}

/**
 * Some of the points of a square grid over [N, size - N], in random order, each moved by a Gaussian and kept inside: number
 * for number the scan of PtychoPINN's count study (PCG64).
 */
export function makeJitteredGrid(options: JitteredGridOptions): ScanPositions {
  const { positions, N, objectSizePx, jitterPx, seed } = options;
  checkScan("jittered grid", positions, 1);
  const [low, high] = [N, objectSizePx - N];
  check(
    high >= low && jitterPx >= 0,
    "UsageError",
    () =>
      `jittered grid: expected an object of ${2 * N} px or more and a jitter of 0 or more, got ${objectSizePx} and ${jitterPx}`,
  );
  const side = Math.ceil(Math.sqrt(positions));
  const step = side > 1 ? (high - low) / (side - 1) : 0;
  const line = Float64Array.from({ length: side }, (_, i) =>
    i === side - 1 && side > 1 ? high : i * step + low,
  );
  const random = pcg64Random(seed);
  const chosen = random.choice(side * side, positions, false);
  const moves = random.normal(0, jitterPx, 2 * positions);
  const inside = (value: number) => Math.min(high, Math.max(low, value));
  return {
    xPx: Float64Array.from(chosen, (point, i) => inside(line[point % side] + moves[2 * i])),
    yPx: Float64Array.from(chosen, (point, i) => inside(line[Math.floor(point / side)] + moves[2 * i + 1])),
  };
}

export interface CurveScanOptions {
  readonly positions: number;
  /** Reach of the scan from its centre along both axes. */
  readonly reachPx: number;
  /** Centre of the scan [x, y]. */
  readonly centrePx: readonly [number, number];
}

/**
 * A point in the middle and rings about it, ring k of R with radius reach k / R and a share of the positions in
 * proportion to k, evenly around it, each ring turned by the golden angle against the last; R is chosen so that rings and neighbours on a ring lie about equally far apart.
 */
export function makeConcentricScan(options: CurveScanOptions): ScanPositions {
  const { positions, reachPx, centrePx } = options;
  checkScan("concentric scan", positions, reachPx);
  const rings = Math.max(1, Math.round(Math.sqrt((positions - 1) / Math.PI)));
  const xPx = Float64Array.of(centrePx[0], ...new Float64Array(positions - 1));
  const yPx = Float64Array.of(centrePx[1], ...new Float64Array(positions - 1));
  const upTo = (ring: number) =>
    1 + Math.round(((positions - 1) * ring * (ring + 1)) / (rings * (rings + 1)));
  for (let ring = 1; ring <= rings; ring++) {
    const [first, end] = [upTo(ring - 1), upTo(ring)];
    for (let i = first; i < end; i++) {
      const angle = ring * GOLDEN_ANGLE + (2 * Math.PI * (i - first)) / (end - first);
      xPx[i] = centrePx[0] + ((reachPx * ring) / rings) * Math.cos(angle);
      yPx[i] = centrePx[1] + ((reachPx * ring) / rings) * Math.sin(angle);
    }
  }
  return { xPx, yPx };
}

/**
 * x = reach sin(a t), y = reach sin(b t), b = a + 1, at evenly spaced t over the whole closed curve (from half a step on,
 * so that it is not met twice at a turning point). a is near the square root of half the positions, which keeps the lines
 * and the points on a line about equally far apart, and shares as few factors with their number as can be: with common
 * ones the points would stand in columns.
 */
export function makeLissajousScan(options: CurveScanOptions): ScanPositions {
  const { positions, reachPx, centrePx } = options;
  checkScan("Lissajous scan", positions, reachPx);
  const aim = Math.max(1, Math.round(Math.sqrt(positions / 2)));
  const common = (k: number) => greatestCommonDivisor(k, positions) * greatestCommonDivisor(k + 1, positions);
  const near = [0, 1, -1, 2, -2, 3, -3].map((d) => aim + d).filter((k) => k >= 1);
  const a = near.reduce((best, k) => (common(k) < common(best) ? k : best));
  const along = (axis: 0 | 1) =>
    Float64Array.from({ length: positions }, (_, i) => {
      const t = (2 * Math.PI * (i + 0.5)) / positions;
      return centrePx[axis] + reachPx * Math.sin((a + axis) * t);
    });
  return { xPx: along(0), yPx: along(1) };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function checkScan(where: string, positions: number, stepPx: number): void {
  check(
    Number.isInteger(positions) && positions >= 1 && stepPx > 0,
    "UsageError",
    () =>
      `${where}: expected a whole number of positions, 1 or more, and a positive step, got ${positions} and ${stepPx}`,
  );
}
