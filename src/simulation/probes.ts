// Synthetic probes [N, N], centred on pixel (N - 1) / 2 (between pixels for even N), of amplitude 1 inside the disk.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { fft2 } from "../numeric/fft.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";

export interface DiskOptions {
  /** Side N of the probe array in pixels. */
  readonly sidePx: number;
  /** Radius of the disk. Default `defaultDiskRadiusPx(sidePx, 0.7)`. */
  readonly radiusPx?: number;
  /** Blur of the edge, standard deviation. Default 1. */
  readonly edgePx?: number;
}

/** A real disk with a soft edge plus 1e-9; with the default radius and edge, PtychoPINN's default probe. */
export function makeDiskProbe(options: DiskOptions): ComplexArray {
  const { sidePx: side } = options;
  const radius = options.radiusPx ?? defaultDiskRadiusPx(side, 0.7);
  check(
    Number.isInteger(side) && side >= 2 && radius > 0 && radius <= side / 2,
    "UsageError",
    () =>
      `disk probe: expected a side of 2 or more pixels and a radius up to half of it, got side ${side}, radius ${radius}`,
  );
  const centre = (side - 1) / 2;
  const disk = Float64Array.from({ length: side * side }, (_, i) =>
    ((i % side) - centre) ** 2 + (Math.floor(i / side) - centre) ** 2 < radius ** 2 ? 1 : 0,
  );
  const soft = gaussianBlur(disk, side, side, options.edgePx ?? 1);
  return complex64(
    [side, side],
    Float32Array.from(soft, (value) => value + 1e-9),
  );
}

/**
 * Radius of PtychoPINN's default probe: where the product of two Gaussian windows of standard deviation
 * N / (scale pi^2), each divided by its largest sample (half a pixel off the centre for even N), falls to 1/2.
 */
export function defaultDiskRadiusPx(sidePx: number, scale: number): number {
  const sigma = sidePx / (scale * Math.PI ** 2);
  const offCentre = sidePx % 2 === 0 ? 0.5 : 0;
  return Math.sqrt(2 * Math.LN2 * sigma ** 2 + offCentre);
}

export interface DefocusedProbeOptions extends DiskOptions {
  readonly wavelengthM: number;
  /** Size of a pixel in the object plane. */
  readonly pixelSizeM: number;
  /** Distance from the disk (an aperture) to the object; negative runs back. */
  readonly defocusM: number;
}

/**
 * The disk after `defocusM` of free space: angular spectrum method, transfer function
 * exp(2 pi i z (sqrt(1/lambda^2 - fx^2 - fy^2) - 1/lambda)), evanescent waves dropped (Goodman, Fourier Optics, 3.10).
 * The total intensity stays that of the disk.
 *
 * @throws PtychoError UsageError where the transfer function is sampled too coarsely: |z| > N pixelSize^2 / lambda.
 */
export function makeDefocusedProbe(options: DefocusedProbeOptions): ComplexArray {
  const { sidePx: side, wavelengthM, pixelSizeM, defocusM } = options;
  const farthestM = (side * pixelSizeM ** 2) / wavelengthM;
  check(
    wavelengthM > 0 && pixelSizeM > 0 && Math.abs(defocusM) <= farthestM,
    "UsageError",
    () =>
      `defocused probe: a defocus of ${defocusM} m needs more pixels than ${side} of ${pixelSizeM} m at wavelength ${wavelengthM} m; use at most ${farthestM.toPrecision(3)} m`,
  );
  const disk = makeDiskProbe(options);
  const re = Float64Array.from(disk.re);
  const im = new Float64Array(re.length);
  fft2({ re, im }, side, side, "forward");
  const frequency = (index: number) => (index < side / 2 ? index : index - side) / (side * pixelSizeM);
  for (let i = 0; i < re.length; i++) {
    const acrossSquared = frequency(i % side) ** 2 + frequency(Math.floor(i / side)) ** 2;
    const alongSquared = wavelengthM ** -2 - acrossSquared;
    // sqrt(k^2 - a) - k written as -a / (sqrt(k^2 - a) + k): the difference alone would lose all its digits.
    const angle =
      (-2 * Math.PI * defocusM * acrossSquared) / (Math.sqrt(Math.max(0, alongSquared)) + 1 / wavelengthM);
    const [cos, sin] = alongSquared < 0 ? [0, 0] : [Math.cos(angle), Math.sin(angle)];
    const real = re[i];
    re[i] = real * cos - im[i] * sin;
    im[i] = real * sin + im[i] * cos;
  }
  fft2({ re, im }, side, side, "inverse");
  return complex64([side, side], Float32Array.from(re), Float32Array.from(im));
}
