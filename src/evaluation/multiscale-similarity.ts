// Structural similarity over several scales, as PtychoPINN reports it.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import { type RealImage, rangeOf, structuralSimilarity } from "./metrics.js";

export interface MultiscaleOptions {
  /** Scales that are looked at, 1 to 5; fewer where a side falls under 7 pixels. Default 5. */
  readonly levels?: number;
  /** Blur of both images before the first scale, standard deviation in pixels. Default 0. */
  readonly sigmaPx?: number;
}

/** Weights of the scales from fine to coarse (Wang, Simoncelli & Bovik 2003). */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;
/** What a negative similarity counts as: a fractional power of it would not be real. */
const LEAST = 1e-4;
const SMALLEST_SIDE = 7;

/**
 * Product over the scales of SSIM^weight of two images [H, W]. Unlike Wang 2003 each scale has the whole SSIM (not
 * contrast and structure alone) and every second pixel of the scale before is taken without a low pass: PtychoPINN's
 * definition. Data range: the larger of the two ranges at the first scale. NaN where an image is constant and the other
 * is too.
 *
 * @throws PtychoError ShapeError for images of two shapes or under 7x7 px, UsageError for a number of levels that is
 * not 1 to 5 or a negative blur.
 */
export function multiscaleSimilarity(
  truth: RealImage,
  image: RealImage,
  options: MultiscaleOptions = {},
): number {
  const { levels = WEIGHTS.length, sigmaPx = 0 } = options;
  check(
    Number.isInteger(levels) && levels >= 1 && levels <= WEIGHTS.length && sigmaPx >= 0,
    "UsageError",
    () =>
      `multiscaleSimilarity: expected 1 to ${WEIGHTS.length} levels and a blur of 0 or more, got ${levels} and ${sigmaPx}`,
  );
  let [a, b] = [blurred(truth, sigmaPx), blurred(image, sigmaPx)];
  const dataRange = Math.max(rangeOf(a).range, rangeOf(b).range);
  if (dataRange === 0) return Number.NaN;
  let product = 1;
  for (let level = 0; level < levels; level++) {
    const similarity = structuralSimilarity(a, b, dataRange);
    product *= (similarity < 0 ? LEAST : similarity) ** WEIGHTS[level];
    [a, b] = [everySecond(a), everySecond(b)];
    if (Math.min(...a.shape) < SMALLEST_SIDE) break;
  }
  return product;
}

function blurred(image: RealImage, sigmaPx: number): NdArray<"float64"> {
  const [height, width] = image.shape;
  const data = gaussianBlur(Float64Array.from(image.data), height, width, sigmaPx);
  return { dtype: "float64", shape: image.shape, data };
}

function everySecond(image: NdArray<"float64">): NdArray<"float64"> {
  const width = image.shape[1];
  const [rows, columns] = image.shape.map((side) => Math.ceil(side / 2));
  const data = Float64Array.from(
    { length: rows * columns },
    (_, i) => image.data[2 * Math.floor(i / columns) * width + 2 * (i % columns)],
  );
  return { dtype: "float64", shape: [rows, columns], data };
}
