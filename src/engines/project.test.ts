import { describe, expect, it } from "vitest";
import { type Field, fieldError, smallBench, toField } from "../../tests/engines/small-bench.js";
import { makeFft2 } from "../numeric/fft.js";
import {
  correct,
  fitBrightness,
  forChunks,
  model,
  movedProbe,
  proposeObject,
  settleBrightness,
} from "./project.js";
import { NUMBER, type Workbench } from "./workbench.js";

const N = 16;
const SIZE = N * N;
const transform = makeFft2(N, N);
/** float32 transforms of 256 values of size 1: a few units in the seventh digit. */
const FLOAT32 = 3e-6;

/** P(r - y, c - x) b by the sum over frequencies -N/2 .. N/2 - 1, moved along x and y by the rest of the position. */
function movedByDefinition(bench: Workbench, pattern: number, mode: number): Field {
  const { xPx, yPx, brightness, probe } = bench;
  const [dx, dy] = [xPx[pattern] - Math.round(xPx[pattern]), yPx[pattern] - Math.round(yPx[pattern])];
  const wave = toField(probe[mode]);
  transform(wave, "forward");
  for (let i = 0; i < SIZE; i++) {
    const [row, column] = [Math.floor(i / N), i % N].map((k) => (k < N / 2 ? k : k - N));
    const angle = (-2 * Math.PI * (row * dy + column * dx)) / N;
    multiply(wave, i, brightness[pattern] * Math.cos(angle), brightness[pattern] * Math.sin(angle));
  }
  transform(wave, "inverse");
  return wave;
}

/** Unitary DFT of probe times the object about the position, by definition of the canvas. */
function farByDefinition(bench: Workbench, pattern: number, mode: number): Field {
  const { plan, canvas, xPx, yPx } = bench;
  const wave = movedByDefinition(bench, pattern, mode);
  for (let i = 0; i < SIZE; i++) {
    const y = Math.round(yPx[pattern]) - N / 2 + Math.floor(i / N);
    const x = Math.round(xPx[pattern]) - N / 2 + (i % N);
    const at = (y - plan.originPx[1]) * plan.width + x - plan.originPx[0];
    multiply(wave, i, canvas.re[at], canvas.im[at]);
  }
  transform(wave, "forward");
  for (let i = 0; i < SIZE; i++) multiply(wave, i, 1 / N, 0);
  return wave;
}

function multiply(wave: Field, i: number, re: number, im: number): void {
  const [a, b] = [wave.re[i], wave.im[i]];
  wave.re[i] = a * re - b * im;
  wave.im[i] = a * im + b * re;
}

function intensityOf(fields: readonly Field[]): Float64Array {
  return Float64Array.from({ length: SIZE }, (_, i) =>
    fields.reduce((sum, { re, im }) => sum + re[i] ** 2 + im[i] ** 2, 0),
  );
}

const farFields = (bench: Workbench, pattern: number) =>
  bench.probe.map((_, mode) => farByDefinition(bench, pattern, mode));

describe("movedProbe and model", () => {
  it("move the probe by the rest of the position and give the DFT of probe times window", () => {
    const bench = smallBench();
    for (const pattern of [0, 3, 10]) {
      const probe = movedProbe(bench, 2, pattern);
      const intensity = model(bench, probe, pattern, bench.change[2]);
      const expected = farFields(bench, pattern);
      probe.forEach((mode, p) => {
        expect(fieldError(mode, movedByDefinition(bench, pattern, p))).toBeLessThan(FLOAT32);
        expect(fieldError(bench.change[2][p], expected[p])).toBeLessThan(FLOAT32);
      });
      const none = new Float64Array(SIZE);
      expect(
        fieldError({ re: Float64Array.from(intensity), im: none }, { re: intensityOf(expected), im: none }),
      ).toBeLessThan(FLOAT32);
    }
  });

  it("move towards larger coordinates: a whole pixel more is the probe, one pixel on", () => {
    const bench = smallBench({ n: 1, modes: 1 });
    bench.brightness[0] = 1;
    bench.xPx[0] = 10.499999;
    bench.yPx[0] = 20;
    const { re } = movedProbe(bench, 0, 0)[0];
    const before = re.slice();
    bench.xPx[0] = 9.500001;
    const after = movedProbe(bench, 0, 0)[0].re;
    // Both windows begin at the same pixel; the positions, and so the probes, lie a pixel apart.
    for (let i = 0; i < SIZE; i++) {
      const from = Math.floor(i / N) * N + ((i + 1) % N);
      expect(Math.abs(after[i] - before[from])).toBeLessThan(2e-5);
    }
  });
});

describe("correct", () => {
  const factors = {
    amplitude: (I: number, A: number) => A / Math.sqrt(I) - 1,
    poisson: (I: number, A: number) => Math.min(10, (A * A) / I / 2 - 0.5),
  };
  for (const noise of ["amplitude", "poisson"] as const)
    it(`turns far fields into changes of the exit waves (${noise}), none of it from pixels not measured`, () => {
      const bench = smallBench({ settings: { noise } });
      const [slot, pattern] = [1, 4];
      const measured = bench.frames[pattern];
      for (const bad of [3, 50, 255]) measured[bad] = -measured[bad] - 1e3;
      const intensity = model(bench, movedProbe(bench, slot, pattern), pattern, bench.change[slot]);
      correct(bench, slot, pattern, bench.change[slot], intensity);
      const far = farFields(bench, pattern);
      const modelled = intensityOf(far);
      let misfit = 0;
      for (let i = 0; i < SIZE; i++)
        if (measured[i] >= 0) misfit += (Math.sqrt(modelled[i]) - measured[i]) ** 2;
      far.forEach((field, p) => {
        for (let i = 0; i < SIZE; i++)
          multiply(field, i, measured[i] < 0 ? 0 : factors[noise](modelled[i], measured[i]) * N, 0);
        transform(field, "inverse");
        expect(fieldError(bench.change[slot][p], field)).toBeLessThan(30 * FLOAT32);
      });
      expect(bench.misfit[pattern] / misfit).toBeCloseTo(1, 5);
    });

  it("asks for nothing where the model is the measurement", () => {
    const bench = smallBench();
    const [slot, pattern] = [0, 7];
    const modelled = intensityOf(farFields(bench, pattern));
    bench.frames[pattern].set(modelled.map(Math.sqrt));
    const intensity = model(bench, movedProbe(bench, slot, pattern), pattern, bench.change[slot]);
    correct(bench, slot, pattern, bench.change[slot], intensity);
    for (const { re, im } of bench.change[slot])
      for (let i = 0; i < SIZE; i++) expect(Math.hypot(re[i], im[i])).toBeLessThan(1e-5);
  });
});

describe("proposeObject", () => {
  it("sums conj(P) wave and |P|^2 over the modes", () => {
    const bench = smallBench({ modes: 3 });
    const probe = movedProbe(bench, 0, 5);
    proposeObject(bench, 0, probe, (p) => bench.change[p][0]);
    const waves = probe.map((_, p) => bench.change[p][0]);
    for (let i = 0; i < SIZE; i++) {
      let [re, im, light] = [0, 0, 0];
      probe.forEach((mode, p) => {
        re += mode.re[i] * waves[p].re[i] + mode.im[i] * waves[p].im[i];
        im += mode.re[i] * waves[p].im[i] - mode.im[i] * waves[p].re[i];
        light += mode.re[i] ** 2 + mode.im[i] ** 2;
      });
      expect(bench.proposal[0].re[i]).toBeCloseTo(re, 4);
      expect(bench.proposal[0].im[i]).toBeCloseTo(im, 4);
      expect(bench.slotLight[0][i]).toBeCloseTo(light, 4);
    }
  });
});

describe("fitBrightness", () => {
  it("halves the distance to the factor that fits the measured pixels", () => {
    const bench = smallBench();
    const pattern = 6;
    const wanted = 1.3;
    bench.brightness[pattern] = 1.1;
    const intensity = new Float32Array(intensityOf(farFields(bench, pattern)));
    bench.frames[pattern].set(intensity.map((value) => (wanted / 1.1) * Math.sqrt(value)));
    bench.frames[pattern][0] = -50;
    fitBrightness(bench, 0, pattern, intensity);
    expect(bench.brightness[pattern]).toBeCloseTo((1.1 + wanted) / 2, 6);
  });

  it("leaves a pattern alone that the model leaves dark", () => {
    const bench = smallBench();
    bench.brightness[2] = 0.9;
    fitBrightness(bench, 0, 2, new Float32Array(SIZE));
    expect(bench.brightness[2]).toBe(0.9);
  });
});

describe("settleBrightness", () => {
  it("makes the mean 1 and leaves the patterns as they were", () => {
    const bench = smallBench();
    const patternOf = () => model(bench, movedProbe(bench, 0, 4), 4, bench.change[0]).slice();
    const before = patternOf();
    const ratio = bench.brightness[1] / bench.brightness[7];
    settleBrightness(bench);
    for (const [i, value] of patternOf().entries()) expect(value / before[i]).toBeCloseTo(1, 4);
    expect(bench.brightness.reduce((sum, value) => sum + value, 0) / 11).toBeCloseTo(1, 12);
    expect(bench.brightness[1] / bench.brightness[7]).toBeCloseTo(ratio, 12);
  });
});

describe("forChunks", () => {
  it("gives every slot to one part and to the same chunk, whatever the number of parts", () => {
    const bench = smallBench({ n: 11 });
    bench.numbers[NUMBER.count] = 9;
    const chunksOf = (parts: number) => {
      const found: number[][] = Array.from({ length: 9 }, () => []);
      for (let part = 0; part < parts; part++)
        forChunks(bench, part, parts, (chunk, from, to) => {
          for (let slot = from; slot < to; slot++) found[slot].push(chunk);
        });
      return found;
    };
    const alone = chunksOf(1);
    expect(alone.every((chunks) => chunks.length === 1)).toBe(true);
    for (const parts of [2, 3, 8, 11]) expect(chunksOf(parts)).toEqual(alone);
  });
});
