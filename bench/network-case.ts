// Runs one graph of the CNN for a while, alternating with matrix products, and prints what it found as JSON.
// Meant to have a process of its own, so that the peak memory is its own: node network-case.js <what> <gridsize>.
import { availableParallelism } from "node:os";
import { input } from "../src/compute/build-elementwise.js";
import { matmul } from "../src/compute/build-linear.js";
import { inputsOf, type Program } from "../src/compute/emit.js";
import { type Expr, topologicalOrder } from "../src/compute/expr.js";
import { compile } from "../src/compute/runtime.js";
import { float32, type NdArray, sizeOf } from "../src/core/ndarray.js";
import { initialParameters } from "../src/model/initialise.js";
import { modelDefaults } from "../src/model/model-options.js";
import { layoutOf, packParameters, parameterExprs } from "../src/model/parameters.js";
import { buildNetwork } from "../src/model/registry.js";
import { pcg64Random } from "../src/numeric/random-pcg64.js";
import { canvasSizeOf } from "../src/physics/overlap.js";
import { buildObjective, type ObjectiveSettings } from "../src/training/objective.js";
import { type OptimiserSettings, stepScalars } from "../src/training/optimiser.js";
import { buildTrainingStep, initialState, nextState, stateFeeds } from "../src/training/step.js";

export interface CaseResult {
  readonly timesMs: readonly number[];
  /** Nominal operations of the network's convolutions: forward, or three times that for a step. */
  readonly gflop: number;
  /** Of the best matrix product of each size. */
  readonly productGflops: readonly number[];
  readonly peakMemoryMb: number;
  readonly threads: number;
}

const BATCH = 16;
const N = 64;
const WARM_UP = 2;
const RUNS = 20;
const PRODUCT_SIZES = [512, 1024, 1536];

const network = (channels: number) => buildNetwork({ ...modelDefaults, channels });
const adam: OptimiserSettings = {
  optimizer: "adam",
  momentum: 0.9,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
};

async function measure(what: "forward" | "step", gridsize: number): Promise<CaseResult> {
  const channels = gridsize * gridsize;
  const products = await Promise.all(PRODUCT_SIZES.map(openProduct));
  const work = what === "forward" ? await openForward(channels) : await openStep(channels, gridsize);
  const timesMs: number[] = [];
  const productGflops = PRODUCT_SIZES.map(() => 0);
  for (let run = -WARM_UP; run < RUNS; run++) {
    const elapsedMs = await timed(work.run);
    if (run >= 0) timesMs.push(elapsedMs);
    for (const [k, size] of PRODUCT_SIZES.entries()) {
      const rate = (2 * size ** 3) / 1e6 / (await timed(products[k]));
      productGflops[k] = Math.max(productGflops[k], rate);
    }
  }
  return {
    timesMs,
    gflop: work.gflop,
    productGflops,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    threads: availableParallelism(),
  };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function openProduct(size: number): Promise<() => Promise<unknown>> {
  const [a, b] = ["a", "b"].map((name) => input(name, [size, size]));
  const executable = await compile({ outputs: { c: matmul(a, b) } });
  const feeds = { a: noise([size, size], 1), b: noise([size, size], 2) };
  return () => executable.run(feeds);
}

async function openForward(channels: number) {
  const { parameters, apply } = network(channels);
  const layout = layoutOf(parameters);
  const diffraction = input("diffraction", [BATCH, channels, N, N]);
  const { first, second } = apply(
    diffraction,
    parameterExprs(layout, input("parameters", [layout.size])),
    "eval",
    {},
  );
  const executable = await compile({ outputs: { first, second } });
  const feeds = {
    parameters: float32([layout.size], packParameters(layout, initialParameters(parameters, 1))),
    diffraction: noise([BATCH, channels, N, N], 3),
  };
  return { run: () => executable.run(feeds), gflop: convolutionGflop([first, second]) };
}

async function openStep(channels: number, gridsize: number) {
  const net = network(channels);
  const layout = layoutOf(net.parameters);
  const settings: ObjectiveSettings = {
    profile: "amplitude",
    loss: "poisson",
    l2Match: false,
    probeScale: 4,
    physicsGain: 1,
    experiments: 1,
    ...(gridsize === 1
      ? {}
      : {
          overlap: {
            weighting: "central_mask",
            canvasSize: canvasSizeOf(N, gridsize, 3),
            support: "tolerant",
          },
        }),
  };
  const planes: Expr[] = [];
  const { update } = buildTrainingStep({
    layout,
    buffers: {},
    optimiser: adam,
    objective: (parameters, buffers) => {
      const shape = { batch: BATCH, channels, N, modes: 1 };
      const objective = buildObjective(settings, shape, net, parameters, buffers, "train");
      planes.push(objective.network.first, objective.network.second);
      return { loss: objective.loss, bufferUpdates: {} };
    },
  });
  const executable = await compile(update);
  let state = initialState(packParameters(layout, initialParameters(net.parameters, 1)), adam, {});
  const data = batchOf(update);
  const run = async () => {
    const scalars = float32([3], stepScalars(adam, 1e-4, state.count + 1));
    state = nextState(state, await executable.run({ ...data, ...stateFeeds(state), scalars }), true);
  };
  return { run, gflop: 3 * convolutionGflop(planes) };
}

/** Positive noise for every input of the objective; the times do not depend on the values. */
function batchOf(program: Program): Record<string, NdArray> {
  return Object.fromEntries(
    [...inputsOf(program)].map(([name, { shape }], k) => [name, noise(shape, 10 + k)]),
  );
}

function noise(shape: readonly number[], seed: number): NdArray<"float32"> {
  const random = pcg64Random(seed);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => 0.1 + random.random()),
  );
}

/** Two operations per multiplication and addition, in units of 1e9. */
function convolutionGflop(outputs: readonly Expr[]): number {
  let total = 0;
  for (const node of topologicalOrder(outputs)) {
    if (node.op === "conv2d") total += 2 * sizeOf(node.shape) * sizeOf(node.inputs[1].shape.slice(1));
  }
  return total / 1e9;
}

const [what, gridsize] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(what as "forward" | "step", Number(gridsize))));
