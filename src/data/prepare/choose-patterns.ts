// Which patterns of a scan go into which file, and in which order.
import { check } from "../../core/errors.js";
import { pcg64Random } from "../../numeric/random-pcg64.js";
import type { DoneStep } from "./preparation.js";
import type { PrepareSteps } from "./prepare-steps.js";

export interface ChosenPatterns {
  /** Numbers of the patterns in the file, for each file that is written. */
  readonly parts: readonly Int32Array[];
  readonly done: readonly DoneStep[];
}

/**
 * Drawn, put in order and split by what was asked; NumPy's PCG64 of `seed`, 0 unless given.
 *
 * @param usable numbers of the patterns that have a position
 * @throws PtychoError UsageError for more patterns than there are, or a split that leaves a part empty.
 */
export function choosePatterns(usable: Int32Array, steps: PrepareSteps): ChosenPatterns {
  const { subset, shuffle, split, seed = 0 } = steps;
  const random = pcg64Random(seed);
  const done: DoneStep[] = [];
  let chosen = usable;
  if (subset !== undefined) {
    check(
      subset <= usable.length,
      "UsageError",
      () => `--subset ${subset}: the scan has ${usable.length} patterns; ask for fewer`,
    );
    chosen = random
      .choice(usable.length, subset, false)
      .sort()
      .map((i) => usable[i]);
    done.push({
      ...{ operation: "subset", parameters: { patterns: subset, of: usable.length, seed } },
      sentence: `${subset} of ${usable.length} patterns were drawn`,
    });
  }
  if (shuffle === true) {
    const order = random.permutation(chosen.length);
    const before = chosen;
    chosen = order.map((i) => before[i]);
    done.push({
      ...{ operation: "shuffle", parameters: { seed } },
      sentence: `the ${chosen.length} patterns were put into a random order`,
    });
  }
  if (split === undefined) return { parts: [chosen], done };
  const first = Math.round(split * chosen.length);
  check(
    first >= 1 && first < chosen.length,
    "UsageError",
    () => `--split ${split}: leaves ${first} of ${chosen.length} patterns in the first file; both need some`,
  );
  done.push({
    ...{ operation: "split", parameters: { fraction: split } },
    sentence: `the first ${first} patterns went into one file, the other ${chosen.length - first} into another`,
  });
  return { parts: [chosen.slice(0, first), chosen.slice(first)], done };
}
