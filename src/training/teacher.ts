// A known picture of the object as a second target of training: patches cut from it, and how much they count. Physics
// has the last word: the weight falls to zero, and what a run reports and ranks by is the misfit of the physics alone.
import { add, clampMin, div, input, mul, square, stopGradient, sub } from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { type ComplexExpr, mapParts } from "../physics/complex.js";

export interface Teacher {
  /** Object [H, W] in the units of the network, 0 where it is not known. */
  readonly object: ComplexArray;
  /** [H, W] 1 where the picture is to be believed, else 0. */
  readonly known: Uint8Array;
  /** (x, y) of pixel [0, 0] in the frame of the scan positions, pixels. */
  readonly originPx: readonly [number, number];
}

/** Weight at the start, and the epochs over which it falls to zero. */
export interface TeacherSchedule {
  readonly weight: number;
  readonly epochs: number;
}

/** Weight after `epoch` whole epochs and the share `part` of the next: half a cosine from `weight` to 0. */
export function teacherStrength({ weight, epochs }: TeacherSchedule, epoch: number, part: number): number {
  const done = (epoch + part) / epochs;
  return done >= 1 ? 0 : (weight * (1 + Math.cos(Math.PI * done))) / 2;
}

/** Square windows of a picture, each [size, size]: the complex values, and 1 where they are known. */
export interface TeacherWindows {
  readonly re: Float32Array;
  readonly im: Float32Array;
  readonly known: Float32Array;
}

/**
 * Windows [n, size, size] centred at (xPx, yPx): pixel [r, c] of one lies at x - size/2 + c, y - size/2 + r in the frame of
 * the positions. Between pixels of the picture the cubic of Catmull and Rom (1974); a value is known if all pixels that
 * enter it are.
 */
export function cutWindows(
  teacher: Teacher,
  xPx: ArrayLike<number>,
  yPx: ArrayLike<number>,
  size: number,
): TeacherWindows {
  const { object, known, originPx } = teacher;
  const [height, width] = object.shape;
  const windows = {
    re: new Float32Array(xPx.length * size * size),
    im: new Float32Array(xPx.length * size * size),
    known: new Float32Array(xPx.length * size * size),
  };
  for (let n = 0; n < xPx.length; n++) {
    const columns = cubicTaps(xPx[n] - size / 2 - originPx[0]);
    const rows = cubicTaps(yPx[n] - size / 2 - originPx[1]);
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) {
        const to = (n * size + r) * size + c;
        let [re, im] = [0, 0];
        let whole = true;
        for (const { offset: dy, weight: wy } of rows)
          for (const { offset: dx, weight: wx } of columns) {
            const [y, x] = [r + dy, c + dx];
            if (y < 0 || y >= height || x < 0 || x >= width || known[y * width + x] === 0) {
              whole = false;
              continue;
            }
            const weight = wy * wx;
            re += weight * object.re[y * width + x];
            im += weight * object.im[y * width + x];
          }
        if (!whole) continue;
        windows.re[to] = re;
        windows.im[to] = im;
        windows.known[to] = 1;
      }
  }
  return windows;
}

/** Pixels and weights that make the value at `start` + whole pixels; those of weight 0 are left out. */
function cubicTaps(start: number): { readonly offset: number; readonly weight: number }[] {
  const first = Math.floor(start);
  const f = start - first;
  const weights = [
    f * (-0.5 + f * (1 - 0.5 * f)),
    1 + f * f * (-2.5 + 1.5 * f),
    f * (0.5 + f * (2 - 1.5 * f)),
    f * f * (-0.5 + 0.5 * f),
  ];
  return weights
    .map((weight, i) => ({ offset: first - 1 + i, weight }))
    .filter(({ weight }) => Math.abs(weight) > 1e-9);
}

/**
 * Windows as the inputs of `teacherTerm`, of `shape`; nothing is cut at strength 0, where they do not count.
 */
export function teacherFeeds(
  cut: () => TeacherWindows,
  shape: readonly number[],
  strength: number,
): Record<string, NdArray<"float32">> {
  const off = (): TeacherWindows => {
    const nothing = float32(shape).data;
    return { re: nothing, im: nothing, known: nothing };
  };
  const { re, im, known } = strength === 0 ? off() : cut();
  return {
    teacher_re: float32(shape, re),
    teacher_im: float32(shape, im),
    teacher_known: float32(shape, known),
    teacher_strength: float32([], [strength]),
  };
}

/**
 * What the teacher adds to a loss (0-d): a term with the value strength x misfit and the gradient strength x misfit x d log E.
 * E = sum |P|^2 |O - T|^2 / sum |P|^2 |T|^2 over the known pixels is the relative error of the exit waves; `light` is |P|^2
 * and broadcasts against `object`. `misfit` is what the physics leaves unexplained, in units of the loss, 0 at best. So loss
 * and term together descend log(misfit) + strength x log E: the strength is a pure number, whatever the loss, the photons,
 * and how near the object already is.
 *
 * Inputs of the shape of `object`: `teacher_re`, `teacher_im`, `teacher_known`; 0-d: `teacher_strength`.
 */
export function teacherTerm(object: ComplexExpr, light: Expr, misfit: Expr): Expr {
  const { shape } = object.re;
  const target = { re: input("teacher_re", shape), im: input("teacher_im", shape) };
  const weight = mul(input("teacher_known", shape), light);
  const rest = { re: sub(object.re, target.re), im: sub(object.im, target.im) };
  const energy = (z: ComplexExpr): Expr => {
    const { re, im } = mapParts(z, square);
    return total(mul(weight, add(re, im)));
  };
  const error = div(energy(rest), clampMin(energy(target), SMALLEST_ENERGY));
  const share = stopGradient(div(clampMin(misfit, 0), clampMin(error, SMALLEST_ERROR)));
  return mul(mul(input("teacher_strength", []), share), error);
}

/** Lets a batch that the teacher does not know divide. */
const SMALLEST_ENERGY = 1e-30;
/** Of an object nearer to the teacher than this nothing more is asked. */
const SMALLEST_ERROR = 1e-6;

/** Rows first: ONNX Runtime adds up a whole float32 array one by one. */
function total(x: Expr): Expr {
  return sum(sum(x, [x.shape.length - 1]));
}
