// What a measurement spoils, put back: incoherent modes, wrong positions, bad pixels, few photons. All patterns come from
// src/simulation, which moves the object between pixels where the engines move the probe.
import { describe, expect, it, vi } from "vitest";
import { type ComplexArray, complex64 } from "../../src/core/ndarray.js";
import type { PlacedObject } from "../../src/engines/reconstruction.js";
import { fitPhaseRamp, removePhaseRamp } from "../../src/evaluation/align.js";
import { fourierRingCorrelation } from "../../src/evaluation/fourier-ring-correlation.js";
import { pcg64Random } from "../../src/numeric/random-pcg64.js";
import { simulateScan } from "../../src/simulation/acquire.js";
import { withBadPixels, withPositionError } from "../../src/simulation/faults.js";
import { makeDeadLeavesObject } from "../../src/simulation/objects.js";
import { makeProbeModes } from "../../src/simulation/probe-modes.js";
import { makeDefocusedProbe } from "../../src/simulation/probes.js";
import { makeFermatScan } from "../../src/simulation/scans.js";
import { isSlow } from "../real-data/outcome.js";
import {
  cutOut,
  type KnownScan,
  knownScan,
  positionError,
  reconstruct,
  relativeError,
} from "./known-scan.js";

const N = 64;
const PIXELS = N * N;
/** Probe of 30 px, a position every 7 px. */
const beam = makeDefocusedProbe({
  ...{ sidePx: N, radiusPx: 14, wavelengthM: 1e-10, pixelSizeM: 2e-8, defocusM: 1e-4 },
});
const STEP = 7;

vi.setConfig({ testTimeout: 180_000 });

interface Conditions {
  readonly patterns: number;
  readonly photons: number;
  readonly seed: number;
  readonly probe?: ComplexArray;
}

function simulate({ patterns, photons, seed, probe = beam }: Conditions): KnownScan {
  const sidePx = 2 * Math.ceil((1.13 * STEP * Math.sqrt(patterns) + N + 24) / 2);
  const object = makeDeadLeavesObject({ sidePx, seed, radiusPx: [2.5, 20], amplitude: [0.7, 1] });
  const positions = makeFermatScan({ positions: patterns, stepPx: STEP, centrePx: [sidePx / 2, sidePx / 2] });
  const noise = { kind: "poisson", seed: seed + 7 } as const;
  const { diffraction, probe: lit } = simulateScan({ object, probe, ...positions, photons, noise });
  return knownScan({ object, probe: lit, ...positions, diffraction });
}

/** Distance from the truth, and how far the Fourier rings agree with it, in the inner half of the scanned area. */
function compare(scan: KnownScan, picture: PlacedObject) {
  const [height, width] = scan.object.shape;
  const sidePx = 2 * Math.round(0.35 * STEP * Math.sqrt(scan.n));
  const { truth, found: ramped } = cutOut(scan, picture, [width / 2, height / 2], sidePx);
  // A probe that is fitted, too, may take a phase ramp from the object.
  const found = removePhaseRamp(ramped, fitPhaseRamp(ramped, truth));
  const { correlation, halfBitCrossing } = fourierRingCorrelation(truth, found);
  return {
    error: relativeError(found, truth),
    meanCorrelation: correlation.reduce((sum, value) => sum + value, 0) / correlation.length,
    /** Cycles per pixel. */
    halfBit: halfBitCrossing.frequency ?? (halfBitCrossing.verdict === "above" ? 0.5 : 0),
  };
}

describe.skipIf(!isSlow)("a probe of three incoherent modes", () => {
  const scan = simulate({ patterns: 150, photons: 1e6, seed: 1, probe: makeProbeModes(beam, 3) });
  const power = (modes: ComplexArray) => modesOf(modes).map((mode) => energy(mode));
  const shares = (modes: ComplexArray) =>
    power(modes).map((value) => value / power(modes).reduce((a, b) => a + b));

  it("is recovered from one mode and noise; one mode alone explains the patterns clearly worse", async () => {
    expect(shares(scan.probe).map((share) => share.toFixed(3))).toEqual(["0.571", "0.286", "0.143"]);
    const start = startModes(3);
    expect(overlap(start, scan.probe)).toBeLessThan(0.4);
    const attempt = { engine: "rpie", epochs: 40, settings: { probeStart: 1, probeStep: 0.3 } };
    const three = await reconstruct(scan, { ...attempt, probe: start });
    const one = await reconstruct(scan, { ...attempt, probe: startModes(1) });
    expect(overlap(three.probe, scan.probe)).toBeGreaterThan(0.98);
    for (const [p, share] of shares(three.probe).entries())
      expect(Math.abs(share - shares(scan.probe)[p])).toBeLessThan(0.02);
    expect(three.residuals[39]).toBeLessThan(one.residuals[39] / 3);
    const [good, poor] = [three, one].map(({ picture }) => compare(scan, picture));
    expect(good.error).toBeLessThan(0.09);
    expect(poor.error).toBeGreaterThan(2.5 * good.error);
  });
});

interface Mode {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function modesOf({ shape, re, im }: ComplexArray): Mode[] {
  return Array.from({ length: shape[0] }, (_, p) => ({
    re: Float64Array.from(re.subarray(p * PIXELS, (p + 1) * PIXELS)),
    im: Float64Array.from(im.subarray(p * PIXELS, (p + 1) * PIXELS)),
  }));
}

const energy = ({ re, im }: Mode) => re.reduce((sum, value, i) => sum + value ** 2 + im[i] ** 2, 0);

/** sum conj(a) b. */
function inner(a: Mode, b: Mode): readonly [number, number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < PIXELS; i++) {
    re += a.re[i] * b.re[i] + a.im[i] * b.im[i];
    im += a.re[i] * b.im[i] - a.im[i] * b.re[i];
  }
  return [re, im];
}

/** Orthonormal modes that span the same (Gram and Schmidt). */
function basisOf(modes: ComplexArray): Mode[] {
  const basis: Mode[] = [];
  for (const { re, im } of modesOf(modes)) {
    for (const b of basis) {
      const [c, s] = inner(b, { re, im });
      for (let i = 0; i < PIXELS; i++) {
        re[i] -= c * b.re[i] - s * b.im[i];
        im[i] -= c * b.im[i] + s * b.re[i];
      }
    }
    const norm = Math.sqrt(energy({ re, im }));
    basis.push({ re: re.map((value) => value / norm), im: im.map((value) => value / norm) });
  }
  return basis;
}

/** Mean squared cosine of the angles between what two sets of modes span: 1 for the same space. */
function overlap(a: ComplexArray, b: ComplexArray): number {
  const cosines = basisOf(a).flatMap((x) => basisOf(b).map((y) => Math.hypot(...inner(x, y)) ** 2));
  return cosines.reduce((sum, value) => sum + value, 0) / a.shape[0];
}

/** The coherent beam, and further modes that are the beam times white noise. */
function startModes(count: number): ComplexArray {
  const random = pcg64Random(5);
  const modes = complex64([count, N, N]);
  for (let i = 0; i < count * PIXELS; i++) {
    const [c, s] = i < PIXELS ? [1, 0] : random.normal(0, 0.3, 2);
    modes.re[i] = c * beam.re[i % PIXELS] - s * beam.im[i % PIXELS];
    modes.im[i] = c * beam.im[i % PIXELS] + s * beam.re[i % PIXELS];
  }
  return modes;
}

describe.skipIf(!isSlow)("positions recorded 2 px wrong along each axis", () => {
  const scan = simulate({ patterns: 120, photons: 1e6, seed: 1 });

  it.each(["rpie", "lsqml"])("are corrected to 0.3 px r.m.s. (%s)", async (engine) => {
    const wrong = withPositionError(scan, 2, 4);
    expect(positionError(scan, wrong)).toBeGreaterThan(2.5);
    const settings = { positionStart: 3, positionLimitPx: 8 };
    const found = await reconstruct(scan, { engine, ...wrong, epochs: 24, settings });
    expect(positionError(scan, found)).toBeLessThan(0.3);
    const left = await reconstruct(scan, { engine, ...wrong, epochs: 8 });
    expect(found.residuals[23]).toBeLessThan(left.residuals[7] / 3);
  });
});

describe.skipIf(!isSlow)("5 % of the pixels dead or hot, others saturated", () => {
  const scan = simulate({ patterns: 100, photons: 1e6, seed: 1 });
  const { diffraction, badPixels } = withBadPixels(
    { dtype: "float32", shape: [scan.n, N, N], data: scan.amplitudes },
    0.05,
    3,
  );
  /** Above it a good pixel tells only that there was more. */
  const ceiling = scan.amplitudes.toSorted()[Math.floor(0.998 * scan.amplitudes.length)];
  const spoilt = diffraction.data.map((value, i) =>
    badPixels.data[i % PIXELS] === 1 ? value : Math.min(value, ceiling),
  );
  const masked = spoilt.map((value, i) =>
    badPixels.data[i % PIXELS] === 1 || value === ceiling ? -1 : value,
  );

  it("masked, they leave no trace; fitted, they spoil the picture", async () => {
    const attempt = { engine: "rpie", epochs: 24, settings: { probeStart: 2 } };
    const [clean, found, fitted] = [
      await reconstruct(scan, attempt),
      await reconstruct(scan, { ...attempt, amplitudes: masked }),
      await reconstruct(scan, { ...attempt, amplitudes: spoilt }),
    ].map(({ picture }) => compare(scan, picture));
    expect(found.error).toBeLessThan(1.05 * clean.error);
    expect(found.meanCorrelation).toBeGreaterThan(clean.meanCorrelation - 0.01);
    expect(fitted.error).toBeGreaterThan(5 * clean.error);
    expect(fitted.meanCorrelation).toBeLessThan(clean.meanCorrelation - 0.3);
  });
});

describe.skipIf(!isSlow)("ten thousand photons a pattern", () => {
  it("the Poisson model resolves more than the amplitude model, in the median over five seeds", async () => {
    const scores = { amplitude: [] as number[], poisson: [] as number[] };
    const errors = { amplitude: [] as number[], poisson: [] as number[] };
    for (const seed of [1, 2, 3, 4, 5]) {
      const scan = simulate({ patterns: 150, photons: 1e4, seed });
      for (const noise of ["amplitude", "poisson"] as const) {
        const { picture } = await reconstruct(scan, { engine: "rpie", epochs: 8, settings: { noise } });
        const { halfBit, error } = compare(scan, picture);
        scores[noise].push(halfBit);
        errors[noise].push(error);
      }
    }
    expect(median(scores.poisson)).toBeGreaterThan(1.02 * median(scores.amplitude));
    expect(median(errors.poisson)).toBeLessThan(0.9 * median(errors.amplitude));
  });
});

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
