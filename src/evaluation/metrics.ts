// How far an image is from the truth: MAE, MSE, PSNR, correlation and SSIM of two real images [H, W], in float64.
import { check, PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { mean } from "../numeric/statistics.js";

/** A real image [H, W], row-major. */
export type RealImage = NdArray<"float32"> | NdArray<"float64">;

export interface PeakSignalToNoise {
  /** 10 log10(peak^2 / MSE); Infinity for identical images. */
  readonly db: number;
  /** The signal peak that was used. The Python original uses 255 whatever the scale of the image. */
  readonly peak: number;
}

/** Mean of |truth - image|. */
export function meanAbsoluteError(truth: RealImage, image: RealImage): number {
  const size = sameSize("meanAbsoluteError", truth, image);
  let sum = 0;
  for (let i = 0; i < size; i++) sum += Math.abs(truth.data[i] - image.data[i]);
  return sum / size;
}

/** Mean of (truth - image)^2. */
export function meanSquaredError(truth: RealImage, image: RealImage): number {
  const size = sameSize("meanSquaredError", truth, image);
  let sum = 0;
  for (let i = 0; i < size; i++) sum += (truth.data[i] - image.data[i]) ** 2;
  return sum / size;
}

/**
 * Peak signal-to-noise ratio for a stated peak, in the unit of the images.
 *
 * @throws PtychoError DataError when the peak is not a positive number.
 */
export function peakSignalToNoise(truth: RealImage, image: RealImage, peak: number): PeakSignalToNoise {
  check(
    peak > 0 && Number.isFinite(peak),
    "DataError",
    () => `peakSignalToNoise: expected a positive peak, got ${peak}; use the range of the truth`,
  );
  const mse = meanSquaredError(truth, image);
  return { db: mse === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((peak * peak) / mse), peak };
}

/** Pearson correlation of two images; null where one of them is constant, since it is undefined there. */
export function correlation(truth: RealImage, image: RealImage): number | null {
  const size = sameSize("correlation", truth, image);
  const meanTruth = mean(truth.data);
  const meanImage = mean(image.data);
  let cross = 0;
  let varTruth = 0;
  let varImage = 0;
  for (let i = 0; i < size; i++) {
    const a = truth.data[i] - meanTruth;
    const b = image.data[i] - meanImage;
    cross += a * b;
    varTruth += a * a;
    varImage += b * b;
  }
  // Rounding of the mean leaves a constant image with a variance near (mean * size * 2^-53)^2 per pixel: no signal.
  const floor = (level: number) => size * (Math.abs(level) * 1e-11) ** 2;
  if (varTruth <= floor(meanTruth) || varImage <= floor(meanImage)) return null;
  return cross / Math.sqrt(varTruth * varImage);
}

/** Smallest and largest value and their difference. */
export function rangeOf(image: RealImage): { readonly min: number; readonly max: number; range: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of image.data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max, range: max - min };
}

const WINDOW = 7;
const K1 = 0.01;
const K2 = 0.03;

/**
 * Mean structural similarity, as scikit-image `structural_similarity(truth, image, data_range=dataRange)` with its
 * defaults: uniform 7x7 window, sample covariance (normalised by NP/(NP-1), NP = 49), K1 = 0.01, K2 = 0.03, mean over
 * the pixels whose window lies inside the image (Wang 2004, Eq. 13).
 *
 * @throws PtychoError ShapeError for images under 7x7, DataError for a range that is not positive.
 */
export function structuralSimilarity(truth: RealImage, image: RealImage, dataRange: number): number {
  return mean(structuralSimilarityMap(truth, image, dataRange).data);
}

/**
 * The local SSIM at the pixels whose 7x7 window lies inside the image, [H-6, W-6], or with border "mirror" at all of
 * them, [H, W], the images mirrored about the edge of their outermost pixels; see structuralSimilarity.
 */
export function structuralSimilarityMap(
  truth: RealImage,
  image: RealImage,
  dataRange: number,
  border: "inside" | "mirror" = "inside",
): NdArray<"float64"> {
  if (border === "mirror")
    return structuralSimilarityMap(withMirroredRim(truth), withMirroredRim(image), dataRange);
  sameSize("structuralSimilarity", truth, image);
  const [height, width] = truth.shape;
  if (height < WINDOW || width < WINDOW)
    throw new PtychoError(
      "ShapeError",
      `structuralSimilarity: expected images of at least ${WINDOW}x${WINDOW} px, got ${height}x${width}; use a larger crop`,
    );
  check(
    dataRange > 0 && Number.isFinite(dataRange),
    "DataError",
    () => `structuralSimilarity: expected a positive data range, got ${dataRange}; is the truth constant?`,
  );
  const c1 = (K1 * dataRange) ** 2;
  const c2 = (K2 * dataRange) ** 2;
  const toSample = WINDOW ** 2 / (WINDOW ** 2 - 1);
  const a = truth.data;
  const b = image.data;
  const meanA = windowMeans(height, width, (i) => a[i]);
  const meanB = windowMeans(height, width, (i) => b[i]);
  const meanAA = windowMeans(height, width, (i) => a[i] * a[i]);
  const meanBB = windowMeans(height, width, (i) => b[i] * b[i]);
  const meanAB = windowMeans(height, width, (i) => a[i] * b[i]);
  const map = new Float64Array(meanA.length);
  for (let i = 0; i < map.length; i++) {
    const ua = meanA[i];
    const ub = meanB[i];
    const varA = toSample * (meanAA[i] - ua * ua);
    const varB = toSample * (meanBB[i] - ub * ub);
    const covariance = toSample * (meanAB[i] - ua * ub);
    map[i] = ((2 * ua * ub + c1) * (2 * covariance + c2)) / ((ua * ua + ub * ub + c1) * (varA + varB + c2));
  }
  return { dtype: "float64", shape: [height - WINDOW + 1, width - WINDOW + 1], data: map };
}

/** Means over the 7x7 windows inside [height, width], rows first, then columns. */
function windowMeans(height: number, width: number, value: (index: number) => number): Float64Array {
  const outWidth = width - WINDOW + 1;
  const outHeight = height - WINDOW + 1;
  const rows = new Float64Array(height * outWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += value(y * width + x + k);
      rows[y * outWidth + x] = sum;
    }
  }
  const means = new Float64Array(outHeight * outWidth);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += rows[(y + k) * outWidth + x];
      means[y * outWidth + x] = sum / WINDOW ** 2;
    }
  }
  return means;
}

/** [H, W] to [H+6, W+6]: c b a | a b c. */
function withMirroredRim(image: RealImage): NdArray<"float64"> {
  const [height, width] = image.shape;
  const rim = (WINDOW - 1) / 2;
  const inside = (index: number, n: number) =>
    index < 0 ? -1 - index : index < n ? index : 2 * n - 1 - index;
  const wide = width + 2 * rim;
  const data = Float64Array.from({ length: (height + 2 * rim) * wide }, (_, i) => {
    const row = inside(Math.floor(i / wide) - rim, height);
    return image.data[row * width + inside((i % wide) - rim, width)];
  });
  return { dtype: "float64", shape: [height + 2 * rim, wide], data };
}

function sameSize(where: string, truth: RealImage, image: RealImage): number {
  const [height, width] = truth.shape;
  if (truth.shape.length === 2 && image.shape.length === 2)
    if (height === image.shape[0] && width === image.shape[1] && height * width > 0) return height * width;
  throw new PtychoError(
    "ShapeError",
    `${where}: expected two images [H, W] of one non-empty shape, got [${truth.shape}] and [${image.shape}]`,
  );
}
