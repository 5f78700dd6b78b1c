import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { type EvaluationInput, evaluateReconstruction } from "./evaluate-reconstruction.js";

const SIDE = 96;
const data = process.env.PTYCHOPINN_DATA ?? "../shared/data";

/** Random blobs, moved by [dx, dy]; `weight` sets how much amplitude and phase vary. */
function specimen(weight: { amplitude: number; phase: number }, dx = 0, dy = 0): ComplexArray {
  const draws = pcg64Random(11).randoms(4 * 120);
  const object = complex64([SIDE, SIDE]);
  for (let i = 0; i < SIDE * SIDE; i++) {
    let a = 1;
    let p = 0;
    for (let k = 0; k < draws.length; k += 4) {
      const x = (i % SIDE) - dx - draws[k] * SIDE;
      const y = Math.floor(i / SIDE) - dy - draws[k + 1] * SIDE;
      const blob = Math.exp(-(x * x + y * y) / 12);
      a += weight.amplitude * (draws[k + 2] - 0.5) * 2 * blob;
      p += weight.phase * (draws[k + 3] - 0.5) * 2 * blob;
    }
    object.re[i] = a * Math.cos(p);
    object.im[i] = a * Math.sin(p);
  }
  return object;
}

/** A canvas cut from the truth at [x, y], as a stitched reconstruction of it would be placed. */
function cut(truth: ComplexArray, x: number, y: number, width: number, height: number): ComplexArray {
  const canvas = complex64([height, width]);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const from = (y + row) * truth.shape[1] + x + column;
      canvas.re[row * width + column] = truth.re[from];
      canvas.im[row * width + column] = truth.im[from];
    }
  return canvas;
}

const grid = Array.from({ length: 64 }, (_, i) => i);
const xPx = grid.map((i) => 30.3 + (i % 8) * 5.1);
const yPx = grid.map((i) => 28.4 + Math.floor(i / 8) * 4.9);

function inputFor(object: ComplexArray, originPx: [number, number], truth: ComplexArray): EvaluationInput {
  const coverage = float32(object.shape, new Float32Array(object.re.length).fill(1));
  return { object, originPx, coverage, truth, xPx, yPx };
}

describe("evaluateReconstruction", () => {
  const truth = specimen({ amplitude: 0.3, phase: 0.5 });

  it("scores the truth itself as perfect, in the scanned rectangle", () => {
    const metrics = evaluateReconstruction(inputFor(truth, [0, 0], truth));
    expect(metrics.amplitude.ssim).toBeCloseTo(1, 6);
    expect(metrics.phase.ssim).toBeCloseTo(1, 5);
    expect(metrics.amplitude.correlation).toBeCloseTo(1, 6);
    expect(metrics.amplitude.mae).toBeLessThan(1e-6);
    expect(metrics.shift_px).toEqual([0, 0]);
    expect(metrics.crop).toEqual({ x: 30, y: 28, width: 37, height: 36, covered: 1 });
    expect(metrics.amplitude.psnr_peak).toBeGreaterThan(0.4);
  });

  it("takes the origin of the canvas, a wrong scale, a ramp and a shift into account", () => {
    for (const kind of [
      { amplitude: 0.3, phase: 0.1, on: "amplitude" },
      { amplitude: 0.02, phase: 0.6, on: "phase" },
    ]) {
      const known = specimen(kind);
      const canvas = cut(known, 10, 8, 76, 80);
      for (let i = 0; i < canvas.re.length; i++) {
        const angle = 0.9 * (i % 76) - 0.7 * Math.floor(i / 76) + 2;
        const [re, im] = [canvas.re[i], canvas.im[i]];
        canvas.re[i] = 7 * (re * Math.cos(angle) - im * Math.sin(angle));
        canvas.im[i] = 7 * (re * Math.sin(angle) + im * Math.cos(angle));
      }
      // The canvas claims to lie 3 px further right and 2 px further up than it does: the truth lies at truth + [3, -2] in it.
      const metrics = evaluateReconstruction(inputFor(canvas, [13, 6], known), { cropPx: 40 });
      expect(metrics.registered_on).toBe(kind.on);
      expect(metrics.shift_px).toEqual([3, -2]);
      expect(metrics.amplitude.scale).toBeCloseTo(1 / 7, 5);
      expect(metrics.amplitude.ssim).toBeGreaterThan(0.9999);
      expect(metrics.phase.ssim).toBeGreaterThan(0.9999);
      expect(metrics.crop).toMatchObject({ width: 40, height: 40 });
      const asPlaced = evaluateReconstruction(inputFor(canvas, [13, 6], known), {
        cropPx: 40,
        registration: "none",
      });
      expect(asPlaced.registered_on).toBe("none");
      expect(asPlaced.amplitude.correlation).toBeLessThan(0.9);
    }
  });

  it("registers to a fraction of a pixel when asked", () => {
    const moved = specimen({ amplitude: 0.3, phase: 0.5 }, 1.3, -0.6);
    const whole = evaluateReconstruction(inputFor(moved, [0, 0], truth), { cropPx: 40 });
    const fine = evaluateReconstruction(inputFor(moved, [0, 0], truth), {
      cropPx: 40,
      registration: "subpixel",
    });
    expect(whole.shift_px).toEqual([1, -1]);
    expect(Math.abs(fine.shift_px[0] - 1.3)).toBeLessThan(0.1);
    expect(Math.abs(fine.shift_px[1] + 0.6)).toBeLessThan(0.1);
    expect(fine.amplitude.mae).toBeLessThan(whole.amplitude.mae / 3);
  });

  it("says how much of the window was measured", () => {
    const input = inputFor(truth, [0, 0], truth);
    for (let i = 0; i < SIDE * 46; i++) input.coverage.data[i] = 0;
    const covered = evaluateReconstruction(input, { cropPx: 40, registration: "none" }).crop;
    expect(covered.covered).toBeCloseTo((covered.y + 40 - 46) / 40, 10);
  });

  it("has no phase score against a truth without phase, and is finite as JSON", () => {
    const flat = specimen({ amplitude: 0.3, phase: 0 });
    const metrics = evaluateReconstruction(inputFor(truth, [0, 0], flat));
    expect(metrics.phase.ssim).toBeNull();
    expect(metrics.phase.psnr).toBeNull();
    expect(metrics.phase.mae).toBeGreaterThan(0.05);
  });

  it("refuses windows that do not fit and positions that do not belong together", () => {
    const input = inputFor(truth, [0, 0], truth);
    expect(() => evaluateReconstruction(input, { cropPx: 95 })).toThrow(/smaller crop/);
    expect(() => evaluateReconstruction(input, { cropPx: 6.5 })).toThrow(/whole number/);
    expect(() => evaluateReconstruction({ ...input, originPx: [90, 0] })).toThrow(/scanned area/);
    expect(() => evaluateReconstruction({ ...input, xPx: [] })).toThrow(/scan positions/);
    expect(() => evaluateReconstruction({ ...input, coverage: float32([3, 3]) })).toThrow(/coverage/);
  });
});

const lines = `${data}/sim_lines_N64.npz`;
describe.skipIf(!existsSync(lines))(`the table of ${data}/README.md`, () => {
  const npz = () => openNpz(lines);
  const coordinates = (name: string) => (npz().read(name) as NdArray<"float64">).data;

  it("a flat image scores 0.170, the truth 1, in the central 100 px", () => {
    const truth = npz().read("objectGuess") as ComplexArray;
    const place = { xPx: coordinates("xcoords"), yPx: coordinates("ycoords") };
    const flat = complex64(truth.shape, new Float32Array(truth.re.length).fill(1));
    const ofFlat = evaluateReconstruction({ ...inputFor(flat, [0, 0], truth), ...place }, { cropPx: 100 });
    expect(ofFlat.amplitude.ssim).toBeCloseTo(0.17, 3);
    expect(ofFlat.amplitude.correlation).toBeNull();
    const ofTruth = evaluateReconstruction({ ...inputFor(truth, [0, 0], truth), ...place }, { cropPx: 100 });
    expect(ofTruth.amplitude.ssim).toBeCloseTo(1, 9);
    expect(ofTruth.phase.ssim).toBeNull();
  });
});
