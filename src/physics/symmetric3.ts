// Eigenvalues and linear systems of symmetric 3 x 3 matrices (row-major, float64).

export interface Eigen3 {
  readonly values: Float64Array;
  /** vectors[k] belongs to values[k]; orthonormal. */
  readonly vectors: readonly Float64Array[];
}

/** Jacobi rotations until the off-diagonal is zero to rounding. */
export function eigenSymmetric3(matrix: Float64Array): Eigen3 {
  const a = matrix.slice();
  const v = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (let sweep = 0; sweep < 50; sweep++) {
    const off = Math.abs(a[1]) + Math.abs(a[2]) + Math.abs(a[5]);
    if (off <= 1e-300 || off <= 1e-17 * (Math.abs(a[0]) + Math.abs(a[4]) + Math.abs(a[8]))) break;
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ])
      rotate(a, v, p, q);
  }
  return {
    values: Float64Array.of(a[0], a[4], a[8]),
    vectors: [0, 1, 2].map((k) => Float64Array.of(v[k], v[3 + k], v[6 + k])),
  };
}

/** Solution of (matrix) x = right by elimination with pivoting. */
export function solve3(matrix: Float64Array, right: Float64Array): Float64Array {
  const rows = [0, 1, 2].map((i) => [...matrix.subarray(3 * i, 3 * i + 3), right[i]]);
  for (let k = 0; k < 3; k++) {
    const pivot = [k, k + 1, k + 2]
      .filter((i) => i < 3)
      .reduce((a, b) => (Math.abs(rows[b][k]) > Math.abs(rows[a][k]) ? b : a));
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < 3; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j < 4; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Float64Array(3);
  for (let i = 2; i >= 0; i--) {
    let rest = rows[i][3];
    for (let j = i + 1; j < 3; j++) rest -= rows[i][j] * x[j];
    x[i] = rest / rows[i][i];
  }
  return x;
}

/** One rotation in the plane (p, q) that makes a[p][q] zero; v collects the rotations in its columns. */
function rotate(a: Float64Array, v: Float64Array, p: number, q: number): void {
  const apq = a[3 * p + q];
  if (apq === 0) return;
  const theta = (a[4 * q] - a[4 * p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < 3; k++) {
    const [kp, kq] = [a[3 * k + p], a[3 * k + q]];
    a[3 * k + p] = c * kp - s * kq;
    a[3 * k + q] = s * kp + c * kq;
  }
  for (let k = 0; k < 3; k++) {
    const [pk, qk] = [a[3 * p + k], a[3 * q + k]];
    a[3 * p + k] = c * pk - s * qk;
    a[3 * q + k] = s * pk + c * qk;
    const [vp, vq] = [v[3 * k + p], v[3 * k + q]];
    v[3 * k + p] = c * vp - s * vq;
    v[3 * k + q] = s * vp + c * vq;
  }
}
