// Single steps of PtychoPINN's evaluation that its figures no longer use, for numbers made with them.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { fft2 } from "../numeric/fft.js";
import type { RealImage } from "./metrics.js";

/**
 * `image` [H, W] as the sum of two: frequencies with |k| <= reach along both axes, in cycles over the image, and the
 * rest. A reach of 0 splits off the mean.
 *
 * @throws PtychoError UsageError for a reach that is not whole or not below half of the shorter side.
 */
export function splitFrequencies(
  image: RealImage,
  reach: number,
): { readonly low: NdArray<"float64">; readonly high: NdArray<"float64"> } {
  const { H, W } = expectShape("splitFrequencies", image.shape, "H W");
  check(
    Number.isInteger(reach) && reach >= 0 && reach < Math.min(H, W) / 2,
    "UsageError",
    () => `splitFrequencies: expected a whole reach of 0 up to under half of ${H}x${W} px, got ${reach}`,
  );
  const spectrum = { re: Float64Array.from(image.data), im: new Float64Array(H * W) };
  fft2(spectrum, H, W, "forward");
  const isLow = (index: number, n: number) => Math.min(index, n - index) <= reach;
  for (let i = 0; i < spectrum.re.length; i++) {
    if (isLow(Math.floor(i / W), H) && isLow(i % W, W)) continue;
    spectrum.re[i] = 0;
    spectrum.im[i] = 0;
  }
  fft2(spectrum, H, W, "inverse");
  const high = Float64Array.from(image.data, (value, i) => value - spectrum.re[i]);
  return {
    low: { dtype: "float64", shape: [H, W], data: spectrum.re },
    high: { dtype: "float64", shape: [H, W], data: high },
  };
}

/** The mean of an image [H, W] and itself turned by 180 degrees. */
export function symmetrised(image: RealImage): NdArray<"float64"> {
  expectShape("symmetrised", image.shape, "H W");
  const last = image.data.length - 1;
  const data = Float64Array.from(image.data, (value, i) => (value + image.data[last - i]) / 2);
  return { dtype: "float64", shape: image.shape, data };
}
