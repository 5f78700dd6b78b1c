// A trained network as the portable archive.
import { join } from "node:path";
import { ARCHIVE_NAME } from "../bundle/archive-path.js";
import type { Json } from "../bundle/manifest.js";
import { saveBundle } from "../bundle/save-bundle.js";
import { emitOnnx } from "../compute/emit.js";
import type { Config } from "../config/fields.js";
import type { NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { predictionOutputs } from "../inference/predict.js";
import type { Network } from "../model/network.js";
import { type ParameterLayout, unpackParameters } from "../model/parameters.js";
import type { BatchData } from "../training/batch-feeds.js";
import type { TrainingState } from "../training/step.js";

export interface TrainedModel {
  readonly config: Config<"train">;
  readonly network: Network;
  readonly layout: ParameterLayout;
  readonly state: TrainingState;
  readonly data: BatchData;
}

/** Writes `<outputDir>/wts.h5.zip` and returns its path. */
export function saveModel(outputDir: string, model: TrainedModel): string {
  const { config, network, layout, state, data } = model;
  const weights: Record<string, NdArray> = {
    ...unpackParameters(layout, state.parameters.data),
    ...state.buffers,
  };
  const path = join(outputDir, ARCHIVE_NAME);
  saveBundle(path, {
    backend: "pytorch",
    profile: data.profile,
    config: config as unknown as { readonly [key: string]: Json }, // plain values by section
    statistics: statisticsOf(data),
    created: new Date().toISOString(),
    version: VERSION,
    weights: new Map(Object.entries(weights)),
    onnx: emitOnnx({ outputs: predictionOutputs(network, weights) }, { batchAxis: "batch" }),
  });
  return path;
}

/** What inference on another scan has to know of the training data. */
function statisticsOf({ container, probeFactor }: BatchData): { readonly [key: string]: Json } {
  return container.domain === "counts"
    ? {
        rms_input_scale: container.rmsInputScale,
        mean_measured_intensity: container.meanMeasuredIntensity,
        probe_factor: probeFactor,
      }
    : { rms_scale: container.rmsScale, physics_scale: container.physicsScale, nphotons: container.nphotons };
}
