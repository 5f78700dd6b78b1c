// Payloads of the original's factories, run: nothing of them is lost on the way, or it is refused by name.
import { type Bundle, loadBundle } from "../bundle/load-bundle.js";
import type { InferencePayload, TrainingPayload } from "../config/original/payload.js";
import { toInferRequest } from "../config/original/to-infer-request.js";
import { toTrainRequest } from "../config/original/to-request.js";
import { resolveConfig } from "../config/resolve.js";
import { check } from "../core/errors.js";
import type { TrainResult, Work } from "../workflows/contract.js";
import { inferWorkflow } from "../workflows/infer.js";
import { trainedFacts } from "../workflows/inference-data.js";
import { trainWorkflow } from "../workflows/train.js";
import type { Inferred } from "./infer.js";
import { loadReconstruction } from "./picture.js";
import { configWarnings } from "./request.js";
import { type Run, startRun } from "./run.js";

export interface RunPayloadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Trains as a payload of `createTrainingPayload` says. Its own warnings come first. The run is rejected as that of `train`,
 * and with UsageError for a value that cannot be honoured here.
 */
export function runTrainingPayload(
  payload: TrainingPayload,
  { signal }: RunPayloadOptions = {},
): Run<TrainResult> {
  return startRun((stop) => trainNow(payload, stop), signal);
}

async function* trainNow(payload: TrainingPayload, signal: AbortSignal): Work<TrainResult> {
  expectPayload("runTrainingPayload", payload, "tfTrainingConfig");
  for (const { text } of payload.warnings) yield { kind: "warning", text };
  const config = resolveConfig("train", toTrainRequest(payload));
  yield* configWarnings(config);
  return yield* trainWorkflow({ config, signal });
}

export interface RunInferencePayloadOptions extends RunPayloadOptions {
  /** The model itself, instead of the archive in the payload's `model_path`. */
  readonly model?: Bundle;
}

/**
 * Predicts and stitches as a payload of `createInferencePayload` says. Its own warnings come first. The run is rejected as
 * that of `infer`, and with UsageError for a value that contradicts the model archive.
 */
export function runInferencePayload(
  payload: InferencePayload,
  { model, signal }: RunInferencePayloadOptions = {},
): Run<Inferred> {
  return startRun((stop) => inferNow(payload, model, stop), signal);
}

async function* inferNow(
  payload: InferencePayload,
  given: Bundle | undefined,
  signal: AbortSignal,
): Work<Inferred> {
  expectPayload("runInferencePayload", payload, "tfInferenceConfig");
  for (const { text } of payload.warnings) yield { kind: "warning", text };
  const model = given ?? loadBundle(payload.tfInferenceConfig.values.model_path);
  const config = resolveConfig("infer", toInferRequest(payload, trainedFacts(model.manifest).config));
  yield* configWarnings(config);
  const inferred = yield* inferWorkflow({ config, model, signal });
  return { ...inferred, ...loadReconstruction(inferred.reconstructionPath) };
}

/** @throws PtychoError UsageError for another thing, or the payload of the other factory. */
function expectPayload(
  where: string,
  payload: object,
  member: "tfTrainingConfig" | "tfInferenceConfig",
): void {
  const factory = member === "tfTrainingConfig" ? "createTrainingPayload" : "createInferencePayload";
  check(
    typeof payload === "object" && payload !== null && member in payload,
    "UsageError",
    () => `${where}(): expected what ${factory}() gives, which has ${member}`,
  );
}
