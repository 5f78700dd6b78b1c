// Groups of patches summed on one canvas of given size: PtychoPINN's oldest stitcher, which it calls deprecated. Kept for
// numbers made with it; stitch-patches.ts is the one to use.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { expectCanvasSize } from "./stitch-canvas.js";
import { type CanvasSums, emptyCanvas, type PatchWindow, windowOf } from "./stitch-splat.js";

/** Added to the summed masks before the division, as the original does. */
const MASK_EPSILON = 0.001;

export interface CanvasSumOptions {
  /** Side of the canvas. */
  readonly sizePx: number;
  /** "groups": every group is divided by its own masks, then summed. "all": the sum of all by the masks of all. */
  readonly divide: "groups" | "all";
  /** Divide the result by the same of ones: the mean where patches overlap, 0 where there are none. */
  readonly normalise: boolean;
}

/**
 * Patches [B, C, N, N] in the middle of a canvas, each moved by minus its offset [B, C, 2] = (x, y) less the mean of all
 * offsets, summed, and divided by the sum of the equally moved central N/2 squares + 0.001. Outside those squares the
 * division by 0.001 blows the values up, so much that they hang on the last digit of the shifts, which are therefore
 * computed in float32 as the original does.
 *
 * @throws PtychoError UsageError for a canvas that is smaller than a patch.
 */
export function sumOnCanvas(
  patches: ComplexArray,
  offsetsPx: NdArray,
  { sizePx, divide, normalise }: CanvasSumOptions,
): ComplexArray {
  const { B, C, N } = expectShape("sumOnCanvas: patches", patches.shape, "B C N N");
  expectShape("sumOnCanvas: offsets", offsetsPx.shape, "B C 2", { B, C });
  check(
    Number.isInteger(sizePx) && sizePx >= N,
    "UsageError",
    () => `sumOnCanvas: a canvas of ${sizePx} px does not hold patches of ${N} px`,
  );
  expectCanvasSize(sizePx, sizePx);
  const offsets = centredOffsets(offsetsPx);
  const flat = { ...patches, shape: [B * C, N, N] };
  const square = centralSquare(N);
  const margin = Math.floor((sizePx - N) / 2);
  const total = emptyCanvas(sizePx, sizePx);
  const perDivision = divide === "groups" ? C : B * C;
  for (let first = 0; first < B * C; first += perDivision) {
    const sums = emptyCanvas(sizePx, sizePx);
    const masks = emptyCanvas(sizePx, sizePx);
    for (let k = first; k < first + perDivision; k++) {
      const [dx, dy] = [offsets[2 * k], offsets[2 * k + 1]];
      addMoved(sums, windowOf(flat, k, 0, N), margin, dx, dy);
      addMoved(masks, windowOf(square, 0, 0, N), margin, dx, dy);
    }
    for (let i = 0; i < total.re.length; i++) {
      const mask = masks.re[i] + MASK_EPSILON;
      total.re[i] += sums.re[i] / mask;
      total.im[i] += sums.im[i] / mask;
      total.weight[i] += sums.weight[i] / mask;
    }
  }
  const divisor = (i: number) => (!normalise || total.weight[i] === 0 ? 1 : total.weight[i]);
  return complex64(
    [sizePx, sizePx],
    Float32Array.from(total.re, (value, i) => value / divisor(i)),
    Float32Array.from(total.im, (value, i) => value / divisor(i)),
  );
}

/** Adds a patch that lies `margin` in from the corner, moved by (-dx, -dy), bilinear: canvas pixel x sees patch x + dx. */
function addMoved(canvas: CanvasSums, patch: PatchWindow, margin: number, dx: number, dy: number): void {
  const { sizePx: N, re, im, start, rowStride } = patch;
  const samples = (size: number, offset: number) =>
    Array.from({ length: size }, (_, at) => {
      const place = Math.fround(at + offset);
      const first = Math.floor(place);
      return { first: first - margin, share: Math.fround(place - first) };
    });
  const columns = samples(canvas.width, dx);
  samples(canvas.height, dy).forEach((row, y) => {
    if (row.first < -1 || row.first >= N) return;
    columns.forEach((column, x) => {
      if (column.first < -1 || column.first >= N) return;
      const to = y * canvas.width + x;
      for (let k = 0; k < 4; k++) {
        const [r, c] = [row.first + (k >> 1), column.first + (k & 1)];
        if (r < 0 || c < 0 || r >= N || c >= N) continue;
        const share = (k >> 1 ? row.share : 1 - row.share) * (k & 1 ? column.share : 1 - column.share);
        const from = start + r * rowStride + c;
        canvas.re[to] += share * re[from];
        canvas.im[to] += share * im[from];
        canvas.weight[to] += share;
      }
    });
  });
}

/** Offsets [n, 2] less their mean, each step rounded to float32. */
function centredOffsets(offsetsPx: NdArray): Float32Array {
  const offsets = Float32Array.from(offsetsPx.data as ArrayLike<number>);
  const mean = [0, 0];
  for (let i = 0; i < offsets.length; i++) mean[i % 2] += (2 * offsets[i]) / offsets.length;
  return offsets.map((value, i) => value - Math.fround(mean[i % 2]));
}

/** 1 on the central N/2 square of [1, N, N]. */
function centralSquare(N: number): ComplexArray {
  const square = complex64([1, N, N]);
  const [first, half] = [Math.floor(N / 4), Math.floor(N / 2)];
  for (let row = first; row < first + half; row++) square.re.fill(1, row * N + first, row * N + first + half);
  return square;
}
