// A simulated measurement: exit waves at sub-pixel positions, far-field intensities, a photon budget and Poisson noise.
import { check } from "../core/errors.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { expectModes, makePatchIntensity } from "./detector-intensity.js";

export interface ScanOptions {
  /** Object [H, W]. */
  readonly object: ComplexArray;
  /** Probe [N, N], or incoherent modes [P, N, N]; the unit is free, the photon budget sets the brightness. */
  readonly probe: ComplexArray;
  /** Centres of the probe window in object pixels, x = column, y = row: its rows start at y - N/2. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** Mean counts per pattern, the mean taken over the scan. */
  readonly photons: number;
  /** "poisson" draws counts from PCG64 of `seed`; "none" keeps the expected counts. */
  readonly noise: { readonly kind: "poisson"; readonly seed: number } | { readonly kind: "none" };
}

export interface SimulatedScan {
  /** sqrt(counts) [n, N, N], zero frequency at N/2. */
  readonly diffraction: NdArray<"float32">;
  readonly domain: "amplitude";
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  readonly object: ComplexArray;
  /** The probe that gives these counts: the given one times `intensityScale`, same shape, in sqrt(photons). */
  readonly probe: ComplexArray;
  readonly intensityScale: number;
  /** Mean counts per pattern that were drawn. */
  readonly meanCounts: number;
  /** Patterns whose probe window reached over the edge of the object, where it counts as 0 (opaque). */
  readonly patternsOverEdge: number;
}

/**
 * Patterns of an object under a probe. Exit wave psi_p = s P_p O(patch), expected counts
 * sum_p |fft2(psi_p)|^2 / N^2 (unitary, so they sum to the energy of psi), s^2 = photons / mean_n sum |P O|^2.
 *
 * @throws PtychoError ShapeError for arrays that do not belong together, UsageError for a photon budget that is none.
 */
export function simulateScan(options: ScanOptions): SimulatedScan {
  const { object, probe, xPx, yPx, photons, noise } = options;
  expectShape("simulateScan: object", object.shape, "H W");
  const { N } = expectModes("simulateScan: probe", probe);
  expectShape("simulateScan: yPx", [yPx.length], "n", { n: xPx.length });
  check(
    photons > 0 && Number.isFinite(photons),
    "UsageError",
    () => `simulateScan: photons per pattern must be a positive number, got ${photons}`,
  );
  const patterns = xPx.length;
  check(patterns > 0, "UsageError", () => "simulateScan: the scan has no positions");
  const size = N * N;
  const diffraction = float32([patterns, N, N]);
  const intensityOf = makePatchIntensity(probe);
  let patternsOverEdge = 0;
  let energy = 0;
  for (let n = 0; n < patterns; n++) {
    const patch = extractPatch(object, xPx[n], yPx[n], N);
    if (patch.isOverEdge) patternsOverEdge++;
    const expected = intensityOf(patch);
    for (let i = 0; i < size; i++) {
      energy += expected[i];
      diffraction.data[n * size + i] = Math.sqrt(expected[i]);
    }
  }
  const intensityScale = Math.sqrt((photons * patterns) / energy);
  check(
    Number.isFinite(intensityScale),
    "DataError",
    () => "simulateScan: no light leaves the object; is the probe or the scanned part of the object zero?",
  );
  const random = noise.kind === "poisson" ? pcg64Random(noise.seed) : undefined;
  let counts = 0;
  for (let i = 0; i < diffraction.data.length; i++) {
    const rate = (diffraction.data[i] * intensityScale) ** 2;
    const count = random === undefined ? rate : random.poisson(rate);
    counts += count;
    diffraction.data[i] = Math.sqrt(count);
  }
  const scaled = (part: Float32Array) => part.map((value) => value * intensityScale);
  return {
    diffraction,
    domain: "amplitude",
    xPx,
    yPx,
    object,
    probe: { ...probe, re: scaled(probe.re), im: scaled(probe.im) },
    intensityScale,
    meanCounts: counts / patterns,
    patternsOverEdge,
  };
}

interface Patch {
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Whether a sample lay outside the object. */
  readonly isOverEdge: boolean;
}

/**
 * The N x N object patch about (x, y), bilinear: its pixel [r, c] is the object at row r + y - N/2, column
 * c + x - N/2, with zeros outside.
 */
export function extractPatch(object: ComplexArray, x: number, y: number, N: number): Patch {
  const [height, width] = object.shape;
  const left = Math.floor(x - N / 2);
  const top = Math.floor(y - N / 2);
  const fx = x - N / 2 - left;
  const fy = y - N / 2 - top;
  const weights = [(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx];
  const re = new Float64Array(N * N);
  const im = new Float64Array(N * N);
  let isOverEdge = false;
  for (let k = 0; k < 4; k++) {
    const weight = weights[k];
    if (weight === 0) continue;
    for (let r = 0; r < N; r++) {
      const row = top + r + (k >> 1);
      for (let c = 0; c < N; c++) {
        const column = left + c + (k & 1);
        if (row < 0 || column < 0 || row >= height || column >= width) {
          isOverEdge = true;
          continue;
        }
        re[r * N + c] += weight * object.re[row * width + column];
        im[r * N + c] += weight * object.im[row * width + column];
      }
    }
  }
  return { re, im, isOverEdge };
}
