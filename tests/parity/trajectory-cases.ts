// Parity of short fixed-order training runs with the PyTorch original, through the training step itself.
import { compile } from "../../src/compute/runtime.js";
import { float32, int32, isComplex, type NdArray } from "../../src/core/ndarray.js";
import { unpackParameters } from "../../src/model/parameters.js";
import { STEP_SCALARS, stepScalars } from "../../src/training/optimiser.js";
import {
  buildTrainingStep,
  initialState,
  nextState,
  stateFeeds,
  type TrainingState,
} from "../../src/training/step.js";
import { compareAll, compareNumber, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { calibratedScale, compileLoss, type LossOutputs, normsOf, withScales } from "./loss-program.js";
import { batchFeeds, shapeOf } from "./training-feeds.js";
import { optimiserSettings, setUp, type TrainingSetup, torchName } from "./training-setup.js";

/** Above this recommended tolerance the run is chaotic and a step is information only (README, group 7). */
const INFORMATIVE = 5e-2;
const LOOSEST_CALIBRATION = 1e-5;

export const trajectoryChecks: Readonly<Record<string, CaseCheck>> = {
  trajectory: async (json, arrays) => {
    const setup = setUp(json.config, arrays);
    const { profile } = setup.settings;
    const batches = Array.from({ length: json.config.n_batches }, (_, k) =>
      batchFeeds(profile, batchArrays(json, arrays, k)),
    );
    const results: CheckResult[] = [];
    const { start, first } = await startOf(setup, batches[0], json, results);
    const run = await train(setup, start, batches, json.config);
    const final = unpackParameters(setup.layout, run.state.parameters.data);
    const initial = unpackParameters(setup.layout, start);
    const actual: Record<string, NdArray> = {};
    const moved: Record<string, NdArray> = {};
    for (const [name, value] of Object.entries(final)) {
      actual[`final.${torchName(name)}`] = value;
      moved[torchName(name)] = float32(
        value.shape,
        value.data.map((x, i) => x - initial[name].data[i]),
      );
    }
    for (const [name, value] of Object.entries(first.gradient)) actual[`step1_grad.${name}`] = value;
    actual.delta_norms = normsOf(moved, json.info.param_names);
    const perStep = { loss: "judged per step", grad_norm: "judged per step" };
    return [
      ...results,
      compareSteps("loss", run.losses, arrays, json.per_step.recommended_rel_tol_loss),
      compareSteps("grad_norm", run.norms, arrays, json.per_step.recommended_rel_tol_grad_norm),
      ...compareAll(json, arrays, actual, perStep).filter(({ name }) => !(name in perStep)),
    ];
  },
};

/** The first weights, with s1 and s2 calibrated where the configuration asks for it, and the first gradient. */
async function startOf(
  setup: TrainingSetup,
  feeds: Readonly<Record<string, NdArray>>,
  json: CaseJson,
  results: CheckResult[],
): Promise<{ start: Float32Array; first: LossOutputs }> {
  const program = await compileLoss(setup, feeds);
  try {
    let start = setup.weights;
    if (json.config.model_config.rect_s1s2_init === "data") {
      const scale = await calibratedScale(program);
      results.push(compareNumber("calibrated_s", scale, json.info.calibrated_s, LOOSEST_CALIBRATION));
      start = withScales(setup, scale);
    }
    return { start, first: await program.run(start) };
  } finally {
    await program.release();
  }
}

/** `steps` steps over the batches in turn, all through one program. */
async function train(
  setup: TrainingSetup,
  start: Float32Array,
  batches: readonly Readonly<Record<string, NdArray>>[],
  config: CaseJson,
): Promise<{ state: TrainingState; losses: number[]; norms: number[] }> {
  const { training_config: training, steps } = config;
  const optimiser = optimiserSettings(training);
  const limit = training.gradient_clip_val ?? 0;
  const { update } = buildTrainingStep({
    layout: setup.layout,
    buffers: Object.fromEntries(Object.entries(setup.buffers).map(([name, { shape }]) => [name, shape])),
    objective: (parameters, buffers) => {
      const { loss, network } = setup.build(shapeOf(batches[0]), parameters, buffers);
      return { loss, bufferUpdates: network.bufferUpdates };
    },
    optimiser,
    ...(limit > 0 ? { clip: { algorithm: training.gradient_clip_algorithm ?? "norm", limit } } : {}),
  });
  const executable = await compile(update);
  let state = initialState(start, optimiser, setup.buffers);
  const losses: number[] = [];
  const norms: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const scalars = stepScalars(optimiser, training.learning_rate ?? 1e-3, state.count + 1);
      const results = await executable.run({
        ...batches[step % batches.length],
        ...stateFeeds(state),
        scalars: float32([STEP_SCALARS], scalars),
      });
      losses.push(Number(results.loss.data[0]));
      norms.push(Number(results.gradient_norm.data[0]));
      state = nextState(state, results, true);
    }
  } finally {
    await executable.release();
  }
  return { state, losses, norms };
}

/** Batch `k` under the names of a compute_loss case. */
function batchArrays(json: CaseJson, arrays: CaseArrays, k: number): CaseArrays {
  const size: number = json.config.batch_size;
  const images = realOf(arrays.X);
  const groups = realOf(arrays.nn_indices);
  const [, N] = images.shape;
  const [, channels] = groups.shape;
  const rows = Array.from(groups.data.slice(k * size * channels, (k + 1) * size * channels), Number);
  const pixels = new Float32Array(rows.length * N * N);
  rows.forEach((row, i) => {
    pixels.set((images.data as Float32Array).subarray(row * N * N, (row + 1) * N * N), i * N * N);
  });
  const positions = realOf(arrays.coords_relative);
  const perGroup = channels * 2;
  const batch: Record<string, CaseArrays[string]> = {
    images: float32([size, channels, N, N], pixels),
    coords_relative: float32(
      [size, channels, 1, 2],
      (positions.data as Float32Array).slice(k * size * perGroup, (k + 1) * size * perGroup),
    ),
    experiment_id: int32([size]),
    probe: arrays.probe,
  };
  for (const [name, array] of Object.entries(arrays)) {
    const repeated = !isComplex(array) && array.shape.length === 1 && array.shape[0] === 1;
    if (repeated && json.arrays[name].role === "input")
      batch[name] = float32([size], new Float32Array(size).fill(Number(array.data[0])));
  }
  return batch;
}

/** Relative differences step by step; chaotic steps are reported and not judged. */
function compareSteps(
  name: string,
  actual: readonly number[],
  arrays: CaseArrays,
  tolerances: readonly number[],
): CheckResult {
  const reference = Array.from(realOf(arrays[name]).data, Number);
  if (reference.length !== actual.length || tolerances.length !== actual.length)
    return { name, passed: false, detail: `${actual.length} steps, expected ${reference.length}` };
  const errors = actual.map((value, i) => Math.abs(value - reference[i]) / Math.abs(reference[i]));
  const judged = tolerances.filter((tolerance) => tolerance <= INFORMATIVE).length;
  const wrong = errors.findIndex((error, i) => tolerances[i] <= INFORMATIVE && !(error <= tolerances[i]));
  const finite = actual.every(Number.isFinite);
  const share = Math.max(
    ...errors.map((error, i) => (tolerances[i] <= INFORMATIVE ? error / tolerances[i] : 0)),
  );
  const detail =
    wrong < 0
      ? `${judged} of ${actual.length} steps judged, worst ${share.toPrecision(2)} of its tolerance`
      : `step ${wrong + 1}: ${actual[wrong]}, expected ${reference[wrong]} within ${tolerances[wrong]} relative`;
  return { name, passed: wrong < 0 && finite && judged > 0, detail };
}
