// What simulate can be asked for beside its defaults: parts from files, detectors, series of doses, and refusals.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ComplexArray, NdArray } from "../src/core/ndarray.js";
import type { TextArray } from "../src/formats/npy.js";
import { openNpz } from "../src/formats/npz.js";
import { OBJECT_KINDS, PROBE_KINDS, SCAN_KINDS } from "../src/simulation/kinds.js";
import { runHere } from "./command-line.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-kinds-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const SMALL = ["--n-images", "9", "--object-size", "100", "--quiet"];
const simulate = (name: string, ...more: string[]) =>
  runHere("simulate", ...SMALL, "--output-file", at(name), ...more);
const real = (name: string, key: string) => openNpz(at(name)).read(key) as NdArray<"float32">;
const metadata = (name: string) =>
  JSON.parse((openNpz(at(name)).read("_metadata") as TextArray).values[0]).additional_parameters;

describe("simulate", () => {
  it("offers every kind of object, probe and scan", async () => {
    for (const [flag, kinds] of [
      ["--object", OBJECT_KINDS],
      ["--probe", PROBE_KINDS],
      ["--scan", SCAN_KINDS],
    ] as const)
      for (const kind of kinds) {
        const found = await simulate("kind.npz", flag, kind);
        expect([kind, found.code]).toEqual([kind, 0]);
        expect(metadata("kind.npz")[flag.slice(2)]).toBe(kind);
        expect(real("kind.npz", "diffraction").data.every(Number.isFinite)).toBe(true);
        expect(real("kind.npz", "xcoords").shape).toEqual([9]);
      }
  }, 60_000);

  it("takes object, probe and positions from files", async () => {
    expect((await simulate("parts.npz", "--probe", "gaussian", "--scan", "random")).code).toBe(0);
    const files = ["--object-file", "--probe-file", "--scan-file"].flatMap((flag) => [flag, at("parts.npz")]);
    const args = ["--output-file", at("given.npz"), "--quiet", "--noise", "none", ...files];
    expect((await runHere("simulate", ...args)).code).toBe(0);
    for (const key of ["xcoords", "ycoords"]) expect(real("given.npz", key)).toEqual(real("parts.npz", key));
    const [object, given] = ["parts.npz", "given.npz"].map(
      (name) => openNpz(at(name)).read("objectGuess") as ComplexArray,
    );
    expect(given).toEqual(object);
    // Without noise the patterns are those of the first file but for its photon noise.
    const [noisy, expected] = ["parts.npz", "given.npz"].map((name) => real(name, "diffraction").data);
    const [error, size] = [
      noisy.reduce((sum, value, i) => sum + (value - expected[i]) ** 2, 0),
      expected.reduce((sum, value) => sum + value ** 2, 0),
    ];
    expect(error / size).toBeLessThan(1e-4);
    expect(metadata("given.npz")).toMatchObject({ object_file: at("parts.npz"), noise: "none" });
  });

  it("a regular grid has one step; the radius of the probe is what is asked for", async () => {
    await simulate("grid.npz", "--scan-jitter", "0", "--probe-radius", "6");
    const x = real("grid.npz", "xcoords").data;
    expect(x[1] - x[0]).toBeCloseTo(x[2] - x[1], 9);
    expect(x[3]).toBe(x[0]);
    const probe = openNpz(at("grid.npz")).read("probeGuess") as ComplexArray;
    const lit = probe.re.filter((value) => value > 0.5 * Math.max(...probe.re)).length;
    expect(Math.sqrt(lit / Math.PI)).toBeCloseTo(6, 0);
  });

  it("reads the photons out: noise, full well, beam stop and faulty pixels, all masked", async () => {
    const found = await simulate(
      "detector.npz",
      ...[
        "--n-photons",
        "1e6",
        "--readout-noise",
        "3",
        "--saturation",
        "5e3",
        "--beam-stop",
        "2",
        "--bad-pixels",
        "0.01",
      ],
    );
    expect(found.err).toContain("saturates");
    const factor = metadata("detector.npz").counts_per_squared_amplitude;
    const bad = openNpz(at("detector.npz")).read("bad_pixels") as NdArray<"bool">;
    const data = real("detector.npz", "diffraction").data;
    const good = data.filter((_, i) => bad.data[i % 4096] === 0);
    expect(Math.max(...good) ** 2 * factor).toBeLessThan(5e3 * (1 + 1e-5));
    expect(data[32 * 64 + 32]).toBe(0);
    expect(bad.data[32 * 64 + 32]).toBe(1);
    expect(bad.data.reduce((sum, value) => sum + value, 0)).toBeGreaterThanOrEqual(41);
    // Counts are no longer whole numbers.
    const whole = good.filter(
      (value) => Math.abs(value ** 2 * factor - Math.round(value ** 2 * factor)) < 1e-3,
    );
    expect(whole.length / good.length).toBeLessThan(0.9);
  });

  it("a dose ladder: one object, probe and scan, each file with its photons", async () => {
    const found = await simulate("ladder.npz", "--dose-ladder", "1e7,2.5e4");
    expect(found.out).toContain("ladder_n1e7.npz");
    expect(existsSync(at("ladder.npz"))).toBe(false);
    const [bright, dim] = ["ladder_n1e7.npz", "ladder_n2.5e4.npz"];
    expect(readFileSync(at(bright)).equals(readFileSync(at(dim)))).toBe(false);
    for (const key of ["xcoords", "ycoords"]) expect(real(bright, key)).toEqual(real(dim, key));
    expect(openNpz(at(dim)).read("objectGuess")).toEqual(openNpz(at(bright)).read("objectGuess"));
    expect(metadata(bright).mean_counts / 1e7).toBeCloseTo(1, 2);
    expect(metadata(dim).mean_counts / 2.5e4).toBeCloseTo(1, 1);
  });

  it.each([
    [["--object", "grf", "--object-file", "x.npz"], 2, "--object and --object_file contradict"],
    [["--n-photons", "1e5", "--dose-ladder", "1e5"], 2, "--n_photons and --dose_ladder contradict"],
    [["--n-images", "9", "--scan-file", "x.npz"], 2, "--n_images and --scan_file contradict"],
    [["--scan", "fermat", "--scan-jitter", "0.1"], 2, "--scan_jitter belongs to --scan raster"],
    [["--probe", "ideal_disk", "--probe-radius", "5"], 2, "the ideal disk has one size"],
    [["--dose-ladder", "1e5,1e5"], 2, "different numbers of photons"],
    [["--dose-ladder", "1e5,many"], 2, "--dose_ladder: expected a number"],
    [["--beam-stop", "40"], 2, "below 32"],
    [["--object-file", "absent.npz"], 3, "absent.npz"],
    [["--probe-radius", "40"], 2, "radius up to half"],
    [["--object", "star"], 2, "siemens_star"],
  ])("refuses %s", async (args, code, reason) => {
    const found = await runHere(
      "simulate",
      ...[
        "--output-file",
        at("refused.npz"),
        "--object-size",
        "100",
        ...args.map((arg) => (arg.endsWith(".npz") ? at(arg) : arg)),
      ].filter(
        (arg, i, all) =>
          !args.includes("--object-file") || (arg !== "--object-size" && all[i - 1] !== "--object-size"),
      ),
    );
    expect([found.code, found.err]).toEqual([code, expect.stringContaining(reason)]);
    expect(existsSync(at("refused.npz"))).toBe(false);
  });
});
