import { describe, expect, it } from "vitest";
import type { ComplexArray } from "../core/ndarray.js";
import { makeFft2 } from "../numeric/fft.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { layeredShapes, letterImage, siemensStar } from "./drawn-shapes.js";
import { OBJECT_KINDS } from "./kinds.js";
import { makeObject } from "./make-object.js";
import { perlinField, simplexField, whiteField } from "./noise-fields.js";
import { compressPhase } from "./object-phase.js";
import { polyhedraThickness } from "./polyhedra.js";

const amplitudes = ({ re, im }: ComplexArray) => Array.from(re, (value, i) => Math.hypot(value, im[i]));
const phases = ({ re, im }: ComplexArray) => Array.from(re, (value, i) => Math.atan2(im[i], value));
const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe.each(OBJECT_KINDS)("object %s", (kind) => {
  const request = { sidePx: 64, seed: 5, phase: true };
  const object = makeObject(kind, request);

  it("has contrast in amplitude and phase, is finite, and repeats with its seed", () => {
    expect(object.shape).toEqual([64, 64]);
    expect(object.re.every(Number.isFinite) && object.im.every(Number.isFinite)).toBe(true);
    expect(range(amplitudes(object))).toBeGreaterThan(0.2);
    expect(range(phases(object))).toBeGreaterThan(0.3);
    expect(makeObject(kind, request)).toEqual(object);
    const other = makeObject(kind, { ...request, seed: 6 });
    if (kind === "siemens_star") expect(other).toEqual(object);
    else expect(other).not.toEqual(object);
  });

  it("keeps its amplitude and loses its phase as a real object", () => {
    const real = makeObject(kind, { ...request, phase: false });
    expect(Math.max(...real.im.map(Math.abs))).toBe(0);
    const of = amplitudes(object);
    expect(Math.max(...real.re.map((value, i) => Math.abs(value - of[i])))).toBeLessThan(1e-5);
  });
});

describe("noise fields", () => {
  const side = 128;
  /** Share of the power above a third of the Nyquist frequency. */
  const roughness = (field: Float64Array) => {
    const spectrum = { re: field.slice(), im: new Float64Array(field.length) };
    makeFft2(side, side)(spectrum, "forward");
    let [high, all] = [0, 0];
    for (let i = 1; i < field.length; i++) {
      const [x, y] = [i % side, Math.floor(i / side)].map((k) => Math.min(k, side - k));
      const power = spectrum.re[i] ** 2 + spectrum.im[i] ** 2;
      all += power;
      if (Math.hypot(x, y) > side / 6) high += power;
    }
    return high / all;
  };

  it("fill 0 .. 1; blur and lattice noise are smooth where white noise is not", () => {
    const fields = {
      white: whiteField(side, 0, pcg64Random(1)),
      blurred: whiteField(side, 2, pcg64Random(1)),
      perlin: perlinField(side, pcg64Random(1)),
      simplex: simplexField(side, pcg64Random(1)),
    };
    for (const field of Object.values(fields)) {
      expect(Math.min(...field)).toBe(0);
      expect(Math.max(...field)).toBe(1);
    }
    expect(roughness(fields.white)).toBeGreaterThan(0.8);
    for (const smooth of [fields.blurred, fields.perlin, fields.simplex])
      expect(roughness(smooth)).toBeLessThan(0.15);
  });

  it("are continuous across lattice lines", () => {
    for (const field of [perlinField(side, pcg64Random(3)), simplexField(side, pcg64Random(3))]) {
      const steps = Array.from(field, (value, i) => (i % side === 0 ? 0 : Math.abs(value - field[i - 1])));
      expect(Math.max(...steps)).toBeLessThan(0.25);
    }
  });
});

describe("Siemens star", () => {
  it("alternates 2 spokes times along a circle and is 0 outside and in the middle", () => {
    const side = 200;
    const star = siemensStar(side, 12);
    const at = (radius: number, angle: number) =>
      star[
        Math.floor(side / 2 + radius * Math.sin(angle)) * side +
          Math.floor(side / 2 + radius * Math.cos(angle))
      ];
    let changes = 0;
    const turns = 4800;
    for (let k = 0; k < turns; k++) {
      const [now, next] = [k, k + 1].map((i) => at(70, (2 * Math.PI * (i + 0.5)) / turns) > 0.5);
      if (now !== next) changes++;
    }
    expect(changes).toBe(24);
    expect(star[0]).toBe(0);
    expect(star[(side / 2) * side + side / 2]).toBe(0);
    // Half of the ring between the radii is bright.
    const area = Math.PI * ((0.45 * side) ** 2 - (12 / Math.PI) ** 2);
    expect(star.reduce((sum, value) => sum + value, 0) / (area / 2)).toBeCloseTo(1, 2);
    expect(() => siemensStar(side, 1)).toThrow(/spokes/);
  });
});

describe("drawn shapes", () => {
  it("polyhedra are as thick as their planes say, nowhere negative, and not cut at a box", () => {
    const side = 160;
    const thickness = polyhedraThickness(side, pcg64Random(4));
    expect(Math.min(...thickness)).toBeGreaterThanOrEqual(0);
    // No polyhedron is longer through than its uncut box: 2 sqrt(3) 1.1 of the largest radius, and few overlap.
    expect(Math.max(...thickness)).toBeGreaterThan(0.1 * side);
    const empty = thickness.filter((value) => value === 0).length / thickness.length;
    expect(empty).toBeGreaterThan(0.05);
    // Convex solids end gently: along a line the thickness does not jump by more than a facet at a grazing angle can.
    const jumps = thickness.filter(
      (value, i) => i % side > 0 && Math.abs(value - thickness[i - 1]) > 0.1 * side,
    );
    expect(jumps.length / thickness.length).toBeLessThan(0.01);
  });

  it("letters and layers stay in 0 .. 1 and letters need room", () => {
    for (const image of [letterImage(64, pcg64Random(1)), layeredShapes(64, pcg64Random(1))]) {
      expect(Math.min(...image)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...image)).toBeLessThanOrEqual(1 + 1e-12);
    }
    expect(() => letterImage(31, pcg64Random(1))).toThrow(/32 pixels/);
  });
});

describe("compressPhase", () => {
  it("scales the wrapped phase and leaves the amplitude", () => {
    const object = makeObject("lines", { sidePx: 32, seed: 1, phase: true });
    const small = compressPhase(object, 0.5);
    const compressed = phases(small);
    const errors = phases(object).map((phase, i) => Math.abs(compressed[i] - (phase * 0.5) / Math.PI));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
    expect(amplitudes(small)[9]).toBeCloseTo(amplitudes(object)[9], 5);
  });
});
