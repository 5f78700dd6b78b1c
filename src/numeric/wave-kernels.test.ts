import { expect, test } from "vitest";
import { plainKernels } from "../../tests/wave-kernels-oracle.js";
import { openWaveKernels, scratchBytes, type WaveKernels } from "./wave-kernels.js";
import { openWaveMemory, type Wave, type WaveMemory } from "./wave-memory.js";

/** A pixel takes a handful of float32 operations, each off by 6e-8 of its terms, which are of order 1. */
const PIXEL = 1e-6;
/** Relative error of a float32 FFT: about 6e-8 sqrt(log2 N^2) for random rounding; measured 1.5e-7 at N = 512. */
const TRANSFORM = 4e-7;

interface Bench {
  readonly memory: WaveMemory;
  readonly kernels: WaveKernels;
  /** Uniform in -1..1, or 0..1. */
  plane(count: number, signed?: boolean): Float32Array;
  wave(count: number): Wave;
}

function open(largestN: number, seed = 1): Bench {
  const memory = openWaveMemory(2 ** 28);
  memory.floats(16); // nothing lies at address 0
  const scratch = memory.floats(scratchBytes(largestN) / 4);
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const plane = (count: number, signed = true): Float32Array => {
    const home = memory.floats(count);
    for (let i = 0; i < count; i++) home[i] = signed ? 2 * uniform() - 1 : uniform();
    return home;
  };
  return {
    memory,
    kernels: openWaveKernels(memory.memory, scratch.byteOffset, largestN),
    plane,
    wave: (count) => ({ re: plane(count), im: plane(count) }),
  };
}

const copy = ({ re, im }: Wave): Wave => ({ re: re.slice(), im: im.slice() });

function set(target: Wave, source: Wave): void {
  target.re.set(source.re);
  target.im.set(source.im);
}

function largest(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    if (!(Math.abs(a[i] - b[i]) <= difference)) difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return difference;
  }
  return difference;
}

const expectNear = (actual: Wave, expected: Wave): void => {
  expect(largest(actual.re, expected.re)).toBeLessThan(PIXEL);
  expect(largest(actual.im, expected.im)).toBeLessThan(PIXEL);
};

function relative(actual: Wave, expected: Wave): number {
  let [error, norm] = [0, 0];
  for (const part of ["re", "im"] as const)
    for (let i = 0; i < actual[part].length; i++) {
      error += (actual[part][i] - expected[part][i]) ** 2;
      norm += expected[part][i] ** 2;
    }
  return Math.sqrt(error / norm);
}

/** The unitary DFT of [N, N] by definition in float64. */
function dftByDefinition({ re, im }: Wave, N: number, sign: 1 | -1): Wave {
  const out = { re: new Float32Array(N * N), im: new Float32Array(N * N) };
  for (let u = 0; u < N; u++)
    for (let v = 0; v < N; v++) {
      let [real, imaginary] = [0, 0];
      for (let y = 0; y < N; y++)
        for (let x = 0; x < N; x++) {
          const angle = (sign * 2 * Math.PI * ((u * y + v * x) % N)) / N;
          const [c, s, i] = [Math.cos(angle), Math.sin(angle), y * N + x];
          real += re[i] * c - im[i] * s;
          imaginary += re[i] * s + im[i] * c;
        }
      out.re[u * N + v] = real / N;
      out.im[u * N + v] = imaginary / N;
    }
  return out;
}

test.each([16, 32])("the transform of N = %i is the DFT by definition, both ways", (N) => {
  const { kernels, wave } = open(N);
  for (const [direction, sign] of [
    ["forward", -1],
    ["inverse", 1],
  ] as const) {
    const field = wave(N * N);
    const expected = dftByDefinition(field, N, sign);
    kernels.fft2(field, N, direction);
    expect(relative(field, expected)).toBeLessThan(TRANSFORM);
  }
});

test.each([64, 128, 256, 512, 1024])("the transform of N = %i against float64, round trip, Parseval", (N) => {
  const { kernels, wave } = open(N);
  const field = wave(N * N);
  const original = copy(field);
  const expected = copy(field);
  plainKernels().fft2(expected, N, "forward");
  const energy = kernels.energy(field);
  kernels.fft2(field, N, "forward");
  expect(relative(field, expected)).toBeLessThan(TRANSFORM);
  expect(kernels.energy(field) / energy).toBeCloseTo(1, 6);
  kernels.fft2(field, N, "inverse");
  expect(relative(field, original)).toBeLessThan(TRANSFORM);
});

test("transforms of several sizes share one scratch and touch nothing else", () => {
  const { memory, kernels, wave } = open(128);
  const fields = [16, 128, 32, 64].map((N) => ({ N, field: wave(N * N) }));
  const end = memory.floats(64).fill(3);
  for (const { N, field } of [...fields, ...fields]) {
    const rest = fields.filter((other) => other.N !== N).map((other) => copy(other.field));
    const expected = copy(field);
    plainKernels().fft2(expected, N, "forward");
    kernels.fft2(field, N, "forward");
    expect(relative(field, expected)).toBeLessThan(TRANSFORM);
    fields
      .filter((other) => other.N !== N)
      .forEach((other, index) => {
        expect(relative(other.field, rest[index])).toBe(0);
      });
  }
  expect(end.every((value) => value === 3)).toBe(true);
  expect([...new Float32Array(memory.memory.buffer, 0, 16)]).toEqual(new Array(16).fill(0));
});

const SIZES = [16, 32, 48, 64, 128];
const BOTH = [false, true];

test.each(SIZES)("windows of N = %i at odd starts", (N) => {
  const { kernels, wave, plane } = open(128);
  const plain = plainKernels();
  const stride = 2 * N + 37;
  const canvas = wave(stride * (N + 9));
  const [sums, target, weight] = [wave(canvas.re.length), wave(canvas.re.length), plane(canvas.re.length)];
  for (const start of [0, 1, 3 * stride + 7, 8 * stride + N + 37]) {
    const [probe, out] = [wave(N * N), wave(N * N)];
    const expected = copy(out);
    kernels.illuminate(out, probe, canvas, start, stride, N);
    plain.illuminate(expected, probe, canvas, start, stride, N);
    expectNear(out, expected);
    for (const accumulate of BOTH) {
      kernels.conjugateWindow(out, canvas, start, stride, probe, N, accumulate);
      plain.conjugateWindow(expected, canvas, start, stride, probe, N, accumulate);
      expectNear(out, expected);
    }
    for (const [from, to] of [
      [0, N],
      [5, N - 3],
      [N - 1, N],
      [4, 4],
    ]) {
      set(sums, canvas);
      weight.fill(0.5);
      const change = plane(N * N, false);
      const [sums2, weight2] = [copy(sums), weight.slice()];
      kernels.addWindow(sums, weight, start, stride, probe, change, N, from, to);
      plain.addWindow(sums2, weight2, start, stride, probe, change, N, from, to);
      expectNear(sums, sums2);
      expect(largest(weight, weight2)).toBeLessThan(PIXEL);
      for (let i = 0; i < weight.length; i += 3) weight[i] = weight2[i] = 0;
      set(target, canvas);
      const target2 = copy(target);
      kernels.applyWindow(target, sums, weight, start, stride, N, from, to, 0.7, 0.9, 0.2);
      plain.applyWindow(target2, sums2, weight2, start, stride, N, from, to, 0.7, 0.9, 0.2);
      expectNear(target, target2);
      expectNear(sums, sums2);
      expect(largest(weight, weight2)).toBe(0); // zeroed in the same place
    }
  }
});

test("nothing is divided where no pattern fell, even without a floor", () => {
  const { kernels, wave, plane } = open(16);
  const [canvas, sums, weight] = [wave(256), wave(256), plane(256).fill(0)];
  const before = copy(canvas);
  kernels.applyWindow(canvas, sums, weight, 0, 16, 16, 0, 16, 1, 1, 0);
  expect(canvas).toEqual(before);
});

test.each([1, 4, 15, 16, 19, 256, 1003])("kernels on %i pixels, whole cache lines or not", (count) => {
  const { kernels, wave, plane } = open(16);
  const plain = plainKernels();
  const [a, b] = [wave(count + 1), wave(count + 1)].map(({ re, im }) => ({
    re: re.subarray(1),
    im: im.subarray(1),
  }));
  const out = wave(count);
  const expected = copy(out);
  for (const accumulate of BOTH) {
    kernels.conjugateProduct(out, a, b, accumulate);
    plain.conjugateProduct(expected, a, b, accumulate);
    expectNear(out, expected);
    kernels.intensity(out.re, b, accumulate);
    plain.intensity(expected.re, b, accumulate);
    expectNear(out, expected);
  }
  const factor = plane(count);
  kernels.scale(out, factor);
  plain.scale(expected, factor);
  expectNear(out, expected);
  kernels.addScaled(out, a, 1.9);
  plain.addScaled(expected, a, 1.9);
  expectNear(out, expected);
  const velocity = copy(b);
  kernels.decayAndSubtract(out, b, 0.9);
  plain.decayAndSubtract(expected, velocity, 0.9);
  expectNear(out, expected);
  expectNear(b, velocity);
  // Products are rounded to float32 before they are summed in float64.
  expect(Math.abs(kernels.dot(a, b) - plain.dot(a, b))).toBeLessThan(1e-7 * count);
  expect(Math.abs(kernels.energy(a) - plain.energy(a))).toBeLessThan(1e-7 * count);
});

test("what lies behind a plane is neither read nor written", () => {
  const { kernels, wave, plane } = open(16);
  const whole = plane(32, false).fill(9);
  const field = wave(32);
  field.re.fill(2);
  field.im.fill(1);
  kernels.intensity(whole.subarray(0, 17), field, false);
  expect([...whole]).toEqual([...new Array(17).fill(5), ...new Array(15).fill(9)]);
  const part = { re: field.re.subarray(0, 17), im: field.im.subarray(0, 17) };
  expect(kernels.energy(part)).toBe(85);
});

test.each([16, 19, 1003])("factors of %i pixels", (count) => {
  const { kernels, plane } = open(16);
  const plain = plainKernels();
  const measured = plane(count);
  for (let i = 0; i < count; i += 4) measured[i] = 0;
  for (const kernel of [
    (by: WaveKernels, I: Float32Array) => by.amplitudeFactor(I, measured, 1e-3),
    (by: WaveKernels, I: Float32Array) => by.poissonFactor(I, measured, 1e-3, 2),
  ]) {
    const modelled = plane(count, false);
    for (let i = 0; i < count; i += 5) modelled[i] = 0;
    const expected = modelled.slice();
    const misfit = kernel(kernels, modelled);
    expect(Math.abs(misfit - kernel(plain, expected))).toBeLessThan(1e-7 * count);
    // A factor A / sqrt(dark) is up to 32: the error is relative to it.
    for (let i = 0; i < count; i++)
      expect(Math.abs(modelled[i] - expected[i])).toBeLessThanOrEqual(
        PIXEL * Math.max(1, Math.abs(expected[i])),
      );
    measured.forEach((amplitude, i) => {
      if (amplitude < 0) expect(Math.abs(modelled[i])).toBe(0);
    });
  }
});

test.each(SIZES)("ramps on rows of %i, also in place", (N) => {
  const { kernels, wave } = open(16);
  const plain = plainKernels();
  for (const conjugate of BOTH)
    for (const accumulate of BOTH) {
      const [out, field, rows, columns] = [wave(5 * N), wave(5 * N), wave(5), wave(N)];
      const expected = copy(out);
      kernels.modulate(out, field, rows, columns, conjugate, accumulate);
      plain.modulate(expected, field, rows, columns, conjugate, accumulate);
      expectNear(out, expected);
      const inPlace = copy(field);
      kernels.modulate(field, field, rows, columns, conjugate, false);
      plain.modulate(inPlace, copy(inPlace), rows, columns, conjugate, false);
      expectNear(field, inPlace);
    }
});

test("arrays from elsewhere, too short or in sizes that do not exist are refused", () => {
  const { memory, kernels, wave } = open(64);
  const field = wave(64 * 64);
  const outside = { re: new Float32Array(4096), im: new Float32Array(4096) };
  expect(() => kernels.fft2(outside, 64, "forward")).toThrow(/in the wave memory/);
  expect(() => kernels.fft2(wave(4095), 64, "forward")).toThrow(/4096 pixels/);
  for (const N of [8, 48, 2048]) expect(() => kernels.fft2(field, N, "forward")).toThrow(/power of two/);
  expect(() => kernels.fft2(wave(128 * 128), 128, "forward")).toThrow(/up to 64/);
  expect(() => kernels.illuminate(field, field, field, 1, 64, 64)).toThrow(/4097 pixels/);
  expect(() => kernels.illuminate(field, field, field, 0, 64, 20)).toThrow(/sixteens/);
  expect(() => kernels.illuminate(field, field, field, -1, 64, 16)).toThrow(/inside the canvas/);
  expect(() => openWaveKernels(memory.memory, 2 ** 29, 64)).toThrow(/scratch/);
});
