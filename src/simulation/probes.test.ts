import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { defaultDiskRadiusPx, makeDefocusedProbe, makeDiskProbe } from "./probes.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/default_probe.npz`;
const energy = (probe: ComplexArray) => probe.re.reduce((sum, re, i) => sum + re * re + probe.im[i] ** 2, 0);
const beam = { sidePx: 64, wavelengthM: 1.24e-10, pixelSizeM: 20e-9 };

describe("disk probe", () => {
  it("has the radius asked for", () => {
    const probe = makeDiskProbe({ sidePx: 64, radiusPx: 15, edgePx: 0.8 });
    const area = probe.re.reduce((sum, value) => sum + value, 0);
    expect(Math.abs(area / (Math.PI * 15 ** 2) - 1)).toBeLessThan(0.02);
    expect(() => makeDiskProbe({ sidePx: 64, radiusPx: 33 })).toThrow(/radius/);
  });
});

describe("defocused probe", () => {
  it("is the disk at 0, keeps its energy, and comes back from there", () => {
    const disk = makeDiskProbe(beam);
    const focused = makeDefocusedProbe({ ...beam, defocusM: 0 });
    const defocused = makeDefocusedProbe({ ...beam, defocusM: 1e-4 });
    for (let i = 0; i < disk.re.length; i++) expect(focused.re[i]).toBeCloseTo(disk.re[i], 5);
    expect(energy(defocused)).toBeCloseTo(energy(disk), 1);
    expect(defocused.im.some((value) => Math.abs(value) > 0.2)).toBe(true);
  });

  it("goes back as it came, and turns a frequency by Fresnel's quadratic phase", () => {
    const once = makeDefocusedProbe({ ...beam, defocusM: 1.2e-4 });
    const back = makeDefocusedProbe({ ...beam, defocusM: -1.2e-4 });
    // The disk is real and even, so going back conjugates the field.
    for (let i = 0; i < once.re.length; i++) {
      expect(back.re[i]).toBeCloseTo(once.re[i], 5);
      expect(back.im[i]).toBeCloseTo(-once.im[i], 5);
    }
    // The spectrum at 4 cycles across the array turns by -pi lambda z f^2.
    const frequency = 4 / (64 * beam.pixelSizeM);
    const project = (probe: ComplexArray) => {
      let [re, im] = [0, 0];
      for (let i = 0; i < probe.re.length; i++) {
        const angle = (-2 * Math.PI * 4 * (i % 64)) / 64;
        re += probe.re[i] * Math.cos(angle) - probe.im[i] * Math.sin(angle);
        im += probe.re[i] * Math.sin(angle) + probe.im[i] * Math.cos(angle);
      }
      return Math.atan2(im, re);
    };
    const turned = project(once) - project(makeDiskProbe(beam));
    const expected = -Math.PI * beam.wavelengthM * 1.2e-4 * frequency ** 2;
    expect(Math.atan2(Math.sin(turned - expected), Math.cos(turned - expected))).toBeCloseTo(0, 4);
  });

  it("refuses a defocus that its sampling cannot carry", () => {
    expect(() => makeDefocusedProbe({ ...beam, defocusM: 1 })).toThrow(/use at most 0.000206 m/);
  });
});

describe.skipIf(!existsSync(golden))(`golden default_probe (${golden})`, () => {
  it.each([
    [64, 0.7],
    [64, 0.55],
    [128, 0.7],
    [128, 0.55],
  ])("N %i, scale %f", (sidePx, scale) => {
    const name = `probe_${sidePx}_s${String(scale).replace(".", "p")}`;
    const expected = (openNpz(golden).read(name) as NdArray<"float64">).data;
    const probe = makeDiskProbe({ sidePx, radiusPx: defaultDiskRadiusPx(sidePx, scale) });
    expected.forEach((value, i) => {
      expect(probe.re[i]).toBeCloseTo(value, 6);
    });
  });
});
