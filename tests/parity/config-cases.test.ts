// The configuration cases pass, and their comparisons notice a golden that was changed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CaseJson } from "./check.js";
import { configChecks } from "./config-cases.js";
import { goldenFolder, listCases, runGoldenCase } from "./golden-case.js";

const folder = join(goldenFolder(), "data");
const cases = listCases(goldenFolder()).filter(({ kind }) => Object.hasOwn(configChecks, kind));
const title =
  cases.length > 0 ? "configuration cases" : `configuration cases: skipped, absent from ${folder}`;

describe.skipIf(cases.length === 0)(title, () => {
  it.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    expect((await runGoldenCase(golden)).filter(({ passed }) => !passed)).toEqual([]);
  });

  /** Failed comparisons of a case whose JSON was changed. */
  async function failed(name: string, change: (expected: CaseJson) => void): Promise<string[]> {
    const path = join(folder, `${name}.json`);
    if (!existsSync(path)) return ["absent"];
    const json = JSON.parse(readFileSync(path, "utf8"));
    change(json.expected);
    const results = await configChecks[json.kind](json, {}, folder);
    return results.filter(({ passed }) => !passed).map((result) => result.name);
  }

  it("notices a changed value, a changed order, a changed source of the audit and a missing warning", async () => {
    const changes: ((scenario: CaseJson) => void)[] = [
      (scenario) => (scenario.tf_training_config.plateau_factor = 0.4),
      (scenario) => scenario.overrides_applied.reverse(),
      (scenario) => (scenario.overrides_applied[1][1] = 65),
      (scenario) => scenario.warnings.pop(),
      (scenario) => (scenario.params_cfg[0][1] = 65),
    ];
    for (const change of changes)
      expect(await failed("config_scenarios", ({ scenarios }) => change(scenarios[0]))).toHaveLength(1);
  });

  it("notices another refusal, another default and another probe size", async () => {
    const refusal = (expected: CaseJson) => (expected.checks[0].error.message = "n_images is required");
    expect(await failed("config_errors", refusal)).toEqual(["train_missing_n_groups"]);
    const fallback = (expected: CaseJson) => (expected.KEY_MAPPINGS.object_big = "object.large");
    expect(await failed("config_defaults", fallback)).toEqual(["KEY_MAPPINGS"]);
    const size = (expected: CaseJson) => (expected.files[0].value = 65);
    expect(await failed("config_infer_probe_size", size)).toHaveLength(1);
  });
});
