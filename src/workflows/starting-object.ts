// The object that an engine starts from, where one is named: a reconstruction, or what a trained model predicts.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { ARCHIVE_NAME } from "../bundle/archive-path.js";
import { resolveConfig } from "../config/resolve.js";
import { check } from "../core/errors.js";
import type { PlacedObject } from "../engines/reconstruction.js";
import type { ReconstructRequest, Work } from "./contract.js";
import { inferWorkflow } from "./infer.js";
import { readAnyReconstruction } from "./read-object.js";
import { RECONSTRUCTION_FILE, readReconstruction } from "./read-reconstruction.js";

/**
 * A reconstruction.npz (or its folder) as it is; a model archive (or its folder) by what it infers from the scan, which
 * stays in the folder `init` of the output.
 *
 * @throws PtychoError UsageError for a folder that holds neither or both.
 */
export async function* startingObject(
  init: string,
  { file, scan, config, signal }: ReconstructRequest,
): Work<PlacedObject> {
  if (!isModel(init)) return await readAnyReconstruction(init);
  const { execution, data } = config.config;
  const outputDir = join(execution.output_dir, "init");
  const values = {
    ...{ model_path: init, test_data_file: file, output_dir: outputDir, seed: execution.seed },
    ...{ axis_order: data.axis_order, units: data.units, map: data.map },
  };
  const inferred = yield* inferWorkflow({
    config: resolveConfig("infer", { layers: [{ source: "--init", values }] }),
    ...(scan === undefined ? {} : { scan }),
    signal,
  });
  yield { kind: "message", text: `starting from what the model ${init} predicts` };
  return readReconstruction(inferred.reconstructionPath);
}

function isModel(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path.endsWith(".zip");
  const [model, picture] = [ARCHIVE_NAME, RECONSTRUCTION_FILE].map((name) => existsSync(join(path, name)));
  check(
    model !== picture,
    "UsageError",
    () =>
      `--init ${path}: the folder holds ${model ? "both" : "neither"} a model (${ARCHIVE_NAME}) ${model ? "and" : "nor"} a ` +
      `reconstruction (${RECONSTRUCTION_FILE}); name the file itself`,
  );
  return model;
}
