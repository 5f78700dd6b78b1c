// Oracle: the far field of the changed probe is what the changed detector sees of the old one.
import { expect, it } from "vitest";
import { complex64 } from "../../core/ndarray.js";
import { pcg64Random } from "../../numeric/random-pcg64.js";
import { exchangeProbeAxes, withBinsOf, withDetectorOf } from "./probe-steps.js";

const N = 16;

/** A probe of two modes that is dark outside the middle `width` pixels. */
function probe(width: number) {
  const random = pcg64Random(3);
  const made = complex64([2, N, N]);
  for (let i = 0; i < made.re.length; i++) {
    const inside = [Math.floor(i / N) % N, i % N].every((p) => Math.abs(p + 0.5 - N / 2) < width / 2);
    [made.re[i], made.im[i]] = inside ? [random.random() - 0.5, random.random() - 0.5] : [0, 0];
  }
  return made;
}

/** Unitary far field of a mode at (row, column) frequencies of the window of N pixels, by definition. */
function farField(
  { re, im, shape }: ReturnType<typeof complex64>,
  mode: number,
  u: number,
  v: number,
): [number, number] {
  const size = shape[1];
  let [sumRe, sumIm] = [0, 0];
  for (let p = 0; p < size * size; p++) {
    const [row, column] = [Math.floor(p / size) - size / 2, (p % size) - size / 2];
    const angle = (-2 * Math.PI * (u * row + v * column)) / size;
    const at = mode * size * size + p;
    sumRe += re[at] * Math.cos(angle) - im[at] * Math.sin(angle);
    sumIm += re[at] * Math.sin(angle) + im[at] * Math.cos(angle);
  }
  return [sumRe / size, sumIm / size];
}

it.each([8, 32])(
  "a detector of 16 pixels cut or widened to %i sees the same waves, and zeros beyond",
  (size) => {
    const before = probe(N);
    const after = withDetectorOf(size)(before);
    expect(after.shape).toEqual([2, size, size]);
    for (const [u, v] of [
      [0, 0],
      [-4, 3],
      [2, -1],
    ]) {
      const [wanted, found] = [farField(before, 1, u, v), farField(after, 1, u, v)];
      expect(found[0]).toBeCloseTo(wanted[0], 5);
      expect(found[1]).toBeCloseTo(wanted[1], 5);
    }
    if (size > N) expect(Math.hypot(...farField(after, 0, 12, 1))).toBeCloseTo(0, 5);
  },
);

it("bins of two pixels see the wave in the middle of the bin, with the light of four", () => {
  const before = probe(8);
  const after = withBinsOf(2)(before);
  expect(after.shape).toEqual([2, 8, 8]);
  for (const [u, v] of [
    [0, 0],
    [-3, 2],
    [1, -4],
  ]) {
    const [wanted, found] = [farField(before, 0, 2 * u + 0.5, 2 * v + 0.5), farField(after, 0, u, v)];
    expect(found[0]).toBeCloseTo(2 * wanted[0], 5);
    expect(found[1]).toBeCloseTo(2 * wanted[1], 5);
  }
});

it("exchanges rows and columns of every mode", () => {
  const before = probe(N);
  const after = exchangeProbeAxes(before);
  expect(after.re[N * N + 3 * N + 5]).toBe(before.re[N * N + 5 * N + 3]);
  expect(exchangeProbeAxes(after)).toEqual(before);
});
