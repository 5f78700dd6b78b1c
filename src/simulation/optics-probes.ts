// Probes as optics make them: a Gaussian beam, an aberrated one from Zernike polynomials, and the spot of a zone plate.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { fft2, fftShift2, ifftShift2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";

/** exp(-r^2 / (2 w^2)) [N, N], r from between the middle pixels: 1/e of the power at r = w. */
export function makeGaussianProbe(sidePx: number, radiusPx: number): ComplexArray {
  expectSize("gaussian probe", sidePx, radiusPx);
  return complex64(
    [sidePx, sidePx],
    Float32Array.from({ length: sidePx * sidePx }, (_, i) =>
      Math.exp(-0.5 * (radiusAt(i, sidePx) / radiusPx) ** 2),
    ),
  );
}

export interface ZernikeOptions {
  readonly sidePx: number;
  /** Radius of the disk that the polynomials live on. */
  readonly radiusPx: number;
  readonly seed: number;
  /** Highest radial degree. Default 10. */
  readonly maxOrder?: number;
  /** Standard deviation of real and imaginary parts of the coefficients. Default 0.5. */
  readonly coefficientSpread?: number;
  /** Share of the coefficients that is 0. Default 0.1. */
  readonly sparsity?: number;
}

/**
 * Z_00 plus sum c_nm Z_nm inside the disk, under a Gaussian envelope of half its radius; c_nm complex normal (PCG64, in the
 * order of n, then m from -n in steps of 2: real part, imaginary part, then the draw that may set it to 0). Z_nm
 * normalised so that its mean square over the disk is 1 (Noll 1976).
 */
export function makeZernikeProbe(options: ZernikeOptions): ComplexArray {
  const { sidePx, radiusPx, seed, maxOrder = 10, coefficientSpread = 0.5, sparsity = 0.1 } = options;
  expectSize("zernike probe", sidePx, radiusPx);
  check(
    Number.isInteger(maxOrder) && maxOrder >= 0 && maxOrder <= 20 && sparsity >= 0 && sparsity <= 1,
    "UsageError",
    () =>
      `zernike probe: expected an order of 0 to 20 and a sparsity of 0 to 1, got ${maxOrder}, ${sparsity}`,
  );
  const random = pcg64Random(seed);
  const re = new Float64Array(sidePx * sidePx);
  const im = new Float64Array(sidePx * sidePx);
  for (let n = 0; n <= maxOrder; n++)
    for (let m = -n; m <= n; m += 2) {
      const drawn = n === 0 ? [1, 0] : random.normal(0, coefficientSpread, 2);
      if (n > 0 && random.random() < sparsity) continue;
      for (let i = 0; i < re.length; i++) {
        const rho = radiusAt(i, sidePx) / radiusPx;
        if (rho > 1) continue;
        const value = zernike(n, m, rho, angleAt(i, sidePx)) * Math.exp(-2 * rho * rho);
        re[i] += drawn[0] * value;
        im[i] += drawn[1] * value;
      }
    }
  return complex64([sidePx, sidePx], Float32Array.from(re), Float32Array.from(im));
}

/** Z_nm(rho, angle), rho in 0 .. 1; cosine for m >= 0, sine for m < 0. Mean square over the disk 1. */
export function zernike(n: number, m: number, rho: number, angle: number): number {
  const order = Math.abs(m);
  let radial = 0;
  for (let k = 0; k <= (n - order) / 2; k++) {
    const sign = k % 2 === 0 ? 1 : -1;
    radial +=
      ((sign * factorial(n - k)) /
        (factorial(k) * factorial((n + order) / 2 - k) * factorial((n - order) / 2 - k))) *
      rho ** (n - 2 * k);
  }
  const angular = m >= 0 ? Math.cos(order * angle) : Math.sin(order * angle);
  return Math.sqrt((m === 0 ? 1 : 2) * (n + 1)) * radial * angular;
}

export interface ZonePlateOptions {
  readonly sidePx: number;
  readonly wavelengthM: number;
  /** Size of a pixel in the object plane. */
  readonly pixelSizeM: number;
  readonly diameterM: number;
  /** Width of the outermost zone: the resolution. */
  readonly outerZoneM: number;
  /** Diameter of the central stop; 0: none. */
  readonly stopM: number;
  /** Object plane behind the focus, D dr / lambda; negative: before it. */
  readonly defocusM: number;
}

/**
 * The first order of a zone plate in the object plane [N, N]: lens phase, ring aperture and Fresnel propagation over
 * focal length + defocus by one transform (Goodman, Fourier Optics, 4.2). Largest amplitude 1; the phase factor that
 * only depends on the place in the object plane is kept.
 *
 * @throws PtychoError UsageError where the aperture does not fit the sampled plane: zones finer than two object pixels.
 */
export function makeZonePlateProbe(options: ZonePlateOptions): ComplexArray {
  const { sidePx, wavelengthM, pixelSizeM, diameterM, outerZoneM, stopM, defocusM } = options;
  const focalM = (diameterM * outerZoneM) / wavelengthM;
  const distanceM = focalM + defocusM;
  const planePixelM = (wavelengthM * distanceM) / (sidePx * pixelSizeM);
  check(
    [wavelengthM, pixelSizeM, diameterM, outerZoneM, distanceM].every((value) => value > 0) &&
      stopM >= 0 &&
      stopM < diameterM &&
      diameterM <= sidePx * planePixelM,
    "UsageError",
    () =>
      `zone plate probe: a plate of ${diameterM} m does not fit a plane of ${sidePx} pixels of ` +
      `${planePixelM.toPrecision(3)} m; take a wider outermost zone, smaller object pixels or a smaller stop`,
  );
  const half = sidePx / 2;
  const re = new Float64Array(sidePx * sidePx);
  const im = new Float64Array(sidePx * sidePx);
  for (let i = 0; i < re.length; i++) {
    const radiusM = Math.hypot((i % sidePx) - half, Math.floor(i / sidePx) - half) * planePixelM;
    if (radiusM > diameterM / 2 || radiusM < stopM / 2) continue;
    // The lens and the Fresnel phase nearly cancel: what is left is the defocus.
    const phase = (Math.PI / wavelengthM) * radiusM ** 2 * (1 / distanceM - 1 / focalM);
    re[i] = Math.cos(phase);
    im[i] = Math.sin(phase);
  }
  const wave = { re: ifftShift2(re, sidePx, sidePx), im: ifftShift2(im, sidePx, sidePx) };
  fft2(wave, sidePx, sidePx, "forward");
  const [outRe, outIm] = [fftShift2(wave.re, sidePx, sidePx), fftShift2(wave.im, sidePx, sidePx)];
  const most = outRe.reduce((largest, value, i) => Math.max(largest, Math.hypot(value, outIm[i])), 0);
  const probe = complex64([sidePx, sidePx]);
  for (let i = 0; i < re.length; i++) {
    const radiusM = Math.hypot((i % sidePx) - half, Math.floor(i / sidePx) - half) * pixelSizeM;
    const phase = (Math.PI * radiusM ** 2) / (wavelengthM * distanceM);
    const [cos, sin] = [Math.cos(phase), Math.sin(phase)];
    probe.re[i] = (outRe[i] * cos - outIm[i] * sin) / most;
    probe.im[i] = (outRe[i] * sin + outIm[i] * cos) / most;
  }
  return probe;
}

function radiusAt(i: number, sidePx: number): number {
  const centre = (sidePx - 1) / 2;
  return Math.hypot((i % sidePx) - centre, Math.floor(i / sidePx) - centre);
}

function angleAt(i: number, sidePx: number): number {
  const centre = (sidePx - 1) / 2;
  return Math.atan2(Math.floor(i / sidePx) - centre, (i % sidePx) - centre);
}

function factorial(n: number): number {
  let product = 1;
  for (let k = 2; k <= n; k++) product *= k;
  return product;
}

function expectSize(where: string, sidePx: number, radiusPx: number): void {
  check(
    Number.isInteger(sidePx) && sidePx >= 2 && radiusPx > 0 && radiusPx <= sidePx / 2,
    "UsageError",
    () =>
      `${where}: expected a side of 2 or more pixels and a radius up to half of it, got ${sidePx} and ${radiusPx}`,
  );
}
