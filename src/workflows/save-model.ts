// A trained network as the portable archive.
import { join } from "node:path";
import { ARCHIVE_NAME } from "../bundle/archive-path.js";
import { saveBundle } from "../bundle/save-bundle.js";
import { emitOnnx } from "../compute/emit.js";
import type { Config } from "../config/fields.js";
import type { Json } from "../core/json.js";
import type { NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { type ParameterLayout, unpackParameters } from "../model/parameters.js";
import type { TrainingState } from "../training/step.js";
import type { TrainingTask } from "./training-task.js";

/** Writes `<outputDir>/wts.h5.zip` and returns its path. */
export function saveModel(
  outputDir: string,
  config: Config<"train">,
  task: TrainingTask,
  layout: ParameterLayout,
  state: TrainingState,
): string {
  const weights: Record<string, NdArray> = {
    ...unpackParameters(layout, state.parameters.data),
    ...state.buffers,
  };
  const path = join(outputDir, ARCHIVE_NAME);
  const { outputs, options } = task.onnx(weights);
  saveBundle(path, {
    backend: "pytorch",
    profile: task.profile,
    config: config as unknown as { readonly [key: string]: Json }, // plain values by section
    statistics: task.statistics,
    created: new Date().toISOString(),
    version: VERSION,
    weights: new Map(Object.entries(weights)),
    onnx: emitOnnx({ outputs }, options),
  });
  return path;
}
