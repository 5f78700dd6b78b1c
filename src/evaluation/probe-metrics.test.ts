import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { probeMetrics } from "./probe-metrics.js";
import { fourierShift } from "./registration.js";

const N = 48;

/** Gaussian beams times x and y: orthogonal modes. */
function mode(of: (x: number, y: number) => number): ComplexArray {
  const probe = complex64([N, N]);
  for (let i = 0; i < N * N; i++) {
    const [x, y] = [(i % N) - 23.5, Math.floor(i / N) - 23.5];
    const value = of(x, y) * Math.exp(-(x * x + 1.3 * y * y) / 60);
    probe.re[i] = value * Math.cos(0.01 * x * x);
    probe.im[i] = value * Math.sin(0.01 * x * x);
  }
  return probe;
}

const stack = (...modes: ComplexArray[]): ComplexArray =>
  complex64(
    [modes.length, N, N],
    Float32Array.from(modes.flatMap(({ re }) => [...re])),
    Float32Array.from(modes.flatMap(({ im }) => [...im])),
  );

const times = (probe: ComplexArray, factor: number, angleAt: (i: number) => number = () => 0): ComplexArray =>
  complex64(
    probe.shape,
    probe.re.map((re, i) => factor * (re * Math.cos(angleAt(i)) - probe.im[i] * Math.sin(angleAt(i)))),
    probe.im.map((im, i) => factor * (im * Math.cos(angleAt(i)) + probe.re[i] * Math.sin(angleAt(i)))),
  );

const one = mode(() => 1);
const two = mode((x) => x / 5);

describe("probe metrics", () => {
  it("are 1 for a probe that differs by scale, phase, shift and ramp, and name these", () => {
    const changed = times(fourierShift(one, [2, -1.5]), 3, (i) => 0.4 + 0.05 * (i % N));
    const metrics = probeMetrics(changed, one);
    expect(metrics.fidelity).toBeCloseTo(1, 3);
    expect(metrics.shift_px[0]).toBeCloseTo(-2, 1);
    expect(metrics.shift_px[1]).toBeCloseTo(1.5, 1);
    expect(metrics.ramp_rad_per_px[0]).toBeCloseTo(0.05, 2);
    expect(metrics.power_ratio).toBeCloseTo(9, 3);
  });

  it("do not tell equivalent sets of modes apart, and do tell others", () => {
    const known = stack(one, two);
    const cos = Math.cos(0.6);
    const sin = Math.sin(0.6);
    const mixed = (a: number, b: number) =>
      complex64(
        [N, N],
        one.re.map((re, i) => a * re + b * two.re[i]),
        one.im.map((im, i) => a * im + b * two.im[i]),
      );
    expect(probeMetrics(stack(mixed(cos, sin), mixed(-sin, cos)), known).fidelity).toBeCloseTo(1, 4);
    expect(probeMetrics(one, known).fidelity).toBeLessThan(0.95);
    // |<p, q>|^2 of modes that are orthogonal, compared where they lie.
    expect(probeMetrics(two, one).fidelity).toBeLessThan(0.7);
    const { mode_powers: powers } = probeMetrics(known, known);
    expect(powers.found[0] + powers.found[1]).toBeCloseTo(1, 9);
    expect(powers.found[0]).toBeGreaterThan(powers.found[1]);
  });

  it("measure the width of the intensity, and refuse what is no probe", () => {
    const round = complex64(
      [N, N],
      Float32Array.from({ length: N * N }, (_, i) =>
        Math.exp(-(((i % N) - 23.5) ** 2 + (Math.floor(i / N) - 23.5) ** 2) / 50),
      ),
    );
    // Intensity exp(-r^2 / 25): <r^2> = 25.
    expect(probeMetrics(round, one).width_px.found).toBeCloseTo(5, 2);
    expect(() => probeMetrics(complex64([N, N]), one)).toThrow(/power 0/);
    const small = complex64([2, 2], Float32Array.of(1, 0, 0, 1));
    expect(() => probeMetrics(small, one)).toThrow(/known/);
  });
});
