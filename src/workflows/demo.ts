// The whole corridor on a scan of its own: simulate -> train -> infer -> evaluate, into one folder.
import { join } from "node:path";
import { resolveConfig } from "../config/resolve.js";
import { prepareOutputFolder, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { comparisonPicture } from "./comparison-picture.js";
import type { DemoRequest, DemoResult, SimulateRequest, Work } from "./contract.js";
import { evaluateWorkflow } from "./evaluate.js";
import { inferWorkflow } from "./infer.js";
import { readKnownObject, readReconstruction } from "./read-reconstruction.js";
import { simulateWorkflow } from "./simulate.js";
import { trainWorkflow } from "./train.js";

/** What the demo trains with: a preset, shortened to end within four minutes on two cores. */
const TRAINING = {
  preset: "unrolled",
  values: { nepochs: 10 },
} as const;

const SCAN: Omit<SimulateRequest, "outputFile" | "signal"> = {
  object: "lines",
  phase: true,
  probe: "defocus",
  scan: "raster",
  N: 64,
  patterns: 400,
  objectSizePx: 160,
  photons: 1e6,
  seed: 7,
};

/**
 * Leaves in `outputDir`: scan.npz, model/, reconstruction.npz, the pictures, comparison.png and metrics.json.
 *
 * @throws PtychoError as its four parts.
 */
export async function* demoWorkflow({ outputDir, signal }: DemoRequest): Work<DemoResult> {
  prepareOutputFolder(outputDir);
  const inFolder = (name: string) => join(outputDir, name);
  const scan = inFolder("scan.npz");
  yield* simulateWorkflow({ ...SCAN, outputFile: scan, signal });

  const source = "demo";
  const training = resolveConfig("train", {
    preset: TRAINING.preset,
    layers: [
      { source, values: { ...TRAINING.values, train_data_file: scan, output_dir: inFolder("model") } },
    ],
  });
  yield* trainWorkflow({ config: training, signal });

  const inference = resolveConfig("infer", {
    layers: [
      { source, values: { model_path: inFolder("model"), test_data_file: scan, output_dir: outputDir } },
    ],
  });
  const inferred = yield* inferWorkflow({ config: inference, signal });

  const metricsPath = inFolder("metrics.json");
  const { metrics } = yield* evaluateWorkflow({
    ...{ reconstruction: inferred.reconstructionPath, truth: scan, outputFile: metricsPath, signal },
  });
  const reconstruction = readReconstruction(inferred.reconstructionPath);
  const picture = comparisonPicture(readKnownObject(scan).object, reconstruction, metrics);
  writeFileAtomic(inFolder("comparison.png"), encodePng(picture));
  yield { kind: "wrote", path: inFolder("comparison.png"), what: "picture of truth and reconstruction" };
  const { amplitudePicturePath, phasePicturePath } = inferred;
  return { outputDir, amplitudePicturePath, phasePicturePath, metricsPath, metrics };
}
