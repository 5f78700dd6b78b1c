import { describe, expect, it } from "vitest";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { momentsSize, openMoments, takeGradient, takeStep } from "./adam.js";

const PIXELS = 12;
const [momentum, rate, damping] = [0.9, 0.04, 0.02];

/** The steps of a start under gradients, by the library in `parts` pieces. */
function follow(gradients: readonly { re: Float32Array; im: Float32Array }[], parts = 1) {
  const x = { re: new Float32Array(PIXELS).fill(1), im: new Float32Array(PIXELS) };
  const moments = openMoments(new Float32Array(momentsSize(PIXELS)));
  const path: { re: Float32Array; im: Float32Array }[] = [];
  const edges = Array.from({ length: parts + 1 }, (_, k) => Math.floor((k * PIXELS) / parts));
  gradients.forEach((gradient, step) => {
    const peaks = edges.slice(1).map((to, k) => takeGradient(moments, gradient, momentum, edges[k], to));
    const largest = Math.max(...peaks);
    for (let k = 0; k < parts; k++)
      takeStep(x, moments, { rate, momentum, count: step + 1, largest, damping }, edges[k], edges[k + 1]);
    path.push({ re: x.re.slice(), im: x.im.slice() });
  });
  return path;
}

function randomGradients(count: number, scale: (step: number) => number, seed = 1) {
  const random = pcg64Random(seed);
  return Array.from({ length: count }, (_, step) => {
    const plane = () => Float32Array.from(random.normal(0.5, 1, PIXELS), (value) => scale(step) * value);
    const [re, im] = [plane(), plane()];
    re[4] = 0;
    im[4] = 0;
    return { re, im };
  });
}

describe("takeGradient and takeStep", () => {
  it("are AMSGrad with one second moment per complex pixel, by definition in float64", () => {
    const gradients = randomGradients(9, (step) => (step < 4 ? 3 : 0.2));
    const found = follow(gradients);
    const [mean, square] = [new Float64Array(2 * PIXELS), new Float64Array(PIXELS)];
    const x = [new Float64Array(PIXELS).fill(1), new Float64Array(PIXELS)];
    gradients.forEach(({ re, im }, step) => {
      for (let i = 0; i < PIXELS; i++) {
        mean[i] = 0.9 * mean[i] + 0.1 * re[i];
        mean[PIXELS + i] = 0.9 * mean[PIXELS + i] + 0.1 * im[i];
        square[i] = Math.max(square[i], 0.95 * square[i] + 0.05 * (re[i] ** 2 + im[i] ** 2));
      }
      const correction = 1 - 0.95 ** (step + 1);
      const floor = damping * Math.sqrt(Math.max(...square) / correction);
      x.forEach((values, part) => {
        for (let i = 0; i < PIXELS; i++) {
          const corrected = mean[part * PIXELS + i] / (1 - 0.9 ** (step + 1));
          values[i] -= (rate * corrected) / (Math.sqrt(square[i] / correction) + floor);
        }
      });
      for (let i = 0; i < PIXELS; i++) {
        expect(found[step].re[i]).toBeCloseTo(x[0][i], 5);
        expect(found[step].im[i]).toBeCloseTo(x[1][i], 5);
      }
    });
    expect(found[8].re[4]).toBe(1);
    expect(found[8].im[4]).toBe(0);
  });

  it("give the same bits in any number of parts", () => {
    const gradients = randomGradients(5, () => 1);
    for (const parts of [2, 3]) expect(follow(gradients, parts)).toEqual(follow(gradients));
  });

  it("turn with the phase of the gradient, and do not depend on its scale", () => {
    const gradients = randomGradients(4, () => 1);
    const turned = gradients.map(({ re, im }) => ({ re: im.map((v) => -8 * v), im: re.map((v) => 8 * v) }));
    const [plain, other] = [follow(gradients)[3], follow(turned)[3]];
    for (let i = 0; i < PIXELS; i++) {
      expect(other.re[i] - 1).toBeCloseTo(-plain.im[i], 5);
      expect(other.im[i]).toBeCloseTo(plain.re[i] - 1, 5);
    }
  });

  it("come to rest with the gradients", () => {
    const path = follow(randomGradients(200, (step) => 0.9 ** step));
    const move = (step: number) => Math.abs(path[step].re[0] - path[step - 1].re[0]);
    expect(move(199)).toBeLessThan(1e-4 * move(1));
  });
});
