import { describe, expect, it, test } from "vitest";
import type { Surface } from "../config/field.js";
import { type ResolvedConfig, resolveConfig } from "../config/resolve.js";
import { PtychoError } from "../core/errors.js";
import { float64 } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import type { EvaluateResult, Work, Workflows } from "../workflows/contract.js";
import { duration, figures } from "./progress-line.js";
import { runCommandLine } from "./run.js";

const image = { mae: 0.1, psnr: 20, psnr_peak: 2, ssim: 0.5, correlation: 0.9 };
const original = {
  ssim: 0.6,
  ms_ssim: 0.7,
  psnr_peak255: 70,
  mae: 0.2,
  frc50_shell: 30,
  frc1over7_shell: 40,
};
const crosses = { verdict: "crosses", frequency: 0.25, period_px: 4, period_nm: null };
const metrics = {
  amplitude: { ...image, scale: 1 },
  phase: { ...image, ssim: null },
  original: { amplitude: original, phase: { ...original, ssim: Number.NaN } },
  rings: { half_bit_crossing: { ...crosses, period_nm: 80 }, one_seventh_crossing: crosses },
} as unknown as EvaluateResult["metrics"];

async function* work<R>(events: readonly ProgressEvent[], result: R | Error): Work<R> {
  yield* events;
  if (result instanceof Error) throw result;
  return result;
}

/** Runs a command line over workflows that record their request. */
async function run(
  args: string,
  { events = [] as ProgressEvent[], fail = undefined as Error | undefined, isTty = false } = {},
) {
  const requests: unknown[] = [];
  let out = "";
  let err = "";
  let nowMs = 0;
  const answer =
    <Q, R>(result: R) =>
    (request: Q) => {
      requests.push(request);
      return work<R>(events, fail ?? result);
    };
  const workflows: Workflows = {
    train: answer({
      archivePath: "D/wts.h5.zip",
      outputDir: "D",
      history: { trainLoss: [2, 1] },
      ended: "completed" as const,
      containerShapes: { images: [2, 1, 64, 64] },
      intensityScale: 1,
    }),
    infer: answer({
      outputDir: "D",
      reconstructionPath: "D/reconstruction.npz",
      amplitudePicturePath: "D/reconstructed_amplitude.png",
      phasePicturePath: "D/reconstructed_phase.png",
      patterns: 64,
      offsetsPx: float64([1, 1, 1, 2]),
    }),
    adapt: answer({
      archivePath: "D/wts.h5.zip",
      outputDir: "D",
      history: { trainLoss: [2, 1] },
      ended: "completed" as const,
      containerShapes: { images: [2, 1, 64, 64] },
      intensityScale: 1,
      reconstructionPath: "D/reconstruction.npz",
      amplitudePicturePath: "D/reconstructed_amplitude.png",
      phasePicturePath: "D/reconstructed_phase.png",
      patterns: 64,
      offsetsPx: float64([1, 1, 1, 2]),
    }),
    fixture: answer({ output: "f.npz", metadataFile: "f.json", sha256: "00" }),
    simulate: answer({ outputFile: "s.npz", outputFiles: ["s.npz"], patterns: 500 }),
    reconstruct: answer({
      outputDir: "D",
      reconstructionPath: "D/reconstruction.npz",
      reportPath: "D/report.json",
      pictures: ["D/reconstructed_amplitude.png"],
      notes: ["the probe is kept"],
      engine: "rpie",
      epochs: 10,
      residual: 0.01,
      halves: { phaseCorrelation: 0.98, amplitudeCorrelation: null, halfBitPeriodPx: 3.9 },
    }),
    evaluate: answer({ metrics, outputFile: "m.json" }),
    compare: answer({
      outputFile: "c.html",
      figures: {
        inputs: [],
        rectangle: { x: 0, y: 0, width: 64, height: 64 },
        comparisons: [{ against: "a", label: "b", metrics }],
        differences: { labels: [], rows: [] },
      },
    }),
    replay: answer({
      command: "train",
      outputDir: "D",
      recordPath: "D/run.json",
      equal: ["wts.h5.zip (weights)"],
      different: [],
      environment: ["threads: 2 -> 4"],
    }),
    inspect: answer({
      file: "f.npz",
      isUsable: false,
      findings: [
        {
          id: "probe.zero",
          severity: "error" as const,
          sentence: "the probe is zero",
          repair: "ptychopinn prepare",
        },
      ],
      description: { patterns: { count: 9 } },
    }),
    prepare: answer({ outputFiles: ["o.npz"], patterns: [7], N: 64, steps: ["cut"] }),
    demo: answer({
      outputDir: "demo-output",
      reconstructionPath: "o.npz",
      amplitudePicturePath: "a.png",
      phasePicturePath: "p.png",
      metricsPath: "m.json",
      metrics,
    }),
  };
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isTty,
    columns: () => 120,
    nowMs: () => {
      nowMs += 1000;
      return nowMs;
    },
  };
  const session = { terminal, workflows, signal: new AbortController().signal };
  const code = await runCommandLine(
    args.split(" ").filter((arg) => arg !== ""),
    session,
    {
      version: "1.2.3",
      debug: false,
    },
  );
  return { code, out, err, request: requests[0] as { config: ResolvedConfig } & Record<string, unknown> };
}

const base: Record<Surface, string> = {
  train: "train --train_data_file scan.npz",
  infer: "infer --model_path model --test_data scan.npz",
  reconstruct: "reconstruct scan.npz",
};

test("an architecture needs the settings that belong to it", async () => {
  const legal = await run(
    `${base.train} --gridsize 1 --torch_loss_mode amplitude_mse --architecture unrolled`,
  );
  expect(legal.request.config.sources.architecture?.value).toBe("unrolled");
  const alone = await run(`${base.train} --architecture unrolled`);
  expect(alone.code).toBe(2);
  expect(alone.err).toMatch(/architecture unrolled needs gridsize 1, got 2; start from --preset unrolled/);
  const other = await run(`${base.train} --torch_loss_mode amplitude_mse`);
  expect(other.err).toMatch(/amplitude_mse belongs to architecture unrolled/);
});

describe("train", () => {
  it("runs the requirement's own command line", async () => {
    const { code, out, err, request } = await run(
      "train --train_data_file F --test_data_file F --output_dir D --max_epochs 2 --n_images 64 --gridsize 1 --batch_size 4 --device cpu --disable_mlflow",
    );
    expect(code).toBe(0);
    const { config } = request.config as ResolvedConfig<"train">;
    expect(config.training).toMatchObject({ nepochs: 2, batch_size: 4 });
    expect(config.data).toMatchObject({ train_data_file: "F", test_data_file: "F", n_groups: 64 });
    expect(config.model).toMatchObject({ gridsize: 1, object_big: false });
    expect(config.execution).toMatchObject({ output_dir: "D", accelerator: "cpu", logger_backend: "none" });
    expect(out).toBe(
      "✓ Training completed successfully. Outputs saved to D\n✓ Model bundle saved to D/wts.h5.zip\n",
    );
    expect(err.match(/--device is deprecated/g)?.length).toBe(1);
    expect(err.match(/--disable_mlflow is deprecated/g)?.length).toBe(1);
  });

  it("is the same configuration as the resolver's", async () => {
    const { request } = await run("train --train-data-file=F --learning-rate=0.01 --preset parity");
    const values = { train_data_file: "F", learning_rate: "0.01" };
    const expected = resolveConfig("train", {
      preset: "parity",
      layers: [{ source: "command line", values }],
    });
    expect(request.config).toEqual(expected);
  });

  it("maps the error of a workflow to its exit code and one line", async () => {
    const { code, err, out } = await run(base.train, {
      fail: new PtychoError("DataError", "scan.npz: truncated\nzip"),
    });
    expect([code, err, out]).toEqual([3, "ptychopinn: error: scan.npz: truncated zip\n", ""]);
    expect((await run(base.train, { fail: new PtychoError("Interrupted", "stopped") })).code).toBe(130);
    const bug = await run(base.train, { fail: new TypeError("x is undefined") });
    expect(bug.code).toBe(1);
    expect(bug.err).toContain("this is a bug");
    expect(bug.err.split("\n").length).toBe(2);
  });
});

describe("refusals: one line on stderr, nothing on stdout, no workflow", () => {
  it.each([
    ["", 2, "no command given"],
    ["trian", 2, "did you mean 'train'"],
    ["--foo", 2, "unknown option --foo"],
    ["train", 2, "--train_data_file is required"],
    [`${base.train} --max-epoch 2`, 2, "did you mean --max_epochs"],
    [`${base.train} --precision 16`, 2, "--precision: 32-true is the only value here"],
    [`${base.train} --model_path x`, 2, "it belongs to infer"],
    [`${base.infer} --gridsize 2`, 2, "it belongs to train"],
    [`${base.train} extra`, 2, "give the scan as --train_data_file extra"],
    [`${base.train} extra more`, 2, "each takes one value"],
    ["recon scan.npz", 2, "did you mean 'reconstruct'?"],
    ["infer --model run", 2, "did you mean --model_path?"],
    [`${base.train} --output_dir`, 2, "--output_dir <path> needs a value"],
    ["train --train_data_file --output_dir D", 2, "expected a value, found the option --output_dir"],
    [`${base.train} --accelerator tpu`, 6, "TPU execution is unsupported"],
    [`${base.train} --num-workers 4`, 2, "expected 0, got '4'"],
    [`${base.train} --max_epochs two`, 2, "got 'two'"],
    [`${base.train} --profile ci --torch-loss-mode mae`, 2, "the CI profile requires"],
    ["adapt model", 2, "FILE is missing"],
    ["adapt model scan.npz --gridsize 2", 2, "it belongs to train"],
    ["adapt model scan.npz --preset unrolled", 2, "it belongs to train"],
    ["evaluate r.npz", 2, "--truth is required"],
    ["evaluate --truth t.npz", 2, "RECONSTRUCTION is missing"],
    ["evaluate r.npz --truth t.npz --crop 1.5", 2, "expected an integer"],
    ["simulate", 2, "--output_file is required"],
    ["simulate --output_file s.npz --object line", 2, "did you mean 'lines'"],
    ["simulate --output_file s.npz --N 100", 2, "one of 64, 128, 256"],
    ["simulate --output_file s.npz --N 128 --object_size 100", 2, "at least 130"],
  ])("%s", async (args, code, phrase) => {
    const result = await run(args);
    expect(result.err).toContain(phrase);
    const lines = result.err.split("\n").filter((line) => line.includes("error:"));
    expect(lines.length).toBe(1);
    expect([result.code, result.out, result.request]).toEqual([code, "", undefined]);
  });
});

describe("the other commands", () => {
  it("simulate, evaluate and demo pass their options on", async () => {
    const simulated = await run(
      "simulate --output_file s.npz --object dead-leaves --n_photons 1e6 --no-phase --N 128 --object-size 300",
    );
    expect(simulated.request).toMatchObject({
      ...{ outputFile: "s.npz", object: "dead_leaves", phase: false, probe: "disk", scan: "raster" },
      ...{ photons: 1e6, patterns: 500, N: 128, objectSizePx: 300, seed: 42 },
    });
    const evaluated = await run("evaluate r.npz --truth t.npz --crop 100 --output m.json");
    expect(evaluated.request).toMatchObject({
      reconstruction: "r.npz",
      truth: "t.npz",
      cropPx: 100,
      outputFile: "m.json",
    });
    expect(evaluated.out).toContain("SSIM");
    expect(evaluated.out).toContain("period at the half-bit threshold: 4 px = 80 nm, at 1/7: 4 px");
    const demo = await run("demo --output_dir here");
    expect(demo.request).toMatchObject({ outputDir: "here" });
    expect(demo.out).toContain("pictures: a.png, p.png");
  });

  it("adapt passes on what was asked for, and nothing else", async () => {
    const { request, out, code } = await run(
      "adapt model scan.npz --output_dir D --epochs 5 --learning-rate 1e-4 --resume --quiet",
    );
    expect(code).toBe(0);
    expect(request).toMatchObject({ modelPath: "model", scanFile: "scan.npz" });
    expect(request.asked).toEqual({
      source: "command line",
      values: { epochs: "5", learning_rate: "1e-4", output_dir: "D", resume: true, quiet: true },
    });
    expect(out).toContain("Model bundle saved to D/wts.h5.zip");
    expect(out).toContain("pictures: D/reconstructed_amplitude.png");
    const help = await run("adapt --help");
    expect(help.out).toContain("--max_epochs");
    expect(help.out).toContain("(default: 3)");
    expect(help.out).toContain("(default: half of the model's)");
    expect(help.out).not.toContain("--gridsize");
  });

  it("--help is grouped, lists no alias twice, and --version prints the version", async () => {
    const help = await run("train --help");
    expect(help.code).toBe(0);
    for (const heading of ["Scan and groups:", "Training:", "Network and physics:", "Run:"])
      expect(help.out).toContain(heading);
    expect(help.out.match(/^ {2}--max_epochs /gm)?.length).toBe(1);
    expect(help.out).not.toMatch(/^ {2}--nepochs /m);
    expect((await run("--version")).out).toBe("1.2.3\n");
    expect((await run("--help")).out).toContain("simulate");
  });
});

describe("progress", () => {
  const step = {
    kind: "step",
    epoch: 0,
    epochs: 2,
    batch: 1,
    batches: 4,
    loss: 1.5,
    patternsPerSecond: 80,
    secondsLeft: 65,
  } as const;
  const epoch = {
    kind: "epoch",
    epoch: 0,
    epochs: 2,
    trainLoss: 1.25,
    validationLoss: 1.5,
    learningRate: 1e-3,
    elapsedMs: 3000,
  } as const;
  const warning = { kind: "warning", text: "odd" } as const;

  it("redraws one line on a terminal", async () => {
    const { err } = await run(base.train, { events: [step, epoch], isTty: true });
    expect(err).toContain("\r\u001b[2Kepoch 1/2  batch 1/4  loss 1.5  80 patterns/s  1 min 05 s left");
    expect(err).toContain("epoch 1/2  loss 1.25  validation 1.5  rate 0.001  3.0 s\n");
  });

  it("prints one line per epoch elsewhere, each warning once, and nothing but warnings when quiet", async () => {
    const events = [step, warning, warning, epoch];
    expect((await run(base.train, { events })).err).toBe(
      "ptychopinn: warning: odd\nepoch 1/2  loss 1.25  validation 1.5  rate 0.001  3.0 s\n",
    );
    expect((await run(`${base.train} --quiet`, { events, isTty: true })).err).toBe(
      "ptychopinn: warning: odd\n",
    );
  });

  it("keeps control characters of file names off the terminal", async () => {
    const events = [{ kind: "wrote", path: "a\u001b[2Jb", what: "picture" } as const];
    expect((await run(base.train, { events })).err).not.toContain("\u001b");
  });

  it("writes numbers and durations shortly", () => {
    expect([figures(0), figures(1234.567), figures(1.5e-7), figures(Number.NaN)]).toEqual([
      "0",
      "1235",
      "1.500e-7",
      "NaN",
    ]);
    expect([duration(5), duration(59.7), duration(3671), duration(Number.NaN)]).toEqual([
      "5.0 s",
      "1 min 00 s",
      "1 h 01 min",
      "?",
    ]);
  });
});
