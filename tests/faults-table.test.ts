// docs/faults.md names tests; they must be there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const rows = readFileSync(join(root, "docs", "faults.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split(" | "));

it("docs/faults.md has the faults 1 to 29", () => {
  expect(rows.map(([number]) => Number(number.slice(2)))).toEqual(
    Array.from({ length: 29 }, (_, i) => i + 1),
  );
});

it.each(rows)("%s: every test that is named exists", (...cells) => {
  const tests = cells[3] ?? "";
  const files = [...tests.matchAll(/`([^`]+)` ((?:"[^"]+"(?:, )?)+)/g)];
  expect(files.length).toBeGreaterThan(0);
  for (const [, file, names] of files) {
    const source = readFileSync(join(root, file), "utf8");
    for (const [quoted] of names.matchAll(/"[^"]+"/g)) expect(`${file}:\n${source}`).toContain(quoted);
  }
});
