// Complex objects [M, M] from real images: amplitude and phase put together.
import { type ComplexArray, complex64 } from "../core/ndarray.js";

/** amplitude exp(i phase), both [side, side]. */
export function fromAmplitudeAndPhase(
  sidePx: number,
  amplitude: Float64Array,
  phase: Float64Array,
): ComplexArray {
  const object = complex64([sidePx, sidePx]);
  for (let i = 0; i < amplitude.length; i++) {
    object.re[i] = amplitude[i] * Math.cos(phase[i]);
    object.im[i] = amplitude[i] * Math.sin(phase[i]);
  }
  return object;
}

/** A phase that follows the amplitude: phaseRad tanh((a - max / 2) / (3 mean)); PtychoPINN's dummy phase with pi. */
export function followingPhase(amplitude: Float64Array, phaseRad: number): Float64Array {
  let max = 0;
  let sum = 0;
  for (const value of amplitude) {
    max = Math.max(max, value);
    sum += value;
  }
  const mean = sum / amplitude.length;
  return amplitude.map((value) =>
    phaseRad === 0 ? 0 : phaseRad * Math.tanh((value - max / 2) / (3 * mean)),
  );
}

/** `object` with its wrapped phase times limitRad / pi, so that it stays within +-limitRad; amplitude untouched. */
export function compressPhase(object: ComplexArray, limitRad: number): ComplexArray {
  const out = complex64(object.shape);
  for (let i = 0; i < out.re.length; i++) {
    const amplitude = Math.hypot(object.re[i], object.im[i]);
    const phase = (Math.atan2(object.im[i], object.re[i]) * limitRad) / Math.PI;
    out.re[i] = amplitude * Math.cos(phase);
    out.im[i] = amplitude * Math.sin(phase);
  }
  return out;
}
