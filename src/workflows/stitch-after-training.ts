// --do_stitching: the model that was just trained reconstructs the test scan, or the training scan where there is none.
import { resolveConfig } from "../config/resolve.js";
import type { InferResult, TrainRequest, Work } from "./contract.js";
import { inferWorkflow } from "./infer.js";
import type { RunRecorder } from "./run-record.js";

/** @param archivePath the trained model. Writes into the folder of the training. @throws PtychoError as infer. */
export async function* stitchAfterTraining(
  { config: { config }, scan, testScan, signal }: TrainRequest,
  archivePath: string,
  run: RunRecorder,
): Work<InferResult> {
  const { train_data_file: trainFile, test_data_file: testFile, axis_order, units, map } = config.data;
  const { output_dir, accelerator, max_memory } = config.execution;
  const isTest = testFile !== null;
  yield {
    kind: "message",
    text: isTest
      ? "reconstructing the test scan"
      : "reconstructing the training scan: there is no test_data_file",
  };
  const given = isTest ? testScan : scan;
  const file = testFile ?? trainFile;
  const execution = { output_dir, accelerator, max_memory };
  const values = { model_path: archivePath, test_data_file: file, axis_order, units, map, ...execution };
  const resolved = resolveConfig("infer", { layers: [{ source: "do_stitching", values }] });
  return yield* inferWorkflow(
    { config: resolved, ...(given === undefined ? {} : { scan: given }), signal },
    run,
  );
}
