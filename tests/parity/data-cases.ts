// The data cases by kind: random numbers, grouping, containers, scales and scan files.
import type { CaseCheck } from "./check.js";
import { dataFileChecks } from "./data-file-cases.js";
import { dataGroupingChecks } from "./data-grouping-cases.js";
import { dataRandomChecks } from "./data-random-cases.js";
import { dataScaleChecks } from "./data-scale-cases.js";

export const dataChecks: Readonly<Record<string, CaseCheck>> = {
  ...dataRandomChecks,
  ...dataGroupingChecks,
  ...dataScaleChecks,
  ...dataFileChecks,
};
