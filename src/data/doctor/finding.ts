// What the doctor says of a scan file, and what a check is. Checks import this file; the registry imports the checks.
import type { ScanFacts } from "./facts.js";

/** error: the file cannot be used as it is, or what comes out would be wrong; warning: look at it; note: good to know. */
export type Severity = "error" | "warning" | "note";

export interface Finding {
  /** Stable: scripts may rely on it. */
  readonly id: string;
  readonly severity: Severity;
  readonly sentence: string;
  /** The command that mends it, where there is one. */
  readonly repair?: string;
}

export interface Seen extends Omit<Finding, "id" | "severity"> {
  /** Where this case is milder or worse than the check's own severity. */
  readonly severity?: Severity;
}

export interface Check {
  readonly id: string;
  readonly severity: Severity;
  /** What it looks for, for the documentation. */
  readonly about: string;
  /** Undefined where nothing is wrong, or where what it needs is missing, which is another check's finding. */
  readonly look: (facts: ScanFacts) => Seen | undefined;
}
