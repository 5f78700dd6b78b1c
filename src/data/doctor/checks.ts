// All checks of the doctor. A new one is a row in one of these files and a fault in the corpus of the tests.
import type { ScanFacts } from "./facts.js";
import { FILE_CHECKS } from "./file-checks.js";
import type { Check, Finding, Severity } from "./finding.js";
import { PATTERN_CHECKS } from "./pattern-checks.js";
import { PIXEL_CHECKS } from "./pixel-checks.js";
import { POSITION_CHECKS } from "./position-checks.js";
import { PROBE_CHECKS } from "./probe-checks.js";

export const CHECKS: readonly Check[] = [
  ...FILE_CHECKS,
  ...PATTERN_CHECKS,
  ...PIXEL_CHECKS,
  ...POSITION_CHECKS,
  ...PROBE_CHECKS,
];

const ORDER: readonly Severity[] = ["error", "warning", "note"];

/** What all checks say, the worst first. */
export function diagnose(facts: ScanFacts): readonly Finding[] {
  const findings = CHECKS.flatMap(({ id, severity, look }) => {
    const seen = look(facts);
    return seen === undefined ? [] : [{ id, severity, ...seen }];
  });
  return findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
