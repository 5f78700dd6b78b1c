// The scan file that `simulate` writes, and `evaluate` on it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ComplexArray, float32, float64, type NdArray } from "../src/core/ndarray.js";
import type { TextArray } from "../src/formats/npy.js";
import { openNpz, writeNpz } from "../src/formats/npz.js";
import { extractPatch } from "../src/simulation/acquire.js";
import { runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-simulate-"));
const at = (name: string) => join(folder, name);
beforeAll(() => writeSmallScan(at("scan.npz"), 30));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("simulate", () => {
  it("writes amplitudes, probe and object that belong together, and the way to counts", () => {
    const npz = openNpz(at("scan.npz"));
    const read = (key: string) => npz.read(key) as NdArray<"float32">;
    const diffraction = read("diffraction");
    expect(read("diff3d")).toEqual(diffraction);
    expect([diffraction.shape, npz.header("probeGuess").shape]).toEqual([
      [30, 64, 64],
      [64, 64],
    ]);
    const { physics_parameters, additional_parameters } = JSON.parse(
      (npz.read("_metadata") as TextArray).values[0],
    );
    expect(physics_parameters).toEqual({ nphotons: 1e6, N: 64 });
    const factor: number = additional_parameters.counts_per_squared_amplitude;
    let counts = 0;
    let notWhole = 0;
    for (const amplitude of diffraction.data) {
      const count = factor * amplitude ** 2;
      if (Math.abs(count - Math.round(count)) > 1e-6 * count + 1e-3) notWhole++;
      counts += count;
    }
    expect(notWhole).toBe(0);
    expect(counts / 30 / 1e6).toBeCloseTo(1, 2);
    // Parseval: the energy of probe x object is that of the pattern, up to the noise of a million photons.
    const [object, probe] = ["objectGuess", "probeGuess"].map((key) => npz.read(key) as ComplexArray);
    const [x, y] = ["xcoords", "ycoords"].map((key) => npz.read(key) as NdArray<"float64">);
    const patch = extractPatch(object, x.data[11], y.data[11], 64);
    let exit = 0;
    for (let i = 0; i < 64 * 64; i++)
      exit += (probe.re[i] ** 2 + probe.im[i] ** 2) * (patch.re[i] ** 2 + patch.im[i] ** 2);
    const pattern = diffraction.data.subarray(11 * 4096, 12 * 4096);
    expect(pattern.reduce((sum, value) => sum + value ** 2, 0) / exit).toBeCloseTo(1, 2);
    for (const value of [...x.data, ...y.data]) {
      expect(value).toBeGreaterThanOrEqual(32);
      expect(value).toBeLessThanOrEqual(64);
    }
  });

  it("gives equal bytes for equal requests, others for another seed", async () => {
    await writeSmallScan(at("again.npz"), 30);
    await writeSmallScan(at("other.npz"), 30, { seed: 4 });
    expect(readFileSync(at("again.npz")).equals(readFileSync(at("scan.npz")))).toBe(true);
    expect(readFileSync(at("other.npz")).equals(readFileSync(at("scan.npz")))).toBe(false);
  });

  it.each([
    ["fermat", "lines", "defocus", 7],
    ["raster", "lines", "disk", 1],
  ] as const)("%s, %s, %s, %i patterns", async (scan, object, probe, patterns) => {
    await writeSmallScan(at("kind.npz"), patterns, { scan, object, probe, phase: false });
    const npz = openNpz(at("kind.npz"));
    expect(npz.header("xcoords").shape).toEqual([patterns]);
    const truth = npz.read("objectGuess") as ComplexArray;
    expect(truth.im.every((value) => value === 0)).toBe(true);
  });
});

describe("simulate with faults", () => {
  const read = (name: string, key: string) => openNpz(at(name)).read(key) as NdArray<"float64">;

  it("--probe-modes: modes whose summed intensities are the patterns", async () => {
    await writeSmallScan(at("modes.npz"), 30, { probeModes: 3, photons: 1e8 });
    const npz = openNpz(at("modes.npz"));
    const probe = npz.read("probeGuess") as ComplexArray;
    expect(probe.shape).toEqual([3, 64, 64]);
    const object = npz.read("objectGuess") as ComplexArray;
    const patch = extractPatch(
      object,
      read("modes.npz", "xcoords").data[7],
      read("modes.npz", "ycoords").data[7],
      64,
    );
    let exit = 0;
    for (let i = 0; i < 3 * 4096; i++)
      exit += (probe.re[i] ** 2 + probe.im[i] ** 2) * (patch.re[i % 4096] ** 2 + patch.im[i % 4096] ** 2);
    const pattern = (npz.read("diffraction") as NdArray<"float32">).data.subarray(7 * 4096, 8 * 4096);
    expect(pattern.reduce((sum, value) => sum + value ** 2, 0) / exit).toBeCloseTo(1, 2);
  });

  it("--position-error: recorded positions err, the true ones and the patterns stay", async () => {
    await writeSmallScan(at("moved.npz"), 30, { positionErrorPx: 2 });
    const differences: number[] = [];
    for (const key of ["xcoords", "ycoords"]) {
      expect(read("moved.npz", `${key}_true`)).toEqual(read("scan.npz", key));
      expect(read("moved.npz", `${key}_start`)).toEqual(read("moved.npz", key));
      read("moved.npz", key).data.forEach((value, i) => {
        differences.push(value - read("scan.npz", key).data[i]);
      });
    }
    const rms = Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / 60);
    expect(Math.abs(rms / 2 - 1)).toBeLessThan(4 / Math.sqrt(120));
    expect(read("moved.npz", "diffraction")).toEqual(read("scan.npz", "diffraction"));
  });

  it("--bad-pixels: the mask in the file is that of the pixels that changed", async () => {
    const { code, err } = await runHere(
      ...["simulate", "--output_file", at("faulty.npz"), "--object", "dead_leaves", "--n_images", "30"],
      ...["--object_size", "96", "--n_photons", "1e6", "--seed", "3", "--bad_pixels", "0.01"],
    );
    expect(code, err).toBe(0);
    const bad = (openNpz(at("faulty.npz")).read("bad_pixels") as NdArray<"bool">).data;
    expect(bad.reduce((sum, value) => sum + value, 0)).toBe(41);
    const [good, faulty] = ["scan.npz", "faulty.npz"].map((name) => read(name, "diffraction").data);
    let same = true;
    good.forEach((value, i) => {
      if (bad[i % 4096] === 0 && value !== faulty[i]) same = false;
    });
    expect(same).toBe(true);
    expect(openNpz(at("scan.npz")).has("bad_pixels")).toBe(false);
    const refused = await runHere("simulate", "--output_file", at("no.npz"), "--bad_pixels", "0.9");
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining("--bad_pixels: expected a number in"),
    ]);
  });

  it("without faults writes the same bytes as when none are named", async () => {
    await writeSmallScan(at("none.npz"), 30, { probeModes: 1, positionErrorPx: 0, badPixelFraction: 0 });
    expect(readFileSync(at("none.npz")).equals(readFileSync(at("scan.npz")))).toBe(true);
  });
});

describe("evaluate", () => {
  /** The truth, `movedPx` pixels to the right and with another scale, as a reconstruction whose origin is (0, 0). */
  function writeTruthAsFound(name: string, movedPx: number): void {
    const truth = openNpz(at("scan.npz")).read("objectGuess") as ComplexArray;
    const width = truth.shape[1];
    const moved = (part: Float32Array) =>
      part.map((_, i) => (i % width < movedPx ? 0 : 3 * part[i - movedPx]));
    writeNpz(at(name), [
      ["object", { ...truth, re: moved(truth.re), im: moved(truth.im) }],
      ["coverage", float32(truth.shape, new Float32Array(truth.re.length).fill(1))],
      ["origin_px", float64([2], [0, 0])],
    ]);
  }

  it("finds shift and scale of the truth itself, and scores it as perfect", async () => {
    writeTruthAsFound("reconstruction.npz", 3);
    const { code, err } = await runHere(
      ...["evaluate", folder, "--truth", at("scan.npz"), "--output", at("new/metrics.json")],
    );
    expect(code, err).toBe(0);
    const metrics = JSON.parse(readFileSync(at("new/metrics.json"), "utf8"));
    expect(metrics.shift_px).toEqual([3, 0]);
    expect(metrics.amplitude.scale).toBeCloseTo(1 / 3, 5);
    expect(metrics.amplitude.ssim).toBeCloseTo(1, 5);
    expect(metrics.phase.ssim).toBeCloseTo(1, 4);
    expect(metrics.inputs.truth).toBe(at("scan.npz"));
  });

  it("never writes over its inputs, and warns when the match lies at the end of the search", async () => {
    writeTruthAsFound("far.npz", 9);
    const before = readFileSync(at("scan.npz"));
    const refused = await runHere(
      ...["evaluate", at("far.npz"), "--truth", at("scan.npz"), "--output", at("scan.npz")],
    );
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("would be overwritten");
    expect(readFileSync(at("scan.npz")).equals(before)).toBe(true);
    expect(existsSync(at("far.json"))).toBe(false);
    const far = await runHere("evaluate", at("far.npz"), "--truth", at("scan.npz"));
    expect(far.code).toBe(0);
    expect(far.err).toContain("end of the search");
  });
});
