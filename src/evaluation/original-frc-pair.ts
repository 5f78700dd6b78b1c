// Two images made ready for a shell correlation the way PtychoPINN's PyTorch side does it: phase planes off, registered,
// cropped to what both hold, tapered. Its fine shift multiplies the image by a phase ramp instead of moving it, which the
// last phase match takes off again, so the pair stays up to half a pixel apart; compare-halves.ts registers properly.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { roundHalfEven } from "../numeric/round-half-even.js";
import { fitPlane, phaseOf } from "./align.js";
import { phaseCorrelationShift } from "./registration.js";
import type { Image } from "./taper.js";
import { crop } from "./window.js";

/** What the images are registered on: themselves, exp(i phase), the phase, or the size of its gradient. */
export const PAIR_PROPERTIES = ["complex", "phasor", "phase", "variation"] as const;

export interface OriginalPairOptions {
  /** Default "phasor". With "variation" the pair that comes back is of phasors. */
  readonly property?: (typeof PAIR_PROPERTIES)[number];
  /** Width of the Tukey flank at each edge, pixels. Default 20. */
  readonly taperPx?: number;
  /** false leaves out registration and crops. Default true. */
  readonly align?: boolean;
  /** Steps per pixel of the registration. Default 100. */
  readonly upsample?: number;
}

/**
 * The pair [h, w] of two complex images [H, W], h <= H and w <= W.
 *
 * @throws PtychoError ShapeError for two shapes, DataError when the images do not overlap where they match best.
 */
export function originalFrcPair(
  first: ComplexArray,
  second: ComplexArray,
  options: OriginalPairOptions = {},
): readonly [ComplexArray, ComplexArray] {
  const { H, W } = expectShape("originalFrcPair: first", first.shape, "H W");
  expectShape("originalFrcPair: second", second.shape, "H W", { H, W });
  const { property = "phasor", taperPx = 20, align = true, upsample = 100 } = options;
  check(
    Number.isInteger(taperPx) && taperPx >= 0,
    "UsageError",
    () => `originalFrcPair: expected a taper of 0 or more whole pixels, got ${taperPx}`,
  );
  const [a, b] = align ? registered(first, second, property, upsample) : [first, second];
  const matched = matchPhasePlane(a, b);
  return [edgesTapered(matched, taperPx), edgesTapered(b, taperPx)];
}

/**
 * `image` [H, W] without the least-squares plane of its phase relative to `reference` (of its own phase without one), no
 * unwrapping. Weights: |image conj(reference)|, at least 1e-6 ("magnitude", default), or 1 ("uniform").
 */
export function matchPhasePlane(
  image: ComplexArray,
  reference?: ComplexArray,
  weighting: "magnitude" | "uniform" = "magnitude",
): ComplexArray {
  const { H, W } = expectShape("matchPhasePlane: image", image.shape, "H W");
  const product = complex64([H, W], image.re.slice(), image.im.slice());
  if (reference !== undefined) {
    expectShape("matchPhasePlane: reference", reference.shape, "H W", { H, W });
    for (let i = 0; i < product.re.length; i++) {
      product.re[i] = image.re[i] * reference.re[i] + image.im[i] * reference.im[i];
      product.im[i] = image.im[i] * reference.re[i] - image.re[i] * reference.im[i];
    }
  }
  const weights =
    weighting === "uniform"
      ? undefined
      : Float64Array.from(product.re, (re, i) => Math.max(1e-6, Math.hypot(re, product.im[i])));
  const plane = fitPlane(phaseOf(product), weights);
  return turned(image, (x, y) => -(plane.gradientX * x + plane.gradientY * y + plane.offset));
}

/** Size of the gradient of the wrapped phase [H, W], central differences, one-sided at the edges; radians per pixel. */
export function phaseVariation(image: ComplexArray): NdArray<"float64"> {
  const { H, W } = expectShape("phaseVariation", image.shape, "H W");
  check(H >= 2 && W >= 2, "ShapeError", () => `phaseVariation: expected 2x2 px or more, got ${H}x${W}`);
  const phase = phaseOf(image).data;
  const slope = (index: number, n: number, at: (index: number) => number) => {
    const [low, high] = [Math.max(0, index - 1), Math.min(n - 1, index + 1)];
    return (at(high) - at(low)) / (high - low);
  };
  const data = Float64Array.from(phase, (_, i) => {
    const [x, y] = [i % W, Math.floor(i / W)];
    return Math.hypot(
      slope(x, W, (column) => phase[y * W + column]),
      slope(y, H, (row) => phase[row * W + x]),
    );
  });
  return { dtype: "float64", shape: [H, W], data };
}

function registered(
  first: ComplexArray,
  second: ComplexArray,
  property: (typeof PAIR_PROPERTIES)[number],
  upsample: number,
): readonly [ComplexArray, ComplexArray] {
  const flat = matchPhasePlane(first);
  const matched = matchPhasePlane(second, flat);
  const coarse = phaseCorrelationShift(imageOf(flat, property), imageOf(matched, property), upsample);
  const whole = coarse.map(roundHalfEven);
  const a = matchPhasePlane(overlapOf(flat, whole));
  const b = matchPhasePlane(overlapOf(matched, [-whole[0], -whole[1]]));
  const fine = phaseCorrelationShift(imageOf(a, property), imageOf(b, property), upsample);
  const [height, width] = b.shape;
  const signed = (index: number, n: number) => (index < Math.floor((n + 1) / 2) ? index : index - n);
  const ramped = turned(
    b,
    (x, y) => 2 * Math.PI * ((fine[0] * signed(x, width)) / width + (fine[1] * signed(y, height)) / height),
  );
  const pair = [a, ramped].map((image) => overlapOf(image, [-fine[0], -fine[1]]));
  return property === "variation" ? [phasor(pair[0]), phasor(pair[1])] : [pair[0], pair[1]];
}

function imageOf(image: ComplexArray, property: (typeof PAIR_PROPERTIES)[number]): Image {
  if (property === "complex") return image;
  if (property === "phasor") return phasor(image);
  return property === "phase" ? phaseOf(image) : phaseVariation(image);
}

function phasor(image: ComplexArray): ComplexArray {
  const { data } = phaseOf(image);
  return complex64(image.shape, Float32Array.from(data, Math.cos), Float32Array.from(data, Math.sin));
}

/** The part of an image that another one, moved by [dx, dy] onto it, still covers. */
function overlapOf(image: ComplexArray, [dx, dy]: readonly number[]): ComplexArray {
  const [H, W] = image.shape;
  const [x, y] = [dx, dy].map((shift) => Math.ceil(Math.max(0, shift)));
  const width = Math.floor(Math.min(W, W + dx)) - x;
  const height = Math.floor(Math.min(H, H + dy)) - y;
  check(
    width > 0 && height > 0,
    "DataError",
    () => `originalFrcPair: the images match best ${dx}, ${dy} px apart, where they do not overlap`,
  );
  return crop(image, { x, y, width, height }, [0, 0]);
}

/** `image` times exp(i angle(x, y)). */
function turned(image: ComplexArray, angleAt: (x: number, y: number) => number): ComplexArray {
  const width = image.shape[1];
  const out = complex64(image.shape);
  for (let i = 0; i < out.re.length; i++) {
    const angle = angleAt(i % width, Math.floor(i / width));
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    out.re[i] = image.re[i] * cos - image.im[i] * sin;
    out.im[i] = image.re[i] * sin + image.im[i] * cos;
  }
  return out;
}

/** Times a Tukey window that is 0 on the first and last sample (SciPy's symmetric one), flanks of `taperPx`. */
function edgesTapered(image: ComplexArray, taperPx: number): ComplexArray {
  const [height, width] = image.shape;
  const [alongY, alongX] = [height, width].map((n) => symmetricTukey(n, Math.min(taperPx, n >> 1)));
  const weight = (i: number) => alongY[Math.floor(i / width)] * alongX[i % width];
  return complex64(
    image.shape,
    image.re.map((value, i) => value * weight(i)),
    image.im.map((value, i) => value * weight(i)),
  );
}

function symmetricTukey(n: number, taperPx: number): Float64Array {
  const flank = (taperPx / n) * (n - 1);
  return Float64Array.from({ length: n }, (_, i) => {
    const fromEdge = Math.min(i, n - 1 - i);
    return flank > 0 && fromEdge < flank ? (1 - Math.cos((Math.PI * fromEdge) / flank)) / 2 : 1;
  });
}
