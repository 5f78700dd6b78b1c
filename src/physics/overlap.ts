// The overlap constraint of a group: its patches are merged on one canvas by a weighted mean and cut out again, so
// that every pattern is predicted from an object all patches of the group agree on.
import { add, cast, clampMin, constant, div, greater, mul } from "../compute/build-elementwise.js";
import { matmul } from "../compute/build-linear.js";
import { max, reshape } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import { float32, float64 } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { abs2, type ComplexExpr, insertAxis, mapParts, sumAxis } from "./complex.js";
import { type AxisWindow, applyShift, type Sampling, shiftMatrix, splitShift } from "./translate.js";

/** `central_mask` and `uniform` weigh the central half of a patch; `probe` weighs by the probe's intensity. */
export type PatchWeighting = "central_mask" | "probe" | "uniform";

export interface OverlapRule {
  readonly weighting: PatchWeighting;
  /** Extent M of the square canvas; see `canvasSizeOf`. */
  readonly canvasSize: number;
  /**
   * `tolerant`: exact shifts, and a pixel needs a thousandth of a patch to count as supported. `legacy`: the shifts
   * and the threshold 1e-6 of the PyTorch original, where rounding decides about the rim at integer shifts.
   * Probe weights have the relative threshold 1e-6 of the highest weight of the batch in both.
   */
  readonly support: "tolerant" | "legacy";
}

export interface MergedCanvas {
  /** [B, M, M], zero where nothing supports it. */
  readonly canvas: ComplexExpr;
  /** [B, M, M], bool. */
  readonly support: Expr;
}

const BOX_THRESHOLD = { tolerant: 1e-3, legacy: 1e-6 } as const;
const PROBE_THRESHOLD = 1e-6;
/** Added to the summed weight by `central_mask`. */
const CENTRAL_EPSILON = 1e-3;
const SMALLEST_WEIGHT = 1e-12;

/** Canvas extent of a gridsize x gridsize group: patch size + (gridsize - 1) * (neighbour distance, rounded up to even). */
export function canvasSizeOf(patchSize: number, gridsize: number, maxNeighborDistancePx: number): number {
  return patchSize + (gridsize - 1) * 2 * Math.ceil(Math.ceil(maxNeighborDistancePx) / 2);
}

/**
 * Weighted mean of the patches of each group on its canvas.
 * Patches [B, C, N, N], positions [B, C, 1, 2] = (x, y) pixels as a group stores them, -(coordinate - group mean), so
 * a patch moves by minus its position; probe [B|1, C|1, P, N, N] for the weighting `probe`.
 */
export function mergePatches(
  patches: ComplexExpr,
  positions: Expr,
  probe: ComplexExpr,
  rule: OverlapRule,
): MergedCanvas {
  const { rows, columns } = mergeMatrices(patches, positions, rule);
  const weight = translatedWeight(patches.re, probe, rows, columns, rule);
  const total = sumAxis(weight, 1);
  const support = greater(total, supportThreshold(total, rule));
  const divisor =
    rule.weighting === "central_mask" ? add(total, CENTRAL_EPSILON) : clampMin(total, SMALLEST_WEIGHT);
  const factor = div(cast(support, total.dtype), divisor);
  const canvas = mapParts(patches, (part) =>
    mul(sumAxis(mul(applyShift(part, rows, columns), weight), 1), factor),
  );
  return { canvas, support };
}

/** The patches cut out of their canvases again: canvas [B, M, M], positions [B, C, 1, 2] -> [B, C, N, N]. */
export function extractPatches(
  canvas: ComplexExpr,
  positions: Expr,
  patchSize: number,
  support: OverlapRule["support"],
): ComplexExpr {
  const frame = canvas.re.shape[2];
  const from = { start: 0, length: frame };
  const to = centred(patchSize, frame);
  const { x, y } = splitShift(dropAxis2(positions));
  const sampling = samplingOf(support);
  const rows = shiftMatrix(y, { frame, from, to, sampling });
  const columns = shiftMatrix(x, { frame, from, to, sampling });
  return mapParts(canvas, (part) => applyShift(insertAxis(part, 1), rows, columns));
}

function mergeMatrices(
  patches: ComplexExpr,
  positions: Expr,
  rule: OverlapRule,
): { rows: Expr; columns: Expr } {
  const { B, C, N } = expectShape("mergePatches: patches", patches.re.shape, "B C N N");
  expectShape("mergePatches: positions", positions.shape, "B C 1 2", { B, C });
  check(rule.canvasSize >= N, "ShapeError", () => {
    return `mergePatches: a canvas of ${rule.canvasSize} pixels cannot hold patches of ${N}; use canvasSizeOf`;
  });
  const frame = rule.canvasSize;
  const { x, y } = splitShift(mul(dropAxis2(positions), -1));
  const axis = {
    frame,
    from: centred(N, frame),
    to: { start: 0, length: frame },
    sampling: samplingOf(rule.support),
  };
  return { rows: shiftMatrix(y, axis), columns: shiftMatrix(x, axis) };
}

/** Weight of every moved patch, [B, C, M, M]. The central box is an outer product, so it moves as two vectors. */
function translatedWeight(
  patch: Expr,
  probe: ComplexExpr,
  rows: Expr,
  columns: Expr,
  rule: OverlapRule,
): Expr {
  if (rule.weighting === "probe") return applyShift(sumAxis(abs2(probe), 2), rows, columns);
  const box = centralBox(patch.shape[2], patch.dtype);
  return mul(matmul(rows, box), matmul(box, columns, { transposeA: true, transposeB: true }));
}

/** [N, 1]: 1 in the central half. */
function centralBox(size: number, dtype: Expr["dtype"]): Expr {
  const start = Math.floor(size / 4);
  const values = Array.from({ length: size }, (_, i) =>
    Number(i >= start && i < start + Math.floor(size / 2)),
  );
  return constant(dtype === "float64" ? float64([size, 1], values) : float32([size, 1], values));
}

function supportThreshold(total: Expr, rule: OverlapRule): Expr | number {
  return rule.weighting === "probe" ? mul(max(total), PROBE_THRESHOLD) : BOX_THRESHOLD[rule.support];
}

const samplingOf = (support: OverlapRule["support"]): Sampling =>
  support === "legacy" ? "float32Grid" : "exact";

/** `length` pixels in the middle of `frame`; an odd remainder goes behind. */
function centred(length: number, frame: number): AxisWindow {
  return { start: Math.floor((frame - length) / 2), length };
}

/** [B, C, 1, 2] -> [B, C, 2]. */
const dropAxis2 = (positions: Expr): Expr => reshape(positions, [...positions.shape.slice(0, 2), 2]);

/** Moves windows of one spatial cluster to and from their common canvas. */
export interface ClusterFrame {
  /** Sum of images [B, ...1, n, n] on the canvas, each at its place: [M, M]. What falls outside is lost. */
  readonly place: (images: Expr) => Expr;
  /** The windows of a canvas [M, M]: [B, 1, n, n]; zero where they leave it. */
  readonly cut: (canvas: Expr) => Expr;
}

/**
 * Frame of a cluster: windows of `size` pixels at positions [B, 1, 1, 2] = (x, y) pixels, -(coordinate - canvas centre),
 * on a canvas of M x M pixels; M - size must be even. Sub-pixel positions move bilinearly, whole ones exactly. `place` is
 * the adjoint of `cut`, so both are matrix products.
 */
export function clusterFrame(positions: Expr, size: number, canvasSize: number): ClusterFrame {
  const { B } = expectShape("clusterFrame: positions", positions.shape, "B 1 1 2");
  const whole = { start: 0, length: canvasSize };
  const { x, y } = splitShift(reshape(positions, [B, 2]));
  const axis = { frame: canvasSize, from: whole, to: centred(size, canvasSize) };
  // [B, n, M]: cuts a window out of the canvas; its transpose, the shift by minus the position, puts it there.
  const rows = shiftMatrix(y, axis);
  const columns = shiftMatrix(x, axis);
  const tallRows = reshape(rows, [B * size, canvasSize]);
  const tall = (images: Expr): Expr => reshape(images, [B * size, canvasSize]);
  return {
    place: (images) =>
      matmul(tallRows, tall(matmul(reshape(images, [B, size, size]), columns)), { transposeA: true }),
    cut: (canvas) => {
      const bands = reshape(matmul(tallRows, canvas), [B, size, canvasSize]);
      return reshape(matmul(bands, columns, { transposeB: true }), [B, 1, size, size]);
    },
  };
}
