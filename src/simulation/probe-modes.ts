// Incoherent modes of a partially coherent beam, made from its coherent probe.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";

export const MOST_PROBE_MODES = 10;
/** Power of a mode over that of the one before. */
const POWER_RATIO = 0.5;

/**
 * Modes [P, N, N] of a probe [N, N]: the probe times the monomials 1, x, y, x^2, xy, y^2, ... about its centre of
 * mass, made orthogonal in that order (for a Gaussian probe the Hermite-Gauss modes, those of a Gaussian Schell-model
 * beam). The first is the probe, mode p has 2^-p of the power of the first, and together they have the power of the
 * probe.
 *
 * @throws PtychoError UsageError for a number of modes that is not whole, or not 1 to 10.
 */
export function makeProbeModes(probe: ComplexArray, modes: number): ComplexArray {
  const { N } = expectShape("makeProbeModes: probe", probe.shape, "N N");
  check(
    Number.isInteger(modes) && modes >= 1 && modes <= MOST_PROBE_MODES,
    "UsageError",
    () => `probe modes: expected a whole number of 1 to ${MOST_PROBE_MODES}, got ${modes}`,
  );
  const pixels = N * N;
  const intensity = Float64Array.from(probe.re, (re, i) => re * re + probe.im[i] ** 2);
  const power = intensity.reduce((sum, value) => sum + value, 0);
  const centre = (of: (p: number) => number) => intensity.reduce((sum, v, p) => sum + v * of(p), 0) / power;
  const [xCentre, yCentre] = [centre((p) => p % N), centre((p) => Math.floor(p / N))];
  const bases: Float64Array[] = [];
  const shares = Array.from({ length: modes }, (_, p) => POWER_RATIO ** p);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const out = complex64([modes, N, N]);
  monomials(modes).forEach(([i, j], mode) => {
    // A mode is a real polynomial times the probe, so orthogonality is that of polynomials under the probe's intensity.
    const polynomial = Float64Array.from(
      { length: pixels },
      (_, p) => (((p % N) - xCentre) / N) ** i * ((Math.floor(p / N) - yCentre) / N) ** j,
    );
    for (let pass = 0; pass < 2; pass++)
      for (const base of bases) {
        const along = dot(polynomial, base, intensity);
        for (let p = 0; p < pixels; p++) polynomial[p] -= along * base[p];
      }
    const norm = Math.sqrt(dot(polynomial, polynomial, intensity));
    for (let p = 0; p < pixels; p++) polynomial[p] /= norm;
    bases.push(polynomial);
    const factor = Math.sqrt((power * shares[mode]) / total);
    for (let p = 0; p < pixels; p++) {
      out.re[mode * pixels + p] = factor * polynomial[p] * probe.re[p];
      out.im[mode * pixels + p] = factor * polynomial[p] * probe.im[p];
    }
  });
  return out;
}

/** Exponents of x and y, by rising degree. */
function monomials(count: number): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let degree = 0; found.length < count; degree++)
    for (let j = 0; j <= degree; j++) found.push([degree - j, j]);
  return found.slice(0, count);
}

function dot(a: Float64Array, b: Float64Array, weight: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += weight[p] * a[p] * b[p];
  return sum;
}
