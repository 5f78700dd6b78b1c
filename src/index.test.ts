import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as door from "./index.js";

test("the public names are these", () => {
  expect(Object.keys(door).sort()).toEqual([
    "ConfigManager",
    "InferenceEngine",
    "KEY_MAPPINGS",
    "PtychoDataLoader",
    "PtychoError",
    "PtychoModel",
    "Trainer",
    "VERSION",
    "adapt",
    "createInferencePayload",
    "createTrainingPayload",
    "diffRuns",
    "evaluate",
    "executionConfig",
    "exitCodeOf",
    "infer",
    "inferProbeSize",
    "inferenceConfig",
    "isPtychoError",
    "loadBundle",
    "loadReconstruction",
    "modelConfig",
    "populateLegacyParams",
    "rawDataFromArrays",
    "readScan",
    "reconstruct",
    "replay",
    "resolveConfig",
    "runInferencePayload",
    "runTrainingPayload",
    "runWhole",
    "scanSize",
    "simulate",
    "toAmplitude",
    "toInferRequest",
    "toLegacyParams",
    "toTrainRequest",
    "train",
    "trainingConfig",
    "validatePaths",
    "writeCxi",
    "writeScanNpz",
  ]);
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(door.VERSION).toBe(version);
});
