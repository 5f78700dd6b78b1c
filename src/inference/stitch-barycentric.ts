// Barycentric accumulation on a canvas of given size, with the drop rule and the normalisation of the original.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { expectCanvasSize, scanExtent } from "./stitch-canvas.js";
import { type CanvasSums, splatPatch, windowOf } from "./stitch-splat.js";

/** Added to the weight sum before the division, as the original does. */
const WEIGHT_EPSILON = 1e-12;

export interface Accepted {
  readonly accepted: number;
  readonly total: number;
}

/**
 * Adds patches [n, p, p] centred at canvas coordinates `positionsPx` [n, 2] = (x, y) to `canvas`. A patch is dropped
 * unless floor(x - p/2) >= 0 and floor(x - p/2) + p + 1 < W, and likewise for y: the patch that just touches the last
 * column is dropped too. `intensity` [p, p] weighs the pixels; undefined weighs them alike.
 */
export function accumulateBarycentric(
  canvas: CanvasSums,
  patches: ComplexArray,
  positionsPx: NdArray,
  intensity: NdArray | undefined,
): Accepted {
  const { n, p } = expectShape("patches", patches.shape, "n p p");
  expectShape("positions", positionsPx.shape, "n 2", { n });
  if (intensity !== undefined) expectShape("probe intensity", intensity.shape, "p p", { p });
  const weights =
    intensity === undefined ? undefined : Float64Array.from(intensity.data as ArrayLike<number>);
  let accepted = 0;
  for (let i = 0; i < n; i++) {
    const left = Number(positionsPx.data[2 * i]) - p / 2;
    const top = Number(positionsPx.data[2 * i + 1]) - p / 2;
    const inside =
      left >= 0 &&
      top >= 0 &&
      Math.floor(left) + p + 1 < canvas.width &&
      Math.floor(top) + p + 1 < canvas.height;
    if (!inside) continue;
    accepted++;
    splatPatch(canvas, windowOf(patches, i, 0, p), left, top, weights);
  }
  return { accepted, total: n };
}

/** sums / (weights + 1e-12), [H, W]. */
export function normaliseCanvas(canvas: CanvasSums): ComplexArray {
  const texture = complex64([canvas.height, canvas.width]);
  for (let i = 0; i < canvas.weight.length; i++) {
    const weight = canvas.weight[i] + WEIGHT_EPSILON;
    texture.re[i] = canvas.re[i] / weight;
    texture.im[i] = canvas.im[i] / weight;
  }
  return texture;
}

/** The sums themselves: complex canvas [H, W] and weights [H, W]. */
export function canvasArrays(canvas: CanvasSums): { sums: ComplexArray; weights: NdArray<"float32"> } {
  const shape = [canvas.height, canvas.width];
  return {
    sums: complex64(shape, Float32Array.from(canvas.re), Float32Array.from(canvas.im)),
    weights: float32(shape, Float32Array.from(canvas.weight)),
  };
}

/** Height and width of the canvas that surely holds windows of `middlePx` at offsets up to the given ones. */
export function paddedCanvasSize(
  middlePx: number,
  maxOffsetYPx: number,
  maxOffsetXPx: number,
): readonly [number, number] {
  return [2 * middlePx + 2 * maxOffsetYPx, 2 * middlePx + 2 * maxOffsetXPx];
}

/** (dx, dy) that turns a scan coordinate into a canvas pixel: (W // 2 - comX, H // 2 - comY). */
export function canvasOriginOffset(
  centrePx: readonly [number, number],
  height: number,
  width: number,
): readonly [number, number] {
  return [Math.floor(width / 2) - centrePx[0], Math.floor(height / 2) - centrePx[1]];
}

export interface CentredCanvas {
  readonly height: number;
  readonly width: number;
  /** Mean (x, y) of the positions. */
  readonly centrePx: readonly [number, number];
  /** Added to a scan coordinate it gives the canvas coordinate. */
  readonly offsetPx: readonly [number, number];
}

/**
 * The original's canvas around the centre of mass of `positionsPx` [n, 2], for windows of `middlePx` pixels.
 *
 * @throws PtychoError DataError for a canvas above the cap.
 */
export function planCentredCanvas(positionsPx: NdArray, middlePx: number): CentredCanvas {
  const { minX, maxX, minY, maxY } = scanExtent(positionsPx);
  check(
    middlePx > 0 && middlePx % 2 === 0,
    "UsageError",
    () => `middle_trim: expected even, got ${middlePx}`,
  );
  const n = positionsPx.shape[0];
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < n; i++) {
    sumX += Number(positionsPx.data[2 * i]);
    sumY += Number(positionsPx.data[2 * i + 1]);
  }
  const centrePx: [number, number] = [sumX / n, sumY / n];
  const offsetX = Math.ceil(Math.max(maxX - centrePx[0], centrePx[0] - minX));
  const offsetY = Math.ceil(Math.max(maxY - centrePx[1], centrePx[1] - minY));
  const [height, width] = paddedCanvasSize(middlePx, offsetY, offsetX);
  expectCanvasSize(height, width);
  return { height, width, centrePx, offsetPx: canvasOriginOffset(centrePx, height, width) };
}
