// A run that was stopped and resumed ends with the same bits as one that was left alone; another run is not resumed.
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf, isPtychoError } from "../src/core/errors.js";
import { float32, type NdArray } from "../src/core/ndarray.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { loadCheckpoint } from "../src/training/checkpoint.js";
import { copyScan, membersOf, writeSmallScan } from "./scan-file.js";
import { outcomeOf, type StopAt, trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-resume-"));
const at = (name: string) => join(folder, name);
const scan = at("scan.npz");

const UNROLLED: Values = {
  preset: "unrolled",
  train_data_file: scan,
  unrolled_steps: 1,
  n_filters_scale: 1,
  batch_size: 4,
  nepochs: 3,
};
const CNN: Values = {
  train_data_file: scan,
  gridsize: 1,
  n_groups: 12,
  n_filters_scale: 1,
  batch_size: 4,
  nepochs: 3,
  validation_split: 0,
  checkpoint_monitor_metric: "train_loss",
};
const ROUGH: Values = {
  accum_steps: 2,
  optimizer: "sgd",
  momentum: 0.9,
  scheduler: "ReduceLROnPlateau",
  plateau_patience: 0,
};

beforeAll(async () => {
  await writeSmallScan(scan, 12);
  await writeSmallScan(at("other.npz"), 12, { seed: 4 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains once through, once stopped at each of `stops`, and compares. */
async function expectSameBits(name: string, values: Values, stops: readonly StopAt[]): Promise<void> {
  const straight = outcomeOf(await trainHere({ ...values, output_dir: at(`${name}-straight`) }));
  expect(straight.weights.size).toBeGreaterThan(3);
  const output_dir = at(`${name}-stopped`);
  for (const [index, stop] of stops.entries()) {
    const failure = await trainHere({ ...values, output_dir, resume: index > 0 }, { stop }).catch(
      (error: unknown) => error,
    );
    expect(isPtychoError(failure, "Interrupted"), String(failure)).toBe(true);
    const { position } = loadCheckpoint(join(output_dir, "checkpoints", "last.ckpt.zip"));
    expect([position.epoch, position.batch]).toEqual([stop.epoch, stop.batch + 1]);
  }
  expect(outcomeOf(await trainHere({ ...values, output_dir, resume: true }))).toEqual(straight);
}

describe("stopped and resumed is the same to the last bit", () => {
  it("unrolled: Adam with weight decay, clipping, warm-up and cosine", () =>
    expectSameBits("unrolled", UNROLLED, [
      { epoch: 0, batch: 0 },
      { epoch: 1, batch: 1 },
      { epoch: 2, batch: 2 },
    ]));

  it("unrolled: accumulated gradients, momentum, plateau schedule, validation split", () =>
    expectSameBits(
      "rough",
      {
        ...UNROLLED,
        ...ROUGH,
        validation_split: 0.1,
        checkpoint_monitor_metric: "val_loss",
        learning_rate: 0.05,
      },
      [
        { epoch: 0, batch: 0 }, // in the middle of a round of accumulation
        { epoch: 1, batch: 2 }, // after the last step of an epoch, before its validation
      ],
    ));

  it(
    "cnn: batch normalisation, accumulated gradients, momentum, plateau schedule",
    () =>
      expectSameBits(
        "cnn",
        {
          ...CNN,
          ...ROUGH,
          batch_norm: true,
          torch_loss_mode: "mae",
          learning_rate: 1e-3,
          cbam_encoder: false,
        },
        [{ epoch: 1, batch: 1 }],
      ),
    120_000,
  );

  it("a run that ended early stays ended", async () => {
    const values = { ...UNROLLED, optimizer: "sgd", learning_rate: 1e-9, scheduler: "Default", nepochs: 9 };
    const early = { ...values, early_stop_patience: 2, output_dir: at("early") };
    const first = outcomeOf(await trainHere(early));
    expect([first.ended, first.history.trainLoss.length < 9]).toEqual(["early stop", true]);
    expect(outcomeOf(await trainHere({ ...early, resume: true }))).toEqual(first);
  });
});

describe("what may be resumed", () => {
  const done = at("done");
  const values = { ...UNROLLED, nepochs: 1, output_dir: done };
  let copies = 0;
  /** Resumes a copy of the finished run with these changes. */
  const resume = async (changes: Values, events: ProgressEvent[] = []) => {
    const output_dir = at(`copy-${copies++}`);
    cpSync(done, output_dir, { recursive: true });
    return trainHere({ ...values, ...changes, output_dir, resume: true }, { events });
  };
  const refusal = async (work: Promise<unknown>, ...phrases: readonly string[]) => {
    const failure = await work.catch((error: unknown) => error);
    for (const phrase of phrases) expect(String(failure)).toContain(phrase);
    expect(exitCodeOf(failure)).toBe(2);
  };
  beforeAll(async () => {
    await trainHere(values);
  });

  it("more epochs", async () => {
    const { history } = await resume({ nepochs: 2 });
    expect(history.trainLoss).toHaveLength(2);
    expect(history.trainLoss[0]).toBe(
      loadCheckpoint(join(done, "checkpoints", "last.ckpt.zip")).metrics.train_loss,
    );
  });

  it("more epochs go on at the rate of the longer schedule", async () => {
    const events: ProgressEvent[] = [];
    await resume({ nepochs: 3, lr_warmup_epochs: 1 }, events);
    const rates = events.filter((event) => event.kind === "epoch").map(({ learningRate }) => learningRate);
    // Warm-up epoch 0, then half a cosine over the other two from 2e-3 to 0.02 of it.
    expect(rates[0]).toBeCloseTo(2e-3, 12);
    expect(rates[1]).toBeCloseTo(0.5 * (2e-3 + 0.02 * 2e-3), 12);
  });

  it("nothing, without a checkpoint", () =>
    refusal(trainHere({ ...values, output_dir: at("nothing"), resume: true }), "holds no checkpoint"));

  it("not another configuration, unless allowed; every difference is named", async () => {
    const changes = { learning_rate: 1e-3, seed: 7 };
    const names = ["training.learning_rate: 0.002 -> 0.001", "execution.seed: 42 -> 7", "--allow_mismatch"];
    await refusal(resume(changes), ...names);
    const events: ProgressEvent[] = [];
    const { history } = await resume({ ...changes, allow_mismatch: true, nepochs: 2 }, events);
    expect(history.trainLoss).toHaveLength(2);
    const told = events.map((event) => (event.kind === "message" ? event.text : "")).join("\n");
    for (const name of names.slice(0, 2)) expect(told).toContain(name);
  });

  it("not other data under the same name, unless allowed; the same data under another name", async () => {
    await refusal(resume({ train_data_file: at("other.npz") }), "data SHA-256");
    await resume({ train_data_file: at("other.npz"), allow_mismatch: true });
    copyFileSync(scan, at("moved.npz"));
    await resume({ train_data_file: at("moved.npz") });
    const one = membersOf(scan).get("diffraction") as NdArray<"float32">; // as simulate writes it
    const changed = one.data.slice();
    changed[5] += 1;
    copyScan(scan, at("one-pixel.npz"), { diffraction: float32(one.shape, changed), diff3d: undefined });
    await refusal(resume({ train_data_file: at("one-pixel.npz") }), "data SHA-256");
  });

  it("not with other validation data", async () => {
    await refusal(resume({ test_data_file: at("other.npz") }), "data SHA-256");
    const allowed = { test_data_file: at("other.npz"), allow_mismatch: true };
    await refusal(resume(allowed), "had no validation data");
  });

  it("not a state that fits no such network or optimiser, even when allowed", async () => {
    const other = { allow_mismatch: true, nepochs: 2 };
    await refusal(resume({ ...other, n_filters_scale: 2 }), "does not fit");
    await refusal(resume({ ...other, optimizer: "sgd" }), "does not fit", "first_moment", "momentum");
  });

  it("with or without accumulation, when allowed", async () => {
    const { history } = await resume({ accum_steps: 2, allow_mismatch: true, nepochs: 2 });
    expect(history.trainLoss).toHaveLength(2);
  });
});

it("a new run in a used folder keeps the old checkpoints until it has its own, then only its own", async () => {
  const output_dir = at("again");
  const values = { ...UNROLLED, output_dir, nepochs: 2, checkpoint_save_top_k: 3 };
  await trainHere(values);
  const names = () => readdirSync(join(output_dir, "checkpoints")).sort();
  const before = names();
  expect(before).toHaveLength(3);
  const huge = {
    ...values,
    learning_rate: 1e30,
    gradient_clip_val: null,
    optimizer: "sgd",
    scheduler: "Default",
  };
  await expect(trainHere({ ...huge, nepochs: 1 })).rejects.toThrow(/diverged/);
  expect(names()).toEqual(before);
  await trainHere({ ...values, seed: 5, nepochs: 1 });
  expect(names()).toHaveLength(2);
  expect(names().some((name) => before.includes(name) && name !== "last.ckpt.zip")).toBe(false);
  expect(readFileSync(join(output_dir, "metrics.csv"), "utf8").split("\n")).toHaveLength(3);
});
