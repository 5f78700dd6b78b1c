// Windows that take an image down to 0 at its edges, so that a Fourier transform does not see them as a feature.
import { check } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import type { RealImage } from "./metrics.js";

/** One image [H, W], real or complex. */
export type Image = RealImage | ComplexArray | ComplexArray<"float64">;

export interface TaperOptions {
  /** "none": all 1. "hann": sin^2 over the whole axis. "tukey": sin^2 flanks, 1 between them. Default "tukey". */
  readonly window?: "none" | "hann" | "tukey";
  /** Share of an axis that both flanks of "tukey" take together (SciPy's `alpha`), 0 .. 1. Default 0.25. */
  readonly tukeyFraction?: number;
  /** "remove" (default) subtracts the mean under the window, so that the result sums to 0. "keep" leaves it. */
  readonly mean?: "remove" | "keep";
}

/** `image` [H, W], less its mean unless it is kept, times the window along both axes. */
export function taperImage(image: Image, options: TaperOptions = {}): ComplexArray<"float64"> {
  const { H: height, W: width } = expectShape("taperImage", image.shape, "H W");
  const alongX = taperWeights(width, options);
  const alongY = taperWeights(height, options);
  const real = "re" in image ? image.re : image.data;
  const imaginary = "im" in image ? image.im : new Float64Array(real.length);
  const level = (options.mean ?? "remove") === "remove";
  return {
    dtype: "complex128",
    shape: image.shape,
    re: weighted(real, alongX, alongY, level),
    im: weighted(imaginary, alongX, alongY, level),
  };
}

/**
 * The window along one axis of n samples, taken at the middles of the samples (symmetric, nowhere 0).
 *
 * @throws PtychoError UsageError for a fraction outside 0 .. 1.
 */
export function taperWeights(n: number, options: TaperOptions = {}): Float64Array {
  const kind = options.window ?? "tukey";
  const fraction = kind === "hann" ? 1 : kind === "none" ? 0 : (options.tukeyFraction ?? 0.25);
  check(
    fraction >= 0 && fraction <= 1,
    "UsageError",
    () => `taper: tukeyFraction must lie in 0 .. 1, got ${fraction}`,
  );
  const flank = (fraction * n) / 2;
  return Float64Array.from({ length: n }, (_, i) => {
    const fromEdge = Math.min(i, n - 1 - i) + 0.5;
    return fromEdge < flank ? Math.sin((Math.PI * fromEdge) / (2 * flank)) ** 2 : 1;
  });
}

function weighted(
  values: ArrayLike<number>,
  alongX: Float64Array,
  alongY: Float64Array,
  removeMean: boolean,
): Float64Array {
  const width = alongX.length;
  const out = new Float64Array(values.length);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = alongX[i % width] * alongY[Math.floor(i / width)];
    sum += out[i] * values[i];
    total += out[i];
  }
  const level = removeMean ? sum / total : 0;
  for (let i = 0; i < out.length; i++) out[i] *= values[i] - level;
  return out;
}
