// Model archive + scan file -> predicted patches -> one stitched object, with pictures.
import { join } from "node:path";
import { loadBundle, weightsFor } from "../bundle/load-bundle.js";
import { type ChosenDevice, chooseDevice } from "../compute/choose-device.js";
import type { Config, FieldName } from "../config/fields.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { PtychoError } from "../core/errors.js";
import { complex64, float32, float64, type NdArray } from "../core/ndarray.js";
import type { AnyContainer } from "../data/container.js";
import { gatherStack } from "../data/frame-stack.js";
import { expectDomain, scanSize } from "../data/raw-data.js";
import { prepareRefinement, refinedWindowPx } from "../data/refinement-scan.js";
import type { AnyRaw } from "../data/stored-scan.js";
import { prepareOutputFolder } from "../formats/files.js";
import { fittedScales, openScaleFit } from "../inference/fit-scales.js";
import { openPredictor } from "../inference/predict.js";
import { refineScan } from "../inference/refine-scan.js";
import { addPatches, finishStitch, type StitchedObject, startStitch } from "../inference/stitch-patches.js";
import { type PredictBatch, withinMemory } from "../inference/within-memory.js";
import type { Network } from "../model/network.js";
import { buildNetwork } from "../model/registry.js";
import { scaleCanvas } from "../physics/varpro.js";
import { physicsParameters } from "../training/objective.js";
import type { InferRequest, InferResult, Work } from "./contract.js";
import {
  chosenPatterns,
  expectScaleContract,
  inferenceContainer,
  type TrainedFacts,
  trainedFacts,
} from "./inference-data.js";
import { maskedProbe, probeIntensity, probeMaskOf } from "./inference-probe.js";
import { modelOptionsOf, objectiveSettingsOf } from "./model-settings.js";
import { openInferenceScan } from "./open-inference-scan.js";
import type { RunScan } from "./open-run-scan.js";
import { expectOutputFolder } from "./output-file.js";
import { type PatchWatch, watchPatches } from "./patch-watch.js";
import { plotComparison } from "./plot-comparison.js";
import { inputsOf } from "./run-inputs.js";
import { RUN_FILE, type RunRecorder, recordRun } from "./run-record.js";
import { saveProduct } from "./write-product.js";
import { writeReconstruction } from "./write-reconstruction.js";

/**
 * @param outer the run that this one is a part of, which keeps the record of both.
 * @throws PtychoError as its parts do; but for the record of the run, nothing is written before the object is whole.
 */
export function inferWorkflow(request: InferRequest, outer?: RunRecorder): Work<InferResult> {
  return recordRun({ command: "infer", outer }, (run) => infer(request, run));
}

async function* infer(request: InferRequest, run: RunRecorder): Work<InferResult> {
  const opened: RunScan[] = [];
  try {
    return yield* inferOn(request, run, opened);
  } finally {
    for (const scan of opened) scan.close();
  }
}

/** The scan that stays open is added to `opened`. */
async function* inferOn(request: InferRequest, run: RunRecorder, opened: RunScan[]): Work<InferResult> {
  run.phase("read");
  const { config: resolved, signal } = request;
  const { config } = resolved;
  const outputDir = config.execution.output_dir;
  expectOutputFolder(outputDir);
  const device = await chooseDevice({ accelerator: config.execution.accelerator });
  const bundle = request.model ?? loadBundle(config.inference.model_path);
  const trained = trainedFacts(bundle.manifest);
  expectScaleContract(config, trained);
  const asked = {
    config,
    trained,
    given: request.scan,
    batchSize: batchSizeOf(config, trained),
    device,
    signal,
  };
  const scan = yield* openInferenceScan(asked);
  opened.push(scan);
  for (const text of scan.notes) yield { kind: "message", text };
  for (const text of [...device.warnings, ...scan.warnings]) yield { kind: "warning", text };
  for (const text of device.notes) yield { kind: "message", text };
  const network = buildNetwork(modelOptionsOf(trained.config.model));
  const unrolled = trained.config.model.architecture === "unrolled";
  const scales = unrolled ? [] : physicsParameters(objectiveSettingsOf(trained.config));
  const weights = weightsFor(bundle, [...network.parameters, ...network.buffers, ...scales]);
  prepareOutputFolder(outputDir);
  const path = join(outputDir, RUN_FILE);
  await run.begin({ path, config: resolved, inputs: inputsOf(resolved), device: device.name });
  run.phase("predict");
  const watch = watchPatches(config);
  const reconstruct = unrolled ? unrolledObject : stitchedObject;
  const { stitched, patterns, offsetsPx } = yield* reconstruct({
    resolved,
    trained,
    scan: scan.raw,
    network,
    weights,
    device,
    watch,
    signal,
  });
  run.phase("save");
  const written = writeReconstruction(
    outputDir,
    stitched,
    {
      model: bundle.path,
      scan: config.data.test_data_file,
      config,
      trained: {
        profile: trained.profile,
        version: bundle.manifest.version,
        created: bundle.manifest.created,
      },
    },
    {
      phaseRange: { low: config.inference.phase_vmin, high: config.inference.phase_vmax },
      pixelSizeM: scan.raw.pixelSizeM,
    },
  );
  const { xPx, yPx, probe, nphotons } = scan.raw;
  yield* saveProduct(outputDir, {
    ...{ object: stitched.object, originPx: stitched.originPx, probe, xPx, yPx, losses: [], nphotons },
    geometry: scan.raw,
  });
  for (const file of watch.write(stitched.object)) yield { kind: "wrote", ...file };
  if (config.inference.comparison_plot) yield* plotComparison(outputDir, config.data.test_data_file);
  return { outputDir, ...written, patterns, offsetsPx };
}

interface Reconstruction {
  readonly resolved: ResolvedConfig<"infer">;
  readonly trained: TrainedFacts;
  readonly scan: AnyRaw;
  readonly network: Network;
  readonly weights: Readonly<Record<string, NdArray>>;
  readonly device: ChosenDevice;
  readonly watch: PatchWatch;
  readonly signal: AbortSignal;
}

interface Reconstructed extends Pick<InferResult, "patterns" | "offsetsPx"> {
  readonly stitched: StitchedObject;
}

/** What belongs to the prediction of patches. */
const UNMERGED: readonly FieldName[] = [
  ...(["patch_weighting", "probe_mask", "neighbor_count", "enable_oversampling", "groups_cache"] as const),
  "middle_trim",
  ...(["log_patch_stats", "patch_stats_limit", "debug_dump"] as const),
];

/** The unrolled network refines one canvas with all patterns. */
async function* unrolledObject({
  resolved,
  trained,
  scan,
  network,
  weights,
  device,
  signal,
}: Reconstruction): Work<Reconstructed> {
  const { config, sources } = resolved;
  for (const field of UNMERGED) {
    const given = sources[field]?.givenAs;
    if (given !== undefined) {
      throw new PtychoError(
        "UsageError",
        `${given}: an unrolled model merges all patterns by their probes and has no such setting; leave it out`,
      );
    }
  }
  const chosen = expectDomain("inference data", chosenPatterns(scan, trained, config), "amplitude");
  const { n, N } = scanSize(chosen);
  const { unrolled_steps: steps } = trained.config.model;
  yield {
    kind: "message",
    text: `refining ${n} patterns ${N} x ${N} in ${steps} steps; device: ${device.name}`,
  };
  const prepared = prepareRefinement(chosen);
  const stitched = yield* refineScan(network, weights, prepared, {
    steps,
    cropPx: refinedWindowPx(prepared.probe),
    batchSize: batchSizeOf(config, trained),
    placement: device.placement,
    signal,
  });
  const offsetsPx = float64([n, 1, 1, 2], Array.from(chosen.xPx, (x, i) => [x, chosen.yPx[i]]).flat());
  return { stitched, patterns: n, offsetsPx };
}

/** The network predicts the patches of every group, and they are stitched. */
async function* stitchedObject({
  resolved,
  trained,
  scan,
  network,
  weights,
  device,
  watch,
  signal,
}: Reconstruction): Work<Reconstructed> {
  const { config } = resolved;
  const notes: string[] = [];
  const { container, inputScale } = inferenceContainer(scan, trained, config, notes);
  for (const text of notes) yield { kind: "message", text };
  const [groups, channels, N] = container.images.shape;
  yield {
    kind: "message",
    text: `predicting ${groups} groups of ${channels}, patterns ${N} x ${N}; device: ${device.name}`,
  };
  const predictor = await openPredictor(network, weights, device.placement);
  const halved: number[] = [];
  const predict = withinMemory(
    (images) => predictor.predict(images, inputScale),
    (samples) => halved.push(samples),
  );
  const stitched = yield* predictObject({ container, predict, halved, config, trained, watch, signal });
  await predictor.release();
  return { stitched, patterns: groups * channels, offsetsPx: container.globalOffsets };
}

interface Prediction extends Pick<Reconstruction, "trained" | "watch" | "signal"> {
  readonly container: AnyContainer;
  readonly predict: PredictBatch;
  /** Takes the batch sizes that memory forced, for the user to be told. */
  readonly halved: number[];
  readonly config: Config<"infer">;
}

async function* predictObject({
  container,
  predict,
  halved,
  config,
  trained,
  watch,
  signal,
}: Prediction): Work<StitchedObject> {
  const { images, coordsGlobal } = container;
  const [groups, channels, N] = images.shape;
  const mask = probeMaskOf(config, trained, N);
  const stitch = startStitch(float64([groups * channels, 2], coordsGlobal.data), {
    patchPx: N,
    ...(config.inference.middle_trim === 0 ? {} : { cropPx: config.inference.middle_trim }),
    weighting:
      config.inference.patch_weighting === "probe"
        ? { kind: "probe", intensity: probeIntensity(container.probe, mask) }
        : { kind: "uniform" },
  });
  const fit = config.inference.varpro_scaling
    ? await openScaleFit(maskedProbe(container.probe, mask), channels)
    : undefined;
  const startedMs = performance.now();
  const batchSize = batchSizeOf(config, trained);
  for (let from = 0; from < groups; from += batchSize) {
    if (signal.aborted) throw interrupted();
    const batch = Math.min(batchSize, groups - from);
    const chosen = Int32Array.from({ length: batch }, (_, i) => from + i);
    const diffraction = float32([batch, channels, N, N], gatherStack(images, chosen));
    const patches = await predict(diffraction);
    for (const samples of halved.splice(0))
      yield {
        kind: "warning",
        text: `the device has no memory for the batch: going on with ${samples} groups at a time`,
      };
    await fit?.add(patches, diffraction);
    const flat = complex64([batch * channels, N, N], patches.re, patches.im);
    const positions = coordsGlobal.data.subarray(2 * channels * from, 2 * channels * (from + batch));
    addPatches(stitch, flat, float64([batch * channels, 2], positions));
    watch.add(patches, positions);
    const done = (from + batch) * channels;
    const patternsPerSecond = (1000 * done) / (performance.now() - startedMs);
    yield { kind: "predicted", done, total: groups * channels, patternsPerSecond };
  }
  const stitched = finishStitch(stitch);
  if (fit === undefined) return stitched;
  const scales = fittedScales(fit.statistics());
  await fit.release();
  yield {
    kind: "message",
    text: `fitted scales: s1 ${scales[0].toPrecision(4)}, s2 ${scales[1].toPrecision(4)}`,
  };
  return { ...stitched, object: scaleCanvas(stitched.object, scales) };
}

function batchSizeOf({ inference }: Config<"infer">, { config }: TrainedFacts): number {
  return inference.inference_batch_size ?? config.training.batch_size;
}

function interrupted(): PtychoError {
  return new PtychoError("Interrupted", "inference was interrupted; no picture was written");
}
