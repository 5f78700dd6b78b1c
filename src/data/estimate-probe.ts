// A starting probe from the patterns and positions alone.
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { fft2, fftShift2, ifftShift2 } from "../numeric/fft.js";
import { percentile } from "../numeric/statistics.js";
import { meanPattern } from "./mean-pattern.js";
import { measureCurvature, rmsRadius, typicalStep } from "./probe-curvature.js";
import { measureProbeRadius } from "./probe-width.js";

export const PROBE_ESTIMATES = ["auto", "defocus", "disk", "mean-pattern"] as const;
export type ProbeEstimateKind = (typeof PROBE_ESTIMATES)[number];

export interface ProbeCandidate {
  readonly kind: Exclude<ProbeEstimateKind, "auto">;
  /** [1, N, N], centred at N/2, with the energy of the mean pattern (unitary transform). */
  readonly probe: ComplexArray;
  /** What it is and where its numbers come from, for the report. */
  readonly note: string;
}

export interface ProbeEstimate {
  /** Best first. */
  readonly candidates: readonly ProbeCandidate[];
  /**
   * Whether the patterns themselves decide for the first candidate. Otherwise short runs of each should: the lowest
   * residual wins. Where the patterns decide, a residual must not overrule them: of a noisy weak object a wrong probe can
   * fit the patterns better than the right one.
   */
  readonly isMeasured: boolean;
}

/** Standard errors from which a curvature counts as measured. */
const SIGNIFICANCE = 6;
/** The darkest part of the mean pattern, per cent, is taken for background. */
const BACKGROUND_PERCENT = 5;
/** Soft edge of a disk, pixels. */
const EDGE_PX = 1;

/**
 * Starting probes of a scan. "defocus" is the square root of the mean pattern with the quadratic phase that
 * `measureCurvature` finds, or, where nothing moves over the detector, with either sign of the one that gives the beam
 * its width; "disk" a flat disk as wide as `measureProbeRadius` finds, and narrower and wider ones; "mean-pattern" the
 * square root of the mean pattern without phase, a beam in focus; "auto" all of them, the likeliest first.
 *
 * @param amplitudes [n, N, N], zero frequency at N/2, negative where not measured
 * @param xPx, yPx positions [n], pixels of the object
 * @throws PtychoError DataError for patterns without light, ShapeError for positions that do not fit.
 */
export function estimateProbe(
  amplitudes: NdArray<"float32">,
  xPx: Float64Array,
  yPx: Float64Array,
  kind: ProbeEstimateKind = "auto",
): ProbeEstimate {
  const { n, N } = expectShape("estimateProbe: amplitudes", amplitudes.shape, "n N N");
  expectShape("estimateProbe: xPx", [xPx.length], "n", { n });
  const mean = meanPattern(amplitudes);
  const energy = mean.reduce((sum, value) => sum + value, 0);
  const focused = (): ProbeCandidate => ({
    kind: "mean-pattern",
    probe: defocusedProbe(mean, N, 0, energy),
    note: "a beam in focus: the square root of the mean pattern, flat phase",
  });
  if (kind === "mean-pattern") return { candidates: [focused()], isMeasured: false };
  const curvature = kind === "disk" ? undefined : measureCurvature(amplitudes, xPx, yPx, mean);
  const isMeasured = curvature !== undefined && curvature.significance >= SIGNIFICANCE;
  const measured: readonly ProbeCandidate[] = isMeasured
    ? [
        {
          kind: "defocus",
          probe: defocusedProbe(mean, N, curvature.curvature, energy),
          note:
            `a defocused beam of curvature ${curvature.curvature.toPrecision(3)}, from the shadows that move with the ` +
            `scan (${curvature.significance.toFixed(0)} standard errors above the opposite curvature)`,
        },
      ]
    : [];
  if (kind === "defocus" && isMeasured) return { candidates: measured, isMeasured };
  const found = measureProbeRadius(amplitudes, mean);
  const radiusPx = n < 2 ? found : Math.min(Math.max(found, typicalStep(xPx, yPx)), 0.45 * N);
  const disk = (factor: number): ProbeCandidate => {
    const radius = Math.min(radiusPx * factor, 0.45 * N);
    return {
      kind: "disk",
      probe: diskProbe(N, radius, energy),
      note: `a disk of radius ${radius.toFixed(1)} px, ${factor} of what the finest fringes tell`,
    };
  };
  const disks = [1, 0.7, 1.4].map(disk);
  if (kind === "disk") return { candidates: disks, isMeasured: false };
  const guessed = [1, -1].map((sign): ProbeCandidate => {
    // In geometrical optics the beam is the aperture, curvature times as large.
    const guess = (sign * radiusPx) / (Math.SQRT2 * rmsRadius(mean, N));
    return {
      kind: "defocus",
      probe: defocusedProbe(mean, N, guess, energy),
      note: `a defocused beam of curvature ${guess.toPrecision(3)}, from the width that the finest fringes tell`,
    };
  });
  if (kind === "defocus") return { candidates: guessed, isMeasured: false };
  return isMeasured
    ? { candidates: [...measured, focused(), disks[0]], isMeasured }
    : { candidates: [...disks, focused(), ...guessed], isMeasured };
}

/** Spectrum sqrt(mean less its background) exp(i pi a |k|^2 / N), back to the object, with the energy asked for. */
function defocusedProbe(mean: Float64Array, N: number, curvature: number, energy: number): ComplexArray {
  const background = percentile(mean, BACKGROUND_PERCENT);
  const re = new Float64Array(N * N);
  const im = new Float64Array(N * N);
  mean.forEach((value, p) => {
    const amplitude = Math.sqrt(Math.max(value - background, 0));
    const angle = (Math.PI * curvature * ((Math.floor(p / N) - N / 2) ** 2 + ((p % N) - N / 2) ** 2)) / N;
    re[p] = amplitude * Math.cos(angle);
    im[p] = amplitude * Math.sin(angle);
  });
  const spectrum = { re: ifftShift2(re, N, N), im: ifftShift2(im, N, N) };
  fft2(spectrum, N, N, "inverse");
  return withEnergy(fftShift2(spectrum.re, N, N), fftShift2(spectrum.im, N, N), N, energy);
}

function diskProbe(N: number, radiusPx: number, energy: number): ComplexArray {
  const re = Float64Array.from({ length: N * N }, (_, p) => {
    const distance = Math.hypot(Math.floor(p / N) - N / 2, (p % N) - N / 2);
    return 1 / (1 + Math.exp((distance - radiusPx) / (EDGE_PX / 2)));
  });
  return withEnergy(re, new Float64Array(N * N), N, energy);
}

function withEnergy(re: Float64Array, im: Float64Array, N: number, energy: number): ComplexArray {
  const own = re.reduce((sum, value, p) => sum + value * value + im[p] ** 2, 0);
  const factor = Math.sqrt(energy / own);
  const scaled = (values: Float64Array) => Float32Array.from(values, (value) => value * factor);
  return complex64([1, N, N], scaled(re), scaled(im));
}
