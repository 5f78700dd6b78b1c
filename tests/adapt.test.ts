// adapt: a trained model goes on learning on a new scan, by its own settings, and draws it.
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle } from "../src/bundle/load-bundle.js";
import { exitCodeOf } from "../src/core/errors.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { openNpz } from "../src/formats/npz.js";
import { adaptWorkflow } from "../src/workflows/adapt.js";
import type { AdaptResult } from "../src/workflows/contract.js";
import { runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";
import { outcomeOf, trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-adapt-"));
const at = (name: string) => join(folder, name);
const [first, second] = [at("first.npz"), at("second.npz")];

const UNROLLED: Values = {
  preset: "unrolled",
  train_data_file: first,
  unrolled_steps: 2,
  n_filters_scale: 1,
  batch_size: 4,
  nepochs: 4,
};

beforeAll(async () => {
  await writeSmallScan(first, 12);
  await writeSmallScan(second, 16, { seed: 4 });
  await trainHere({ ...UNROLLED, output_dir: at("model") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Adapts in this process; `stop` ends it after the first step of that epoch. */
async function adaptHere(
  values: Values,
  { stop, model = at("model") }: { readonly stop?: number; readonly model?: string } = {},
): Promise<AdaptResult & { readonly events: ProgressEvent[] }> {
  const controller = new AbortController();
  const asked = { source: "test", values };
  const request = { modelPath: model, scanFile: second, asked, signal: controller.signal };
  const work = adaptWorkflow(request);
  const events: ProgressEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { ...next.value, events };
    events.push(next.value);
    if (next.value.kind === "step" && next.value.epoch === stop) controller.abort();
  }
}

describe("adapt", () => {
  it("begins where the model ended, on the new scan, with the model's settings, and draws the scan", async () => {
    const output_dir = at("adapted");
    const { archivePath, reconstructionPath, history, patterns, events } = await adaptHere({ output_dir });
    const [before, after] = [at("model"), archivePath].map((path) => loadBundle(path));
    const { training, model, data } = after.manifest.config as Record<string, Record<string, unknown>>;
    const old = before.manifest.config as Record<string, Record<string, unknown>>;
    expect(training).toEqual({ ...old.training, nepochs: 3, learning_rate: 0.5 * 2e-3 });
    expect(model).toEqual(old.model);
    expect(data.train_data_file).toBe(second);
    expect(after.manifest.config.start).toEqual({
      weights_sha256: before.manifest.files["weights.safetensors"].sha256,
    });
    expect(patterns).toBe(16);
    expect(history.trainLoss).toHaveLength(3);
    expect(openNpz(reconstructionPath).has("object")).toBe(true);
    for (const name of ["reconstructed_amplitude.png", "metrics.csv", "checkpoints/last.ckpt.zip"])
      expect(existsSync(join(output_dir, name)), name).toBe(true);
    expect(events.some((event) => event.kind === "warning")).toBe(false);
  });

  it("the physics gains on the model as it was, and the model on drawn weights", async () => {
    const losses = async (work: Promise<{ readonly history: AdaptResult["history"] }>) =>
      (await work).history.trainLoss;
    const adapted = await losses(adaptHere({ output_dir: at("gains"), nepochs: 6, learning_rate: 2e-3 }));
    // A rate of almost nothing shows the loss of a model as it is, on the same clusters.
    const still = await losses(adaptHere({ output_dir: at("still"), nepochs: 6, learning_rate: 1e-12 }));
    const fresh = { ...UNROLLED, train_data_file: second, output_dir: at("drawn") };
    const drawn = await losses(trainHere({ ...fresh, nepochs: 6, learning_rate: 1e-12 }));
    expect(still[5]).toBeLessThan(drawn[5]);
    expect(adapted[5]).toBeLessThan(still[5]);
  });

  it("keeps the buffers of the model, and takes a CNN of gridsize 2", async () => {
    const cnn = {
      ...{ train_data_file: first, gridsize: 2, n_groups: 4, n_filters_scale: 1, batch_size: 2, nepochs: 1 },
      ...{ batch_norm: true, cbam_encoder: false, torch_loss_mode: "mae", validation_split: 0 },
      ...{ checkpoint_monitor_metric: "train_loss", output_dir: at("cnn") },
    };
    const { archivePath } = await trainHere(cnn);
    const adapted = await adaptHere(
      { output_dir: at("cnn-adapted"), nepochs: 1, n_groups: 4, learning_rate: 1e-12 },
      { model: archivePath },
    );
    const [before, after] = [archivePath, adapted.archivePath].map((path) => loadBundle(path).weights);
    const counter = [...before.keys()].find((name) => name.endsWith("num_batches_tracked"));
    const numbers = (name: string, of = after) => Array.from(of.get(name)?.data ?? [], Number);
    if (counter === undefined) throw new Error("the network has no buffers");
    expect(numbers(counter)[0]).toBe(2 * numbers(counter, before)[0]);
    for (const [name, { data }] of before)
      if (name.endsWith("conv1.weight"))
        numbers(name).forEach((value, i) => {
          expect(value).toBeCloseTo(Number(data[i]), 6);
        });
    expect(adapted.patterns).toBeGreaterThan(0);
  }, 120_000);

  it("stopped and resumed is the same to the last bit; not from another model", async () => {
    const values = { nepochs: 2 };
    const straight = outcomeOf(await adaptHere({ ...values, output_dir: at("straight") }));
    const output_dir = at("stopped");
    const failure = await adaptHere({ ...values, output_dir }, { stop: 1 }).catch((error: unknown) => error);
    expect(exitCodeOf(failure)).toBe(130);
    expect(existsSync(join(output_dir, "reconstruction.npz"))).toBe(false);
    const resume = { ...values, output_dir, resume: true };
    const other = adaptHere(resume, { model: straightFolder() });
    await expect(other).rejects.toThrow(/start.weights_sha256/);
    const resumed = await adaptHere(resume);
    expect(outcomeOf(resumed)).toEqual(straight);
    expect(existsSync(resumed.reconstructionPath)).toBe(true);
    // What is finished is only drawn again.
    expect(outcomeOf(await adaptHere(resume))).toEqual(straight);
  });

  it("the command says what it wrote", async () => {
    const { code, out, err } = await runHere(
      ...["adapt", at("model"), second, "--output_dir", at("told"), "--epochs", "1", "--n_groups", "4"],
    );
    expect(code, err).toBe(0);
    expect(out).toContain(`✓ Model bundle saved to ${at("told/wts.h5.zip")}`);
    expect(out).toContain(at("told/reconstruction.npz"));
  });
});

/** A model other than the one that was adapted. */
const straightFolder = () => at("straight");

describe("refused", () => {
  const refused = async (code: number, phrase: string, ...args: readonly string[]) => {
    const outcome = await runHere("adapt", ...args);
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringContaining(phrase)]);
  };
  it("patterns of another size", async () => {
    await writeSmallScan(at("large.npz"), 2, { N: 128, objectSizePx: 160 });
    await refused(3, "patterns of 128 x 128", at("model"), at("large.npz"), "--output_dir", at("large"));
  });
  it("the folder of the model", () =>
    refused(2, "folder of the model", at("model"), second, "--output_dir", at("model")));
  it("no model, no scan", async () => {
    await refused(2, "FILE is missing", at("model"));
    await refused(2, "nowhere", at("nowhere"), second, "--output_dir", at("x"));
    expect(existsSync(at("x"))).toBe(false);
  });
  it("what belongs to the model, and values that cannot be", async () => {
    await refused(2, "an integer", at("model"), second, "--max_epochs", "0.5");
    await refused(2, "it belongs to train", at("model"), second, "--gridsize", "2");
  });
  it("a folder in use", async () => {
    cpSync(at("model"), at("busy"), { recursive: true });
    const { lockRun } = await import("../src/training/run-lock.js");
    const lock = lockRun(at("busy"));
    await refused(2, "is in use", at("model"), second, "--output_dir", at("busy"));
    lock.release();
  });
});
