// A trained model and a new scan -> a few epochs of physics on that scan, from the weights of the model -> its picture.
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { loadBundle } from "../bundle/load-bundle.js";
import { ADAPT_EPOCHS, ADAPT_RATE, OF_ONE_RUN } from "../config/adapt-fields.js";
import { fieldsOf } from "../config/fields.js";
import type { Layer } from "../config/layer.js";
import { type ResolvedConfig, resolveConfig } from "../config/resolve.js";
import { check } from "../core/errors.js";
import type { Json } from "../core/json.js";
import { printable } from "../formats/printable.js";
import type { AdaptRequest, AdaptResult, Work } from "./contract.js";
import { inferWorkflow } from "./infer.js";
import { type TrainedFacts, trainedFacts } from "./inference-data.js";
import { type RunRecorder, recordRun } from "./run-record.js";
import { trainWorkflow } from "./train.js";

/**
 * Leaves in the output folder what train and infer leave there: the adapted archive, checkpoints, reconstruction.npz and the
 * pictures. A run that was stopped goes on with `resume`, and only then infers.
 *
 * @throws PtychoError as train and infer; UsageError for a model without physics, or an output folder that is the model's.
 */
export function adaptWorkflow(request: AdaptRequest): Work<AdaptResult> {
  const { source, values } = request.asked;
  const asked = { source, values: JSON.parse(JSON.stringify(values)) as Json };
  return recordRun({ command: "adapt", request: { asked } }, (run) => adapt(request, run));
}

async function* adapt(
  { modelPath, scanFile, scan, asked, signal }: AdaptRequest,
  run: RunRecorder,
): Work<AdaptResult> {
  const model = loadBundle(modelPath);
  const trained = trainedFacts(model.manifest);
  check(
    trained.profile !== "supervised",
    "UsageError",
    () =>
      "adapt: the model was trained on labels, without physics, and a new scan has none; infer with it as it is, or train a " +
      "model with --model_type pinn",
  );
  const config = adaptConfig(trained, scanFile, asked);
  const { output_dir: outputDir } = config.config.execution;
  check(
    pathOf(outputDir) !== pathOf(dirname(model.path)),
    "UsageError",
    () =>
      `--output_dir ${printable(outputDir)}: this is the folder of the model, which the adapted one would replace; name ` +
      "another folder",
  );
  for (const text of config.warnings) yield { kind: "warning", text };
  const given = scan === undefined ? {} : { scan };
  const adapted = yield* trainWorkflow({ config, start: model, ...given, signal }, run);
  const { axis_order, units, map } = config.config.data;
  const { accelerator, max_memory } = config.config.execution;
  const inference = resolveConfig("infer", {
    layers: [
      {
        source: "adapt",
        values: {
          model_path: adapted.archivePath,
          test_data_file: scanFile,
          output_dir: outputDir,
          accelerator,
          max_memory,
          ...{ axis_order, units, map },
        },
      },
    ],
  });
  return { ...adapted, ...(yield* inferWorkflow({ config: inference, ...given, signal }, run)) };
}

/** The model's own configuration on the new scan, gently and shortly, with what was asked for on top. */
function adaptConfig(trained: TrainedFacts, scanFile: string, asked: Layer): ResolvedConfig<"train"> {
  const archived: Record<string, unknown> = {};
  for (const { name, section } of fieldsOf("train")) {
    const value = (trained.config[section] as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !OF_ONE_RUN.includes(name)) archived[name] = value;
  }
  archived.nepochs = ADAPT_EPOCHS;
  archived.learning_rate = ADAPT_RATE * trained.config.training.learning_rate;
  archived.train_data_file = scanFile;
  const own = { source: "model archive", values: archived };
  // What has no effect was told when the model was trained.
  const known = new Set(resolveConfig("train", { layers: [own] }).warnings);
  const config = resolveConfig("train", { layers: [own, asked] });
  return { ...config, warnings: config.warnings.filter((text) => !known.has(text)) };
}

function pathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // not there yet
  }
}
