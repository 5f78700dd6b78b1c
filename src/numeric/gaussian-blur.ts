// Gaussian blur of a real image, as scipy.ndimage.gaussian_filter with its defaults.

/**
 * `image` [height, width] convolved with a Gaussian of `sigmaPx`, cut at 4 sigma, mirrored at the edges with the edge
 * pixel repeated (d c b a | a b c d | d c b a). A new array.
 */
export function gaussianBlur(
  image: Float64Array,
  height: number,
  width: number,
  sigmaPx: number,
): Float64Array {
  if (sigmaPx === 0) return image.slice();
  const kernel = gaussianKernel(sigmaPx);
  const rows = new Float64Array(image.length);
  blurLines(image, rows, { lines: height, length: width, lineStride: width, stride: 1 }, kernel);
  const out = new Float64Array(image.length);
  blurLines(rows, out, { lines: width, length: height, lineStride: 1, stride: width }, kernel);
  return out;
}

function gaussianKernel(sigmaPx: number): Float64Array {
  const radius = Math.floor(4 * sigmaPx + 0.5);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigmaPx ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value);
  return kernel.map((value) => value / sum);
}

interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly lineStride: number;
  readonly stride: number;
}

function blurLines(from: Float64Array, to: Float64Array, layout: Lines, kernel: Float64Array): void {
  const { lines, length, lineStride, stride } = layout;
  const radius = (kernel.length - 1) / 2;
  const padded = new Float64Array(length + 2 * radius);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStride;
    for (let i = 0; i < padded.length; i++) padded[i] = from[start + mirror(i - radius, length) * stride];
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * padded[i + k];
      to[start + i * stride] = sum;
    }
  }
}

/** Index of the mirrored line, however far outside. */
function mirror(index: number, length: number): number {
  const period = 2 * length;
  const place = ((index % period) + period) % period;
  return place < length ? place : period - 1 - place;
}
