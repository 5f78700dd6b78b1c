import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32 } from "../core/ndarray.js";
import { fft2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { compareHalves } from "./compare-halves.js";
import type { PlacedObject } from "./covered-area.js";

const EDGE = 128;
const COVERED = { x: 20, y: 24, width: 88, height: 80 };

/** Smooth periodic field [EDGE, EDGE] of mean 0 and deviation 1, white up to `limit` cycles per pixel. */
function smoothField(seed: number, limit: number): Float64Array {
  const buffer = { re: pcg64Random(seed).standardNormal(EDGE * EDGE), im: new Float64Array(EDGE * EDGE) };
  fft2(buffer, EDGE, EDGE, "forward");
  const signed = (k: number) => (k < EDGE / 2 ? k : k - EDGE) / EDGE;
  for (let i = 0; i < buffer.re.length; i++) {
    const f = Math.hypot(signed(i % EDGE), signed(Math.floor(i / EDGE)));
    if (f > limit || f === 0) [buffer.re[i], buffer.im[i]] = [0, 0];
  }
  fft2(buffer, EDGE, EDGE, "inverse");
  const deviation = Math.sqrt(buffer.re.reduce((sum, v) => sum + v * v, 0) / buffer.re.length);
  return buffer.re.map((v) => v / deviation);
}

interface Recipe {
  readonly phase: Float64Array;
  readonly amplitude?: Float64Array;
  /** Deviation of complex noise per part. */
  readonly noise?: number;
  readonly seed?: number;
  /** Added phase, per column, per row, everywhere. */
  readonly ramp?: readonly [number, number, number];
  readonly scale?: number;
  /** Content moved by this much. */
  readonly movedPx?: readonly [number, number];
  readonly originPx?: readonly [number, number];
}

/** A reconstruction: exp(i phase) (1 + 0.1 amplitude) with everything that ptychography leaves open. */
function reconstruction(recipe: Recipe): PlacedObject {
  const random = pcg64Random(recipe.seed ?? 0);
  const n = EDGE * EDGE;
  const re = new Float64Array(n);
  const im = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const amplitude = 1 + 0.1 * (recipe.amplitude?.[i] ?? 0);
    re[i] = amplitude * Math.cos(recipe.phase[i]);
    im[i] = amplitude * Math.sin(recipe.phase[i]);
  }
  const [mx, my] = recipe.movedPx ?? [0, 0];
  const signed = (k: number) => (k < EDGE / 2 ? k : k - EDGE) / EDGE;
  fft2({ re, im }, EDGE, EDGE, "forward");
  for (let i = 0; i < n; i++) {
    const angle = -2 * Math.PI * (mx * signed(i % EDGE) + my * signed(Math.floor(i / EDGE)));
    const [r, m] = [re[i], im[i]];
    re[i] = r * Math.cos(angle) - m * Math.sin(angle);
    im[i] = r * Math.sin(angle) + m * Math.cos(angle);
  }
  fft2({ re, im }, EDGE, EDGE, "inverse");
  const [sx, sy, s0] = recipe.ramp ?? [0, 0, 0];
  const scale = recipe.scale ?? 1;
  const noise = recipe.noise ?? 0;
  const noiseRe = random.standardNormal(n);
  const noiseIm = random.standardNormal(n);
  const object: ComplexArray = complex64([EDGE, EDGE]);
  const coverage = float32([EDGE, EDGE]);
  for (let i = 0; i < n; i++) {
    const x = i % EDGE;
    const y = Math.floor(i / EDGE);
    const [r, m] = [re[i] + noise * noiseRe[i], im[i] + noise * noiseIm[i]];
    const angle = sx * x + sy * y + s0;
    object.re[i] = scale * (r * Math.cos(angle) - m * Math.sin(angle));
    object.im[i] = scale * (r * Math.sin(angle) + m * Math.cos(angle));
    const inside = (v: number, from: number, size: number, rim: number) =>
      v >= from - rim && v < from + size + rim;
    if (inside(x, COVERED.x, COVERED.width, 0) && inside(y, COVERED.y, COVERED.height, 0))
      coverage.data[i] = 5;
    else if (inside(x, COVERED.x, COVERED.width, 12) && inside(y, COVERED.y, COVERED.height, 12))
      coverage.data[i] = 0.5;
    else object.re[i] = Number.NaN; // not covered: must not be read
  }
  return { object, coverage, originPx: recipe.originPx ?? [0, 0] };
}

const phase = smoothField(1, 0.15).map((v) => 0.5 * v);
const amplitude = smoothField(2, 0.15);

describe("compareHalves", () => {
  it("finds two copies equal whatever shift, ramp, scale, global phase and origin", () => {
    const a = reconstruction({ phase, amplitude, ramp: [0.01, -0.02, 0.3], originPx: [100, -50] });
    const b = reconstruction({
      phase,
      amplitude,
      ramp: [-0.05, 0.06, 2.5],
      scale: 2.5,
      movedPx: [2.3, -1.6],
      originPx: [100.25, -50],
    });
    const found = compareHalves(a, b);
    expect(found.phaseCorrelation).toBeGreaterThan(0.999);
    expect(found.phasorCorrelation).toBeGreaterThan(0.999);
    expect(found.amplitudeCorrelation).toBeGreaterThan(0.995);
    expect(found.wrappedFraction).toBe(0);
    expect(found.shiftPx[0]).toBeCloseTo(2.55, 1);
    expect(found.shiftPx[1]).toBeCloseTo(-1.6, 1);
    expect(found.rampRadPerPx[0]).toBeCloseTo(-0.06, 3);
    expect(found.rampRadPerPx[1]).toBeCloseTo(0.08, 3);
    expect(found.amplitudeScale).toBeCloseTo(1 / 2.5, 3);
    expect(found.area.rectangle).toEqual({ ...COVERED, x: COVERED.x + 100, y: COVERED.y - 50 });
    const band = found.rings.correlation.filter((_, i) => found.rings.frequency[i] < 0.14);
    for (const value of band) expect(value).toBeGreaterThan(0.99);
  });

  it("compares as placed when told to", () => {
    const a = reconstruction({ phase, amplitude });
    const b = reconstruction({ phase, amplitude, movedPx: [4, 0] });
    const found = compareHalves(a, b, { searchPx: 0 });
    expect(found.shiftPx).toEqual([0, 0]);
    expect(found.phaseCorrelation).toBeLessThan(0.7);
    expect(compareHalves(a, b, { searchPx: 2 }).shiftPx[0]).toBeLessThanOrEqual(2);
    expect(() => compareHalves(a, b, { searchPx: -1 })).toThrow(/searchPx/);
  });

  it("gives the correlation that the noise allows", () => {
    // Phase noise of a unit amplitude is the noise across it: correlation 0.25 / (0.25 + 0.2^2).
    const halves = [1, 2].map((seed) => reconstruction({ phase, noise: 0.2, seed }));
    const found = compareHalves(halves[0], halves[1]);
    expect(Math.abs((found.phaseCorrelation ?? 0) - 0.25 / 0.29)).toBeLessThan(0.03);
    expect(Math.abs((found.phasorCorrelation ?? 0) - 0.25 / 0.29)).toBeLessThan(0.04);
    expect(Math.abs(found.amplitudeCorrelation ?? 1)).toBeLessThan(0.1);
    expect(Math.hypot(...found.shiftPx)).toBeLessThan(0.1);
    // The signal, at some 8 times the noise in power, ends at 0.15 but for what exp(i phase) adds beyond.
    expect(found.rings.halfBitCrossing.verdict).toBe("crosses");
    expect(found.halfBitPeriodPx).toBeGreaterThan(2.5);
    expect(found.halfBitPeriodPx).toBeLessThan(1 / 0.15);
  });

  it("finds no agreement between unrelated pictures, not even in a ramp they share", () => {
    for (let seed = 0; seed < 3; seed++) {
      const ramp = [0.05, 0.03, 1] as const;
      const a = reconstruction({ phase: smoothField(10 + seed, 0.15), ramp, noise: 0.1, seed: 1 });
      const b = reconstruction({ phase: smoothField(20 + seed, 0.15), ramp, noise: 0.1, seed: 2 });
      const found = compareHalves(a, b);
      expect(Math.abs(found.phaseCorrelation ?? 1)).toBeLessThan(0.12);
      expect(Math.abs(found.phasorCorrelation ?? 1)).toBeLessThan(0.12);
      expect(Math.abs(found.amplitudeCorrelation ?? 1)).toBeLessThan(0.12);
    }
  });

  it("does not cut phases that span less than a turn, however lopsided", () => {
    // Flat ground at 0 and a few islands at 3.2 rad: a cut at pi from the ground would run through the islands.
    const steps = smoothField(3, 0.05).map((v) => (v > 0.8 ? 3.2 : 0));
    const halves = [1, 2].map((seed) => reconstruction({ phase: steps, noise: 0.15, seed }));
    const found = compareHalves(halves[0], halves[1]);
    expect(found.wrappedFraction).toBeLessThan(0.002);
    expect(found.phaseCorrelation).toBeGreaterThan(0.95);
  });

  it("keeps a fair figure for phases of several turns", () => {
    const strong = smoothField(4, 0.04).map((v) => 3 * v);
    const halves = [1, 2].map((seed) => reconstruction({ phase: strong, noise: 0.15, seed }));
    const found = compareHalves(halves[0], halves[1]);
    expect(found.wrappedFraction).toBeGreaterThan(0.01);
    expect(found.phasorCorrelation).toBeGreaterThan(0.95);
    expect(found.phasorCorrelation).toBeGreaterThan(found.phaseCorrelation ?? 1);
  });

  it("has no figure for a constant phase, and refuses what diverged", () => {
    const flat = reconstruction({ phase: new Float64Array(EDGE * EDGE), amplitude });
    expect(compareHalves(flat, flat).phasorCorrelation).toBeNull();
    const broken = reconstruction({ phase });
    broken.object.im[64 * EDGE + 64] = Number.POSITIVE_INFINITY;
    expect(() => compareHalves(reconstruction({ phase }), broken)).toThrow(/not finite/);
  });
});
