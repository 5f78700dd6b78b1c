// The wave kernels as plain loops in float64: what each one means, and the oracle of the fast ones.
import { fft2 } from "../src/numeric/fft.js";
import type { WaveKernels } from "../src/numeric/wave-kernels.js";

export function plainKernels(): WaveKernels {
  return {
    fft2(field, N, direction) {
      const re = Float64Array.from(field.re);
      const im = Float64Array.from(field.im);
      fft2({ re, im }, N, N, direction);
      const factor = direction === "forward" ? 1 / N : N;
      for (let i = 0; i < N * N; i++) {
        field.re[i] = re[i] * factor;
        field.im[i] = im[i] * factor;
      }
    },
    illuminate(out, probe, canvas, start, stride, N) {
      for (let r = 0; r < N; r++)
        for (let c = 0; c < N; c++) {
          const [i, j] = [r * N + c, start + r * stride + c];
          const [a, b] = [probe.re[i], probe.im[i]];
          out.re[i] = a * canvas.re[j] - b * canvas.im[j];
          out.im[i] = a * canvas.im[j] + b * canvas.re[j];
        }
    },
    conjugateProduct(out, a, b, accumulate) {
      for (let i = 0; i < out.re.length; i++) {
        const [re, im] = accumulate ? [out.re[i], out.im[i]] : [0, 0];
        const real = re + a.re[i] * b.re[i] + a.im[i] * b.im[i];
        out.im[i] = im + a.re[i] * b.im[i] - a.im[i] * b.re[i];
        out.re[i] = real;
      }
    },
    conjugateWindow(out, canvas, start, stride, b, N, accumulate) {
      for (let r = 0; r < N; r++)
        for (let c = 0; c < N; c++) {
          const [i, j] = [r * N + c, start + r * stride + c];
          const [re, im] = accumulate ? [out.re[i], out.im[i]] : [0, 0];
          const real = re + canvas.re[j] * b.re[i] + canvas.im[j] * b.im[i];
          out.im[i] = im + canvas.re[j] * b.im[i] - canvas.im[j] * b.re[i];
          out.re[i] = real;
        }
    },
    intensity(out, wave, accumulate) {
      for (let i = 0; i < out.length; i++)
        out[i] = (accumulate ? out[i] : 0) + wave.re[i] ** 2 + wave.im[i] ** 2;
    },
    amplitudeFactor(intensity, measured, dark) {
      return factor(intensity, measured, (I, A) => A / Math.sqrt(I + dark) - 1);
    },
    poissonFactor(intensity, measured, dark, limit) {
      return factor(intensity, measured, (I, A) =>
        Math.min(limit, Math.max(-0.5, 0.5 * ((A * A) / (I + dark) - 1))),
      );
    },
    scale(wave, factor) {
      for (let i = 0; i < factor.length; i++) {
        wave.re[i] *= factor[i];
        wave.im[i] *= factor[i];
      }
    },
    addScaled(out, wave, factor) {
      for (let i = 0; i < out.re.length; i++) {
        out.re[i] += factor * wave.re[i];
        out.im[i] += factor * wave.im[i];
      }
    },
    decayAndSubtract(out, wave, factor) {
      for (const part of ["re", "im"] as const)
        for (let i = 0; i < out.re.length; i++) {
          wave[part][i] *= factor;
          out[part][i] -= wave[part][i];
        }
    },
    modulate(out, wave, rows, columns, conjugate, accumulate) {
      const width = columns.re.length;
      for (let r = 0; r < rows.re.length; r++)
        for (let c = 0; c < width; c++) {
          const i = r * width + c;
          const re = rows.re[r] * columns.re[c] - rows.im[r] * columns.im[c];
          const im = (rows.re[r] * columns.im[c] + rows.im[r] * columns.re[c]) * (conjugate ? -1 : 1);
          const [a, b] = [wave.re[i], wave.im[i]];
          out.re[i] = (accumulate ? out.re[i] : 0) + a * re - b * im;
          out.im[i] = (accumulate ? out.im[i] : 0) + a * im + b * re;
        }
    },
    addWindow(canvas, weight, start, stride, change, illumination, N, fromRow, toRow) {
      for (let r = fromRow; r < toRow; r++)
        for (let c = 0; c < N; c++) {
          const [i, j] = [r * N + c, start + r * stride + c];
          canvas.re[j] += change.re[i];
          canvas.im[j] += change.im[i];
          weight[j] += illumination[i];
        }
    },
    applyWindow(canvas, sums, weight, start, stride, N, fromRow, toRow, step, keep, floor) {
      for (let r = fromRow; r < toRow; r++)
        for (let c = 0; c < N; c++) {
          const j = start + r * stride + c;
          if (weight[j] > 0) {
            const part = step / (keep * weight[j] + floor);
            canvas.re[j] += part * sums.re[j];
            canvas.im[j] += part * sums.im[j];
          }
          sums.re[j] = sums.im[j] = weight[j] = 0;
        }
    },
    dot(a, b) {
      let sum = 0;
      for (let i = 0; i < a.re.length; i++) sum += a.re[i] * b.re[i] + a.im[i] * b.im[i];
      return sum;
    },
    energy(a) {
      let sum = 0;
      for (let i = 0; i < a.re.length; i++) sum += a.re[i] ** 2 + a.im[i] ** 2;
      return sum;
    },
  };
}

function factor(
  intensity: Float32Array,
  measured: Float32Array,
  change: (I: number, A: number) => number,
): number {
  let misfit = 0;
  for (let i = 0; i < intensity.length; i++) {
    if (measured[i] >= 0) {
      misfit += (Math.sqrt(intensity[i]) - measured[i]) ** 2;
      intensity[i] = change(intensity[i], measured[i]);
    } else intensity[i] = 0;
  }
  return misfit;
}
