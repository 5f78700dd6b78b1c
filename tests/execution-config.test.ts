// The knobs of the original's PyTorchExecutionConfig, each by what it changes in a run, and the table of all forty in
// docs/execution-config.md.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXECUTION_CONFIG } from "../src/config/original/execution-config.js";
import { resolveConfig } from "../src/config/resolve.js";
import { exitCodeOf, isPtychoError } from "../src/core/errors.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { openNpz } from "../src/formats/npz.js";
import { decodePng } from "../src/formats/png.js";
import { inferWorkflow } from "../src/workflows/infer.js";
import { copyScan, membersOf, writeSmallScan } from "./scan-file.js";
import { outcomeOf, trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-execution-"));
const at = (name: string) => join(folder, name);
const SMALL: Values = {
  train_data_file: at("scan.npz"),
  accelerator: "cpu",
  gridsize: 1,
  n_groups: 8,
  n_filters_scale: 1,
  batch_size: 4,
  nepochs: 2,
  validation_split: 0.25,
};
const train = (name: string, values: Values = {}, events: ProgressEvent[] = []) =>
  trainHere({ ...SMALL, output_dir: at(name), ...values }, { events });

let plain: ReturnType<typeof outcomeOf>;
beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 8);
  plain = outcomeOf(await train("plain"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function infer(name: string, values: Values = {}) {
  const layers = [
    {
      source: "test",
      values: { model_path: at("plain"), test_data_file: at("scan.npz"), output_dir: at(name), ...values },
    },
  ];
  const config = resolveConfig("infer", { layers });
  const events: ProgressEvent[] = [];
  for await (const event of inferWorkflow({ config, signal: new AbortController().signal }))
    events.push(event);
  const npz = openNpz(join(at(name), "reconstruction.npz"));
  return { events, object: npz.read("object"), coverage: npz.read("coverage") };
}

const filesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : []);
const rankedIn = (name: string) =>
  filesIn(join(at(name), "checkpoints")).filter((file) => file.startsWith("epoch="));

describe("training", () => {
  it("repeats bit for bit on the processor, whatever deterministic says", async () => {
    expect(outcomeOf(await train("again", { deterministic: true }))).toEqual(plain);
    expect(outcomeOf(await train("allowed", { deterministic: false }))).toEqual(plain);
  }, 60_000);

  it.each<[string, Values]>([
    ["learning_rate", { learning_rate: 2e-3 }],
    ["scheduler", { scheduler: "Exponential" }],
    ["accum_steps", { accum_steps: 2 }],
    ["gradient_clip_val", { gradient_clip_val: 1e-6, optimizer: "sgd" }],
    [
      "gradient_clip_algorithm",
      { gradient_clip_val: 1e-6, gradient_clip_algorithm: "value", optimizer: "sgd" },
    ],
  ])(
    "%s changes the weights",
    async (name, values) => {
      const others =
        name === "gradient_clip_algorithm"
          ? outcomeOf(await train("by-norm", { gradient_clip_val: 1e-6, optimizer: "sgd" }))
          : plain;
      const changed = outcomeOf(await train(name, values));
      expect(changed.weights).not.toEqual(others.weights);
    },
    60_000,
  );

  it("early_stop_patience ends a run that stands still", async () => {
    const { ended, history } = await train("still", {
      nepochs: 5,
      learning_rate: 1e-30,
      early_stop_patience: 1,
    });
    expect([ended, history.trainLoss.length]).toEqual(["early stop", 2]);
  }, 60_000);

  it("checkpoints are kept as asked, and not at all without enable_checkpointing", async () => {
    expect(rankedIn("plain")).toEqual([expect.stringContaining("val_loss=")]);
    const asked = { checkpoint_save_top_k: 2, checkpoint_monitor_metric: "train_loss" };
    await train("two", asked);
    expect(rankedIn("two")).toEqual([
      expect.stringMatching(/^epoch=001.*train_loss=/),
      expect.stringMatching(/^epoch=002.*train_loss=/),
    ]);
    const best = { checkpoint_monitor_metric: "train_loss" };
    await train("smallest", { ...best, checkpoint_mode: "min" });
    await train("largest", { ...best, checkpoint_mode: "max" });
    const kept = [...rankedIn("smallest"), ...rankedIn("largest")].map((file) => file.slice(0, 9));
    expect([...kept].sort()).toEqual(["epoch=001", "epoch=002"]);
    await train("none", { enable_checkpointing: false });
    expect(filesIn(join(at("none"), "checkpoints"))).toEqual([]);
  }, 120_000);

  it("logger_backend names the record, or none", async () => {
    await train("unlogged", { logger_backend: "none" });
    expect([
      existsSync(join(at("plain"), "metrics.csv")),
      existsSync(join(at("unlogged"), "metrics.csv")),
    ]).toEqual([true, false]);
  }, 60_000);

  it("an accelerator that is not there ends the run with exit code 6, before anything is written", async () => {
    for (const accelerator of ["mps", "tpu"]) {
      const refusal: unknown = await train("elsewhere", { accelerator }).catch((error: unknown) => error);
      expect([isPtychoError(refusal, "EngineError"), exitCodeOf(refusal)]).toEqual([true, 6]);
    }
    expect(existsSync(at("elsewhere"))).toBe(false);
  });
});

describe("recon_log", () => {
  const drawn = (name: string) =>
    Object.fromEntries(
      filesIn(join(at(name), "recon_log")).map((epoch) => [
        epoch,
        filesIn(join(at(name), "recon_log", epoch)),
      ]),
    );

  it("recon_log_every_n_epochs and recon_log_num_patches: pictures, evenly spaced, and the same weights", async () => {
    const outcome = outcomeOf(
      await train("log", { recon_log_every_n_epochs: 2, recon_log_num_patches: 3, nepochs: 3 }),
    );
    expect(drawn("log")).toEqual({
      epoch_0002: ["patch_0000_0.png", "patch_0002_0.png", "patch_0004_0.png"],
    });
    expect(outcome.weights).toEqual(outcomeOf(await train("unlogged-3", { nepochs: 3 })).weights);
    const picture = decodePng(
      readFileSync(join(at("log"), "recon_log", "epoch_0002", "patch_0002_0.png")),
      "patch",
    );
    expect(picture.width).toBeGreaterThan(2 * 64); // amplitude beside phase
    expect(existsSync(join(at("plain"), "recon_log"))).toBe(false);
  }, 120_000);

  it("recon_log_fixed_indices, recon_log_stitch and recon_log_max_stitch_samples", async () => {
    const asked = {
      recon_log_every_n_epochs: 1,
      nepochs: 1,
      recon_log_fixed_indices: "7,1",
      recon_log_stitch: true,
    };
    await train("all", asked);
    expect(drawn("all")).toEqual({ epoch_0001: ["object.png", "patch_0001_0.png", "patch_0007_0.png"] });
    await train("one", { ...asked, recon_log_max_stitch_samples: 1 });
    const sizes = ["all", "one"].map((name) => {
      const path = join(at(name), "recon_log", "epoch_0001", "object.png");
      return readFileSync(path).length;
    });
    expect(sizes[0]).not.toBe(sizes[1]);
  }, 120_000);

  it("reads no truth: with another objectGuess the pictures are the same", async () => {
    const members = membersOf(at("scan.npz"));
    const truth = members.get("objectGuess")!;
    if (truth.dtype !== "complex64") throw new Error("the scan of this test should hold a complex64 truth");
    copyScan(at("scan.npz"), at("other-truth.npz"), {
      objectGuess: { ...truth, re: truth.re.map((v) => -3 * v), im: truth.im.map(() => 1) },
    });
    const asked = { recon_log_every_n_epochs: 1, nepochs: 1, recon_log_stitch: true };
    await train("truth-a", asked);
    await train("truth-b", { ...asked, train_data_file: at("other-truth.npz") });
    const bytes = (name: string) =>
      ["object.png", "patch_0000_0.png"].map((file) =>
        readFileSync(join(at(name), "recon_log", "epoch_0001", file)).toString("base64"),
      );
    expect(bytes("truth-a")).toEqual(bytes("truth-b"));
  }, 120_000);

  it("an index that no group has is refused before the first step", async () => {
    const refusal: unknown = await train("beyond", {
      recon_log_every_n_epochs: 1,
      recon_log_fixed_indices: "3,8",
    }).catch((error: unknown) => error);
    expect(isPtychoError(refusal, "UsageError") && refusal.message).toContain(
      "there is no group 8; expected 0 to 7",
    );
  }, 60_000);
});

describe("inference", () => {
  it("inference_batch_size is how many groups come at a time, and changes nothing else", async () => {
    const steps = async (name: string, size: number | null) => {
      const { events, object } = await infer(name, { inference_batch_size: size });
      return { done: events.flatMap((event) => (event.kind === "predicted" ? [event.done] : [])), object };
    };
    const [three, asTrained] = [await steps("three", 3), await steps("as-trained", null)];
    expect(three.done).toEqual([3, 6, 8]);
    expect(asTrained.done).toEqual([4, 8]);
    const [a, b] = [three.object, asTrained.object];
    if (a.dtype !== "complex64" || b.dtype !== "complex64") throw new Error("expected complex objects");
    const apart = Math.max(...a.re.map((value, i) => Math.abs(value - b.re[i])));
    expect(apart).toBeLessThan(1e-4 * Math.max(...b.re.map(Math.abs)));
  }, 60_000);

  it("middle_trim stitches the central window of the patches", async () => {
    const whole = await infer("whole", { patch_weighting: "uniform" });
    const trimmed = await infer("trimmed", { patch_weighting: "uniform", middle_trim: 16 });
    const covered = ({ coverage }: { coverage: { data: ArrayLike<unknown> } }) =>
      Array.from(coverage.data, Number).reduce((sum, weight) => sum + weight, 0);
    // Uniform weights: every pattern adds the area of its window.
    expect(covered(whole as never)).toBeCloseTo(8 * 64 * 64, -2);
    expect(covered(trimmed as never)).toBeCloseTo(8 * 16 * 16, -2);
    const refusal: unknown = await infer("odd", { middle_trim: 15 }).catch((error: unknown) => error);
    expect(isPtychoError(refusal, "UsageError"), String(refusal)).toBe(true);
  }, 60_000);
});

describe("docs/execution-config.md", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "docs", "execution-config.md"), "utf8");
  const rows = text
    .split("\n")
    .filter((line) => /^\| `\w+` \|/.test(line))
    .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "").trim()));
  const golden = join(
    process.env.PTYCHOPINN_GOLDEN || join(import.meta.dirname, "..", "..", "shared", "golden"),
    "data",
    "config_defaults.json",
  );

  it("has one row for each of the forty knobs, in the order of the original", () => {
    const names = rows.map(([name]) => name.replaceAll("`", ""));
    expect(names).toEqual(Object.keys(EXECUTION_CONFIG.fields));
    if (!existsSync(golden)) return;
    const { expected } = JSON.parse(readFileSync(golden, "utf8"));
    const { fields } = expected.dataclasses["ptycho.config.config.PyTorchExecutionConfig"];
    expect(names).toEqual(fields.map(({ name }: { name: string }) => name));
  });

  it.each(rows.flatMap(([name, , tests]) => tests.split("; ").map((test) => [name, test] as const)))(
    "%s is shown by a test that exists: %s",
    (_name, test) => {
      const [, file, title] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
      const source = readFileSync(join(import.meta.dirname, "..", file), "utf8");
      expect(source).toContain(title);
    },
  );
});
