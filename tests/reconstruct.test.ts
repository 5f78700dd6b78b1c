// ptychopinn reconstruct as its user meets it: files, resume, interruption, truth, masks, probes, refusals.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfig } from "../src/config/resolve.js";
import { exitCodeOf, isPtychoError } from "../src/core/errors.js";
import { openNpz } from "../src/formats/npz.js";
import { readReconstruction } from "../src/workflows/read-reconstruction.js";
import { reconstructWorkflow } from "../src/workflows/reconstruct.js";
import { runHere } from "./command-line.js";
import { copyScan, writeSmallScan } from "./scan-file.js";
import { filled } from "./truth-unread.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-reconstruct-"));
const at = (name: string) => join(folder, name);
const scan = at("scan.npz");
/** One thread: worker threads load the compiled program, which a test of the sources does not have. */
const SMALL = ["--threads", "1", "--preview-every", "0"];

beforeAll(async () => {
  await writeSmallScan(scan, 60, { seed: 5, photons: 1e9 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const reconstruct = (out: string, ...options: string[]) =>
  runHere("reconstruct", scan, "--output-dir", at(out), ...SMALL, ...options);

const arraysOf = (out: string) => {
  const npz = openNpz(at(join(out, "reconstruction.npz")));
  return Object.fromEntries(
    ["object", "coverage", "origin_px", "probe", "x_px", "y_px", "residuals"].map((name) => [
      name,
      npz.read(name),
    ]),
  );
};
const reportOf = (out: string) => JSON.parse(readFileSync(at(join(out, "report.json")), "utf8"));

describe("reconstruct", () => {
  it("takes the probe of a simulated scan as it is, and writes object, pictures and report", async () => {
    const { code, err } = await reconstruct("auto");
    expect([code, err]).toEqual([0, expect.stringContaining("explains the patterns")]);
    const names = ["amplitude", "phase", "complex"].map((name) => `reconstructed_${name}.png`);
    for (const name of [...names, "probe_modes.png", "positions.png", "residual.png"])
      expect(existsSync(at(join("auto", name))), name).toBe(true);
    const report = reportOf("auto");
    expect(report).toMatchObject({ engine: "rpie", threads: 1 });
    expect(report.residual).toBeLessThan(0.05);
    expect(report.residuals.length).toBe(report.epochs);
    expect(report.epochs).toBeLessThanOrEqual(12);
    const metrics = at("metrics.json");
    expect((await runHere("evaluate", at("auto"), "--truth", scan, "--output", metrics)).code).toBe(0);
    // 60 patterns of a smooth object; far above what a wrong orientation or scale would give.
    expect(JSON.parse(readFileSync(metrics, "utf8")).amplitude.correlation).toBeGreaterThan(0.95);
  }, 60_000);

  it("never reads the truth", async () => {
    copyScan(scan, at("stripped.npz"), { objectGuess: undefined });
    copyScan(scan, at("other-truth.npz"), {
      objectGuess: filled([96, 96], 5),
      probeRecon: filled([1, 64, 64], 3),
    });
    const results: unknown[] = [];
    for (const name of ["stripped", "other-truth"]) {
      const options = ["--epochs", "2", "--engine", "lsqml"];
      const { code } = await runHere(
        "reconstruct",
        at(`${name}.npz`),
        "--output-dir",
        at(name),
        ...SMALL,
        ...options,
      );
      expect(code).toBe(0);
      results.push(arraysOf(name));
    }
    expect(results[0]).toEqual(results[1]);
  }, 60_000);

  it.each(["rpie", "lsqml", "raar"])(
    "%s: stopped and resumed, it ends with the same bits",
    async (engine) => {
      const options = ["--engine", engine, "--refine-probe", "on", "--tolerance", "1e-9"];
      expect((await reconstruct(`${engine}-whole`, ...options, "--epochs", "4")).code).toBe(0);
      expect((await reconstruct(`${engine}-parts`, ...options, "--epochs", "2")).code).toBe(0);
      expect(
        (await reconstruct(`${engine}-parts`, ...options, "--epochs", "4", "--resume", "--verbose")).code,
      ).toBe(0);
      expect(arraysOf(`${engine}-parts`)).toEqual(arraysOf(`${engine}-whole`));
    },
    60_000,
  );

  it("interrupted, it keeps the last whole epoch and says so", async () => {
    const controller = new AbortController();
    const values = {
      output_dir: at("stopped"),
      engine: "lsqml",
      refine_probe: "on",
      epochs: 2000,
      threads: 1,
    };
    const work = reconstructWorkflow({
      file: scan,
      config: resolveConfig("reconstruct", { layers: [{ source: "test", values }] }),
      signal: controller.signal,
    });
    let failure: unknown;
    try {
      for (;;) {
        const { value, done } = await work.next();
        if (done) break;
        if (value.kind === "reconstructed" && value.epoch === 1) controller.abort();
      }
    } catch (error) {
      failure = error;
    }
    expect(isPtychoError(failure, "Interrupted") && failure.message).toMatch(/--resume/);
    expect(exitCodeOf(failure)).toBe(130);
    expect(existsSync(at("stopped/checkpoints/reconstruction.safetensors"))).toBe(true);
    expect(existsSync(at("stopped/reconstruction.npz"))).toBe(false);
    expect(existsSync(at("stopped/.run.lock"))).toBe(false);
  }, 60_000);

  it("refuses to resume another run, or nothing", async () => {
    const none = await reconstruct("nothing", "--resume");
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("--resume")]);
    expect((await reconstruct("one", "--epochs", "1", "--engine", "epie")).code).toBe(0);
    const other = await reconstruct("one", "--epochs", "2", "--engine", "epie", "--resume", "--seed", "7");
    expect([other.code, other.err]).toEqual([2, expect.stringContaining("seed")]);
  }, 60_000);

  it("estimates a probe where there is none", async () => {
    copyScan(scan, at("no-probe.npz"), { probeGuess: undefined });
    const { code, err } = await runHere(
      ...["reconstruct", at("no-probe.npz"), "--output-dir", at("no-probe"), ...SMALL, "--epochs", "2"],
    );
    expect([code, err]).toEqual([0, expect.stringContaining("no probe given, estimated")]);
  }, 120_000);

  it("starts from a reconstruction", async () => {
    expect((await reconstruct("first", "--epochs", "4", "--refine-probe", "off")).code).toBe(0);
    expect(
      (await reconstruct("second", "--epochs", "1", "--refine-probe", "off", "--init", at("first"))).code,
    ).toBe(0);
    expect(reportOf("second").residual).toBeLessThan(reportOf("first").residuals[0]);
    expect(readReconstruction(at("second")).object.shape).toEqual(
      readReconstruction(at("first")).object.shape,
    );
    const before = readFileSync(at("first/reconstruction.npz"));
    const onto = await reconstruct("first", "--epochs", "1", "--init", at("first"));
    expect([onto.code, onto.err]).toEqual([2, expect.stringContaining("over the init")]);
    expect(readFileSync(at("first/reconstruction.npz")).equals(before)).toBe(true);
  }, 60_000);

  it("compares two halves of the scan", async () => {
    const { code, out } = await reconstruct("halves", "--halves", "--epochs", "3");
    expect([code, out]).toEqual([0, expect.stringContaining("two halves of the scan")]);
    expect(reportOf("halves").halves.amplitudeCorrelation).toBeGreaterThan(0.5);
    expect(existsSync(at("halves/half_sets_frc.png"))).toBe(true);
  }, 60_000);

  it.each([
    [["--engine", "dm", "--noise", "poisson"], 2, /no other noise model/],
    [["--engine", "raar", "--object-momentum", "0.5"], 2, /has no momentum/],
    [["--engine", "rpi"], 2, /rpie/],
    [["--mask", "file"], 3, /no pixel mask/],
    [["--probe", "nowhere.npz"], 3, /nowhere/],
    [["--engine", "pinn", "--modes", "3"], 2, /means nothing to engine pinn/],
    [["--init", "nowhere"], 3, /nowhere/],
  ])(
    "refuses %j",
    async (options, expected, message) => {
      const { code, err } = await reconstruct("refused", ...options);
      expect([code, err]).toEqual([expected, expect.stringMatching(message)]);
      expect(err.trim().split("\n").length).toBeLessThan(4);
    },
    60_000,
  );
});
