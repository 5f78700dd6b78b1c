// The centred two-dimensional discrete Fourier transform as two real matrix products. The shift that puts the zero
// frequency at index floor(extent / 2), the zero padding and the scale are rows, columns and a factor of the matrices.
import { constant } from "../compute/build-elementwise.js";
import { matmul } from "../compute/build-linear.js";
import { reshape } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import { float32, float64 } from "../core/ndarray.js";

export interface DftOptions {
  /** Factor on the result; 1 is the unnormalised transform. */
  readonly scale?: number;
  /** Zeros on each side of the rows and of the columns before the transform. */
  readonly padding?: readonly [number, number];
  /** The transform back, from a centred spectrum; with the unitary scale its exact inverse. Without padding. */
  readonly inverse?: boolean;
}

/**
 * Y[k, l] = scale * sum_{y,x} X[y, x] exp(-2 pi i ((k - K/2) y / K + (l - L/2) x / L)) of images whose real and
 * imaginary part are stacked: [..., 2, H, W] -> [..., 2, K, L], with K = H + 2 padding[0], L = W + 2 padding[1].
 * Padding moves the image inside its frame, as if zeros stood around it.
 */
export function centredDft(stacked: Expr, options: DftOptions = {}): Expr {
  const { scale = 1, padding = [0, 0], inverse = false } = options;
  const [parts, height, width] = stacked.shape.slice(-3);
  check(stacked.shape.length >= 3 && parts === 2, "ShapeError", () => {
    return `centredDft: expected shape [..., 2, H, W] (real and imaginary part), got [${stacked.shape.join(", ")}]`;
  });
  check(!inverse || (padding[0] === 0 && padding[1] === 0), "ShapeError", () => {
    return "centredDft: padding belongs to the forward transform, leave it out of the inverse";
  });
  const leading = stacked.shape.slice(0, -3);
  const rows = height + 2 * padding[0];
  const columns = width + 2 * padding[1];
  // Along the columns: X Fr^T and X Fi^T of both parts, one below the other: [..., 2 (Fr, Fi), 2 (re, im) H, L].
  const tall = reshape(stacked, [...leading, 1, 2 * height, width]);
  const products = matmul(tall, matrixConstant(columnMatrices(width, padding[1], inverse), stacked.dtype));
  // Along the rows: one product both transforms and adds the four pieces with their signs.
  const pieces = reshape(products, [...leading, 4 * height, columns]);
  const result = matmul(matrixConstant(rowMatrix(height, padding[0], scale, inverse), stacked.dtype), pieces);
  return reshape(result, [...leading, 2, rows, columns]);
}

/** Scale of the unitary ("ortho") transform of an H x W image. */
export function orthoScale(height: number, width: number): number {
  return 1 / Math.sqrt(height * width);
}

interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** [2, W, L]: transposes of the real and of the imaginary part of F. */
function columnMatrices(extent: number, padding: number, inverse: boolean): Matrix {
  const padded = extent + 2 * padding;
  const values = new Float64Array(2 * extent * padded);
  for (let x = 0; x < extent; x++) {
    for (let l = 0; l < padded; l++) {
      const [re, im] = element(l, x + padding, padded, inverse);
      values[x * padded + l] = re;
      values[(extent + x) * padded + l] = im;
    }
  }
  return { shape: [2, extent, padded], values };
}

/**
 * [2 K, 4 H]: with the pieces A = Xr Fr^T, B = Xi Fr^T, C = Xr Fi^T, D = Xi Fi^T below each other,
 * Re Y = Fr A - Fi B - Fi C - Fr D and Im Y = Fi A + Fr B + Fr C - Fi D.
 */
function rowMatrix(extent: number, padding: number, scale: number, inverse: boolean): Matrix {
  const padded = extent + 2 * padding;
  const width = 4 * extent;
  const values = new Float64Array(2 * padded * width);
  for (let k = 0; k < padded; k++) {
    for (let y = 0; y < extent; y++) {
      const [re, im] = element(k, y + padding, padded, inverse).map((value) => value * scale);
      const real = k * width + y;
      const imaginary = (padded + k) * width + y;
      [re, -im, -im, -re].forEach((value, piece) => {
        values[real + piece * extent] = value;
      });
      [im, re, re, -im].forEach((value, piece) => {
        values[imaginary + piece * extent] = value;
      });
    }
  }
  return { shape: [2 * padded, width], values };
}

/** exp(-2 pi i (k - floor(n/2)) j / n), with the angle reduced exactly; inverse: the conjugate transpose. */
function element(k: number, j: number, n: number, inverse: boolean): [number, number] {
  if (inverse) {
    const [re, im] = element(j, k, n, false);
    return [re, -im];
  }
  const turns = (((k - Math.floor(n / 2)) * j) % n) / n;
  return [Math.cos(2 * Math.PI * turns), -Math.sin(2 * Math.PI * turns)];
}

function matrixConstant(matrix: Matrix, dtype: Expr["dtype"]): Expr {
  if (dtype === "float64") return constant(float64(matrix.shape, matrix.values));
  return constant(float32(matrix.shape, Float32Array.from(matrix.values)));
}
