// Every tracker: rows once each, over a resumption too; the layout that MLflow and TensorBoard read; failures that stay warnings.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isPtychoError } from "../core/errors.js";
import type { EpochMetrics, TrackedRun } from "./contract.js";
import { usablePart } from "./event-file.js";
import { openTracker, type TrackerName } from "./registry.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-tracking-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (epoch: number, trainLoss = 1 / (epoch + 1)): EpochMetrics => ({
  ...{ epoch, trainLoss, validationLoss: epoch + 0.5, learningRate: 1e-3 },
});
const rows = (count: number) => Array.from({ length: count }, (_, epoch) => row(epoch));

let made = 0;
function newRun(values: Partial<TrackedRun> = {}): TrackedRun {
  const outputDir = join(folder, String(made++));
  mkdirSync(outputDir);
  const parameters = { nepochs: "3", "learning rate": "0.001" };
  return { outputDir, parameters, resumedEpochs: 0, trackingUri: null, environment: {}, ...values };
}

/** Steps of the training loss that a tracker kept, in order. */
const stepsKept: Readonly<Record<Exclude<TrackerName, "none">, (run: TrackedRun) => number[]>> = {
  csv: ({ outputDir }) =>
    readFileSync(join(outputDir, "metrics.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => Number(line.split(",")[0])),
  tensorboard: ({ outputDir }) => {
    const file = readFileSync(join(outputDir, "tensorboard", "events.out.tfevents.ptychopinn"));
    const ends = [];
    for (let from = 0; from < file.length; from += Number(file.readBigUInt64LE(from)) + 16) ends.push(from);
    const { bytes, steps } = usablePart(file, 99);
    expect([bytes, steps]).toEqual([file.length, ends.length - 1]); // one record per step, after the version
    return Array.from({ length: steps }, (_, step) => step);
  },
  mlflow: (run) =>
    readFileSync(join(mlflowRun(run), "metrics", "train_loss"), "utf8")
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[2])),
};

function mlflowRun({ outputDir }: TrackedRun): string {
  const store = join(outputDir, "mlruns");
  const [experiment] = readdirSync(store);
  const runs = readdirSync(join(store, experiment)).filter((name) => name !== "meta.yaml");
  expect(runs).toHaveLength(1);
  return join(store, experiment, runs[0]);
}

describe.each(["csv", "tensorboard", "mlflow"] as const)("%s", (name) => {
  it("keeps every epoch once, and those of a resumed run after the ones that count", async () => {
    const run = newRun();
    const first = openTracker(name, run);
    for (const count of [1, 2, 3, 4]) first.record(rows(count));
    first.record(rows(4)); // the last row again, as at the end of a run
    await first.close("interrupted");
    expect(stepsKept[name](run)).toEqual([0, 1, 2, 3]);

    const second = openTracker(name, { ...run, resumedEpochs: 2 }); // the last two are done again
    for (const count of [3, 4, 5]) second.record(rows(count));
    await second.close("completed");
    expect(stepsKept[name](run)).toEqual([0, 1, 2, 3, 4]);
    expect([...first.takeWarnings(), ...second.takeWarnings()]).toEqual([]);
  });

  it("begins anew with a new run, and takes the epochs that another tracker saw", async () => {
    const run = newRun();
    const late = openTracker(name, { ...run, resumedEpochs: 2 });
    late.record(rows(3));
    await late.close("completed");
    expect(stepsKept[name](run)).toEqual([0, 1, 2]);
    if (name === "mlflow") return; // a new run there stands beside the old one
    const again = openTracker(name, run);
    again.record(rows(1));
    await again.close("completed");
    expect(stepsKept[name](run)).toEqual([0]);
  });

  it("becomes one warning where it cannot write", async () => {
    const run = newRun();
    rmSync(run.outputDir, { recursive: true });
    writeFileSync(run.outputDir, "a file in the way");
    const tracker = openTracker(name, run);
    tracker.record(rows(1));
    tracker.record(rows(2));
    await tracker.close("completed");
    const warnings = tracker.takeWarnings();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`logger '${name}' stopped`);
  });
});

it("none keeps nothing", async () => {
  const run = newRun();
  const tracker = openTracker("none", run);
  tracker.record(rows(2));
  await tracker.close("completed");
  expect(readdirSync(run.outputDir)).toEqual([]);
});

it("csv: the table of the original, with an empty cell without validation data", async () => {
  const run = newRun();
  openTracker("csv", run).record([row(0), { ...row(1), validationLoss: undefined }]);
  expect(readFileSync(join(run.outputDir, "metrics.csv"), "utf8")).toBe(
    "epoch,train_loss,val_loss,learning_rate\n0,1,0.5,0.001\n1,0.5,,0.001\n",
  );
});

describe("the folder of MLflow", () => {
  it("has the layout of its file store", async () => {
    const run = newRun();
    const tracker = openTracker("mlflow", run);
    tracker.record(rows(2));
    const meta = () => parse(readFileSync(join(mlflowRun(run), "meta.yaml"), "utf8"));
    expect(meta()).toMatchObject({ status: 1, end_time: null, lifecycle_stage: "active" });
    await tracker.close("completed");
    const experiment = join(mlflowRun(run), "..");
    expect(parse(readFileSync(join(experiment, "meta.yaml"), "utf8"))).toMatchObject({
      name: "PtychoPINN",
      artifact_location: pathToFileURL(experiment).href,
    });
    expect(meta()).toMatchObject({
      status: 3,
      artifact_uri: pathToFileURL(join(mlflowRun(run), "artifacts")).href,
    });
    expect(readFileSync(join(mlflowRun(run), "params", "learning rate"), "utf8")).toBe("0.001");
    expect(readFileSync(join(mlflowRun(run), "metrics", "val_loss"), "utf8")).toMatch(
      /^\d{13} 0\.5 0\n\d{13} 1\.5 1\n$/,
    );
    expect(readdirSync(join(mlflowRun(run), "metrics"))).toEqual(["learning_rate", "train_loss", "val_loss"]);
  });

  it("lies where it is asked for, and one experiment holds all runs", async () => {
    const store = join(folder, "store");
    for (const trackingUri of [store, pathToFileURL(store).href])
      openTracker("mlflow", newRun({ trackingUri })).record(rows(1));
    openTracker("mlflow", newRun({ environment: { MLFLOW_TRACKING_URI: store } })).record(rows(1));
    expect(readdirSync(store)).toHaveLength(1);
    expect(readdirSync(join(store, readdirSync(store)[0]))).toHaveLength(4); // meta.yaml and three runs
  });

  it.each([
    ["sqlite:///runs.db", "a tracking store of kind 'sqlite'"],
    ["https://me:secret@tracking.example", "MLFLOW_TRACKING_PASSWORD"],
    ["http://", "is not an address"],
  ])("%s is refused before anything is trained", (trackingUri, text) => {
    try {
      openTracker("mlflow", newRun({ trackingUri }));
      expect.unreachable();
    } catch (error) {
      expect(isPtychoError(error, "UsageError") && error.message).toContain(text);
      expect(String(error)).not.toContain("secret");
    }
  });
});
