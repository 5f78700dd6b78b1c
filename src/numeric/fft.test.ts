import { describe, expect, it } from "vitest";
import { type ComplexBuffer, fft2, fftShift2, ifftShift2, makeFft, makeFft2 } from "./fft.js";
import { pcg64Random } from "./random-pcg64.js";

function randomBuffer(n: number): ComplexBuffer {
  const random = pcg64Random(n);
  return { re: random.standardNormal(n), im: random.standardNormal(n) };
}

/** The definition, O(n^2), over one axis of [outer, n, inner]. */
function dft(input: ComplexBuffer, outer: number, n: number, inner: number): ComplexBuffer {
  const out = { re: new Float64Array(input.re.length), im: new Float64Array(input.re.length) };
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < n; k++)
      for (let i = 0; i < inner; i++)
        for (let x = 0; x < n; x++) {
          const angle = (-2 * Math.PI * ((k * x) % n)) / n;
          const at = (o * n + x) * inner + i;
          const to = (o * n + k) * inner + i;
          out.re[to] += input.re[at] * Math.cos(angle) - input.im[at] * Math.sin(angle);
          out.im[to] += input.re[at] * Math.sin(angle) + input.im[at] * Math.cos(angle);
        }
  return out;
}

function largestDifference(a: ComplexBuffer, b: ComplexBuffer): number {
  let largest = 0;
  for (let i = 0; i < a.re.length; i++) {
    largest = Math.max(largest, Math.abs(a.re[i] - b.re[i]), Math.abs(a.im[i] - b.im[i]));
  }
  return largest;
}

const copy = (b: ComplexBuffer): ComplexBuffer => ({ re: b.re.slice(), im: b.im.slice() });

describe("makeFft", () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 31, 32, 64, 97, 100, 128, 255, 512])(
    "matches the definition for n=%i",
    (n) => {
      const input = randomBuffer(n);
      const output = copy(input);
      const transform = makeFft(n);
      transform(output, "forward");
      expect(largestDifference(output, dft(input, 1, n, 1))).toBeLessThan(1e-11);
      transform(output, "inverse");
      expect(largestDifference(output, input)).toBeLessThan(1e-12);
    },
  );

  it("refuses a buffer of another length", () => {
    expect(() => makeFft(4)(randomBuffer(5), "forward")).toThrow("expected 4 values");
  });
});

describe("fft2", () => {
  it.each([
    [4, 4],
    [6, 8],
    [5, 3],
    [1, 8],
    [9, 1],
    [16, 32],
    [32, 19],
    [19, 16],
    [64, 64],
  ])("matches the definition for %i x %i", (rows, columns) => {
    const input = randomBuffer(rows * columns);
    const output = copy(input);
    fft2(output, rows, columns, "forward");
    const expected = dft(dft(input, rows, columns, 1), 1, rows, columns);
    expect(largestDifference(output, expected)).toBeLessThan(1e-12);
    fft2(output, rows, columns, "inverse");
    expect(largestDifference(output, input)).toBeLessThan(1e-13);
  });

  it("gives the same from a transform made once, in either direction and order", () => {
    const transform = makeFft2(8, 12);
    for (const direction of ["forward", "inverse", "forward"] as const) {
      const input = randomBuffer(96);
      const output = copy(input);
      transform(output, direction);
      fft2(input, 8, 12, direction);
      expect(output).toEqual(input);
    }
  });

  it("refuses a buffer of another size and an empty extent", () => {
    expect(() => fft2(randomBuffer(12), 3, 5, "forward")).toThrow("expected 15 values");
    expect(() => makeFft2(0, 5)).toThrow("got 0 x 5");
  });
});

describe("fftShift2", () => {
  it("puts zero frequency at floor(n/2) and is undone by ifftShift2", () => {
    const values = Float64Array.from({ length: 15 }, (_, i) => i);
    const shifted = fftShift2(values, 3, 5);
    expect(shifted[1 * 5 + 2]).toBe(0);
    expect(ifftShift2(shifted, 3, 5)).toEqual(values);
  });
});
