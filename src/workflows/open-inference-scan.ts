// The scan that a model reconstructs, within the memory allowed.
import type { ChosenDevice } from "../compute/choose-device.js";
import type { Config } from "../config/fields.js";
import { check } from "../core/errors.js";
import type { RawData } from "../data/raw-data.js";
import type { Work } from "./contract.js";
import type { TrainedFacts } from "./inference-data.js";
import { inferenceNeeds, memoryLimit } from "./memory-plan.js";
import { openRunScan, placePatterns, plannedScan, type RunScan } from "./open-run-scan.js";

export interface InferenceScanRequest {
  readonly config: Config<"infer">;
  readonly trained: TrainedFacts;
  /** The scan itself, in place of the file. */
  readonly given: RawData | undefined;
  /** Groups that are predicted at a time. */
  readonly batchSize: number;
  readonly device: ChosenDevice;
  readonly signal: AbortSignal;
}

/** The caller closes it. @throws PtychoError ResourceError where the run cannot fit into memory; as `openRunScan`. */
export async function* openInferenceScan({
  config,
  trained,
  given,
  batchSize,
  device,
  signal,
}: InferenceScanRequest): Work<RunScan> {
  const { data, execution, inference } = config;
  const file = { path: data.test_data_file, given };
  const planned = await plannedScan(file, data);
  const limit = memoryLimit(execution.max_memory);
  const onProcessor = device.placement.device === "cpu";
  const needs = inferenceNeeds({ config, trained: trained.config, batchSize }, planned, onProcessor);
  const { place, text } = placePatterns(needs, limit, `--inference_batch_size ${batchSize}`);
  yield { kind: "message", text };
  check(
    place === "memory" || !inference.comparison_plot,
    "ResourceError",
    () =>
      "--comparison_plot: the scan does not fit into the memory allowed, and its object is read with the whole file; leave " +
      "the option out, or raise --max_memory",
  );
  const opening = { data, truth: false, place, limit, outputDir: execution.output_dir, signal };
  return yield* openRunScan(file, { ...opening, profile: trained.profile });
}
