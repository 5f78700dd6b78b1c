import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as door from "./index.js";

test("the public names are these", () => {
  expect(Object.keys(door).sort()).toEqual([
    "PtychoError",
    "VERSION",
    "adaptWorkflow",
    "evaluateWorkflow",
    "exitCodeOf",
    "inferWorkflow",
    "isPtychoError",
    "loadBundle",
    "readScan",
    "reconstructWorkflow",
    "resolveConfig",
    "scanSize",
    "simulateWorkflow",
    "trainWorkflow",
  ]);
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(door.VERSION).toBe(version);
});
