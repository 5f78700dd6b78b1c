import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { makeProbeModes } from "./probe-modes.js";
import { makeDefocusedProbe } from "./probes.js";

const N = 32;
const beam = { sidePx: N, radiusPx: 6, wavelengthM: 1e-10, pixelSizeM: 2e-8, defocusM: 4e-5 };

/** <a_p, a_q> by definition. */
function product(modes: ComplexArray, p: number, q: number): readonly [number, number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < N * N; i++) {
    const [a, b] = [p * N * N + i, q * N * N + i];
    re += modes.re[a] * modes.re[b] + modes.im[a] * modes.im[b];
    im += modes.re[a] * modes.im[b] - modes.im[a] * modes.re[b];
  }
  return [re, im];
}

describe("makeProbeModes", () => {
  it("gives orthogonal modes of falling power, together that of the probe", () => {
    const probe = makeDefocusedProbe(beam);
    const whole = product(probe, 0, 0)[0];
    const modes = makeProbeModes(probe, 6);
    expect(modes.shape).toEqual([6, N, N]);
    let sum = 0;
    for (let p = 0; p < 6; p++) {
      const power = product(modes, p, p)[0];
      sum += power;
      if (p > 0) expect(power / product(modes, p - 1, p - 1)[0]).toBeCloseTo(0.5, 4);
      for (let q = 0; q < p; q++) {
        const [re, im] = product(modes, p, q);
        expect(Math.hypot(re, im) / whole).toBeLessThan(1e-6);
      }
    }
    expect(sum / whole).toBeCloseTo(1, 5);
  });

  it("gives the Hermite-Gauss modes of a Gaussian, the first the probe itself", () => {
    const sigma = 3;
    const gauss = Float32Array.from({ length: N * N }, (_, i) => {
      const [y, x] = [Math.floor(i / N) - N / 2, (i % N) - N / 2];
      return Math.exp(-(x * x + y * y) / (4 * sigma ** 2));
    });
    const modes = makeProbeModes(complex64([N, N], gauss), 5);
    // H0, H1(x), H1(y), H2(x), H1(x) H1(y) of x / (sigma sqrt 2).
    const hermite = [
      () => 1,
      (x: number) => x,
      (_: number, y: number) => y,
      (x: number) => x * x - sigma ** 2,
      (x: number, y: number) => x * y,
    ];
    hermite.forEach((polynomial, mode) => {
      let [along, own, reference] = [0, 0, 0];
      for (let i = 0; i < N * N; i++) {
        const expected = polynomial((i % N) - N / 2, Math.floor(i / N) - N / 2) * gauss[i];
        const value = modes.re[mode * N * N + i];
        along += expected * value;
        own += value * value;
        reference += expected * expected;
      }
      expect(along / Math.sqrt(own * reference), `mode ${mode}`).toBeCloseTo(1, 5);
    });
  });

  it("is the probe for one mode, and refuses numbers that are none", () => {
    const probe = makeDefocusedProbe(beam);
    const one = makeProbeModes(probe, 1);
    for (let i = 0; i < N * N; i++) expect(one.re[i]).toBeCloseTo(probe.re[i], 6);
    for (const modes of [0, 1.5, 11]) expect(() => makeProbeModes(probe, modes)).toThrow("1 to 10");
  });
});
