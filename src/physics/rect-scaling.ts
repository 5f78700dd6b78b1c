// The global scales (s1, s2) of real and imaginary part against measured intensities (PtychoPINN-CI, Eq. 8), in plain
// float64. Only the moments of the normal equations are kept, so a data set of any length can be streamed.
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, type NdArray, sizeOf, stridesOf } from "../core/ndarray.js";

/** Real scales of the real and of the imaginary part of the object. */
export type RectangularScalePair = readonly [s1: number, s2: number];

/** M = sum w r r^T (3 x 3, row-major) and b = sum w r I of the rows r = (A, 2C, B). */
export interface RectangularMoments {
  readonly M: Float64Array;
  readonly b: Float64Array;
}

export const emptyMoments = (): RectangularMoments => ({ M: new Float64Array(9), b: new Float64Array(3) });

/**
 * Adds a batch to the moments, with A = |psiA|^2, B = |psiB|^2, C = Re(conj(psiA) psiB) per element.
 * Fields [B, C, P, H, W]; intensity in counts and weights broadcast against them.
 *
 * @throws PtychoError DataError for values that are not finite.
 */
export function addToMoments(
  moments: RectangularMoments,
  psiA: ComplexArray,
  psiB: ComplexArray,
  intensity: NdArray<"float32">,
  weights?: NdArray<"float32">,
): RectangularMoments {
  const M = moments.M.slice();
  const b = moments.b.slice();
  const intensityAt = broadcastIndex(intensity.shape, psiA.shape);
  const weightAt = weights && broadcastIndex(weights.shape, psiA.shape);
  for (let i = 0; i < psiA.re.length; i++) {
    const row = [
      psiA.re[i] * psiA.re[i] + psiA.im[i] * psiA.im[i],
      2 * (psiA.re[i] * psiB.re[i] + psiA.im[i] * psiB.im[i]),
      psiB.re[i] * psiB.re[i] + psiB.im[i] * psiB.im[i],
    ];
    const weight = weights && weightAt ? weights.data[weightAt(i)] : 1;
    const counts = intensity.data[intensityAt(i)];
    for (let j = 0; j < 3; j++) {
      b[j] += weight * row[j] * counts;
      for (let k = 0; k < 3; k++) M[3 * j + k] += weight * row[j] * row[k];
    }
  }
  check(M.every(Number.isFinite) && b.every(Number.isFinite), "DataError", () => {
    return "addToMoments: fields, intensities or weights hold values that are not finite; remove those patterns";
  });
  return { M, b };
}

/**
 * The global minimum of q^T M q - 2 b^T q over q = (s1^2, s1 s2, s2^2); of the two equal solutions, the one with
 * s1 >= 0. Along a direction d(theta) = (cos^2, cos sin, sin^2) the best radius is b.d / d^T M d, so the minimum is
 * where (b.d)^2 / d^T M d is highest among directions with b.d > 0.
 *
 * @throws PtychoError DataError when M is singular (the scales cannot be told apart) or no direction fits.
 */
export function solveMoments(moments: RectangularMoments): RectangularScalePair {
  check(!isSingular(moments.M), "DataError", () => {
    return "solveMoments: the normal matrix is singular, the scales of real and imaginary part cannot be told apart; use patterns with varied objects";
  });
  let best: { readonly theta: number; readonly gain: number; readonly rho: number } | undefined;
  for (const theta of stationaryDirections(moments)) {
    const { overlap, norm } = along(moments, theta);
    const gain = (overlap * overlap) / norm;
    if (overlap > 0 && norm > 0 && (best === undefined || gain > best.gain)) {
      best = { theta, gain, rho: overlap / norm };
    }
  }
  if (best === undefined) {
    throw new PtychoError(
      "DataError",
      "solveMoments: no direction of (s1, s2) lowers the residual; check the sign and the scale of the intensities",
    );
  }
  const radius = Math.sqrt(best.rho);
  const [s1, s2] = [radius * Math.cos(best.theta), radius * Math.sin(best.theta)];
  return s1 < 0 ? [-s1, -s2] : [s1, s2];
}

const DIRECTIONS = 2048;

/** Maxima of (b.d)^2 / d^T M d over half a turn, to rounding: its slope is scanned, then bisected where it turns. */
function stationaryDirections(moments: RectangularMoments): number[] {
  const at = (index: number): number => -Math.PI / 2 + (Math.PI * index) / DIRECTIONS;
  const found: number[] = [];
  let slope = along(moments, at(0)).slope;
  for (let index = 1; index <= DIRECTIONS; index++) {
    const next = along(moments, at(index)).slope;
    if (slope > 0 && next <= 0) found.push(bisect(moments, at(index - 1), at(index)));
    slope = next;
  }
  return found;
}

function bisect(moments: RectangularMoments, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (along(moments, middle).slope > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** b.d, d^T M d, and a positive multiple of the derivative of (b.d)^2 / d^T M d where b.d > 0. */
function along(
  { M, b }: RectangularMoments,
  theta: number,
): { readonly overlap: number; readonly norm: number; readonly slope: number } {
  const [c, s] = [Math.cos(theta), Math.sin(theta)];
  const d = [c * c, c * s, s * s];
  const derivative = [-2 * c * s, c * c - s * s, 2 * c * s];
  let [overlap, overlapSlope, norm, normSlope] = [0, 0, 0, 0];
  for (let j = 0; j < 3; j++) {
    const Md = M[3 * j] * d[0] + M[3 * j + 1] * d[1] + M[3 * j + 2] * d[2];
    overlap += b[j] * d[j];
    overlapSlope += b[j] * derivative[j];
    norm += d[j] * Md;
    normSlope += 2 * derivative[j] * Md;
  }
  return { overlap, norm, slope: overlap * (2 * overlapSlope * norm - overlap * normSlope) };
}

/** Whether the correlation form of M (unit diagonal) has a determinant of rounding size. */
function isSingular(M: Float64Array): boolean {
  const scale = [0, 4, 8].map((i) => 1 / Math.sqrt(M[i]));
  if (!scale.every(Number.isFinite)) return true;
  const [xy, xz, yz] = [M[1] * scale[0] * scale[1], M[2] * scale[0] * scale[2], M[5] * scale[1] * scale[2]];
  return 1 + 2 * xy * xz * yz - xy * xy - xz * xz - yz * yz < 1e-14;
}

/** Flat index in `shape` of every flat index in the larger `target`, by NumPy broadcasting. */
function broadcastIndex(shape: readonly number[], target: readonly number[]): (index: number) => number {
  if (sizeOf(shape) === sizeOf(target)) return (index) => index;
  const offset = target.length - shape.length;
  const strides = stridesOf(shape);
  const outer = stridesOf(target);
  check(offset >= 0 && shape.every((n, axis) => n === 1 || n === target[axis + offset]), "ShapeError", () => {
    return `addToMoments: [${shape.join(", ")}] does not broadcast against the fields [${target.join(", ")}]`;
  });
  return (index) => {
    let result = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const position = Math.floor(index / outer[axis + offset]) % target[axis + offset];
      if (shape[axis] !== 1) result += position * strides[axis];
    }
    return result;
  };
}
