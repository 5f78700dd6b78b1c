// PtychoPINN's idealised default probe, step by step and number for number. probes.ts has disks of any radius.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";

export interface DefaultProbe {
  /** Gaussian window along one axis [N], standard deviation N / (scale pi^2), largest sample 1. */
  readonly window: Float64Array;
  /** 1 where the product of the windows of both axes exceeds 1/2, [N, N]. */
  readonly disk: Float64Array;
  /** The disk blurred by 1 px plus 1e-9, [N, N]. */
  readonly probe: Float64Array;
}

/** @throws PtychoError UsageError for a side that is no whole number or a scale that is not positive. */
export function defaultProbe(sidePx: number, scale: number): DefaultProbe {
  check(
    Number.isInteger(sidePx) && sidePx >= 2 && scale > 0 && Number.isFinite(scale),
    "UsageError",
    () =>
      `default probe: expected a side of 2 or more pixels and a positive scale, got ${sidePx} and ${scale}`,
  );
  const sigma = sidePx / (scale * Math.PI ** 2);
  const raw = Float64Array.from({ length: sidePx }, (_, i) =>
    Math.exp(-0.5 * ((i - (sidePx - 1) / 2) / sigma) ** 2),
  );
  const largest = raw[sidePx >> 1];
  const window = raw.map((value) => value / largest);
  const disk = Float64Array.from({ length: sidePx * sidePx }, (_, i) =>
    window[Math.floor(i / sidePx)] * window[i % sidePx] > 0.5 ? 1 : 0,
  );
  const probe = gaussianBlur(disk, sidePx, sidePx, 1).map((value) => value + 1e-9);
  return { window, disk, probe };
}

/** The default probe as a complex array [N, N]. */
export function makeDefaultProbe(sidePx: number, scale = 0.7): ComplexArray {
  return complex64([sidePx, sidePx], Float32Array.from(defaultProbe(sidePx, scale).probe));
}
