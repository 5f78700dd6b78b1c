// The committed cases, and, where the whole golden folder is at hand, every case in it that runs in a moment.
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { goldenFolder, listCases, runGoldenCase, skipReason, subsetFolder } from "./golden-case.js";
import { caseChecks, heavyKinds, otherCapabilities } from "./registry.js";

describe("parity: the committed cases", () => {
  const cases = listCases(subsetFolder);

  it("are there, and every one has a check", () => {
    expect(cases.length).toBeGreaterThan(20);
    expect(cases.filter((golden) => skipReason(golden) !== undefined)).toEqual([]);
  });

  it.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    expect((await runGoldenCase(golden)).filter(({ passed }) => !passed)).toEqual([]);
  });
});

const folder = goldenFolder();
const whole = folder !== subsetFolder && existsSync(folder);

describe.skipIf(!whole)(`parity: every case in ${folder}`, () => {
  const cases = whole ? listCases(folder) : [];
  const slow = process.env.PTYCHOPINN_SLOW === "1";
  const light = cases.filter(
    (golden) => skipReason(golden) === undefined && (slow || !heavyKinds.has(golden.kind)),
  );

  it("has a known kind", () => {
    const unknown = cases.filter(({ kind }) => !(kind in caseChecks) && !(kind in otherCapabilities));
    expect(unknown).toEqual([]);
  });

  it.each(light.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    expect((await runGoldenCase(golden)).filter(({ passed }) => !passed)).toEqual([]);
  });
});

describe("parity: the registry", () => {
  it("names no kind both as checked and as another capability's", () => {
    expect(Object.keys(otherCapabilities).filter((kind) => kind in caseChecks)).toEqual([]);
  });
});
