// Every golden case of the kinds that the data room answers for.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openNpz } from "../../src/formats/npz.js";
import type { CaseArray, CaseJson } from "./check.js";
import { dataChecks } from "./data-cases.js";

const golden = process.env.PTYCHOPINN_GOLDEN ?? join(import.meta.dirname, "../../../shared/golden");

describe.skipIf(!existsSync(golden))(`golden data cases in ${golden}`, () => {
  const cases = ["data", "torch"].flatMap((set) => {
    const folder = join(golden, set);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => ({ folder, json: JSON.parse(readFileSync(join(folder, file), "utf8")) as CaseJson }))
      .filter(({ json }) => json.kind in dataChecks);
  });

  it.each(cases.map(({ folder, json }) => [json.case, folder, json]))("%s", async (name, folder, json) => {
    const path = join(folder, `${name}.npz`);
    const npz = existsSync(path) ? openNpz(path) : undefined;
    const arrays = Object.fromEntries((npz?.names ?? []).map((key) => [key, npz?.read(key) as CaseArray]));
    const results = await dataChecks[json.kind](json, arrays, folder);
    expect(results.length).toBeGreaterThan(0);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });
});
