// Training of the unrolled network on spatial clusters of one scan.
import type { ChosenDevice } from "../compute/choose-device.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { check, PtychoError } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { splitGroups } from "../data/batches.js";
import { type Clusters, clusterOf, epochCentres, makeClusters, middleOf } from "../data/clusters.js";
import type { FrameStack } from "../data/frame-stack.js";
import { expectDomain } from "../data/raw-data.js";
import {
  prepareRefinement,
  type RefinementScan,
  refinedWindowPx,
  refinementBatch,
} from "../data/refinement-scan.js";
import type { AnyRaw } from "../data/stored-scan.js";
import { subsampled } from "../data/subsample.js";
import { refinementOutputs } from "../inference/refine-scan.js";
import { buildNetwork } from "../model/registry.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import type { TrainingBatch } from "../training/fit.js";
import { buildRefinementObjective } from "../training/refinement-objective.js";
import { teacherStrength } from "../training/teacher.js";
import { modelOptionsOf } from "./model-settings.js";
import { canvasFeeds, fitToClusters } from "./teach-clusters.js";
import { type TeacherFile, teacherArrays } from "./teacher.js";
import type { TrainingTask } from "./training-task.js";

export interface UnrolledData {
  readonly scan: AnyRaw;
  /** Held-out scan. */
  readonly test: AnyRaw | undefined;
  readonly teacher: TeacherFile | undefined;
  readonly device: ChosenDevice;
  readonly warnings: readonly string[];
}

/** @throws PtychoError DataError for a teacher of another scan, or data that do not belong together. */
export async function unrolledTask(
  resolved: ResolvedConfig<"train">,
  { scan, test, teacher: teacherFile, device, warnings }: UnrolledData,
): Promise<TrainingTask> {
  const { model, data, training, execution } = resolved.config;
  const { batch_size } = training;
  const network = buildNetwork(modelOptionsOf(model));
  const train = openClusters(chosenPatterns(scan, resolved), batch_size);
  const held =
    test === undefined ? undefined : openClusters(expectDomain("test data", test, "amplitude"), batch_size);
  const [n, N] = train.scan.amplitude.shape;
  const [modes] = train.scan.probe.shape;
  check(
    held === undefined || held.scan.probe.shape.every((extent, i) => extent === train.scan.probe.shape[i]),
    "DataError",
    () =>
      `test data: expected a probe [P, N, N] = [${train.scan.probe.shape}] as in the training data, got ` +
      `[${held?.scan.probe.shape}]; give a scan of the same kind`,
  );
  const cropPx = refinedWindowPx(train.scan.probe);
  const canvasPx = N + 2 * Math.ceil(Math.max(train.clusters.extentPx, held?.clusters.extentPx ?? 0) / 2 + 1);
  const settings = { steps: model.unrolled_steps, cropPx };
  const split = held === undefined ? splitGroups(n, data.validation_split, execution.seed) : undefined;
  const centres = split?.train ?? Int32Array.from({ length: n }, (_, i) => i);
  const perEpoch = resolved.sources.n_groups?.source === "default" ? n : data.n_groups;
  const batches = Math.max(1, Math.ceil(perEpoch / batch_size));
  if (batches > centres.length) {
    throw new PtychoError(
      "UsageError",
      `--n_groups ${perEpoch}: an epoch of ${batches} clusters needs as many patterns to be their centres, the scan has ` +
        `${centres.length}; lower --n_groups`,
    );
  }
  const teacher = teacherFile && (await fitToClusters(teacherFile, train.scan));
  const taught = (centre: number, strength: number): TrainingBatch => {
    const batch = toBatch(train, centre);
    if (teacher === undefined) return batch;
    const members = clusterOf(train.clusters, centre);
    const feeds = () => ({
      ...batch.feeds(),
      ...canvasFeeds(teacher, train.scan, members, canvasPx, strength),
    });
    return { ...batch, feeds };
  };
  const validation = held
    ? spread(held.scan.amplitude.shape[0], batch_size).map((centre) => toBatch(held, centre))
    : split?.validation.length
      ? Array.from(split.validation, (centre) => toBatch(train, centre))
      : undefined;
  return {
    network,
    specs: network.parameters,
    profile: "amplitude",
    objective: (batch, mode) => (parameters) => {
      const shape = { batch, N, modes, canvasPx };
      const aims = { ...settings, teacher: teacher !== undefined && mode === "train" };
      const { loss, reported } = buildRefinementObjective(aims, shape, network, parameters);
      return { loss, reported, bufferUpdates: {} };
    },
    batchesOf: (epoch) =>
      Array.from(epochCentres(centres, batches, execution.seed, epoch), (centre, i) =>
        taught(centre, teacher === undefined ? 0 : teacherStrength(teacher.schedule, epoch, i / batches)),
      ),
    ...(validation === undefined ? {} : { validation }),
    arrays: [
      ...fingerprinted("", train.scan),
      ...(held === undefined ? [] : fingerprinted("validation_", held.scan)),
      ...(teacherFile === undefined ? [] : teacherArrays(teacherFile.picture)),
    ],
    statistics: { refined_window_px: cropPx },
    onnx: (weights) => ({
      outputs: refinementOutputs(network, weights, { batch: 1, N, modes }, cropPx),
      options: {},
    }),
    device,
    summary:
      `training an unrolled network (${model.unrolled_steps} steps, window ${cropPx} px) on ${n} patterns ${N} x ${N}: ` +
      `${batches} clusters of ${batch_size} an epoch; validation: ${validation?.length ?? "no"} clusters; device: ${device.name}`,
    notes: [...device.notes, ...(teacher === undefined ? [] : [teacher.note])],
    warnings: [...device.warnings, ...warnings],
  };
}

interface ClusterData {
  readonly scan: RefinementScan;
  readonly clusters: Clusters;
}

function openClusters(raw: AnyRaw<"amplitude">, size: number): ClusterData {
  const scan = prepareRefinement(raw);
  return { scan, clusters: makeClusters(scan.xWholePx, scan.yWholePx, size) };
}

function chosenPatterns(raw: AnyRaw, { config }: ResolvedConfig<"train">): AnyRaw<"amplitude"> {
  const scan = expectDomain("training data", raw, "amplitude");
  const { n_subsample, subsample_seed } = config.data;
  return subsampled(scan, n_subsample, legacyRandom(subsample_seed ?? config.execution.seed));
}

function toBatch({ scan, clusters }: ClusterData, centre: number): TrainingBatch {
  const members = clusterOf(clusters, centre);
  return {
    patterns: members.length,
    size: members.length,
    feeds: () => ({ ...refinementBatch(scan, members), positions: relativePositions(scan, members) }),
  };
}

/** [B, 1, 1, 2] = -(whole-pixel position - middle of the cluster). */
function relativePositions({ xWholePx, yWholePx }: RefinementScan, members: Int32Array): NdArray<"float32"> {
  const [x, y] = [middleOf(xWholePx, members), middleOf(yWholePx, members)];
  const values = Array.from(members, (member) => [x - xWholePx[member], y - yWholePx[member]]);
  return float32([members.length, 1, 1, 2], values.flat());
}

/** Every `stride`-th pattern. */
function spread(count: number, stride: number): number[] {
  return Array.from({ length: Math.ceil(count / stride) }, (_, i) => i * stride);
}

function fingerprinted(prefix: string, scan: RefinementScan): [string, NdArray | FrameStack][] {
  const { amplitude, probe, xRestPx, yRestPx, xWholePx, yWholePx } = scan;
  const x = xRestPx.map((rest, i) => rest + xWholePx[i]);
  const y = yRestPx.map((rest, i) => rest + yWholePx[i]);
  return [
    [`${prefix}amplitude`, amplitude],
    [`${prefix}probe_re`, float32(probe.shape, probe.re)],
    [`${prefix}probe_im`, float32(probe.shape, probe.im)],
    [`${prefix}x`, { dtype: "float64", shape: [x.length], data: x }],
    [`${prefix}y`, { dtype: "float64", shape: [y.length], data: y }],
  ];
}
