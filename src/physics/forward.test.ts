import { expect, test } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32 } from "../core/ndarray.js";
import { byExperiment } from "./experiment.js";
import { type ForwardInputs, forwardAmplitude } from "./forward-amplitude.js";
import { forwardRectangular, rectangularBasis } from "./forward-rectangular.js";
import { expectProbeLayout } from "./probe.js";
import { intensityOf } from "./varpro.js";

const N = 8;
const inputs: ForwardInputs = {
  patches: { re: input("x.re", [2, 1, N, N]), im: input("x.im", [2, 1, N, N]) },
  positions: input("positions", [2, 1, 1, 2]),
  probe: { re: input("p.re", [1, 1, 1, N, N]), im: input("p.im", [1, 1, 1, N, N]) },
  outputScale: input("scale", [2, 1, 1, 1]),
};
const scales = { s1: input("s1", [2]), s2: input("s2", [2]), experimentIds: input("ids", [2]) };
const wave = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + i * i));
const feeds = {
  "x.re": float32([2, 1, N, N], wave(2 * N * N, 1)),
  "x.im": float32([2, 1, N, N], wave(2 * N * N, 2)),
  "p.re": float32([1, 1, 1, N, N], wave(N * N, 3)),
  "p.im": float32([1, 1, 1, N, N], wave(N * N, 4)),
  scale: float32([2, 1, 1, 1], [1, 1]),
  s1: float32([2], [1, 2]),
  s2: float32([2], [1, 0.5]),
  ids: float32([2], [0, 1]),
};

test("values are picked by experiment id", () => {
  const [picked] = evaluate([byExperiment(input("v", [3]), input("ids", [4]))], {
    v: float32([3], [10, 20, 30]),
    ids: float32([4], [2, 0, 1, 2]),
  });
  expect(picked.shape).toEqual([4, 1, 1, 1]);
  expect(Array.from(picked.data as Float32Array)).toEqual([30, 10, 20, 30]);
});

test("for one mode and unit scales the intensity is the square of the amplitude", () => {
  const amplitude = forwardAmplitude(inputs).prediction;
  const intensity = forwardRectangular(inputs, scales).prediction;
  expect([amplitude.domain, intensity.domain]).toEqual(["amplitude", "counts"]);
  const [a, i] = evaluate([amplitude.values, intensity.values], feeds);
  for (let k = 0; k < N * N; k++) expect(Number(i.data[k])).toBeCloseTo(Number(a.data[k]) ** 2, 4);
});

test("the intensity of a sample is its basis with the scales of its experiment", () => {
  const { images } = rectangularBasis(inputs.patches, inputs.probe);
  const prediction = forwardRectangular(inputs, scales).prediction.values;
  const [predicted, ...basis] = evaluate([prediction, ...images], feeds).map(
    ({ data }) => data as Float32Array,
  );
  const second = basis.map((image) => image.slice(N * N));
  intensityOf([second[0], second[1], second[2]], [2, 0.5]).forEach((value, k) => {
    expect(predicted[N * N + k]).toBeCloseTo(value, 3);
  });
});

test("a probe without batch, channel and mode axes is refused", () => {
  for (const shape of [
    [2, N, N],
    [3, 1, 1, N, N],
    [1, 2, 1, N, N],
    [1, 1, 1, N, N + 1],
  ])
    expect(() => expectProbeLayout("here", shape, [2, 1, N, N])).toThrow(
      /here: probe layout must be \[B\|1, C\|1/,
    );
  expect(() => expectProbeLayout("here", [2, 1, 5, N, N], [2, 1, N, N])).not.toThrow();
});
