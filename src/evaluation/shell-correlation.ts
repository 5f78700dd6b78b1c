// Fourier shell correlation by ring index, as hoidn/FRC has it: untapered, modulus, rings out to the corners. For figures
// that are compared with published ones; fourier-ring-correlation.ts is the curve to judge a resolution by.
import { check } from "../core/errors.js";
import { expectShape } from "../core/shape.js";
import { fft2 } from "../numeric/fft.js";
import { roundHalfEven } from "../numeric/round-half-even.js";
import type { Image } from "./taper.js";

/** Sums of a complex image [n, n] over rings, zero frequency in the middle, divided by the pixels of each ring. */
export interface ShellMeans {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * |<F1 conj F2>| / sqrt(<|F1|^2> <|F2|^2>) of two square images [n, n], ring by ring: ring of pixel (kx, ky) is
 * round(hypot(kx, ky)), halves to even, from 0 (the mean) to the corner at n / sqrt 2. NaN for a ring without power.
 *
 * @throws PtychoError ShapeError for images that are not square or not of one shape.
 */
export function shellCorrelation(first: Image, second: Image): Float64Array {
  const n = expectSquare("shellCorrelation", first, second);
  const a = transformed(first, n);
  const b = transformed(second, n);
  const cross = meansOf(n, crossTerm(a, b));
  const powerA = meansOf(n, crossTerm(a, a)).re;
  const powerB = meansOf(n, crossTerm(b, b)).re;
  return cross.re.map((re, ring) => Math.hypot(re, cross.im[ring]) / Math.sqrt(powerA[ring] * powerB[ring]));
}

/** Ring means of F1 conj(F2); see shellCorrelation. */
export function crossShellMeans(first: Image, second: Image): ShellMeans {
  const n = expectSquare("crossShellMeans", first, second);
  return meansOf(n, crossTerm(transformed(first, n), transformed(second, n)));
}

/**
 * Ring at which a curve first falls below `threshold`, linear between rings: 0 where the first ring does, the length of
 * the curve where none does, the ring itself where the one before is NaN; NaN for a curve without a number.
 */
export function shellCutoff(curve: ArrayLike<number>, threshold: number): number {
  let below = -1;
  let known = false;
  for (let ring = curve.length - 1; ring >= 0; ring--) {
    if (!Number.isFinite(curve[ring])) continue;
    known = true;
    if (curve[ring] < threshold) below = ring;
  }
  if (!known) return Number.NaN;
  if (below < 0) return curve.length;
  if (below === 0) return 0;
  const [before, at] = [curve[below - 1], curve[below]];
  if (!Number.isFinite(before) || Math.abs(at - before) <= 1e-8) return below;
  return below - 1 + (threshold - before) / (at - before);
}

/**
 * Threshold curve T(r) = (s + 2 sqrt(s) / n_r + 1 / sqrt(n_r)) / (s + 2 sqrt(s) / n_r + 1) for images of `sidePx` and a
 * signal-to-noise ratio s, n_r = 2 pi r, 1 at r = 0, r = 0 .. sidePx / 2 (after van Heel & Schatz 2005, in the form of
 * the original: its middle term has 1 / n_r where they have 1 / sqrt(n_r)).
 */
export function snrThreshold(sidePx: number, snr: number): Float64Array {
  check(
    Number.isInteger(sidePx) && sidePx >= 1 && snr > 0,
    "UsageError",
    () => `snrThreshold: expected a whole side in pixels and a positive ratio, got ${sidePx} and ${snr}`,
  );
  return Float64Array.from({ length: Math.ceil(1 + sidePx / 2) }, (_, r) => {
    const pixels = r === 0 ? 1 : 2 * Math.PI * r;
    const common = snr + (2 * Math.sqrt(snr)) / pixels;
    return (common + 1 / Math.sqrt(pixels)) / (common + 1);
  });
}

interface Planes {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function expectSquare(where: string, first: Image, second: Image): number {
  const { n } = expectShape(`${where}: first`, first.shape, "n n");
  expectShape(`${where}: second`, second.shape, "n n", { n });
  return n;
}

function transformed(image: Image, n: number): Planes {
  const spectrum =
    "re" in image
      ? { re: Float64Array.from(image.re), im: Float64Array.from(image.im) }
      : { re: Float64Array.from(image.data), im: new Float64Array(n * n) };
  fft2(spectrum, n, n, "forward");
  return spectrum;
}

function crossTerm(a: Planes, b: Planes): Planes {
  return {
    re: a.re.map((re, i) => re * b.re[i] + a.im[i] * b.im[i]),
    im: a.im.map((im, i) => im * b.re[i] - a.re[i] * b.im[i]),
  };
}

/** Means over the rings of an unshifted spectrum. */
function meansOf(n: number, { re, im }: Planes): ShellMeans {
  const signed = (index: number) => (index < Math.ceil(n / 2) ? index : index - n);
  const half = Math.floor(n / 2);
  const rings = roundHalfEven(Math.hypot(half, half)) + 1;
  const sums = { re: new Float64Array(rings), im: new Float64Array(rings) };
  const count = new Float64Array(rings);
  for (let i = 0; i < re.length; i++) {
    const ring = roundHalfEven(Math.hypot(signed(Math.floor(i / n)), signed(i % n)));
    sums.re[ring] += re[i];
    sums.im[ring] += im[i];
    count[ring]++;
  }
  return { re: sums.re.map((sum, r) => sum / count[r]), im: sums.im.map((sum, r) => sum / count[r]) };
}
