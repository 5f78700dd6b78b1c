import { describe, expect, it } from "vitest";
import { smallBench } from "../../tests/engines/small-bench.js";
import { constant, full } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { makeFft2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { amplitudes } from "../physics/domain.js";
import { poissonLoss } from "../training/losses.js";
import { openGradient, spreadGradient } from "./gradient-batch.js";
import { buildGradientProgram, type GradientShape } from "./gradient-graph.js";
import { correct, model, movedProbe, proposeObject } from "./project.js";
import type { NoiseModel } from "./settings.js";
import type { Workbench } from "./workbench.js";

const N = 16;
const SIZE = N * N;
const [BATCH, MODES] = [2, 2];
const NOISE: readonly NoiseModel[] = ["amplitude", "poisson"];
const transform = makeFft2(N, N);

type Planes = Readonly<
  Record<"window_re" | "window_im" | "probe_re" | "probe_im" | "measured", Float64Array>
>;

/** Random fields near the engine's units; a fifth of the pixels not measured, some dark, some far too bright. */
function randomPlanes(): Planes {
  const random = pcg64Random(3);
  const normal = (count: number, mean: number, sigma: number) =>
    Float64Array.from(random.normal(mean, sigma, count), Math.fround);
  const measured = normal(BATCH * SIZE, 0.9, 0.6).map((value) => Math.fround(Math.max(0, value)));
  for (let i = 0; i < measured.length; i += 5) measured[i] = -7;
  for (let i = 3; i < measured.length; i += 40) measured[i] = 6;
  return {
    window_re: normal(BATCH * SIZE, 1, 0.3),
    window_im: normal(BATCH * SIZE, 0, 0.3),
    probe_re: normal(BATCH * MODES * SIZE, 0, 0.5),
    probe_im: normal(BATCH * MODES * SIZE, 0, 0.5),
    measured,
  };
}

/** Modelled intensity of a pattern, zero frequency at [0, 0], in float64 by definition. */
function intensityByDefinition(planes: Planes, pattern: number): Float64Array {
  const intensity = new Float64Array(SIZE);
  for (let p = 0; p < MODES; p++) {
    const exit = { re: new Float64Array(SIZE), im: new Float64Array(SIZE) };
    for (let i = 0; i < SIZE; i++) {
      const [w, q] = [pattern * SIZE + i, (pattern * MODES + p) * SIZE + i];
      exit.re[i] = planes.window_re[w] * planes.probe_re[q] - planes.window_im[w] * planes.probe_im[q];
      exit.im[i] = planes.window_re[w] * planes.probe_im[q] + planes.window_im[w] * planes.probe_re[q];
    }
    transform(exit, "forward");
    for (let i = 0; i < SIZE; i++) intensity[i] += (exit.re[i] ** 2 + exit.im[i] ** 2) / SIZE;
  }
  return intensity;
}

/** Where pixel i of a plane with zero frequency at [0, 0] lies in one with zero frequency at N/2. */
function centred(i: number): number {
  const [row, column] = [Math.floor(i / N), i % N].map((k) => (k + N / 2) % N);
  return row * N + column;
}

/** The summed loss, and sum (sqrt(I) - A)^2 of pattern 1, in float64 by definition. */
function lossByDefinition(planes: Planes, noise: NoiseModel): { loss: number; misfit: number } {
  let [loss, misfit] = [0, 0];
  for (let pattern = 0; pattern < BATCH; pattern++)
    intensityByDefinition(planes, pattern).forEach((rate, i) => {
      const amplitude = planes.measured[pattern * SIZE + centred(i)];
      if (amplitude < 0) return;
      const k = amplitude ** 2;
      const square = (Math.sqrt(rate) - amplitude) ** 2;
      if (pattern === 1) misfit += square;
      if (noise === "amplitude") loss += 2 * square;
      else if (k === 0) loss += rate;
      else if (rate >= k / 21) loss += rate - k * Math.log(rate) - (k - k * Math.log(k));
      else loss += k / 21 - k + k * Math.log(21) - 20 * (rate - k / 21);
    });
  return { loss, misfit };
}

function evaluateGraph(planes: Planes, noise: NoiseModel): Record<string, NdArray<"float32">> {
  const shape: GradientShape = { batch: BATCH, modes: MODES, N, noise, variables: ["window", "probe"] };
  const { outputs } = buildGradientProgram(shape);
  const feeds = Object.fromEntries(
    Object.entries(planes).map(([name, values]) => {
      const modes = name.startsWith("probe") ? [MODES] : [];
      return [name, float32([BATCH, 1, ...modes, N, N], Float32Array.from(values))];
    }),
  );
  const values = evaluate(Object.values(outputs), feeds) as NdArray<"float32">[]; // the graph is float32 throughout
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, values[i]]));
}

describe.each(NOISE)("the gradient graph, %s", (noise) => {
  it("has the loss of its definition, and gradients that agree with its finite differences", () => {
    const planes = randomPlanes();
    const found = evaluateGraph(planes, noise);
    const { loss, misfit } = lossByDefinition(planes, noise);
    expect(found.loss.data.reduce((sum, value) => sum + value, 0) / loss).toBeCloseTo(1, 5);
    expect(found.misfit.data[1] / misfit).toBeCloseTo(1, 5);
    const random = pcg64Random(8);
    for (const name of ["window_re", "window_im", "probe_re", "probe_im"] as const) {
      const gradient = Float64Array.from(found[`${name}_gradient`].data);
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const at of random.choice(gradient.length, 12, false)) {
        const lossAt = (by: number): number => {
          const moved = planes[name].map((value, i) => (i === at ? value + by : value));
          return lossByDefinition({ ...planes, [name]: moved }, noise).loss;
        };
        const step = 1e-5;
        const slope = (lossAt(step) - lossAt(-step)) / (2 * step);
        // float32 against float64; the differences themselves are good to 1e-8.
        expect(Math.abs(gradient[at] - slope) / largest, `${name} at ${at}`).toBeLessThan(2e-5);
      }
    }
  });

  it("asks of object and probe -4 times what the exit waves of the other engines ask", async () => {
    // More patterns than a run of the graph takes, so that the last run is filled up with nothing.
    const n = 300;
    const bench = smallBench({ n, modes: MODES, settings: { noise } });
    for (const frame of bench.frames) for (let i = 0; i < SIZE; i += 7) frame[i] = -3;
    const slots = Array.from({ length: n }, (_, slot) => slot);
    const moved = slots.map((slot) => movedProbe(bench, slot, bench.batch[slot]));
    const graph = await openGradient(bench.plan, ["window", "probe"]);
    const answers = await graph.ask(bench);
    await graph.release();
    expect(answers.map(({ count }) => count)).toEqual([256, 44]);
    const asked = slots.map(() => ({ re: new Float32Array(SIZE), im: new Float32Array(SIZE) }));
    const askedProbe = slots.map(() =>
      moved[0].map(() => ({ re: new Float32Array(SIZE), im: new Float32Array(SIZE) })),
    );
    spreadGradient(
      answers,
      "window",
      asked.map((wave) => [wave]),
    );
    spreadGradient(answers, "probe", askedProbe);
    for (const slot of [0, 17, 255, 256, 299]) {
      const { answer, window, probe } = askedByHand(bench, slot, moved[slot]);
      const run = answers[slot < 256 ? 0 : 1];
      expect(run.values.misfit.data[slot - run.first] / answer).toBeCloseTo(1, 4);
      expectTimes(asked[slot], window, -4);
      probe.forEach((wave, p) => {
        expectTimes(askedProbe[slot][p], wave, -4);
      });
    }
  });
});

interface Plain {
  readonly re: ArrayLike<number>;
  readonly im: ArrayLike<number>;
}

/** Misfit, sum_p conj(P) chi and conj(O) chi by the projection on the measurement. */
function askedByHand(bench: Workbench, slot: number, probe: ReturnType<typeof movedProbe>) {
  const { batch, change, proposal, misfit, canvas, plan, xPx, yPx } = bench;
  const pattern = batch[slot];
  correct(bench, slot, pattern, change[slot], model(bench, probe, pattern, change[slot]));
  proposeObject(bench, slot, probe, (p) => change[slot][p]);
  const window = { re: proposal[slot].re.slice(), im: proposal[slot].im.slice() };
  const left = Math.round(xPx[pattern]) - N / 2 - plan.originPx[0];
  const top = Math.round(yPx[pattern]) - N / 2 - plan.originPx[1];
  const byProbe = change[slot].map((chi): Plain => {
    const [re, im] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    for (let i = 0; i < SIZE; i++) {
      const at = (top + Math.floor(i / N)) * plan.width + left + (i % N);
      re[i] = canvas.re[at] * chi.re[i] + canvas.im[at] * chi.im[i];
      im[i] = canvas.re[at] * chi.im[i] - canvas.im[at] * chi.re[i];
    }
    return { re, im };
  });
  return { answer: misfit[pattern], window, probe: byProbe };
}

function expectTimes(found: Plain, wave: Plain, factor: number): void {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < SIZE; i++) {
    worst = Math.max(worst, Math.hypot(found.re[i] - factor * wave.re[i], found.im[i] - factor * wave.im[i]));
    largest = Math.max(largest, Math.hypot(factor * wave.re[i], factor * wave.im[i]));
  }
  expect(worst / largest).toBeLessThan(1e-4);
}

describe("the Poisson loss of the gradient graph", () => {
  it("is the one of training, where the model is nowhere far below what was observed", () => {
    const planes = randomPlanes();
    const modelled = new Float64Array(BATCH * SIZE);
    for (let pattern = 0; pattern < BATCH; pattern++)
      intensityByDefinition(planes, pattern).forEach((rate, i) => {
        modelled[pattern * SIZE + centred(i)] = Math.sqrt(rate);
      });
    const factor = pcg64Random(2).uniform(0.5, 1.7, modelled.length);
    const measured = modelled.map((value, i) => value * factor[i]);
    const found = evaluateGraph({ ...planes, measured }, "poisson").loss;
    const [prediction, observation] = [modelled, measured].map((values) =>
      amplitudes(constant(float32([BATCH, 1, N, N], Float32Array.from(values)))),
    );
    const [expected] = evaluate([poissonLoss(prediction, observation, full([BATCH], 0))], {});
    for (let pattern = 0; pattern < BATCH; pattern++)
      expect(found.data[pattern] / Number(expected.data[pattern])).toBeCloseTo(1, 4);
  });
});
