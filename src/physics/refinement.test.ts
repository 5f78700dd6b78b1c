import { describe, expect, it } from "vitest";
import { constant, scalar } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float64 } from "../core/ndarray.js";
import type { ComplexExpr } from "./complex.js";
import { type LearnedStep, modelledAmplitude, type RefinementData, refineWindows } from "./refinement.js";

const N = 8;
const BATCH = 2;

interface Complex {
  readonly re: number[];
  readonly im: number[];
}

const wave = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i));
const complexWave = (count: number, seed: number): Complex => ({
  re: wave(count, seed),
  im: wave(count, seed + 0.5),
});
const exprOf = (shape: readonly number[], { re, im }: Complex): ComplexExpr => ({
  re: constant(float64(shape, re)),
  im: constant(float64(shape, im)),
});
const numbersOf = (outputs: readonly Expr[]): number[][] =>
  evaluate(outputs, {}).map(({ data }) => Array.from(data, Number));

function expectClose(actual: readonly number[], expected: readonly number[], digits = 11): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], digits);
  });
}

/** Windows, amplitudes and probes of a batch in plain numbers, and as expressions. */
function measurement(modes: number) {
  const windows = complexWave(BATCH * N * N, 1);
  const probe = complexWave(BATCH * modes * N * N, 2);
  const amplitude = wave(BATCH * N * N, 3).map((value) => 2 + value);
  const probePeak = 2.5;
  const data: RefinementData = {
    amplitude: constant(float64([BATCH, 1, N, N], amplitude)),
    probe: exprOf([BATCH, 1, modes, N, N], probe),
    probePeak: constant(float64([1], [probePeak])),
  };
  return { modes, windows, probe, amplitude, probePeak, data, window: exprOf([BATCH, 1, N, N], windows) };
}

type Measurement = ReturnType<typeof measurement>;

/** The unitary DFT of an N x N image, zero frequency at N/2, and its inverse, by the double sum. */
function transform({ re, im }: Complex, direction: 1 | -1): Complex {
  const out: Complex = { re: [], im: [] };
  for (let k = 0; k < N * N; k++) {
    let [sumRe, sumIm] = [0, 0];
    for (let j = 0; j < N * N; j++) {
      const [a, b] = direction === 1 ? [k, j] : [j, k]; // the centred index is the frequency
      const turns = ((Math.floor(a / N) - N / 2) * Math.floor(b / N) + ((a % N) - N / 2) * (b % N)) / N;
      const [c, s] = [Math.cos(2 * Math.PI * turns), -direction * Math.sin(2 * Math.PI * turns)];
      sumRe += (re[j] * c - im[j] * s) / N;
      sumIm += (re[j] * s + im[j] * c) / N;
    }
    out.re.push(sumRe);
    out.im.push(sumIm);
  }
  return out;
}

const product = (a: Complex, b: Complex): Complex => ({
  re: a.re.map((_, i) => a.re[i] * b.re[i] - a.im[i] * b.im[i]),
  im: a.re.map((_, i) => a.re[i] * b.im[i] + a.im[i] * b.re[i]),
});
const frame = ({ re, im }: Complex, i: number): Complex => ({
  re: re.slice(i * N * N, (i + 1) * N * N),
  im: im.slice(i * N * N, (i + 1) * N * N),
});

/** The formula for pattern b, pixel by pixel. */
function plainStep({ modes, windows, probe, amplitude, probePeak }: Measurement, b: number) {
  const probes = Array.from({ length: modes }, (_, p) => frame(probe, b * modes + p));
  const far = probes.map((mode) => transform(product(frame(windows, b), mode), 1));
  const pixels = Array.from({ length: N * N }, (_, i) => i);
  const modelled = pixels.map((i) =>
    Math.sqrt(far.reduce((total, psi) => total + psi.re[i] ** 2 + psi.im[i] ** 2, 1e-8)),
  );
  const light = pixels.map((i) =>
    probes.reduce((total, mode) => total + mode.re[i] ** 2 + mode.im[i] ** 2, 0),
  );
  const change = far.map((psi) => {
    const excess = (part: number[]) =>
      part.map((value, i) => value * (amplitude[b * N * N + i] / modelled[i] - 1));
    return transform({ re: excess(psi.re), im: excess(psi.im) }, -1);
  });
  const towards = probes.map((mode, p) =>
    product({ re: mode.re, im: mode.im.map((value) => -value) }, change[p]),
  );
  const part = (name: "re" | "im") =>
    pixels.map(
      (i) =>
        towards.reduce((total, wanted) => total + wanted[name][i], 0) / (0.7 * light[i] + 0.3 * probePeak),
    );
  return { modelled, light, update: { re: part("re"), im: part("im") } };
}

/** The central pixels of an N x N image. */
const centreOf = (image: readonly number[], cropPx: number): number[] => {
  const start = (N - cropPx) / 2;
  const inside = (index: number): boolean => index >= start && index < start + cropPx;
  return image.filter((_, i) => inside(Math.floor(i / N)) && inside(i % N));
};

const nothing: LearnedStep = {
  correct: ({ shape }) => {
    const plane = constant(float64([shape[0], 1, shape[2], shape[3]]));
    return { re: plane, im: plane };
  },
  stepSize: scalar(1, "float64"),
};

describe.each([1, 3])("a refinement step with %i probe modes", (modes) => {
  const given = measurement(modes);
  const plain = [0, 1].map((b) => plainStep(given, b));

  it.each([8, 4])("is the formula, in the central %i pixels", (cropPx) => {
    const correction = complexWave(BATCH * cropPx * cropPx, 7);
    const learned = {
      correct: () => exprOf([BATCH, 1, cropPx, cropPx], correction),
      stepSize: constant(float64([1], [0.6])),
    };
    const { windows, modelled } = refineWindows(given.window, given.data, learned, cropPx);
    expect(windows.re.shape).toEqual([BATCH, 1, cropPx, cropPx]);
    const [re, im, amplitude] = numbersOf([windows.re, windows.im, modelled]);
    const expected = (part: "re" | "im") =>
      plain
        .flatMap(({ update }, b) =>
          centreOf(
            frame(given.windows, b)[part].map((value, i) => value + 0.6 * update[part][i]),
            cropPx,
          ),
        )
        .map((value, i) => value + correction[part][i]);
    expectClose(re, expected("re"));
    expectClose(im, expected("im"));
    expectClose(
      amplitude,
      plain.flatMap((step) => step.modelled),
    );
    expectClose(numbersOf([modelledAmplitude(given.window, given.data.probe)])[0], amplitude);
  });

  it("shows the network the object, the update, the light and the energy", () => {
    let seen: Expr | undefined;
    const learned: LearnedStep = {
      ...nothing,
      correct: (features) => {
        seen = features;
        return nothing.correct(features);
      },
    };
    refineWindows(given.window, given.data, learned, 4);
    const features = seen as unknown as Expr; // set by the call
    expect(features.shape).toEqual([BATCH, 6, 4, 4]);
    const expected = plain.flatMap(({ update, light }, b) => {
      const { re, im } = frame(given.windows, b);
      const pattern = given.amplitude.slice(b * N * N, (b + 1) * N * N);
      const energy = pattern.reduce((total, value) => total + value * value, 0) / (N * N) - 1;
      const planes = [
        re.map((value) => value - 1),
        im,
        update.re.map((value) => 2 * value),
        update.im.map((value) => 2 * value),
        light.map((value) => Math.sqrt(value / given.probePeak)),
        light.map(() => energy),
      ];
      return planes.flatMap((plane) => centreOf(plane, 4));
    });
    expectClose(numbersOf([features])[0], expected);
  });

  it("leaves the true object as it is", () => {
    const amplitude = modelledAmplitude(given.window, given.data.probe);
    const { windows } = refineWindows(given.window, { ...given.data, amplitude }, nothing, N);
    const [re, im] = numbersOf([windows.re, windows.im]);
    expectClose(re, given.windows.re);
    expectClose(im, given.windows.im);
  });

  it("brings the modelled amplitudes nearer to the measured ones", () => {
    const misfit = (window: ComplexExpr): number =>
      numbersOf([modelledAmplitude(window, given.data.probe)])[0].reduce(
        (total, value, i) => total + (value - given.amplitude[i]) ** 2,
        0,
      );
    const once = refineWindows(given.window, given.data, nothing, N).windows;
    const twice = refineWindows(once, given.data, nothing, N).windows;
    expect(misfit(once)).toBeLessThan(0.9 * misfit(given.window));
    expect(misfit(twice)).toBeLessThan(misfit(once));
  });
});
