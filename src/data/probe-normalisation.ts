// Bringing the probe guess to the network's scale: divided by probe_scale times its mean modulus under a mask.

import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray, sizeOf } from "../core/ndarray.js";

export interface NormalisedProbe {
  /** The probe divided by the norm; the mask itself is not applied. */
  readonly probe: ComplexArray;
  /** 1 / norm. */
  readonly factor: number;
}

/**
 * probe / (probeScale * mean|mask * probe|), one joint norm for all modes.
 *
 * @param probe [N, N] or [P, N, N]
 * @param mask [N, N], or undefined for none (the PyTorch default; the TensorFlow pipeline has `hardProbeMask`)
 * @throws PtychoError UsageError for a scale not above 0, ShapeError for shapes, DataError for a probe without energy.
 */
export function normaliseProbe(
  probe: ComplexArray<"float32"> | ComplexArray<"float64">,
  probeScale: number,
  mask: NdArray | undefined,
): NormalisedProbe {
  const { shape } = probe;
  const N = shape[shape.length - 1];
  check(
    probeScale > 0 && Number.isFinite(probeScale),
    "UsageError",
    () => `probe_scale must be positive, got ${probeScale}`,
  );
  check(
    (shape.length === 2 || shape.length === 3) && shape[shape.length - 2] === N,
    "ShapeError",
    () => `probe: expected [N, N] or [P, N, N], got [${shape.join(", ")}]`,
  );
  check(
    mask === undefined || (mask.shape.length === 2 && mask.shape[0] === N && mask.shape[1] === N),
    "ShapeError",
    () => `probe mask must have shape (${N}, ${N}), got (${mask?.shape.join(", ")})`,
  );
  const size = sizeOf(shape);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const weight = mask === undefined ? 1 : Number(mask.data[i % (N * N)]);
    sum += weight * Math.hypot(probe.re[i], probe.im[i]);
  }
  const norm = (probeScale * sum) / size;
  check(
    norm > 0,
    "DataError",
    () => "probe normalization norm must be positive; the probe is zero under its mask",
  );
  return {
    probe: complex64(
      shape,
      Float32Array.from(probe.re, (value) => value / norm),
      Float32Array.from(probe.im, (value) => value / norm),
    ),
    factor: 1 / norm,
  };
}

/** Disc of radius N // 4 about the array's centre, [N, N] of 0 and 1. */
export function hardProbeMask(N: number): NdArray<"float32"> {
  return disc(N, Math.floor(N / 4));
}

/**
 * Disc with a Gaussian edge: smoothed separably (kernel radius ceil(3 sigma), zeros outside), divided by its maximum.
 *
 * @param diameterPx N/2 unless given
 * @param sigmaPx 0 leaves the edge hard
 * @throws PtychoError UsageError for a size or diameter not above 0.
 */
export function softProbeMask(N: number, sigmaPx = 1, diameterPx = N / 2): NdArray<"float32"> {
  check(Number.isInteger(N) && N > 0, "UsageError", () => `probe mask: n must be > 0, got ${N}`);
  check(diameterPx > 0, "UsageError", () => `probe mask: diameter must be > 0, got ${diameterPx}`);
  const hard = disc(N, diameterPx / 2);
  if (!(sigmaPx > 0)) return hard;
  const kernel = gaussianKernel(sigmaPx);
  const rows = smooth(Float64Array.from(hard.data), N, kernel, 1, N);
  const both = smooth(rows, N, kernel, N, 1);
  const max = both.reduce((a, value) => Math.max(a, value), 0);
  return float32(
    [N, N],
    Float32Array.from(both, (value) => (max > 0 ? Math.min(value / max, 1) : 0)),
  );
}

/** probe / sqrt(sum |probe|^2). */
export function unitEnergyProbe(probe: ComplexArray<"float32"> | ComplexArray<"float64">): NormalisedProbe {
  let energy = 0;
  for (let i = 0; i < probe.re.length; i++) energy += probe.re[i] ** 2 + probe.im[i] ** 2;
  check(energy > 0, "DataError", () => "unit-energy probe: the probe is zero everywhere");
  const factor = Math.sqrt(1 / energy);
  return {
    probe: complex64(
      probe.shape,
      Float32Array.from(probe.re, (value) => value * factor),
      Float32Array.from(probe.im, (value) => value * factor),
    ),
    factor,
  };
}

function disc(N: number, radiusPx: number): NdArray<"float32"> {
  const mask = float32([N, N]);
  const centre = Math.floor(N / 2) - 0.5;
  for (let r = 0; r < N; r++) {
    for (let c = 0; c < N; c++) {
      if (Math.sqrt((r - centre) ** 2 + (c - centre) ** 2) < radiusPx) mask.data[r * N + c] = 1;
    }
  }
  return mask;
}

function gaussianKernel(sigmaPx: number): Float64Array {
  const radius = Math.max(1, Math.ceil(3 * sigmaPx));
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigmaPx) ** 2),
  );
  const sum = kernel.reduce((a, value) => a + value, 0);
  return kernel.map((value) => value / sum);
}

/**
 * Convolves along one axis of an N x N array, zero outside: `step` between neighbours, `jump` between lines. The mask of the
 * original, cut at 3 sigma; numeric/gaussian-blur.ts is SciPy's filter, cut at 4 sigma and mirrored.
 */
function smooth(values: Float64Array, N: number, kernel: Float64Array, step: number, jump: number) {
  const radius = (kernel.length - 1) / 2;
  const smoothed = new Float64Array(values.length);
  for (let line = 0; line < N; line++) {
    for (let i = 0; i < N; i++) {
      let sum = 0;
      for (let k = Math.max(-radius, -i); k <= Math.min(radius, N - 1 - i); k++) {
        sum += kernel[k + radius] * values[line * jump + (i + k) * step];
      }
      smoothed[line * jump + i * step] = sum;
    }
  }
  return smoothed;
}
