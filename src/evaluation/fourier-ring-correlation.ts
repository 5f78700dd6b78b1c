// How far two images of one thing agree, frequency by frequency: Fourier ring correlation and where it falls below
// the half-bit and the 1/7 threshold. Registration and phase ramps are the business of the caller (compare-halves).
import { check } from "../core/errors.js";
import { expectShape } from "../core/shape.js";
import { makeFft2 } from "../numeric/fft.js";
import { type Image, type TaperOptions, taperImage } from "./taper.js";

export interface RingCorrelation {
  /** Middle of ring r = 1, 2, ... in cycles per pixel: r / min(H, W), up to 0.5. */
  readonly frequency: Float64Array;
  /** Re sum F1 conj(F2) / sqrt(sum |F1|^2 sum |F2|^2) over the ring; 0 for a ring in which an image has no power. */
  readonly correlation: Float64Array;
  /** Independent Fourier pixels of the ring: all of them for complex images, half of them when both are real. */
  readonly pixels: Float64Array;
  /** Half-bit threshold of the ring. */
  readonly halfBit: Float64Array;
  readonly halfBitCrossing: Crossing;
  readonly oneSeventhCrossing: Crossing;
}

/**
 * Where a curve first falls below its threshold. "crosses": at `frequency` (cycles per pixel, linear between rings),
 * `periodPx` = 1 / frequency. "above": nowhere up to the Nyquist frequency, so the agreement reaches a period of 2 px
 * or less and the images cannot tell; both numbers null. "below": already in the first ring; both null, no agreement.
 */
export interface Crossing {
  readonly verdict: "crosses" | "above" | "below";
  readonly frequency: number | null;
  readonly periodPx: number | null;
}

/** The fixed threshold that is used beside the half-bit curve. */
export const ONE_SEVENTH = 1 / 7;

/**
 * Fourier ring correlation of two images [H, W] of one shape (any size), real or complex, that already lie on each
 * other. Rings are one frequency pixel of the shorter axis wide; pixel (kx, ky) belongs to ring
 * round(min(H, W) hypot(kx / W, ky / H)). Ring 0 (the mean) and what lies beyond the last ring (the corners) are left
 * out. By default the mean is removed and the edges are tapered (Tukey, a quarter of each axis), else the mean and the
 * jump between opposite edges, which two images of one field share, would count as agreement. A taper correlates
 * neighbouring Fourier pixels: the curve of unrelated images then scatters more than `pixels` says (about 1.15 times
 * for the default, 2 times for Hann). A phase ramp or global phase between the images lowers the curve: remove it first.
 *
 * @throws PtychoError ShapeError for images of two shapes or under 4x4 px, DataError for values that are not finite.
 */
export function fourierRingCorrelation(
  first: Image,
  second: Image,
  options: TaperOptions = {},
): RingCorrelation {
  const { H, W } = expectShape("fourierRingCorrelation: first", first.shape, "H W");
  expectShape("fourierRingCorrelation: second", second.shape, "H W", { H, W });
  const edge = Math.min(H, W);
  check(
    edge >= 4,
    "ShapeError",
    () => `fourierRingCorrelation: expected images of at least 4x4 px, got ${H}x${W}`,
  );
  const transform = makeFft2(H, W);
  const a = taperImage(first, options);
  const b = taperImage(second, options);
  transform(a, "forward");
  transform(b, "forward");
  const rings = Math.floor(edge / 2);
  const cross = new Float64Array(rings + 1);
  const powerA = new Float64Array(rings + 1);
  const powerB = new Float64Array(rings + 1);
  const count = new Float64Array(rings + 1);
  for (let row = 0, i = 0; row < H; row++) {
    const fy = signedFrequency(row, H);
    for (let column = 0; column < W; column++, i++) {
      const ring = Math.round(edge * Math.hypot(signedFrequency(column, W), fy));
      if (ring > rings) continue;
      cross[ring] += a.re[i] * b.re[i] + a.im[i] * b.im[i];
      powerA[ring] += a.re[i] ** 2 + a.im[i] ** 2;
      powerB[ring] += b.re[i] ** 2 + b.im[i] ** 2;
      count[ring]++;
    }
  }
  check(
    powerA.every(Number.isFinite) && powerB.every(Number.isFinite),
    "DataError",
    () =>
      "fourierRingCorrelation: an image holds values that are not finite; did its reconstruction diverge?",
  );
  const independent = "re" in first || "re" in second ? 1 : 0.5;
  const frequency = Float64Array.from({ length: rings }, (_, i) => (i + 1) / edge);
  const pixels = count.slice(1).map((n) => n * independent);
  const halfBit = pixels.map(halfBitThreshold);
  const correlation = cross.slice(1).map((sum, i) => {
    const power = Math.sqrt(powerA[i + 1] * powerB[i + 1]);
    return power > 0 ? sum / power : 0;
  });
  return {
    frequency,
    correlation,
    pixels,
    halfBit,
    halfBitCrossing: findCrossing(frequency, correlation, halfBit),
    oneSeventhCrossing: findCrossing(frequency, correlation, new Float64Array(rings).fill(ONE_SEVENTH)),
  };
}

/**
 * The curve above which each Fourier pixel of the sum of both images carries half a bit or more (van Heel & Schatz
 * 2005), for n independent Fourier pixels in the ring. The transform of a complex image has no Hermitian
 * symmetry, so there all pixels of the ring are independent; of a real image half of them are.
 */
export function halfBitThreshold(n: number): number {
  const root = Math.sqrt(n);
  return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root);
}

/** First place, from low frequencies upwards, where `curve` lies below `threshold`. */
export function findCrossing(
  frequency: ArrayLike<number>,
  curve: ArrayLike<number>,
  threshold: ArrayLike<number>,
): Crossing {
  for (let i = 0; i < curve.length; i++) {
    const below = threshold[i] - curve[i];
    if (below <= 0) continue;
    if (i === 0) return { verdict: "below", frequency: null, periodPx: null };
    const above = curve[i - 1] - threshold[i - 1];
    const at = frequency[i - 1] + ((frequency[i] - frequency[i - 1]) * above) / (above + below);
    return { verdict: "crosses", frequency: at, periodPx: 1 / at };
  }
  return { verdict: "above", frequency: null, periodPx: null };
}

/** Cycles per sample of a transform's index. */
function signedFrequency(index: number, n: number): number {
  return (index < n / 2 ? index : index - n) / n;
}
