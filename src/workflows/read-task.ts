// From the configuration of a training to its task: device, scans within the memory allowed, groups, validation.
import { type ChosenDevice, chooseDevice } from "../compute/choose-device.js";
import { withFacts } from "../config/facts.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { splitGroups } from "../data/batches.js";
import { scanSize } from "../data/raw-data.js";
import type { TrainRequest, Work } from "./contract.js";
import { groupedTask } from "./grouped-task.js";
import { memoryLimit, trainingNeeds } from "./memory-plan.js";
import { profileOf } from "./model-settings.js";
import { type AskedScan, openRunScan, placePatterns, plannedScan, type RunScan } from "./open-run-scan.js";
import { expectPatternSize } from "./start-model.js";
import { readTeacher } from "./teacher.js";
import { groupedData } from "./training-data.js";
import type { TrainingTask } from "./training-task.js";
import { unrolledTask } from "./unrolled-task.js";

/** What a run trains, and on what. */
export interface ReadTask {
  readonly resolved: ResolvedConfig<"train">;
  readonly task: TrainingTask;
  readonly notes: readonly string[];
}

/**
 * Reads and checks everything before any file is written, but for what is unpacked of patterns that stay on disk. The
 * scans that stay open are added to `opened`.
 *
 * @throws PtychoError ResourceError where the run cannot fit into memory; else as its parts do.
 */
export async function* readTask(request: TrainRequest, opened: RunScan[]): Work<ReadTask> {
  const { config: asked, start, signal } = request;
  const { data, execution } = asked.config;
  const profile = profileOf(asked.config);
  const device = await trainingDevice(asked);
  const teacher = readTeacher(asked.config.training);
  const files: AskedScan[] = [{ path: data.train_data_file, given: request.scan }];
  if (data.test_data_file !== null) files.push({ path: data.test_data_file, given: request.testScan });
  const planned = await Promise.all(files.map((file) => plannedScan(file, data)));
  if (start !== undefined) expectPatternSize(start, planned[0].N);
  const ofScan = withFacts(asked, { N: planned[0].N }).config;
  const limit = memoryLimit(execution.max_memory);
  const needs = trainingNeeds(ofScan, planned, device.placement.device === "cpu");
  const { place, text } = placePatterns(
    needs,
    limit,
    `--batch_size ${ofScan.training.batch_size} or --n_filters_scale`,
  );
  yield { kind: "message", text };
  const truth = profile === "supervised";
  const opening = { profile, data, truth, place, limit, outputDir: execution.output_dir, signal };
  for (const file of files) opened.push(yield* openRunScan(file, opening));
  const [scan, test] = opened as [RunScan, RunScan | undefined];
  const resolved = withFacts(asked, { N: scanSize(scan.raw).N, nphotons: scan.raw.nphotons });
  const notes = [...scan.notes, ...(test?.notes ?? [])];
  const warnings = [...scan.warnings, ...(test?.warnings ?? [])];
  if (resolved.config.model.architecture === "unrolled") {
    const clusters = { scan: scan.raw, test: test?.raw, teacher, device, warnings };
    return { resolved, task: await unrolledTask(resolved, clusters), notes };
  }
  const train = groupedData(scan.raw, profile, resolved, warnings);
  const count = train.container.images.shape[0];
  if (resolved.sources.n_groups?.givenAs !== undefined && data.n_groups > count)
    warnings.push(`${data.n_groups} groups were asked for, the scan has patterns for ${count}: all are used`);
  if (test !== undefined) {
    const held = groupedData(test.raw, profile, resolved, warnings, train);
    const everything = (size: number) => Int32Array.from({ length: size }, (_, group) => group);
    const validation = { data: held, groups: everything(held.container.images.shape[0]) };
    const heldOut = { train, groups: everything(count), validation, teacher, device, warnings };
    return { resolved, task: await groupedTask(resolved, heldOut), notes };
  }
  const split = splitGroups(count, data.validation_split, execution.seed);
  const validation = split.validation.length === 0 ? undefined : { data: train, groups: split.validation };
  const groups = { train, groups: split.train, validation, teacher, device, warnings };
  return { resolved, task: await groupedTask(resolved, groups), notes };
}

/** A default that nobody asked for warns, and does not keep a GPU away that somebody asked for. */
function trainingDevice({ config, sources }: ResolvedConfig<"train">): Promise<ChosenDevice> {
  const { accelerator, deterministic } = config.execution;
  const asked = sources.deterministic?.givenAs !== undefined;
  return chooseDevice({
    accelerator,
    repeatable: deterministic === true && !asked ? "warn" : deterministic,
    float64:
      profileOf(config) === "counts" ? "the count likelihood (--profile ci) is summed in float64" : undefined,
  });
}
