// Checks of single pixels of the detector.

import type { ScanFacts } from "./facts.js";
import type { Check, Seen } from "./finding.js";

const found = (facts: ScanFacts, fault: "dead" | "stuck" | "hot", what: string): Seen | undefined => {
  const pixels = facts.badPixels?.counts[fault] ?? 0;
  if (pixels === 0) return undefined;
  const sentence = facts.badPixels?.sentences.find((text) => text.startsWith(`${pixels} ${fault} pixels`));
  const places = sentence?.split("row, column ")[1];
  return {
    sentence: `${pixels} pixels of the detector are ${fault} (${what})${places === undefined ? "" : `: row, column ${places}`}`,
    repair: facts.prepare("--mask auto"),
  };
};

export const PIXEL_CHECKS: readonly Check[] = [
  {
    id: "pixels.dead",
    severity: "warning",
    about: "pixels that stay dark between lit ones",
    look: (facts) => found(facts, "dead", "dark in 99 % of the patterns between lit neighbours"),
  },
  {
    id: "pixels.stuck",
    severity: "warning",
    about: "pixels at one value in every pattern",
    look: (facts) => found(facts, "stuck", "at one and the same value in every pattern"),
  },
  {
    id: "pixels.hot",
    severity: "warning",
    about: "pixels far brighter than their neighbours in most patterns",
    look: (facts) => found(facts, "hot", "far brighter than their neighbours in most patterns"),
  },
  {
    id: "pixels.saturated",
    severity: "warning",
    about: "values that pile up at the largest value of the detector",
    look: ({ badPixels, prepare }) =>
      badPixels?.ceiling === undefined
        ? undefined
        : {
            sentence:
              `${badPixels.counts.saturatedValues} values of the patterns looked at lie at the ceiling of the detector, ` +
              `amplitude ${badPixels.ceiling.toPrecision(6)}`,
            repair: prepare("--mask auto"),
          },
  },
];
