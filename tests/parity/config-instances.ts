// Records of the original's classes as the cases write them, and ordered entries compared.
import { inferenceConfig, modelConfig, trainingConfig } from "../../src/config/original/canonical.js";
import type { Built, Given, Warning } from "../../src/config/original/dataclass.js";
import { executionConfig } from "../../src/config/original/execution-config.js";
import type { CaseJson, CheckResult } from "./check.js";
import { compareFields, compareOrder, plain } from "./config-compare.js";

/** The goldens were made on a machine without a GPU. */
export const MACHINE = { cuda: false };

/** Constructor arguments of a case as ours. */
export function decoded(given: CaseJson): Given {
  return plain(given ?? {}) as Given;
}

/** An instance of the class by its Python name; required fields that a case leaves out are filled. */
export function instanceOf(name: string, kwargs: CaseJson, warn: (warning: Warning) => void): Built {
  const given = decoded(kwargs);
  const paths = { model_path: "m", test_data_file: "t" };
  if (name === "TrainingConfig") return trainingConfig({ model: modelConfig(), ...given }, warn) as Built;
  if (name === "InferenceConfig")
    return inferenceConfig({ model: modelConfig(), ...paths, ...given }, warn) as Built;
  return name === "ModelConfig" ? modelConfig(given) : executionConfig(given, MACHINE, warn);
}

/** Values and the order of their keys. */
export function compareEntries(
  name: string,
  actual: Given,
  golden: readonly [string, CaseJson][],
): CheckResult[] {
  return [
    compareOrder(
      `${name} order`,
      Object.keys(actual),
      golden.map(([key]) => key),
    ),
    compareFields(name, actual, Object.fromEntries(golden)),
  ];
}
