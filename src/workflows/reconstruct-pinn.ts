// Engine "pinn" of reconstruct: the unrolled network, trained on this scan alone, then asked for its object.
import { join } from "node:path";
import type { FieldName } from "../config/fields.js";
import { resolveConfig } from "../config/resolve.js";
import { PtychoError } from "../core/errors.js";
import { writeFileAtomic } from "../formats/files.js";
import type { ReconstructRequest, ReconstructResult, Work } from "./contract.js";
import { inferWorkflow } from "./infer.js";
import { earlierRuns } from "./read-run-record.js";
import { RUN_FILE, type RunRecorder, type RunStart } from "./run-record.js";
import { trainWorkflow } from "./train.js";

/** The fields of reconstruct that mean something to the network. */
const KNOWN: readonly FieldName[] = [
  ...(["engine", "epochs", "axis_order", "units", "map", "output_dir", "seed"] as const),
  ...(["resume", "allow_mismatch", "enable_progress_bar", "console_level"] as const),
];

/** @throws PtychoError UsageError for an option that belongs to the iterative engines. */
export async function* reconstructByNetwork(
  { file, scan, config: resolved, signal }: ReconstructRequest,
  run: RunRecorder,
): Work<ReconstructResult> {
  for (const [name, sourced] of Object.entries(resolved.sources)) {
    if (sourced.source === "default" || KNOWN.includes(name as FieldName)) continue; // keys of sources are field names
    throw new PtychoError(
      "UsageError",
      `${sourced.givenAs ?? `--${name}`} belongs to the iterative engines and means nothing to engine pinn; leave it ` +
        "out, or train the network with 'ptychopinn train --preset unrolled', which has options of its own",
    );
  }
  const { engine, execution, data } = resolved.config;
  const outputDir = execution.output_dir;
  const source = "reconstruct --engine pinn";
  const model = join(outputDir, "model");
  // The record begins when training does, which has then read the scan; it is of the reconstruction.
  const begin = ({ device }: RunStart) => {
    const path = join(outputDir, RUN_FILE);
    const earlier = execution.resume ? earlierRuns(path, resolved) : [];
    const inputs = scan === undefined ? { scan: file } : {};
    const computed = device === undefined ? {} : { device };
    return run.begin({ path, config: resolved, inputs, earlier, ...computed });
  };
  const given = scan === undefined ? {} : { scan };
  const common = { seed: execution.seed, axis_order: data.axis_order, units: data.units, map: data.map };
  const trained = yield* trainWorkflow(
    {
      config: resolveConfig("train", {
        preset: "unrolled",
        layers: [
          {
            source,
            values: {
              ...{ ...common, train_data_file: file, output_dir: model },
              ...{ resume: execution.resume, allow_mismatch: execution.allow_mismatch },
              ...(engine.epochs === null ? {} : { nepochs: engine.epochs }),
            },
          },
        ],
      }),
      ...given,
      signal,
    },
    { ...run, begin },
  );
  const inferred = yield* inferWorkflow(
    {
      config: resolveConfig("infer", {
        layers: [
          { source, values: { ...common, model_path: model, test_data_file: file, output_dir: outputDir } },
        ],
      }),
      ...given,
      signal,
    },
    run,
  );
  const { trainLoss } = trained.history;
  const notes = [
    "the network unrolled over four steps was trained on this scan; the probe is taken as known",
  ];
  const reportPath = join(outputDir, "report.json");
  const report = { scan: file, engine: "pinn", notes, epochs: trainLoss.length, train_loss: trainLoss };
  writeFileAtomic(
    reportPath,
    Buffer.from(`${JSON.stringify({ ...report, config: resolved.config }, null, 2)}\n`),
  );
  return {
    ...{ outputDir, reconstructionPath: inferred.reconstructionPath, reportPath, notes, engine: "pinn" },
    pictures: [inferred.amplitudePicturePath, inferred.phasePicturePath],
    epochs: trainLoss.length,
    residual: undefined,
    halves: undefined,
  };
}
