// Variable projection: scales (s1, s2) from the linear fit I ~ c1 X1 + c2 X2 + c3 X3 with c = (s1^2, s2^2, s1 s2), for
// single patterns and for a whole data set whose statistics were streamed. Plain float64 on arrays.
import { check } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { complex64 } from "../core/ndarray.js";
import type { RectangularScalePair } from "./rect-scaling.js";
import { eigenSymmetric3, solve3 } from "./symmetric3.js";

type Values = Float32Array | Float64Array;
/** X1, X2, X3 of one pattern or of a batch, each as long as the intensities. */
export type BasisImages = readonly [Values, Values, Values];

/** Eigenvalues of the column-normalised normal matrix below this are noise and are left out. */
const RANK_THRESHOLD = 1e-7;

/**
 * Least-squares coefficients (c1, c2, c3) of one pattern, by eigenvectors of the normal matrix of the unit columns.
 * `intensityMean` is the mean intensity of the batch, the unit of the fit.
 */
export function fitPattern(images: BasisImages, intensity: Values, intensityMean: number): Float64Array {
  const unit = intensityMean + 1e-9;
  const norms = images.map((image) => Math.sqrt(dot(image, image) + 1e-12));
  const normal = new Float64Array(9);
  const right = new Float64Array(3);
  for (let i = 0; i < 3; i++) {
    right[i] = dot(images[i], intensity) / (norms[i] * unit);
    for (let j = 0; j < 3; j++) normal[3 * i + j] = dot(images[i], images[j]) / (norms[i] * norms[j]);
  }
  const { values, vectors } = eigenSymmetric3(normal);
  const coefficients = new Float64Array(3);
  vectors.forEach((vector, k) => {
    if (values[k] <= RANK_THRESHOLD) return;
    const along = dot(vector, right) / values[k];
    for (let i = 0; i < 3; i++) coefficients[i] += (vector[i] * along * unit) / norms[i];
  });
  return coefficients;
}

/** (s1, s2) nearest to coefficients (c1, c2, c3): the largest eigenpair of [[c1, c3], [c3, c2]]. */
export function projectRankOne([c1, c2, c3]: ArrayLike<number> & Iterable<number>): RectangularScalePair {
  const largest = (c1 + c2 + Math.sqrt((c1 - c2) ** 2 + 4 * c3 ** 2)) / 2;
  const [v1, v2] = Math.abs(c3) > Math.abs(largest - c1) ? [c3, largest - c1] : [largest - c2, c3];
  const size = Math.sqrt(Math.max(largest, 0)) / Math.sqrt(v1 * v1 + v2 * v2 + 1e-9);
  return [v1 * size, v2 * size];
}

/**
 * Intensity of scales on basis images, not below 0. `squared`: s1^2 X1 + s2^2 X2 + s1 s2 X3. `legacy`: s1 X1 + s2 X2 +
 * s1 s2 X3, what the original's per-pattern branch returns although its scales are already square roots.
 */
export function intensityOf(
  images: BasisImages,
  [s1, s2]: RectangularScalePair,
  form: "squared" | "legacy" = "squared",
): Float64Array {
  const [c1, c2] = form === "squared" ? [s1 * s1, s2 * s2] : [s1, s2];
  const [x1, x2, x3] = images;
  return Float64Array.from(x1, (value, i) => Math.max(c1 * value + c2 * x2[i] + s1 * s2 * x3[i], 0));
}

/** Streamed statistics of a data set: ATA_ij = sum X_i X_j, ATb_i = sum X_i I, sum I^2, number of pixels. */
export interface VarproStatistics {
  /** 3 x 3, row-major. */
  readonly ATA: Float64Array;
  readonly ATb: Float64Array;
  readonly sumIntensitySquared: number;
  readonly pixels: number;
}

export const emptyStatistics = (): VarproStatistics => ({
  ATA: new Float64Array(9),
  ATb: new Float64Array(3),
  sumIntensitySquared: 0,
  pixels: 0,
});

/** The statistics with a batch added. */
export function addToStatistics(
  statistics: VarproStatistics,
  images: BasisImages,
  intensity: Values,
): VarproStatistics {
  check(
    images.every((image) => image.length === intensity.length),
    "ShapeError",
    () => {
      return `addToStatistics: basis images have ${images.map((x) => x.length).join(", ")} pixels, intensities ${intensity.length}; sum the modes first`;
    },
  );
  return {
    ATA: statistics.ATA.map((value, k) => value + dot(images[Math.floor(k / 3)], images[k % 3])),
    ATb: statistics.ATb.map((value, k) => value + dot(images[k], intensity)),
    sumIntensitySquared: statistics.sumIntensitySquared + dot(intensity, intensity),
    pixels: statistics.pixels + intensity.length,
  };
}

/** The statistics with real and imaginary part exchanged: X1 <-> X2, X3 -> -X3. */
export function swapChannels(statistics: VarproStatistics): VarproStatistics {
  const source = [1, 0, 2];
  const sign = [1, 1, -1];
  return {
    ...statistics,
    ATA: statistics.ATA.map((_, k) => {
      const [i, j] = [Math.floor(k / 3), k % 3];
      return sign[i] * sign[j] * statistics.ATA[3 * source[i] + source[j]];
    }),
    ATb: statistics.ATb.map((_, i) => sign[i] * statistics.ATb[source[i]]),
  };
}

/** Linear solution with a ridge of 1e-9 of the largest entry, projected to rank one. */
export function solveLinear({ ATA, ATb }: VarproStatistics): RectangularScalePair {
  const ridge = 1e-9 * Math.max(...ATA);
  return projectRankOne(
    solve3(
      ATA.map((value, k) => (k % 4 === 0 ? value + ridge : value)),
      ATb,
    ),
  );
}

/** s1 Re + i s2 Im of a canvas. */
export function scaleCanvas(canvas: ComplexArray, [s1, s2]: RectangularScalePair): ComplexArray {
  return complex64(
    canvas.shape,
    canvas.re.map((value) => s1 * value),
    canvas.im.map((value) => s2 * value),
  );
}

/** Sum of products in float64. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}
