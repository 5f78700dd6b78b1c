// How near a found probe is to a known one, whatever a measurement cannot tell: a global phase, a shift, a phase ramp, the
// total power, and which of the equivalent sets of incoherent modes was found.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float64, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { fft2, fftShift2 } from "../numeric/fft.js";
import { fourierShift, phaseCorrelationShift } from "./registration.js";

export interface ProbeMetrics {
  /**
   * Tr(R S) / sqrt(Tr R^2 Tr S^2) of the mutual intensities R and S, after shift and ramp are removed: 1 for equal probes;
   * |<p, q>|^2 / (<p, p> <q, q>) of single modes.
   */
  readonly fidelity: number;
  /** [x, y] and radians per pixel: what the found probe was moved by, and the slope that was taken off its phase. */
  readonly shift_px: readonly [number, number];
  readonly ramp_rad_per_px: readonly [number, number];
  /** Power of the found probe over that of the known one. */
  readonly power_ratio: number;
  /** Share of each mode in the power, falling. */
  readonly mode_powers: { readonly found: readonly number[]; readonly known: readonly number[] };
  /** Root of the mean squared distance from the centre of mass of the intensity, along both axes together, pixels. */
  readonly width_px: { readonly found: number; readonly known: number };
}

const UPSAMPLE = 50;

/**
 * Compares modes [P, N, N] (or one probe [N, N]) with known ones [Q, N, N].
 *
 * @throws PtychoError ShapeError for other shapes, DataError for a probe without power or with values not finite.
 */
export function probeMetrics(found: ComplexArray, known: ComplexArray): ProbeMetrics {
  const p = modesOf("found", found);
  const q = modesOf("known", known, p[0].shape[0]);
  const shiftPx = phaseCorrelationShift(amplitudeSum(q), amplitudeSum(p), UPSAMPLE, {
    normalization: "none",
  });
  const moved = p.map((mode) => fourierShift(mode, shiftPx));
  const tilt = phaseCorrelationShift(
    amplitudeSum(q.map(farField)),
    amplitudeSum(moved.map(farField)),
    UPSAMPLE,
    {
      normalization: "none",
    },
  );
  const N = q[0].shape[0];
  const slope = tilt.map((pixels) => (-2 * Math.PI * pixels) / N) as [number, number];
  const flat = moved.map((mode) => withoutRamp(mode, slope));
  const power = (modes: readonly ComplexArray[]) =>
    modes.reduce((sum, mode) => sum + overlap(mode, mode).re, 0);
  const purity = (a: readonly ComplexArray[], b: readonly ComplexArray[]) =>
    a.flatMap((x) => b.map((y) => overlap(x, y))).reduce((sum, { re, im }) => sum + re * re + im * im, 0);
  const shares = (modes: readonly ComplexArray[]) =>
    modes.map((mode) => overlap(mode, mode).re / power(modes)).sort((a, b) => b - a);
  return {
    fidelity: purity(flat, q) / Math.sqrt(purity(flat, flat) * purity(q, q)),
    shift_px: shiftPx,
    ramp_rad_per_px: slope,
    power_ratio: power(p) / power(q),
    mode_powers: { found: shares(p), known: shares(q) },
    width_px: { found: widthOf(p), known: widthOf(q) },
  };
}

function modesOf(name: string, probe: ComplexArray, side?: number): ComplexArray[] {
  const shape = probe.shape.length === 2 ? [1, ...probe.shape] : probe.shape;
  const { P, N } = expectShape(
    `probeMetrics: ${name}`,
    shape,
    "P N N",
    side === undefined ? {} : { N: side },
  );
  const size = N * N;
  const modes = Array.from({ length: P }, (_, k) =>
    complex64([N, N], probe.re.slice(k * size, (k + 1) * size), probe.im.slice(k * size, (k + 1) * size)),
  );
  const power = modes.reduce((sum, mode) => sum + overlap(mode, mode).re, 0);
  check(
    power > 0 && Number.isFinite(power),
    "DataError",
    () => `probeMetrics: the ${name} probe has power ${power}; expected a finite probe that is not all 0`,
  );
  return modes;
}

/** sum conj(a) b. */
function overlap(a: ComplexArray, b: ComplexArray): { readonly re: number; readonly im: number } {
  let [re, im] = [0, 0];
  for (let i = 0; i < a.re.length; i++) {
    re += a.re[i] * b.re[i] + a.im[i] * b.im[i];
    im += a.re[i] * b.im[i] - a.im[i] * b.re[i];
  }
  return { re, im };
}

/** Square root of the summed intensities: the same for every set of modes of one beam. */
function amplitudeSum(modes: readonly ComplexArray[]): NdArray<"float64"> {
  const data = Float64Array.from(modes[0].re, (_, i) =>
    Math.sqrt(modes.reduce((sum, { re, im }) => sum + re[i] ** 2 + im[i] ** 2, 0)),
  );
  return float64(modes[0].shape, data);
}

function farField(mode: ComplexArray): ComplexArray {
  const [N] = mode.shape;
  const wave = { re: Float64Array.from(mode.re), im: Float64Array.from(mode.im) };
  fft2(wave, N, N, "forward");
  const shifted = (part: Float64Array) => Float32Array.from(fftShift2(part, N, N));
  return complex64([N, N], shifted(wave.re), shifted(wave.im));
}

function withoutRamp(mode: ComplexArray, [slopeX, slopeY]: readonly [number, number]): ComplexArray {
  const [N] = mode.shape;
  const out = complex64([N, N]);
  for (let i = 0; i < out.re.length; i++) {
    const angle = slopeX * (i % N) + slopeY * Math.floor(i / N);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    out.re[i] = mode.re[i] * cos + mode.im[i] * sin;
    out.im[i] = mode.im[i] * cos - mode.re[i] * sin;
  }
  return out;
}

function widthOf(modes: readonly ComplexArray[]): number {
  const [N] = modes[0].shape;
  const intensity = amplitudeSum(modes).data.map((value) => value * value);
  const total = intensity.reduce((sum, value) => sum + value, 0);
  const mean = (of: (i: number) => number) => intensity.reduce((sum, v, i) => sum + v * of(i), 0) / total;
  const x = mean((i) => i % N);
  const y = mean((i) => Math.floor(i / N));
  return Math.sqrt(mean((i) => ((i % N) - x) ** 2 + (Math.floor(i / N) - y) ** 2));
}
