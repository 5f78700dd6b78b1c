// From exit waves to the detector: far field by the centred DFT, and what the detector sees of it.
import { clampMin, div, mul, relu, sqrt, square } from "../compute/build-elementwise.js";
import { mean, sum } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import {
  type ComplexExpr,
  insertAxis,
  mapParts,
  mulComplex,
  stackParts,
  sumAxis,
  sumComplex,
} from "./complex.js";
import { centredDft, orthoScale } from "./dft.js";
import { type Amplitudes, amplitudes, type Counts, counts } from "./domain.js";

/** Far below every intensity that float32 resolves; keeps the gradient of the square root at darkness finite. */
const DARK = 1e-30;

/**
 * Amplitude of the COHERENT sum of modes: sqrt(|sum_p DFT(exit_p)|^2 / (H W)), zero frequency at index H/2.
 * Exit waves [B, C, P, H, W] -> [B, C, H', W'].
 *
 * `padded` puts H/4 and W/4 zeros on each side first (H' = H + 2 floor(H/4)); H W stays the unpadded size.
 * No epsilon is added: only intensities below 1e-30 are raised to it, so that a dark pixel has gradient 0, not NaN.
 */
export function coherentAmplitude(exitWaves: ComplexExpr, padded = false): Amplitudes {
  const [height, width] = exitWaves.re.shape.slice(-2);
  const far = centredDft(stackParts(sumComplex(exitWaves, 2)), {
    scale: orthoScale(height, width),
    padding: padded ? [Math.floor(height / 4), Math.floor(width / 4)] : [0, 0],
  });
  return amplitudes(sqrt(clampMin(detectorSum(far), DARK)));
}

/**
 * Intensity of the INCOHERENT sum of modes: sum_p |DFT_ortho(exit_p)|^2, zero frequency at index H/2.
 * Exit waves [B, C, P, H, W] -> [B, C, H, W]; the energy of the exit waves is preserved.
 */
export function incoherentIntensity(exitWaves: ComplexExpr): Counts {
  return counts(sumAxis(detectorSum(farField(exitWaves)), 2));
}

/** Unitary far field with real and imaginary part stacked: [..., H, W] -> [..., 2, H, W]. */
export function farField(exitWaves: ComplexExpr): Expr {
  const [height, width] = exitWaves.re.shape.slice(-2);
  return centredDft(stackParts(exitWaves), { scale: orthoScale(height, width) });
}

/**
 * Noise-free intensity of a simulated experiment, coherent over modes, scaled so that a pattern holds `photons` on
 * average over the batch, and the probe scaled with it.
 *
 * Object patches [n, H, W], probe [P, H, W] -> intensity [n, H, W] in photons, scaled probe [1, P, H, W] in
 * sqrt(photons). A batch without any light has no scale: the division gives NaN, which the caller must refuse.
 */
export function illuminateAndDiffract(
  objectPatches: ComplexExpr,
  probe: ComplexExpr,
  photons: number,
): { readonly intensity: Counts; readonly scaledProbe: ComplexExpr } {
  const modes = mapParts(probe, (part) => insertAxis(part, 0));
  const exitWaves = mulComplex(
    mapParts(objectPatches, (part) => insertAxis(part, 1)),
    modes,
  );
  const raw = detectorSum(farField(sumComplex(exitWaves, 1)));
  const factor = div(photons, mean(sum(raw, [1, 2])));
  return {
    intensity: counts(relu(mul(raw, factor))),
    scaledProbe: mapParts(modes, (part) => mul(part, sqrt(factor))),
  };
}

/** |z|^2 of a stacked field: [..., 2, H, W] -> [..., H, W]. */
function detectorSum(stacked: Expr): Expr {
  return sum(square(stacked), [stacked.shape.length - 3]);
}
