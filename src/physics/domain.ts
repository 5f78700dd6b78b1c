// The domain of detector values, carried in the type and at run time: amplitudes are square roots of counts, and a
// likelihood written for one must not be fed the other.
import type { Expr } from "../compute/expr.js";
import { PtychoError } from "../core/errors.js";

export type Domain = "amplitude" | "counts";

/** Detector values with what they mean. */
export interface Measured<D extends Domain> {
  readonly domain: D;
  /** [B, C, N, N]. */
  readonly values: Expr;
}

/** Square roots of intensities. */
export type Amplitudes = Measured<"amplitude">;
/** Intensities, expected or measured numbers of photons. */
export type Counts = Measured<"counts">;

export const amplitudes = (values: Expr): Amplitudes => ({ domain: "amplitude", values });
export const counts = (values: Expr): Counts => ({ domain: "counts", values });

/**
 * Refuses values of another domain; for callers whose types were lost on the way (foreign JavaScript, a config).
 *
 * @throws PtychoError UsageError, naming `where` and both domains.
 */
export function expectDomain<D extends Domain>(
  where: string,
  measured: Measured<Domain>,
  domain: D,
): asserts measured is Measured<D> {
  if (measured.domain === domain) return;
  const remedy = domain === "counts" ? "square the amplitudes" : "take the square root of the counts";
  throw new PtychoError(
    "UsageError",
    `${where}: expected ${domain}, got ${measured.domain}; choose the matching loss, or ${remedy} first`,
  );
}
