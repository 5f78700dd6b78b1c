import { expect, test } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import { float64, type NdArray } from "../core/ndarray.js";
import { coherentAmplitude, incoherentIntensity } from "./diffraction.js";

const shape = [1, 1, 2, 8, 8];
const exit = { re: input("re", shape, "float64"), im: input("im", shape, "float64") };
const amplitude = coherentAmplitude(exit).values;
const intensity = incoherentIntensity(exit).values;

const total = (array: NdArray): number => Array.from(array.data as Float64Array).reduce((a, b) => a + b, 0);
const wave = (seed: number): number[] => Array.from({ length: 128 }, (_, i) => Math.sin(seed + i * i));

test("the incoherent intensity keeps the energy, the coherent one that of the summed modes", () => {
  const [re, im] = [wave(1), wave(2)];
  const [a, i] = evaluate([amplitude, intensity], { re: float64(shape, re), im: float64(shape, im) });
  const energy = [...re, ...im].reduce((s, value) => s + value * value, 0);
  const together = (part: number[]): number =>
    part.slice(0, 64).reduce((s, value, k) => s + (value + part[64 + k]) ** 2, 0);
  expect(total(i)).toBeCloseTo(energy, 10);
  expect((a.data as Float64Array).reduce((s, value) => s + value * value, 0)).toBeCloseTo(
    together(re) + together(im),
    10,
  );
});

test("modes that cancel are dark together and bright apart", () => {
  const half = wave(3).slice(0, 64);
  const re = [...half, ...half.map((value) => -value)];
  const [a, i] = evaluate([amplitude, intensity], { re: float64(shape, re), im: float64(shape) });
  expect(Math.max(...(a.data as Float64Array))).toBeLessThan(1e-12);
  expect(total(i)).toBeGreaterThan(1);
});

test("darkness has amplitude 0 and gradient 0", () => {
  const [a, re, im] = evaluate([amplitude, ...gradients(sum(amplitude), [exit.re, exit.im])], {
    re: float64(shape),
    im: float64(shape),
  });
  expect(Math.max(...(a.data as Float64Array))).toBeLessThan(1e-14);
  expect([...(re.data as Float64Array), ...(im.data as Float64Array)].every((value) => value === 0)).toBe(
    true,
  );
});

test("constant waves reach the centre of the detector", () => {
  const re = Array.from({ length: 128 }, (_, i) => (i < 64 ? 1 : 0));
  const [a] = evaluate([amplitude], { re: float64(shape, re), im: float64(shape) });
  (a.data as Float64Array).forEach((value, i) => {
    expect(value).toBeCloseTo(i === 4 * 8 + 4 ? 8 : 0, 10);
  });
});
