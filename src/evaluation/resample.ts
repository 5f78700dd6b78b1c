// A complex image on another number of pixels, by cubic B-splines.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

/**
 * `image` [H, W] resampled to [height, width] with the corner pixels in place: cubic B-spline interpolation (Unser,
 * Aldroubi & Eden 1993) with mirrored edges, real and imaginary part alike; SciPy's `zoom` of order 3. No low pass.
 *
 * @throws PtychoError ShapeError for an image or a target under 2x2 px.
 */
export function resample(image: ComplexArray, [height, width]: readonly [number, number]): ComplexArray {
  const { H, W } = expectShape("resample", image.shape, "H W");
  check(
    Math.min(H, W, height, width) >= 2 && Number.isInteger(height) && Number.isInteger(width),
    "ShapeError",
    () => `resample: expected 2x2 px or more to and from, got ${H}x${W} to ${height}x${width}`,
  );
  const part = (values: Float32Array) => {
    const rows = alongFirstAxis(Float64Array.from(values), H, W, height);
    return Float32Array.from(
      transposed(alongFirstAxis(transposed(rows, height, W), W, height, width), width, height),
    );
  };
  return complex64([height, width], part(image.re), part(image.im));
}

/** [n, inner] to [target, inner]. */
function alongFirstAxis(values: Float64Array, n: number, inner: number, target: number): Float64Array {
  const out = new Float64Array(target * inner);
  const line = new Float64Array(n);
  for (let column = 0; column < inner; column++) {
    for (let i = 0; i < n; i++) line[i] = values[i * inner + column];
    toCoefficients(line);
    for (let to = 0; to < target; to++) {
      const at = (to * (n - 1)) / (target - 1);
      const first = Math.min(Math.floor(at), n - 2) - 1;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += cubic(at - (first + k)) * line[mirrored(first + k, n)];
      out[to * inner + column] = sum;
    }
  }
  return out;
}

/** Samples to B-spline coefficients in place: the recursive filter with pole sqrt(3) - 2, edges mirrored. */
function toCoefficients(line: Float64Array): void {
  const n = line.length;
  const pole = Math.sqrt(3) - 2;
  let sum = line[0] + pole ** (n - 1) * line[n - 1];
  for (let i = 1; i < n - 1; i++) sum += (pole ** i + pole ** (2 * n - 2 - i)) * line[i];
  line[0] = sum / (1 - pole ** (2 * n - 2));
  for (let i = 1; i < n; i++) line[i] += pole * line[i - 1];
  line[n - 1] = ((line[n - 1] + pole * line[n - 2]) * pole) / (pole * pole - 1);
  for (let i = n - 2; i >= 0; i--) line[i] = pole * (line[i + 1] - line[i]);
  for (let i = 0; i < n; i++) line[i] *= 6;
}

function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return 2 / 3 - d * d + (d * d * d) / 2;
  return d < 2 ? (2 - d) ** 3 / 6 : 0;
}

/** Edge pixel not repeated: c b | a b c. */
function mirrored(index: number, n: number): number {
  const period = 2 * n - 2;
  const place = ((index % period) + period) % period;
  return place < n ? place : period - place;
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}
