// What the file says enters the configuration: the pattern edge N, and the photons where nobody gave them.
import { PtychoError } from "../core/errors.js";
import { frozen, type ResolvedConfig } from "./resolve.js";
import type { Sources } from "./sourced.js";

export interface DataFacts {
  /** Edge of a diffraction pattern, pixels. */
  readonly N: number;
  /** Photons per pattern from the file's metadata. */
  readonly nphotons?: number | undefined;
}

/**
 * The configuration with the facts of the training file in place. An explicit nphotons wins over the file's.
 *
 * @throws PtychoError UsageError when N was given and is not the file's; DataError when the file's N is not supported.
 */
export function withFacts(resolved: ResolvedConfig<"train">, facts: DataFacts): ResolvedConfig<"train"> {
  const { N, nphotons } = resolved.sources;
  if (N?.givenAs !== undefined && N.value !== facts.N) {
    throw new PtychoError(
      "UsageError",
      `${N.givenAs}: ${N.value} was asked for, but the patterns of the file are ${facts.N} x ${facts.N}; leave the option out, or crop or pad the file`,
    );
  }
  if (![64, 128, 256].includes(facts.N)) {
    throw new PtychoError(
      "DataError",
      `diffraction: patterns of ${facts.N} x ${facts.N} pixels; expected N = 64, 128 or 256; crop or pad them`,
    );
  }
  const sources: Sources = {
    ...resolved.sources,
    N: N?.givenAs === undefined ? { value: facts.N, source: "data file" } : N,
    ...(facts.nphotons !== undefined && nphotons?.source === "default"
      ? { nphotons: { value: facts.nphotons, source: "data file" } }
      : {}),
  };
  return frozen("train", sources, resolved.warnings);
}
