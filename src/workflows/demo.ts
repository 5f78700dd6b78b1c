// The whole corridor on a scan of its own: simulate -> train -> infer -> evaluate, into one folder.
import { join } from "node:path";
import { resolveConfig } from "../config/resolve.js";
import { prepareOutputFolder, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { comparisonPicture } from "./comparison-picture.js";
import type { DemoRequest, DemoResult, DemoScan, DemoTraining, Work } from "./contract.js";
import { evaluateWorkflow } from "./evaluate.js";
import { inferWorkflow } from "./infer.js";
import { readKnownObject, readReconstruction } from "./read-reconstruction.js";
import { RUN_FILE, type RunRecorder, recordRun } from "./run-record.js";
import { simulateWorkflow } from "./simulate.js";
import { trainWorkflow } from "./train.js";

const PRESET = "unrolled";

/** Shortens the preset, to end within four minutes on two cores. */
const TRAINING: DemoTraining = { nepochs: 10 };

const SCAN: DemoScan = {
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
export function demoWorkflow(request: DemoRequest): Work<DemoResult> {
  const parts = { scan: { ...SCAN, ...request.scan }, training: { ...TRAINING, ...request.training } };
  return recordRun({ command: "demo", request: parts }, (run) => demo({ ...request, ...parts }, run));
}

async function* demo(
  { outputDir, scan: simulated, training: values, signal }: Required<DemoRequest>,
  run: RunRecorder,
): Work<DemoResult> {
  const inFolder = (name: string) => join(outputDir, name);
  const scan = inFolder("scan.npz");
  const source = "demo";
  const training = resolveConfig("train", {
    preset: PRESET,
    layers: [{ source, values: { ...values, train_data_file: scan, output_dir: inFolder("model") } }],
  });
  prepareOutputFolder(outputDir);
  await run.begin({ path: inFolder(RUN_FILE), config: training, inputs: {} });
  run.phase("simulate");
  yield* simulateWorkflow({ ...SCAN, ...simulated, outputFile: scan, signal }, run);
  run.phase("train");
  yield* trainWorkflow({ config: training, signal });

  const inference = resolveConfig("infer", {
    layers: [
      { source, values: { model_path: inFolder("model"), test_data_file: scan, output_dir: outputDir } },
    ],
  });
  const inferred = yield* inferWorkflow({ config: inference, signal }, run);
  run.phase("evaluate");

  const metricsPath = inFolder("metrics.json");
  const { metrics } = yield* evaluateWorkflow({
    ...{ reconstruction: inferred.reconstructionPath, truth: scan, outputFile: metricsPath, signal },
  });
  for (const [part, figures] of Object.entries({ amplitude: metrics.amplitude, phase: metrics.phase }))
    for (const [name, value] of Object.entries(figures))
      if (typeof value === "number" || value === null) run.figure(`${part}.${name}`, value);
  const reconstruction = readReconstruction(inferred.reconstructionPath);
  const picture = comparisonPicture(readKnownObject(scan).object, reconstruction, metrics);
  writeFileAtomic(inFolder("comparison.png"), encodePng(picture));
  yield { kind: "wrote", path: inFolder("comparison.png"), what: "picture of truth and reconstruction" };
  const { reconstructionPath, amplitudePicturePath, phasePicturePath } = inferred;
  return { outputDir, reconstructionPath, amplitudePicturePath, phasePicturePath, metricsPath, metrics };
}
