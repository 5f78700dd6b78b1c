// Every kind of golden case: how it is checked, or why it is not.
import { cacheAndFixtureChecks } from "./cache-fixture-cases.js";
import type { CaseCheck } from "./check.js";
import { configChecks } from "./config-cases.js";
import { dataChecks } from "./data-cases.js";
import { evaluationChecks } from "./evaluation-cases.js";
import { exchangeChecks } from "./exchange-cases.js";
import { inferenceChecks } from "./inference-cases.js";
import { modelChecks } from "./model-cases.js";
import { physicsChecks } from "./physics-cases.js";
import { simulationChecks } from "./simulation-cases.js";
import { stitchingChecks } from "./stitching-cases.js";
import { trainingChecks } from "./training-cases.js";

export const caseChecks: Readonly<Record<string, CaseCheck>> = joined([
  physicsChecks,
  modelChecks,
  trainingChecks,
  inferenceChecks,
  dataChecks,
  exchangeChecks,
  configChecks,
  simulationChecks,
  evaluationChecks,
  stitchingChecks,
  cacheAndFixtureChecks,
]);

const TENSORFLOW = "the TensorFlow backend";

/** Kinds that belong to another capability, with its name. */
export const otherCapabilities: Readonly<Record<string, string>> = {
  artifact: "the import of PyTorch artefacts",
  generator: "the architectures ffno, fno and fno_vanilla",
  tf_bundle: TENSORFLOW,
  tf_diffract: TENSORFLOW,
  tf_formats: TENSORFLOW,
  tf_losses: TENSORFLOW,
  tf_model: TENSORFLOW,
  tf_reassemble: TENSORFLOW,
  tf_translate: TENSORFLOW,
};

/** Kinds whose cases take seconds each; the unit tests leave them to `npm run parity` unless PTYCHOPINN_SLOW is set. */
export const heavyKinds: ReadonlySet<string> = new Set(["autoencoder", "compute_loss", "trajectory"]);

/** One record of all; a kind that two rooms answer for is checked by both. */
function joined(parts: readonly Readonly<Record<string, CaseCheck>>[]): Record<string, CaseCheck> {
  const all: Record<string, CaseCheck> = {};
  for (const [kind, check] of parts.flatMap((part) => Object.entries(part))) {
    const earlier = all[kind];
    all[kind] =
      earlier === undefined
        ? check
        : async (...given) => [...(await earlier(...given)), ...(await check(...given))];
  }
  return all;
}
