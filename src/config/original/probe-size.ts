// The edge N of a pattern as the shape of `probeGuess` tells it. CONTRACTS 2.4, with D14 and D37: the last two axes count.
import { PtychoError } from "../../core/errors.js";
import { shown, type Warning } from "./dataclass.js";

/** What the header of a scan file says of its probe. */
export type ProbeFact =
  | { readonly kind: "shape"; readonly shape: readonly number[] }
  | { readonly kind: "no probe" }
  | { readonly kind: "no file" }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface ProbeSize {
  /** Pixels. */
  readonly N: number;
  /** Whether the file said so; otherwise N is the original's fallback, 64. */
  readonly inferred: boolean;
  readonly warnings: readonly Warning[];
}

const FALLBACK = 64;

/**
 * N of [N, N], [N, N, 1] and [..., N, N]. What cannot be read gives 64 and a warning, as in the original.
 *
 * @param strict refuse instead of falling back or guessing.
 * @throws PtychoError DataError, only when strict.
 */
export function probeSizeOf(where: string, fact: ProbeFact, strict = false): ProbeSize {
  const guess = (N: number, inferred: boolean, text: string): ProbeSize => {
    if (strict)
      throw new PtychoError("DataError", `${text}; expected a square probe, give N or mend the file`);
    const remedy = inferred ? `Using first dimension N=${N}` : `Using fallback N=${FALLBACK}`;
    return { N, inferred, warnings: [{ category: "UserWarning", text: `${text}. ${remedy}.` }] };
  };
  switch (fact.kind) {
    case "no file":
      return guess(FALLBACK, false, `Data file ${where} not found`);
    case "no probe":
      return guess(FALLBACK, false, `probeGuess key missing from ${where}`);
    case "unreadable":
      return guess(FALLBACK, false, `Error reading probeGuess from ${where}: ${fact.reason}`);
    case "shape": {
      const { shape } = fact;
      const flat = shape.length === 3 && shape[2] === 1 && shape[0] === shape[1] ? shape.slice(0, 2) : shape;
      if (flat.length < 2 || flat.includes(0))
        return guess(FALLBACK, false, `probeGuess has invalid shape ${shown(shape)} (expected [N, N])`);
      const [rows, columns] = flat.slice(-2);
      if (rows !== columns) return guess(rows, true, `probeGuess is non-square ${shown(shape)}`);
      return { N: columns, inferred: true, warnings: [] };
    }
  }
}
