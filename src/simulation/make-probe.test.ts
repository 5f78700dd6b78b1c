import { describe, expect, it } from "vitest";
import type { ComplexArray } from "../core/ndarray.js";
import { PROBE_KINDS } from "./kinds.js";
import { makeProbe } from "./make-probe.js";
import { makeGaussianProbe, makeZonePlateProbe, zernike } from "./optics-probes.js";

function power(probe: ComplexArray, within = Number.POSITIVE_INFINITY): number {
  const N = probe.shape[0];
  let sum = 0;
  for (let i = 0; i < N * N; i++)
    if (Math.hypot((i % N) - (N - 1) / 2, Math.floor(i / N) - (N - 1) / 2) <= within)
      sum += probe.re[i] ** 2 + probe.im[i] ** 2;
  return sum;
}

describe.each(PROBE_KINDS)("probe %s", (kind) => {
  it("is finite, lies in the middle of its window, and repeats", () => {
    const request = { sidePx: 64, seed: 2 };
    const probe = makeProbe(kind, request);
    expect(probe.shape).toEqual([64, 64]);
    expect(probe.re.every(Number.isFinite) && probe.im.every(Number.isFinite)).toBe(true);
    expect(power(probe, 24) / power(probe)).toBeGreaterThan(0.9);
    expect(makeProbe(kind, request)).toEqual(probe);
  });

  it("grows with the radius that is asked for, where it has one", () => {
    const [small, large] = [5, 12].map((radiusPx) => makeProbe(kind, { sidePx: 64, seed: 2, radiusPx }));
    const share = (probe: ComplexArray) => power(probe, 6) / power(probe);
    if (kind === "ideal_disk") expect(large).toEqual(small);
    else expect(share(small)).toBeGreaterThan(share(large) + 0.1);
  });
});

describe("Gaussian probe", () => {
  it("holds 1 - 1/e of its power within its radius", () => {
    const probe = makeGaussianProbe(128, 12);
    expect(power(probe, 12) / power(probe)).toBeCloseTo(1 - Math.exp(-1), 2);
    expect(() => makeGaussianProbe(64, 40)).toThrow(/radius/);
  });
});

describe("Zernike polynomials", () => {
  it("are orthonormal over the disk", () => {
    const terms = [0, 1, 2, 3, 4].flatMap((n) =>
      Array.from({ length: n + 1 }, (_, k) => [n, 2 * k - n] as const),
    );
    const [rings, spokes] = [60, 16];
    const rhoAt = (i: number) => (Math.floor(i / spokes) + 0.5) / rings;
    const values = terms.map(([n, m]) =>
      Float64Array.from({ length: rings * spokes }, (_, i) =>
        zernike(n, m, rhoAt(i), (2 * Math.PI * (i % spokes)) / spokes),
      ),
    );
    values.forEach((a, j) => {
      values.forEach((b, k) => {
        // Mean over the disk: (1/pi) sum f rho drho dangle.
        const mean = a.reduce((sum, value, i) => sum + value * b[i] * rhoAt(i), 0) * (2 / a.length);
        expect(mean).toBeCloseTo(j === k ? 1 : 0, 2);
      });
    });
  });

  it("have the known defocus, astigmatism and spherical forms", () => {
    expect(zernike(2, 0, 0.6, 1)).toBeCloseTo(Math.sqrt(3) * (2 * 0.36 - 1), 12);
    expect(zernike(2, 2, 0.6, 0.3)).toBeCloseTo(Math.sqrt(6) * 0.36 * Math.cos(0.6), 12);
    expect(zernike(4, 0, 0.5, 0)).toBeCloseTo(Math.sqrt(5) * (6 / 16 - 6 / 4 + 1), 12);
  });
});

describe("zone plate probe", () => {
  const plate = {
    ...{ sidePx: 128, wavelengthM: 1e-10, pixelSizeM: 10e-9, diameterM: 60e-6, outerZoneM: 40e-9 },
    ...{ stopM: 0, defocusM: 0 },
  };

  it("in focus without a stop is the Airy disk: first zero at 1.22 outermost zones", () => {
    const probe = makeZonePlateProbe(plate);
    const N = 128;
    const along = (x: number) => {
      const i = (N / 2) * N + N / 2 + x;
      return Math.hypot(probe.re[i], probe.im[i]);
    };
    expect(along(0)).toBeCloseTo(1, 5);
    // 1.22 x 40 nm = 4.88 px of 10 nm.
    expect(along(5)).toBeLessThan(0.03);
    expect(along(3)).toBeGreaterThan(0.3);
    expect(along(6)).toBeGreaterThan(along(5));
  });

  it("behind the focus spreads to the cone of its rays, with the shadow of the stop inside", () => {
    const focalM = (60e-6 * 40e-9) / 1e-10;
    const radiusPx = 25;
    const probe = makeZonePlateProbe({
      ...plate,
      stopM: 30e-6,
      defocusM: (2 * radiusPx * 10e-9 * focalM) / 60e-6,
    });
    expect(power(probe, radiusPx * 1.25) / power(probe)).toBeGreaterThan(0.9);
    expect(power(probe, radiusPx * 0.4) / power(probe)).toBeLessThan(0.1);
  });

  it("refuses a plate that the object pixels cannot resolve", () => {
    expect(() => makeZonePlateProbe({ ...plate, outerZoneM: 5e-9 })).toThrow(/does not fit/);
    expect(() => makeZonePlateProbe({ ...plate, stopM: 70e-6 })).toThrow(/stop/);
  });
});
