import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { fft2 } from "../numeric/fft.js";
import { type SimulatedScan, simulateScan } from "../simulation/acquire.js";
import { makeDeadLeavesObject } from "../simulation/objects.js";
import { makeDefocusedProbe, makeDiskProbe } from "../simulation/probes.js";
import { makeRasterScan } from "../simulation/scans.js";
import { estimateProbe } from "./estimate-probe.js";
import { meanPattern } from "./mean-pattern.js";
import { measureCurvature } from "./probe-curvature.js";
import { measureProbeRadius } from "./probe-width.js";
import { readMeasuredScan } from "./read-scan.js";

const N = 64;
const wavelengthM = 1e-10;
const pixelSizeM = 2e-8;
/** Fresnel: the spectrum turns by -pi lambda z f^2, and f = k / (N pixel), so a = -lambda z / (N pixel^2). */
const defocusOf = (curvature: number) => (-curvature * N * pixelSizeM ** 2) / wavelengthM;

function scanWith(probe: ComplexArray, phase = true, photons = 1e5): SimulatedScan {
  return simulateScan({
    object: makeDeadLeavesObject({
      sidePx: 140,
      seed: 3,
      radiusPx: [3, 12],
      ...(phase ? {} : { phaseRad: [0, 0] as const }),
    }),
    probe,
    ...makeRasterScan({ columns: 12, rows: 12, stepPx: 5, centrePx: [70, 70], jitterPx: 1, seed: 5 }),
    photons,
    noise: { kind: "poisson", seed: 6 },
  });
}

/** A lens with a round pupil of `pupilPx` detector pixels, out of focus by `curvature`. */
function lens(pupilPx: number, curvature: number): ComplexArray {
  const pupil = makeDiskProbe({ sidePx: N, radiusPx: pupilPx });
  const re = new Float64Array(N * N);
  const im = new Float64Array(N * N);
  for (let p = 0; p < N * N; p++) {
    const [y, x] = [Math.floor(p / N) - N / 2, (p % N) - N / 2];
    const angle = (Math.PI * curvature * (x * x + y * y)) / N;
    const to = ((y + N) % N) * N + ((x + N) % N);
    re[to] = pupil.re[p] * Math.cos(angle);
    im[to] = pupil.re[p] * Math.sin(angle);
  }
  fft2({ re, im }, N, N, "inverse");
  const centred = (part: Float64Array) =>
    Float32Array.from(part, (_, p) => {
      const [row, column] = [(Math.floor(p / N) + N / 2) % N, ((p % N) + N / 2) % N];
      return part[row * N + column];
    });
  return { dtype: "complex64", shape: [N, N], re: centred(re), im: centred(im) };
}

const energy = ({ re, im }: ComplexArray) => re.reduce((sum, value, i) => sum + value ** 2 + im[i] ** 2, 0);

/** |<a, b>|^2 of two probes over their energies: 1 for equal ones, whatever their phase and brightness. */
function likeness(a: ComplexArray, b: ComplexArray): number {
  let [re, im] = [0, 0];
  for (let p = 0; p < N * N; p++) {
    re += a.re[p] * b.re[p] + a.im[p] * b.im[p];
    im += a.re[p] * b.im[p] - a.im[p] * b.re[p];
  }
  return (re * re + im * im) / energy(a) / energy(b);
}

describe("measureCurvature", () => {
  it.each([0.5, -0.5, 0.9, -0.9])("finds %f with its sign, of a lens out of focus", (curvature) => {
    const { diffraction, xPx, yPx } = scanWith(lens(20, curvature));
    const found = measureCurvature(diffraction, xPx, yPx, meanPattern(diffraction));
    expect((found?.curvature ?? 0) / curvature).toBeGreaterThan(0.85);
    expect((found?.curvature ?? 0) / curvature).toBeLessThan(1.15);
    expect(found?.significance).toBeGreaterThan(8);
  });

  it("is not sure of a beam in focus, with or without phase in the object", () => {
    for (const phase of [true, false]) {
      const { diffraction, xPx, yPx } = scanWith(makeDiskProbe({ sidePx: N, radiusPx: 11 }), phase);
      const found = measureCurvature(diffraction, xPx, yPx, meanPattern(diffraction));
      expect(found?.significance).toBeLessThan(4);
    }
  });

  it("has the sign and unit of Fresnel propagation", () => {
    const { diffraction, xPx, yPx } = scanWith(
      makeDefocusedProbe({ sidePx: N, radiusPx: 2, wavelengthM, pixelSizeM, defocusM: defocusOf(0.8) }),
    );
    const found = measureCurvature(diffraction, xPx, yPx, meanPattern(diffraction));
    expect(found?.curvature).toBeGreaterThan(0.65);
    expect(found?.curvature).toBeLessThan(1);
  });

  it("says nothing of a few patterns", () => {
    const { diffraction, xPx, yPx } = scanWith(lens(20, 0.5));
    const few = float32([5, N, N], diffraction.data.slice(0, 5 * N * N));
    expect(measureCurvature(few, xPx.slice(0, 5), yPx.slice(0, 5), meanPattern(few))).toBeUndefined();
  });
});

describe("measureProbeRadius", () => {
  it.each([
    [6, false, 1e5],
    [11, false, 1e5],
    [16, false, 1e3],
    [11, true, 1e5],
    [16, true, 1e3],
  ])("finds the radius %f of a disk within a quarter, phase %s, %f photons", (radiusPx, phase, photons) => {
    const { diffraction } = scanWith(makeDiskProbe({ sidePx: N, radiusPx }), phase, photons);
    const found = measureProbeRadius(diffraction, meanPattern(diffraction));
    expect(Math.abs(found / radiusPx - 1)).toBeLessThan(0.25);
  });
});

describe("estimateProbe", () => {
  it("of a defocused lens is the lens, and measured", () => {
    const probe = lens(20, -0.6);
    const { diffraction, xPx, yPx } = scanWith(probe);
    const { candidates, isMeasured } = estimateProbe(diffraction, xPx, yPx);
    expect([isMeasured, candidates[0].kind]).toEqual([true, "defocus"]);
    const focused = candidates.find(({ kind }) => kind === "mean-pattern") as (typeof candidates)[0];
    expect(likeness(candidates[0].probe, probe)).toBeGreaterThan(0.6);
    expect(likeness(focused.probe, probe)).toBeLessThan(0.1);
    expect(estimateProbe(diffraction, xPx, yPx, "defocus").candidates).toEqual([candidates[0]]);
  });

  it("of a disk in focus is the disk, not measured, with others to try", () => {
    const probe = makeDiskProbe({ sidePx: N, radiusPx: 11 });
    const { diffraction, xPx, yPx } = scanWith(probe);
    const { candidates, isMeasured } = estimateProbe(diffraction, xPx, yPx);
    expect(isMeasured).toBe(false);
    expect(candidates.map(({ kind }) => kind)).toEqual([
      ...["disk", "disk", "disk", "mean-pattern", "defocus", "defocus"],
    ]);
    expect(likeness(candidates[0].probe, probe)).toBeGreaterThan(0.75);
    for (const kind of ["disk", "mean-pattern", "defocus"] as const)
      expect(new Set(estimateProbe(diffraction, xPx, yPx, kind).candidates.map((c) => c.kind))).toEqual(
        new Set([kind]),
      );
  });

  it("has the energy of the mean pattern, and the mean pattern for its own when in focus", () => {
    const { diffraction, xPx, yPx, meanCounts } = scanWith(lens(20, 0.5));
    for (const { probe, kind } of estimateProbe(diffraction, xPx, yPx).candidates) {
      expect(probe.shape).toEqual([1, N, N]);
      expect(energy(probe) / meanCounts).toBeCloseTo(1, 4);
      if (kind === "disk") continue;
      const field = { re: Float64Array.from(probe.re), im: Float64Array.from(probe.im) };
      fft2(field, N, N, "forward");
      const mean = meanPattern(diffraction);
      let [off, sum] = [0, 0];
      for (let p = 0; p < N * N; p++) {
        const to = ((Math.floor(p / N) + N / 2) % N) * N + (((p % N) + N / 2) % N);
        off += Math.abs((field.re[p] ** 2 + field.im[p] ** 2) / N ** 2 - mean[to]);
        sum += mean[to];
      }
      expect(off / sum).toBeLessThan(0.05);
    }
  });

  it("looks past pixels that were not measured", () => {
    const probe = lens(20, -0.6);
    const { diffraction, xPx, yPx } = scanWith(probe);
    const marked: NdArray<"float32"> = {
      ...diffraction,
      data: diffraction.data.map((value, i) => (i % 101 === 0 || i % (N * N) === 33 * N + 30 ? -1 : value)),
    };
    const { candidates, isMeasured } = estimateProbe(marked, xPx, yPx);
    expect(isMeasured).toBe(true);
    expect(likeness(candidates[0].probe, probe)).toBeGreaterThan(0.6);
  });
});

const dataFolder = process.env.PTYCHOPINN_DATA || "../shared/data";

describe.each([
  // Curvature of the reference probes, fitted to the phase of their spectra.
  ["siemens_star_N128.npz", -1.235],
  ["cryo_particles_N64.npz", 0.475],
])("%s", (name, reference) => {
  const path = `${dataFolder}/${name}`;
  it.skipIf(!existsSync(path))(
    `is measured as defocused (skipped where absent from ${dataFolder})`,
    async () => {
      const { measurement, probe } = await readMeasuredScan(path, { domain: "amplitude", ignoreProbe: true });
      expect(probe).toBeUndefined();
      expect(openNpz(path).has("probeGuess")).toBe(true);
      const { diffraction, xPx, yPx } = measurement;
      const found = measureCurvature(diffraction.array, xPx, yPx, meanPattern(diffraction.array));
      expect(Math.abs((found?.curvature ?? 0) / reference - 1)).toBeLessThan(0.15);
      expect(found?.significance).toBeGreaterThan(6);
    },
  );
});
