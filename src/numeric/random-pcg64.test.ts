import { expect, it } from "vitest";
import { logGamma } from "./poisson.js";
import { pcg64Random } from "./random-pcg64.js";

it("resumes from a saved state, buffered half word included, through JSON", () => {
  const random = pcg64Random(3);
  random.integers(0, 10, 3);
  const saved = JSON.parse(JSON.stringify(random.save()));
  const draw = (r: typeof random) => [r.integers(0, 10, 3), r.standardNormal(5), r.choice(30, 4, false)];
  const expected = draw(random);
  const other = pcg64Random(0);
  other.restore(saved);
  expect(draw(other)).toEqual(expected);
});

it("draws normals and Poisson counts with the right moments, tails included", () => {
  const random = pcg64Random(11);
  const normals = random.standardNormal(200_000);
  const moment = (p: number) => normals.reduce((sum, v) => sum + v ** p, 0) / normals.length;
  expect(moment(1)).toBeCloseTo(0, 1);
  expect(moment(2)).toBeCloseTo(1, 1);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  expect(Math.max(...normals.subarray(0, 100_000))).toBeGreaterThan(3.7); // beyond the last layer
  for (const rate of [0.3, 9.9, 40, 1e6]) {
    const counts = Array.from({ length: 20_000 }, () => random.poisson(rate));
    const average = counts.reduce((sum, v) => sum + v, 0) / counts.length;
    expect(Math.abs(average - rate)).toBeLessThan(5 * Math.sqrt(rate / counts.length));
  }
});

it("accepts seeds wider than 32 bits and refuses negative ones", () => {
  expect(pcg64Random(2n ** 70n).random()).not.toBe(pcg64Random(2n ** 71n).random());
  expect(() => pcg64Random(-1)).toThrow("random seed");
});

it("has ln Gamma exact at integers", () => {
  let factorial = 1;
  for (let n = 1; n < 20; n++) {
    expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 12);
    factorial *= n;
  }
});
