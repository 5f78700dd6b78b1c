import { describe, expect, it } from "vitest";
import { fieldError, smallBench, toField } from "../../tests/engines/small-bench.js";
import { makeFft2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import type { Wave } from "../numeric/wave-memory.js";
import {
  addToProbe,
  clearChunks,
  moveProbe,
  orthogonalise,
  peakLight,
  probeChanged,
  probeDirection,
  settleProbe,
} from "./probe-modes.js";
import { forChunks, model, movedProbe } from "./project.js";
import { windowStart } from "./workbench.js";

const N = 16;
const SIZE = N * N;

/** <a, b> = sum conj(a) b. */
function inner(a: Wave, b: Wave): readonly [number, number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < a.re.length; i++) {
    re += a.re[i] * b.re[i] + a.im[i] * b.im[i];
    im += a.re[i] * b.im[i] - a.im[i] * b.re[i];
  }
  return [re, im];
}

function randomModes(count: number, seed: number): Wave[] {
  const random = pcg64Random(seed);
  const plane = () => Float32Array.from(random.standardNormal(SIZE));
  return Array.from({ length: count }, () => ({ re: plane(), im: plane() }));
}

describe("orthogonalise", () => {
  for (const count of [2, 3, 5])
    it(`makes ${count} modes orthogonal, brightest first, with the same mutual intensity`, () => {
      const modes = randomModes(count, count);
      modes[count - 1].re.set(modes[0].re.map((value, i) => 2 * value + 0.1 * modes[1].im[i]));
      const pairs = [3, 40, 111, 254];
      /** sum_p P_p(i) conj(P_p(j)): all that the patterns can tell of the modes. */
      const mutual = () =>
        pairs.flatMap((i) =>
          pairs.flatMap((j) => [
            modes.reduce((sum, { re, im }) => sum + re[i] * re[j] + im[i] * im[j], 0),
            modes.reduce((sum, { re, im }) => sum + im[i] * re[j] - re[i] * im[j], 0),
          ]),
        );
      const before = mutual();
      orthogonalise(modes);
      for (const [i, value] of mutual().entries()) expect(value).toBeCloseTo(before[i], 4);
      const energy = modes.map((mode) => inner(mode, mode)[0]);
      expect(energy).toEqual([...energy].sort((a, b) => b - a));
      for (let a = 0; a < count; a++)
        for (let b = a + 1; b < count; b++)
          expect(Math.hypot(...inner(modes[a], modes[b])) / energy[0]).toBeLessThan(1e-5);
    });

  it("leaves orthogonal modes as they are, but for their order", () => {
    const modes = randomModes(3, 8);
    orthogonalise(modes);
    const before = modes.map(({ re, im }) => ({ re: re.slice(), im: im.slice() }));
    const exchanged = [modes[2], modes[0], modes[1]];
    orthogonalise(exchanged);
    for (const [p, mode] of exchanged.entries()) expect(fieldError(mode, before[p])).toBeLessThan(1e-5);
  });

  it("does not touch a single mode, and bears dark and equal modes", () => {
    const [alone] = randomModes(1, 2);
    const before = alone.re.slice();
    orthogonalise([alone]);
    expect(alone.re).toEqual(before);
    const modes = [
      ...randomModes(1, 3),
      ...randomModes(1, 3),
      { re: new Float32Array(SIZE), im: new Float32Array(SIZE) },
    ];
    const energy = inner(modes[0], modes[0])[0];
    orthogonalise(modes);
    expect(inner(modes[0], modes[0])[0] / (2 * energy)).toBeCloseTo(1, 5);
    expect(inner(modes[1], modes[1])[0] / energy).toBeLessThan(1e-9);
  });
});

describe("settleProbe", () => {
  it("gives the probe the energy N^2 and leaves the patterns, and the shares of the modes, as they were", () => {
    const bench = smallBench({ modes: 3 });
    const patternOf = () => model(bench, movedProbe(bench, 0, 4), 4, bench.change[0]).slice();
    const before = patternOf();
    const modes = bench.probe.map(toField);
    settleProbe(bench);
    for (const [i, value] of patternOf().entries()) expect(value / before[i]).toBeCloseTo(1, 3);
    const energy = bench.probe.reduce((sum, mode) => sum + inner(mode, mode)[0], 0);
    expect(energy / SIZE).toBeCloseTo(1, 5);
    bench.probe.forEach((mode, p) => {
      const factor = mode.re[0] / modes[p].re[0];
      const expected = { re: modes[p].re.map((v) => factor * v), im: modes[p].im.map((v) => factor * v) };
      expect(fieldError(mode, expected)).toBeLessThan(1e-5);
    });
  });
});

describe("probeChanged", () => {
  it("brings the spectra and the light up to date", () => {
    const bench = smallBench({ modes: 2 });
    bench.probe[1].re[5] += 3;
    probeChanged(bench);
    const expected = toField(bench.probe[1]);
    makeFft2(N, N)(expected, "forward");
    for (let i = 0; i < SIZE; i++) {
      expected.re[i] /= N;
      expected.im[i] /= N;
    }
    expect(fieldError(bench.spectrum[1], expected)).toBeLessThan(3e-6);
    const light = Array.from({ length: SIZE }, (_, i) =>
      bench.probe.reduce((sum, { re, im }) => sum + re[i] ** 2 + im[i] ** 2, 0),
    );
    for (const [i, value] of light.entries()) expect(bench.light[i]).toBeCloseTo(value, 4);
    expect(peakLight(bench)).toBeCloseTo(Math.max(...light), 4);
  });
});

describe("the change of the probe", () => {
  it("is the mean of conj(O) chi over the batch, moved back to whole pixels, over the mean light of the object", () => {
    const bench = smallBench({ n: 9, modes: 2 });
    const { batch, change, plan, canvas, xPx, yPx, brightness } = bench;
    const random = pcg64Random(4);
    for (const slot of change)
      for (const { re, im } of slot) for (const plane of [re, im]) plane.set(random.standardNormal(SIZE));
    clearChunks(bench, 0, 1);
    forChunks(bench, 0, 1, (chunk, from, to) => {
      for (let slot = from; slot < to; slot++) addToProbe(bench, chunk, batch[slot], change[slot]);
    });
    const transform = makeFft2(N, N);
    const sums = bench.probe.map(() => ({ re: new Float64Array(SIZE), im: new Float64Array(SIZE) }));
    const light = new Float64Array(SIZE);
    batch.forEach((pattern, slot) => {
      const start = windowStart(bench, pattern);
      const [dx, dy] = [xPx[pattern] - Math.round(xPx[pattern]), yPx[pattern] - Math.round(yPx[pattern])];
      change[slot].forEach((chi, mode) => {
        const wave = toField(chi);
        for (let i = 0; i < SIZE; i++) {
          const at = start + Math.floor(i / N) * plan.width + (i % N);
          const [re, im] = [wave.re[i], wave.im[i]];
          wave.re[i] = canvas.re[at] * re + canvas.im[at] * im;
          wave.im[i] = canvas.re[at] * im - canvas.im[at] * re;
          if (mode === 0) light[i] += canvas.re[at] ** 2 + canvas.im[at] ** 2;
        }
        transform(wave, "forward");
        for (let i = 0; i < SIZE; i++) {
          const [row, column] = [Math.floor(i / N), i % N].map((k) => (k < N / 2 ? k : k - N));
          const angle = (2 * Math.PI * (row * dy + column * dx)) / N;
          const [c, s] = [brightness[pattern] * Math.cos(angle), brightness[pattern] * Math.sin(angle)];
          const [re, im] = [wave.re[i], wave.im[i]];
          wave.re[i] = re * c - im * s;
          wave.im[i] = re * s + im * c;
        }
        transform(wave, "inverse");
        for (let i = 0; i < SIZE; i++) {
          sums[mode].re[i] += wave.re[i];
          sums[mode].im[i] += wave.im[i];
        }
      });
    });
    const floor = 0.1 * Math.max(...light);
    const expected = sums.map(({ re, im }) => ({
      re: re.map((value, i) => value / (0.9 * light[i] + floor)),
      im: im.map((value, i) => value / (0.9 * light[i] + floor)),
    }));
    const direction = probeDirection(bench);
    const before = bench.probe.map(toField);
    for (const [mode, wave] of direction.entries())
      expect(fieldError(wave, expected[mode])).toBeLessThan(1e-5);
    moveProbe(bench, direction, 0.5);
    bench.probe.forEach((wave, mode) => {
      const moved = {
        re: before[mode].re.map((value, i) => value + 0.5 * expected[mode].re[i]),
        im: before[mode].im.map((value, i) => value + 0.5 * expected[mode].im[i]),
      };
      expect(fieldError(wave, moved)).toBeLessThan(1e-5);
    });
  });
});
