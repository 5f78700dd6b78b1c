// What memory a run will need at its peak, predicted from the sizes of data, network and batch before anything is read.

import { totalmem } from "node:os";
import { constrainedMemory } from "node:process";
import { input } from "../compute/build-elementwise.js";
import { type Expr, topologicalOrder } from "../compute/expr.js";
import type { Config } from "../config/fields.js";
import { sizeOf } from "../core/ndarray.js";
import type { ScanExtent } from "../data/scan-extent.js";
import { MAX_CANVAS_PIXELS } from "../inference/stitch-canvas.js";
import type { Network, NetworkMode } from "../model/network.js";
import { buildNetwork } from "../model/registry.js";
import { buildObjective, physicsParameters } from "../training/objective.js";
import { buildRefinementObjective } from "../training/refinement-objective.js";
import { channelsOf, modelOptionsOf, objectiveSettingsOf } from "./model-settings.js";

/** Predicted peaks of the process, bytes: with the patterns in memory, and with the patterns on disk. */
export interface MemoryNeeds {
  readonly inMemory: number;
  readonly onDisk: number;
}

/** A scan that is still to be read, or is in memory already. */
export interface PlannedScan extends ScanExtent {
  readonly isHandedOver: boolean;
}

export interface MemoryLimit {
  readonly bytes: number;
  /** What to call it: "--max_memory", or where it comes from. */
  readonly origin: string;
}

/**
 * The formula, with the constants below measured on Linux x64, Node 20, the processor (bench/memory.ts):
 *
 *   peak in memory = PROGRAM + max(reading, 4 N^2 (n + 2 G C), graphs + 4 N^2 (n + G C))
 *   peak on disk   = PROGRAM + STREAM + PER_PATTERN n + graphs
 *   graphs of training  = TRAIN_SHARE sum of F(b) over the batch sizes that occur + EVALUATE_SHARE F(b) of validation
 *                         + VECTORS 4 P
 *   graphs of inference = EVALUATE_SHARE F(b) + VECTORS_READ 4 P + CANVAS bytes for each pixel of the object
 *
 * reading: file and arrays while they are read (`readingBytes`); n patterns of N x N pixels; G groups of C patterns (the
 * unrolled network keeps one scaled copy, G C = n); P parameters; F(b): bytes of all values that the forward graph of a
 * batch of b makes; the shares by architecture. Graphs that run on a GPU do not count. Several scans add up.
 */
const PROGRAM = 165e6;
const STREAM = 8e6;
const PER_PATTERN = 160;
const TRAIN_SHARE = { cnn: 1.2, unrolled: 0.3 };
const EVALUATE_SHARE = { cnn: 0.16, unrolled: 0.05 };
const VECTORS = 17;
const VECTORS_READ = 4;
const CANVAS = 55;

/** Share of the machine's memory, or of the container's, that a run may take unless it is told. */
const MACHINE_SHARE = 0.75;

/** @param askedMiB `max_memory`; null for the share of the machine. */
export function memoryLimit(askedMiB: number | null): MemoryLimit {
  if (askedMiB !== null) return { bytes: askedMiB * 2 ** 20, origin: "--max_memory" };
  const constrained = constrainedMemory();
  const machine = totalmem();
  const isContainer = constrained > 0 && constrained < machine;
  return {
    bytes: MACHINE_SHARE * (isContainer ? constrained : machine),
    origin: `three quarters of the memory of this ${isContainer ? "container" : "machine"}`,
  };
}

/** @param config with N of the scan. @param scans the training scan, and the held-out one where there is one. */
export function trainingNeeds(
  config: Config<"train">,
  scans: readonly PlannedScan[],
  onProcessor: boolean,
): MemoryNeeds {
  const [train, test] = scans;
  const { batch_size } = config.training;
  const network = buildNetwork(modelOptionsOf(config.model));
  const { architecture } = config.model;
  const isUnrolled = architecture === "unrolled";
  const trained = isUnrolled ? train.n : groupsOf(config, train.n);
  const held =
    test === undefined
      ? heldGroups(trained, config.data.validation_split)
      : isUnrolled
        ? test.n
        : groupsOf(config, test.n);
  const left = test === undefined ? trained - held : trained;
  const sizes = (count: number): number[] =>
    isUnrolled ? [batch_size] : [Math.min(batch_size, count), count > batch_size ? count % batch_size : 0];
  const forward = (size: number, mode: NetworkMode): number =>
    size === 0 ? 0 : forwardBytes(config, network, train, size, mode);
  let graphs = VECTORS * 4 * parametersOf(network);
  if (onProcessor) {
    for (const size of sizes(left)) graphs += TRAIN_SHARE[architecture] * forward(size, "train");
    for (const size of new Set(held === 0 ? [] : sizes(held)))
      graphs += EVALUATE_SHARE[architecture] * forward(size, "eval");
  }
  const planned = needs(scans, graphs, (n) =>
    isUnrolled ? n : groupsOf(config, n) * channelsOf(config.model),
  );
  // Labels are object patches, complex, and are not read in part.
  if (config.model.model_type !== "supervised") return planned;
  const supervised = PROGRAM + graphs + 3 * Math.max(0, planned.inMemory - graphs - PROGRAM);
  return { inMemory: supervised, onDisk: supervised };
}

/** @param trained the configuration of the model, with its N. */
export function inferenceNeeds(
  {
    config,
    trained,
    batchSize,
  }: {
    readonly config: Config<"infer">;
    readonly trained: Config<"train">;
    /** Groups that are predicted at a time. */
    readonly batchSize: number;
  },
  scan: PlannedScan,
  onProcessor: boolean,
): MemoryNeeds {
  const network = buildNetwork(modelOptionsOf(trained.model));
  const isUnrolled = trained.model.architecture === "unrolled";
  const { n_groups, n_subsample } = config.data;
  const patterns = Math.min(n_subsample ?? scan.n, scan.n);
  const groups = isUnrolled ? Math.min(n_groups ?? patterns, patterns) : (n_groups ?? patterns);
  const used = isUnrolled ? groups : groups * channelsOf(trained.model);
  const graphs = onProcessor
    ? EVALUATE_SHARE[trained.model.architecture] *
      forwardBytes(trained, network, { ...scan, N: network.N }, Math.min(batchSize, groups), "eval")
    : 0;
  const pixels = (scan.spanPx + scan.N) ** 2;
  // A canvas beyond the cap is refused where it is planned, with the reason.
  const canvas = pixels <= MAX_CANVAS_PIXELS ? CANVAS * pixels : 0;
  const fixed = graphs + VECTORS_READ * 4 * parametersOf(network) + canvas;
  return needs([scan], fixed, () => used);
}

function needs(
  scans: readonly PlannedScan[],
  graphs: number,
  gatheredOf: (n: number) => number,
): MemoryNeeds {
  const total = (bytesOf: (scan: PlannedScan) => number) =>
    scans.reduce((sum, scan) => sum + bytesOf(scan), 0);
  const kept = ({ n, N }: PlannedScan, copies: number): number => 4 * N * N * (n + copies * gatheredOf(n));
  const inMemory = Math.max(
    total(({ readingBytes }) => readingBytes),
    total((scan) => kept(scan, 2)),
    total((scan) => kept(scan, 1)) + graphs,
  );
  const streamed = total((scan) => (scan.isHandedOver ? kept(scan, 1) : STREAM + PER_PATTERN * scan.n));
  const isHeld = scans.every(({ isHandedOver }) => isHandedOver);
  return { inMemory: PROGRAM + inMemory, onDisk: PROGRAM + (isHeld ? inMemory : streamed + graphs) };
}

/** As `splitGroups` divides. */
function heldGroups(count: number, part: number): number {
  return part === 0 ? 0 : Math.max(1, Math.floor(count * part));
}

function groupsOf({ data }: Config<"train">, n: number): number {
  return data.enable_oversampling ? data.n_groups : Math.min(data.n_groups, n);
}

function parametersOf(network: Network): number {
  return network.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Bytes of all values that the loss of a batch makes. */
function forwardBytes(
  { model, ...rest }: Config<"train">,
  network: Network,
  { N, modes, spanPx }: ScanExtent,
  batch: number,
  mode: NetworkMode,
): number {
  const config = { model, ...rest };
  const inputsOf = (specs: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, input(name, shape)]));
  if (model.architecture === "unrolled") {
    const shape = { batch, N, modes, canvasPx: N + 2 * Math.ceil(Math.min(spanPx, N) / 2 + 1) };
    const aims = { steps: model.unrolled_steps, cropPx: N };
    return valueBytes(buildRefinementObjective(aims, shape, network, inputsOf(network.parameters)).loss);
  }
  const settings = objectiveSettingsOf(config);
  const parameters = inputsOf([...network.parameters, ...physicsParameters(settings)]);
  const shape = { batch, channels: channelsOf(model), N, modes };
  return valueBytes(
    buildObjective(settings, shape, network, parameters, inputsOf(network.buffers), mode).loss,
  );
}

const MADE_NOTHING: readonly Expr["op"][] = ["input", "constant", "reshape", "stopGradient"];

function valueBytes(loss: Expr): number {
  let bytes = 0;
  for (const { op, dtype, shape } of topologicalOrder([loss]))
    if (!MADE_NOTHING.includes(op))
      bytes += (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4) * sizeOf(shape);
  return bytes;
}
