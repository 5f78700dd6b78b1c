// Removes what ptychography cannot know before two objects are compared: a real scale of the amplitude, a global
// phase, and a phase plane (a ramp a*x + b*y + c).
import { check } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { fft2 } from "../numeric/fft.js";
import { mean } from "../numeric/statistics.js";
import type { RealImage } from "./metrics.js";

/** A phase plane `gradientX * x + gradientY * y + offset`; x = column, y = row, in pixels from the first pixel. */
export interface Plane {
  readonly gradientX: number;
  readonly gradientY: number;
  readonly offset: number;
}

/**
 * `image` [H, W] times mean(truth) / mean(image).
 *
 * @throws PtychoError DataError when the mean of the image is zero or not finite.
 */
export function scaleToMean(
  truth: RealImage,
  image: RealImage,
): { readonly image: NdArray<"float64">; readonly scale: number } {
  const scale = mean(truth.data) / mean(image.data);
  check(
    Number.isFinite(scale),
    "DataError",
    () =>
      `scaleToMean: the image has mean ${mean(image.data)} in the crop; is the crop inside the reconstruction?`,
  );
  const data = Float64Array.from(image.data, (value) => value * scale);
  return { image: { dtype: "float64", shape: image.shape, data }, scale };
}

/**
 * Least-squares plane of an image [H, W] (no unwrapping), each pixel weighted by `weights` (1 when absent).
 */
export function fitPlane(image: RealImage, weights?: ArrayLike<number>): Plane {
  const { H: height, W: width } = expectShape("fitPlane", image.shape, "H W");
  // Moments about the weighted centre make the normal equations 2x2.
  let sum = 0;
  let sumX = 0;
  let sumY = 0;
  let sumV = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const w = weights === undefined ? 1 : weights[i];
      sum += w;
      sumX += w * x;
      sumY += w * y;
      sumV += w * image.data[i];
    }
  }
  const centreX = sumX / sum;
  const centreY = sumY / sum;
  const level = sumV / sum;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let xv = 0;
  let yv = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const w = weights === undefined ? 1 : weights[i];
      const dx = x - centreX;
      const dy = y - centreY;
      const dv = image.data[i] - level;
      xx += w * dx * dx;
      xy += w * dx * dy;
      yy += w * dy * dy;
      xv += w * dx * dv;
      yv += w * dy * dv;
    }
  }
  const determinant = xx * yy - xy * xy;
  check(
    determinant > 0,
    "DataError",
    () =>
      `fitPlane: an image of ${height}x${width} px does not fix a plane; use at least 2x2 weighted pixels`,
  );
  const gradientX = (xv * yy - yv * xy) / determinant;
  const gradientY = (yv * xx - xv * xy) / determinant;
  return { gradientX, gradientY, offset: level - gradientX * centreX - gradientY * centreY };
}

/** `image` [H, W] less its own least-squares plane, plus the plane of `reference` when one is given. */
export function removePlane(image: RealImage, reference?: RealImage): NdArray<"float64"> {
  const own = fitPlane(image);
  const other = reference === undefined ? { gradientX: 0, gradientY: 0, offset: 0 } : fitPlane(reference);
  const width = image.shape[1];
  const data = Float64Array.from(image.data, (value, i) => {
    const x = i % width;
    const y = (i - x) / width;
    const dx = other.gradientX - own.gradientX;
    const dy = other.gradientY - own.gradientY;
    return value + dx * x + dy * y + other.offset - own.offset;
  });
  return { dtype: "float64", shape: image.shape, data };
}

/**
 * The phase plane by which `object` [H, W] differs from `reference` [H, W] (from 1 when absent), whatever its slope
 * below pi per pixel: the mean phase step between neighbours of object * conj(reference) first, then two weighted
 * least-squares corrections of what is left, with weights |object * conj(reference)|.
 */
export function fitPhaseRamp(object: ComplexArray, reference?: ComplexArray): Plane {
  const { H: height, W: width } = expectShape("fitPhaseRamp", object.shape, "H W");
  if (reference !== undefined)
    expectShape("fitPhaseRamp: reference", reference.shape, "H W", { H: height, W: width });
  const product = timesConjugate(object, reference);
  let plane = spectralPeak(product.re, product.im, height, width);
  for (let round = 0; round < 2; round++) {
    const rest = multiplyByRamp(product, plane, width);
    // The global phase goes first so that the remaining angles lie about 0, away from the cut at pi.
    let re = 0;
    let im = 0;
    for (let i = 0; i < rest.re.length; i++) {
      re += rest.re[i];
      im += rest.im[i];
    }
    const global = Math.atan2(im, re);
    const cos = Math.cos(global);
    const sin = Math.sin(global);
    const angle = new Float64Array(rest.re.length);
    const weights = new Float64Array(rest.re.length);
    for (let i = 0; i < angle.length; i++) {
      angle[i] = Math.atan2(rest.im[i] * cos - rest.re[i] * sin, rest.re[i] * cos + rest.im[i] * sin);
      weights[i] = Math.hypot(rest.re[i], rest.im[i]);
    }
    const correction = fitPlane({ dtype: "float64", shape: [height, width], data: angle }, weights);
    plane = {
      gradientX: plane.gradientX + correction.gradientX,
      gradientY: plane.gradientY + correction.gradientY,
      offset: plane.offset + correction.offset + global,
    };
  }
  return plane;
}

/** `object` [H, W] times exp(-i plane): the object without that phase plane. */
export function removePhaseRamp(object: ComplexArray, plane: Plane): ComplexArray {
  const { W: width } = expectShape("removePhaseRamp", object.shape, "H W");
  const { re, im } = multiplyByRamp(object, plane, width);
  return { dtype: "complex64", shape: object.shape, re: Float32Array.from(re), im: Float32Array.from(im) };
}

/** `object` times one phase factor such that sum(object * conj(reference)) is real and positive. */
export function removeGlobalPhase(object: ComplexArray, reference?: ComplexArray): ComplexArray {
  const product = timesConjugate(object, reference);
  let re = 0;
  let im = 0;
  for (let i = 0; i < product.re.length; i++) {
    re += product.re[i];
    im += product.im[i];
  }
  return removePhaseRamp(object, { gradientX: 0, gradientY: 0, offset: Math.atan2(im, re) });
}

export function amplitudeOf(object: ComplexArray): NdArray<"float64"> {
  const data = Float64Array.from(object.re, (re, i) => Math.hypot(re, object.im[i]));
  return { dtype: "float64", shape: object.shape, data };
}

/** Wrapped phase in (-pi, pi]. */
export function phaseOf(object: ComplexArray): NdArray<"float64"> {
  const data = Float64Array.from(object.re, (re, i) => Math.atan2(object.im[i], re));
  return { dtype: "float64", shape: object.shape, data };
}

interface ComplexPlanes {
  readonly re: ArrayLike<number>;
  readonly im: ArrayLike<number>;
}

function timesConjugate(object: ComplexArray, reference: ComplexArray | undefined): ComplexPlanes {
  if (reference === undefined) return object;
  const re = new Float64Array(object.re.length);
  const im = new Float64Array(object.re.length);
  for (let i = 0; i < re.length; i++) {
    re[i] = object.re[i] * reference.re[i] + object.im[i] * reference.im[i];
    im[i] = object.im[i] * reference.re[i] - object.re[i] * reference.im[i];
  }
  return { re, im };
}

/**
 * Slope at the highest peak of the spectrum, to a quarter of a cycle over the image: the ramp that most of the light
 * agrees on, whatever the rest (phase vortices, noise) does. Free of wraps.
 */
function spectralPeak(re: ArrayLike<number>, im: ArrayLike<number>, height: number, width: number): Plane {
  const edge = 2 ** Math.ceil(Math.log2(4 * Math.max(height, width)));
  const padded = { re: new Float64Array(edge * edge), im: new Float64Array(edge * edge) };
  for (let i = 0; i < re.length; i++) {
    const to = Math.floor(i / width) * edge + (i % width);
    padded.re[to] = re[i];
    padded.im[to] = im[i];
  }
  fft2(padded, edge, edge, "forward");
  let peak = 0;
  let highest = -1;
  for (let i = 0; i < padded.re.length; i++) {
    const power = padded.re[i] ** 2 + padded.im[i] ** 2;
    if (power > highest) [peak, highest] = [i, power];
  }
  const slope = (k: number) => (2 * Math.PI * (k < edge / 2 ? k : k - edge)) / edge;
  return { gradientX: slope(peak % edge), gradientY: slope(Math.floor(peak / edge)), offset: 0 };
}

/** Times exp(-i plane). */
function multiplyByRamp(values: ComplexPlanes, plane: Plane, width: number) {
  const size = values.re.length;
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const x = i % width;
    const y = (i - x) / width;
    const angle = plane.gradientX * x + plane.gradientY * y + plane.offset;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    re[i] = values.re[i] * cos + values.im[i] * sin;
    im[i] = values.im[i] * cos - values.re[i] * sin;
  }
  return { re, im };
}
