// Several run records beside each other, of which compare-runs.ts compares two.
import { type Difference, differencesOf } from "../compare-runs.js";
import type { RunRecord } from "../run-record.js";
import type { RunDifference, RunDifferences } from "./comparison-figures.js";

/** What may change a result: not the results themselves. */
const CAUSES: readonly Difference["of"][] = ["run", "request", "field", "input", "version", "machine"];

/** What was different in runs, a row for each setting that not all have alike; see differencesOf. */
export function runDifferences(
  runs: readonly { readonly label: string; readonly record: RunRecord }[],
): RunDifferences {
  const labels = runs.map(({ label }) => label);
  const rows = new Map<string, RunDifference & { readonly values: string[] }>();
  runs.slice(1).forEach(({ record }, i) => {
    for (const { of, name, values } of differencesOf(runs[0].record, record)) {
      if (!CAUSES.includes(of)) continue;
      const key = JSON.stringify([of, name]);
      const row = rows.get(key) ?? { of, name, values: labels.map(() => values[0]) };
      row.values[i + 1] = values[1];
      rows.set(key, row);
    }
  });
  return { labels, rows: [...rows.values()] };
}
