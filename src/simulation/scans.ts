// Scan positions in object pixels: x = column, y = row of the centre of the probe window.
import { check } from "../core/errors.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { pcg64Random } from "../numeric/random-pcg64.js";

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
  const golden = Math.PI * (3 - Math.sqrt(5));
  const at = (axis: 0 | 1) =>
    Float64Array.from({ length: positions }, (_, i) => {
      const radius = stepPx * Math.sqrt((i + 0.5) / Math.PI);
      return centrePx[axis] + radius * (axis === 0 ? Math.cos(i * golden) : Math.sin(i * golden));
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

function checkScan(where: string, positions: number, stepPx: number): void {
  check(
    Number.isInteger(positions) && positions >= 1 && stepPx > 0,
    "UsageError",
    () =>
      `${where}: expected a whole number of positions, 1 or more, and a positive step, got ${positions} and ${stepPx}`,
  );
}
