import { describe, expect, it } from "vitest";
import { float32 } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { withBadPixels, withPositionError } from "./faults.js";

describe("withPositionError", () => {
  const truth = {
    xPx: Float64Array.from({ length: 4000 }, (_, i) => i),
    yPx: Float64Array.from({ length: 4000 }, (_, i) => 2 * i),
  };
  const errors = (seed: number, errorPx = 1.5) => {
    const { xPx, yPx } = withPositionError(truth, errorPx, seed);
    return [xPx.map((x, i) => x - truth.xPx[i]), yPx.map((y, i) => y - truth.yPx[i])] as const;
  };

  it("adds an error of the r.m.s. asked for to each coordinate, without bias, apart for x and y", () => {
    const [x, y] = errors(3);
    for (const axis of [x, y]) {
      const rms = Math.sqrt(axis.reduce((sum, e) => sum + e * e, 0) / axis.length);
      expect(Math.abs(rms / 1.5 - 1)).toBeLessThan(4 / Math.sqrt(2 * 4000));
      expect(Math.abs(axis.reduce((sum, e) => sum + e, 0) / 4000)).toBeLessThan((4 * 1.5) / Math.sqrt(4000));
    }
    const together = x.reduce((sum, e, i) => sum + e * y[i], 0) / 4000 / 1.5 ** 2;
    expect(Math.abs(together)).toBeLessThan(4 / Math.sqrt(4000));
  });

  it("repeats for a seed, differs for another, and refuses a negative error", () => {
    expect(errors(3)).toEqual(errors(3));
    expect(errors(3)).not.toEqual(errors(4));
    expect(errors(3, 0)[0].every((e) => e === 0)).toBe(true);
    expect(() => errors(3, -1)).toThrow("position error");
  });
});

describe("withBadPixels", () => {
  const [n, N] = [40, 16];
  const random = pcg64Random(1);
  const good = float32(
    [n, N, N],
    Float32Array.from({ length: n * N * N }, () => Math.sqrt(random.poisson(20))),
  );

  it("changes the share of the pixels asked for, in every pattern, and masks those", () => {
    const { diffraction, badPixels } = withBadPixels(good, 0.1, 7);
    const bad = [...badPixels.data].flatMap((value, i) => (value === 1 ? [i] : []));
    expect(bad.length).toBe(Math.round(0.1 * N * N));
    const brightest = good.data.reduce((most, value) => Math.max(most, value)) ** 2;
    let dead = 0;
    for (const pixel of bad) {
      const counts = Array.from({ length: n }, (_, j) => diffraction.data[j * N * N + pixel] ** 2);
      const mean = counts.reduce((sum, count) => sum + count) / n;
      if (mean === 0) dead++;
      else {
        expect(mean).toBeGreaterThan(0.4 * brightest);
        expect(mean).toBeLessThan(2.3 * brightest);
        const spread = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (n - 1) / mean;
        expect(Math.abs(spread - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
      }
    }
    expect(dead).toBe(Math.ceil(bad.length / 2));
    diffraction.data.forEach((value, i) => {
      if (badPixels.data[i % (N * N)] === 0) expect(value).toBe(good.data[i]);
    });
  });

  it("refuses a fraction of one half or more", () => {
    expect(() => withBadPixels(good, 0.5, 1)).toThrow("fraction");
  });
});
