// run.json of every command: what stands in it, that a run repeated from it is equal to the bit, and that two are compared.
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle } from "../src/bundle/load-bundle.js";
import { resolveConfig } from "../src/config/resolve.js";
import { isPtychoError } from "../src/core/errors.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { VERSION } from "../src/core/version.js";
import { writeNpy } from "../src/formats/npy.js";
import { openNpz } from "../src/formats/npz.js";
import { adaptWorkflow } from "../src/workflows/adapt.js";
import type { ReplayResult, Work } from "../src/workflows/contract.js";
import { demoWorkflow } from "../src/workflows/demo.js";
import { inferWorkflow } from "../src/workflows/infer.js";
import { readRunRecord } from "../src/workflows/read-run-record.js";
import { reconstructWorkflow } from "../src/workflows/reconstruct.js";
import { replayWorkflow } from "../src/workflows/replay.js";
import type { RunRecord } from "../src/workflows/run-record.js";
import { trainWorkflow } from "../src/workflows/train.js";
import { runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";
import { trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-record-"));
const at = (...names: string[]) => join(folder, ...names);
const { signal } = new AbortController();
const SMALL: Values = {
  ...{ preset: "unrolled", unrolled_steps: 1, n_filters_scale: 1, batch_size: 4, nepochs: 2 },
  train_data_file: at("scan.npz"),
};

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 12);
  await trainHere({ ...SMALL, output_dir: at("model") });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function finish<R>(work: Work<R>, events: ProgressEvent[] = []): Promise<R> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
    events.push(next.value);
  }
}

const recordIn = (name: string): RunRecord => readRunRecord(at(name)).record;
const replay = (
  from: string,
  to: string,
  allowMismatch = false,
  events: ProgressEvent[] = [],
): Promise<ReplayResult> =>
  finish(replayWorkflow({ record: at(from), outputDir: at(to), allowMismatch, signal }), events);
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Weights, or the object, as bytes: read with the readers of users, not with those of the record. */
const weightsIn = (name: string) =>
  [...loadBundle(at(name)).weights].map(([key, array]) => [key, writeNpy(array).toString("hex")]);
const objectIn = (name: string) =>
  writeNpy(openNpz(at(name, "reconstruction.npz")).read("object")).toString("hex");

it("train: what was asked and from where, what was read and written, and how it ended", () => {
  const record = recordIn("model");
  expect(record).toMatchObject({ command: "train", status: "completed", error: null, earlier: [] });
  expect(record.config?.training).toMatchObject({ nepochs: 2, optimizer: "adamw", learning_rate: 2e-3 });
  expect(record.config?.model.N).toBe(64);
  expect(record.sources).toMatchObject({
    nepochs: { source: "test", givenAs: "nepochs" },
    optimizer: { source: "preset unrolled" },
    N: { source: "data file" },
    momentum: { source: "default" },
  });
  expect(record.bundles).toEqual(["preset unrolled"]);
  expect(record.seeds).toMatchObject({ seed: 42 });
  expect(record.inputs).toEqual([
    {
      ...{ role: "train_data_file", path: at("scan.npz"), fromRecord: join("..", "scan.npz") },
      ...{ bytes: readFileSync(at("scan.npz")).length, sha256: sha256(at("scan.npz")) },
    },
  ]);
  expect(record.versions).toMatchObject({ ptychopinn: VERSION, node: process.versions.node });
  expect(record.versions.onnxruntime).toMatch(/^\d+\.\d+\.\d+$/);
  expect(record.device).toBe("cpu");
  expect(Object.keys(record.timings.phases)).toEqual(["read", "train", "save"]);
  const { started, ended, seconds } = record.timings;
  expect(Math.abs((Date.parse(String(ended)) - Date.parse(started)) / 1000 - seconds)).toBeLessThan(0.5);
  expect(record.outputs.map(({ path, compared }) => [path, compared?.by]).sort()).toEqual([
    ["metrics.csv", "bytes"],
    ["wts.h5.zip", "weights"],
  ]);
  for (const { path, sha256: digest } of record.outputs) expect(digest).toBe(sha256(at("model", path)));
  const rows = readFileSync(at("model", "metrics.csv"), "utf8").trim().split("\n");
  expect(record.figures).toMatchObject({ epochs: 2, train_loss: Number(rows[2].split(",")[1]) });
});

describe("the record follows the run", () => {
  const config = () =>
    resolveConfig("train", {
      preset: "unrolled",
      layers: [{ source: "test", values: { ...SMALL, preset: undefined, output_dir: at("watched") } }],
    });

  it("running, then interrupted when nobody asks for more", async () => {
    const work = trainWorkflow({ config: config(), signal });
    for (;;) {
      const { value, done } = await work.next();
      if (done) expect.unreachable();
      else if (value.kind === "step") break;
    }
    expect(recordIn("watched")).toMatchObject({ status: "running", outputs: [], timings: { ended: null } });
    await work.return(undefined as never);
    expect(recordIn("watched")).toMatchObject({ status: "interrupted", error: { tag: "Interrupted" } });
  });

  it("interrupted, then completed, with the earlier run named; repeated, it is the run that was never stopped", async () => {
    const values = { ...SMALL, output_dir: at("stopped") };
    await trainHere(values, { stop: { epoch: 0, batch: 1 } }).catch(() => {});
    const { error, timings } = recordIn("stopped");
    expect(error).toMatchObject({ tag: "Interrupted", message: expect.stringContaining("--resume") });
    const refused = await trainHere({ ...values, resume: true, learning_rate: 1e-2 }).catch(
      (e: unknown) => e,
    );
    expect(isPtychoError(refused, "UsageError")).toBe(true);
    expect(recordIn("stopped").timings).toEqual(timings); // the record of the run that can be resumed
    await trainHere({ ...values, resume: true });
    const earlier = [{ started: timings.started, status: "interrupted", changed: [] }];
    expect(recordIn("stopped")).toMatchObject({ status: "completed", earlier });
    expect(await replay("stopped", "stopped-again")).toMatchObject({ different: [], environment: [] });
    expect(weightsIn("stopped-again")).toEqual(weightsIn("model"));
  });

  it("failed, with the sentence of the error", async () => {
    const values = { ...SMALL, output_dir: at("failed"), learning_rate: 1e30, gradient_clip_val: null };
    const failure = await trainHere({ ...values, scheduler: "Default" }).catch((error: unknown) => error);
    expect(isPtychoError(failure, "DivergenceError"), String(failure)).toBe(true);
    const { message } = failure as Error;
    expect(recordIn("failed")).toMatchObject({
      status: "failed",
      error: { tag: "DivergenceError", message },
    });
  });

  it("completed with a warning where the record cannot be: the results are there", async () => {
    const events: ProgressEvent[] = [];
    const values = { ...SMALL, preset: undefined, nepochs: 1, output_dir: at("unrecorded") };
    const layers = [{ source: "test", values }];
    const work = trainWorkflow({ config: resolveConfig("train", { preset: "unrolled", layers }), signal });
    for (let next = await work.next(); !next.done; next = await work.next()) {
      events.push(next.value);
      if (next.value.kind !== "epoch") continue;
      rmSync(at("unrecorded", "run.json"));
      mkdirSync(at("unrecorded", "run.json", "in the way"), { recursive: true });
    }
    expect(events.at(-1)).toMatchObject({
      kind: "warning",
      text: expect.stringContaining("run.json could not be"),
    });
    expect(weightsIn("unrecorded").length).toBeGreaterThan(3);
  });

  it("a run that is refused leaves none", async () => {
    const values = { ...SMALL, output_dir: at("refused"), train_data_file: at("absent.npz") };
    await expect(trainHere(values)).rejects.toThrow("absent.npz");
    expect(existsSync(at("refused"))).toBe(false);
  });
});

describe("an input that the run would write over is refused, and kept", () => {
  it.each(["reconstruction.npz", "product.h5"])("infer, reconstruct: %s", async (name) => {
    mkdirSync(at(`keeps-${name}`));
    cpSync(at("scan.npz"), at(`keeps-${name}`, name));
    const file = at(`keeps-${name}`, name);
    for (const command of [
      ["infer", "--model_path", at("model"), "--test_data", file],
      ["reconstruct", file, "--engine", "rpie", "--epochs", "1"],
    ]) {
      const { code, err } = await runHere(...command, "--output_dir", at(`keeps-${name}`), "--quiet");
      expect(err).toMatch(
        /--output_dir .*: the run writes its .* over the .* that it reads; name another folder/,
      );
      expect(code).toBe(2);
      expect(sha256(file)).toBe(sha256(at("scan.npz")));
    }
  });

  it("train, and what it stitches afterwards", async () => {
    mkdirSync(at("keeps-train"));
    for (const name of ["wts.h5.zip", "reconstruction.npz"]) {
      cpSync(at("scan.npz"), at("keeps-train", name));
      const values = { ...SMALL, train_data_file: at("keeps-train", name), output_dir: at("keeps-train") };
      const stitching = name === "reconstruction.npz";
      const refused = trainHere({ ...values, ...(stitching ? { do_stitching: true } : {}) });
      await expect(refused).rejects.toThrow(`the run writes its ${name} there, over the train_data_file`);
      expect(sha256(at("keeps-train", name))).toBe(sha256(at("scan.npz")));
    }
  });
});

it("the picture of do_stitching is among the outputs", async () => {
  await trainHere({ ...SMALL, nepochs: 1, do_stitching: true, output_dir: at("stitched") });
  const compared = recordIn("stitched").outputs.flatMap(({ path, compared }) => (compared ? [path] : []));
  expect(compared).toEqual(expect.arrayContaining(["wts.h5.zip", "reconstruction.npz"]));
});

describe("repeated to the bit", () => {
  it("infer, from a folder that was moved together with its inputs", async () => {
    await writeSmallScan(at("place", "scan.npz"), 12);
    cpSync(at("model"), at("place", "model"), { recursive: true });
    const values = {
      ...{ model_path: at("place", "model"), test_data_file: at("place", "scan.npz") },
      output_dir: at("place", "picture"),
    };
    const config = resolveConfig("infer", { layers: [{ source: "test", values }] });
    await finish(inferWorkflow({ config, signal }));
    renameSync(at("place"), at("moved"));
    const { equal, different } = await replay(join("moved", "picture"), "picture-again");
    expect(different).toEqual([]);
    expect(equal).toContain("reconstruction.npz (arrays)");
    expect(objectIn("picture-again")).toBe(objectIn(join("moved", "picture")));
  });

  it("reconstruct", async () => {
    const values = { epochs: 3, threads: 1, output_dir: at("engine") };
    const config = resolveConfig("reconstruct", { layers: [{ source: "test", values }] });
    const { residual } = await finish(reconstructWorkflow({ file: at("scan.npz"), config, signal }));
    expect(recordIn("engine").figures).toEqual({ epochs: 3, residual });
    expect((await replay("engine", "engine-again")).different).toEqual([]);
    expect(objectIn("engine-again")).toBe(objectIn("engine"));
  });

  it("adapt", async () => {
    const asked = { source: "test", values: { nepochs: 1, output_dir: at("adapted") } };
    const request = { modelPath: at("model"), scanFile: at("scan.npz"), asked, signal };
    await finish(adaptWorkflow(request));
    expect(
      recordIn("adapted")
        .inputs.map(({ role }) => role)
        .sort(),
    ).toEqual(["start", "train_data_file"]);
    const { equal, different } = await replay("adapted", "adapted-again");
    expect(different).toEqual([]);
    expect(equal).toEqual(expect.arrayContaining(["wts.h5.zip (weights)", "reconstruction.npz (arrays)"]));
    expect(weightsIn("adapted-again")).toEqual(weightsIn("adapted"));
  });

  it("simulate, whose record stands beside the scan", async () => {
    const { different } = await replay("scan.run.json", "simulated");
    expect(different).toEqual([]);
    expect(sha256(at("simulated", "scan.npz"))).toBe(sha256(at("scan.npz")));
  });

  it("demo: simulate, train, infer and evaluate, by the command line", async () => {
    const scan = { patterns: 16, objectSizePx: 96 };
    const training = { nepochs: 1, unrolled_steps: 1, n_filters_scale: 1, batch_size: 4 };
    const { metrics } = await finish(demoWorkflow({ outputDir: at("demo"), scan, training, signal }));
    expect(recordIn("demo").figures["phase.ssim"]).toBe(metrics.phase.ssim);
    const compared = recordIn("demo").outputs.flatMap(({ path, compared }) => (compared ? [path] : []));
    expect(compared).toEqual(
      expect.arrayContaining(["scan.npz", "model/wts.h5.zip", "reconstruction.npz", "comparison.png"]),
    );
    const { code, out, err } = await runHere(
      "replay",
      at("demo"),
      "--output_dir",
      at("demo-again"),
      "--quiet",
    );
    expect(code, err).toBe(0);
    expect(out).toMatch(/All \d+ results are equal to the record, bit for bit/);
    expect(weightsIn(join("demo-again", "model"))).toEqual(weightsIn(join("demo", "model")));
    expect(objectIn("demo-again")).toBe(objectIn("demo"));
    expect(readFileSync(at("demo-again", "comparison.png"))).toEqual(
      readFileSync(at("demo", "comparison.png")),
    );
  });
});

describe("not repeated", () => {
  it("from a changed input, unless that is allowed; the difference is then told", async () => {
    await writeSmallScan(at("changing.npz"), 12);
    const values = { ...SMALL, train_data_file: at("changing.npz"), output_dir: at("changing") };
    await trainHere({ ...values, nepochs: 1 });
    await writeSmallScan(at("changing.npz"), 12, { seed: 4 });
    const asked = ["replay", at("changing"), "--quiet", "--output_dir", at("changing-again")];
    const refused = await runHere(...asked);
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringMatching(/train_data_file.*--allow_mismatch\n$/),
    });
    expect(existsSync(at("changing-again"))).toBe(false);
    const allowed = await runHere(...asked, "--allow_mismatch");
    expect(allowed).toMatchObject({ code: 3, err: expect.stringContaining("wts.h5.zip (weights)") });
    rmSync(at("changing.npz"));
    expect((await runHere(...asked)).err).toContain("is not there, looked at");
  });

  it("into its own folder", async () => {
    await expect(replay("model", "model")).rejects.toThrow("this is the folder of the recorded run");
  });

  it.each<[string, string, (text: string) => string]>([
    ["edited", "damaged or edited", (text) => text.replace('"nepochs": 2', '"nepochs": 3')],
    ["cut off", "not valid JSON", (text) => text.slice(0, -9)],
    ["newer", "its schema is 99", (text) => text.replace('"schema": 1', '"schema": 99')],
    ["something else", "another JSON file", () => "{}"],
    ["no object", "another value", () => "7"],
  ])("a record that is %s", async (name, text, change) => {
    writeFileSync(at(`${name}.json`), change(readFileSync(at("model", "run.json"), "utf8")));
    const failure = await replay(`${name}.json`, "nowhere").catch((error: unknown) => error);
    expect(isPtychoError(failure, "ArtefactError") && failure.message).toContain(text);
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  it.each<[string, (record: Record<string, unknown>) => object, RegExp]>([
    [
      "without its parts",
      ({ format, schema, command }) => ({ format, schema, command }),
      /its status is not/,
    ],
    [
      "with other inputs",
      (record) => ({ ...record, inputs: "scan.npz" }),
      /its inputs is not what a run writes/,
    ],
    ["with other outputs", (record) => ({ ...record, outputs: [null] }), /its outputs is not/],
    ["with another configuration", (record) => ({ ...record, config: { training: 7 } }), /its config is not/],
    ["without versions", (record) => ({ ...record, versions: null }), /its versions is not/],
    [
      "of adapt that was asked nothing",
      (record) => ({ ...record, command: "adapt" }),
      /what adapt was asked/,
    ],
    [
      "of a simulation that cannot be",
      (record) => ({ ...record, command: "simulate", inputs: [], request: { object: "toString" } }),
      /simulate: phase is missing|simulate: object: expected one of/,
    ],
  ])("a forged record %s, whose digest is right", async (name, forge, message) => {
    const { recordSha256: _, ...record } = JSON.parse(readFileSync(at("model", "run.json"), "utf8"));
    const forged = forge(record);
    const recordSha256 = createHash("sha256").update(JSON.stringify(forged)).digest("hex");
    mkdirSync(at(`forged ${name}`));
    writeFileSync(at(`forged ${name}`, "run.json"), JSON.stringify({ ...forged, recordSha256 }));
    const failure = await replay(`forged ${name}`, "nowhere").catch((error: unknown) => error);
    expect(isPtychoError(failure) && failure.message).toMatch(message);
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  it("where there is no record", async () => {
    expect(await runHere("replay", at("absent"), "--output_dir", at("nowhere"))).toMatchObject({ code: 2 });
    expect((await runHere("replay", at("model"))).err).toContain("--output_dir is required");
  });

  it("an output that comes out otherwise is named", async () => {
    cpSync(at("model"), at("tampered"), { recursive: true });
    appendFileSync(at("tampered", "metrics.csv"), "\n"); // the files do not matter, the record does
    expect((await replay("tampered", "tampered-again")).different).toEqual([]);
    const { record } = readRunRecord(at("model"));
    const weights = record.outputs.find(({ path }) => path === "wts.h5.zip")?.compared?.sha256 ?? "";
    const text = JSON.stringify({ ...record }).replace(weights, "0".repeat(64));
    const digest = createHash("sha256").update(text).digest("hex");
    writeFileSync(at("tampered", "run.json"), JSON.stringify({ ...JSON.parse(text), recordSha256: digest }));
    expect((await replay("tampered", "tampered-twice")).different).toEqual(["wts.h5.zip (weights)"]);
  });
});

describe("diff", () => {
  it("names changed fields with both sources, and what came of them", async () => {
    await trainHere({ ...SMALL, learning_rate: 1e-3, seed: 43, output_dir: at("other") });
    const { code, out } = await runHere("diff", at("model"), at("other", "run.json"));
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("field "))).toEqual([
      "field training.learning_rate: 0.002 (preset unrolled) -> 0.001 (test)",
      `field execution.output_dir: "${at("model")}" (test) -> "${at("other")}" (test)`,
      "field execution.seed: 42 (default) -> 43 (test)",
    ]);
    expect(lines.some((line) => line.startsWith("figure train_loss: "))).toBe(true);
    expect(lines.some((line) => line.startsWith("output wts.h5.zip (weights): "))).toBe(true);
    const { out: json } = await runHere("diff", at("model"), at("other"), "--json");
    expect(JSON.parse(json)).toContainEqual({
      of: "field",
      name: "execution.seed",
      values: ["42 (default)", "43 (test)"],
    });
  });

  it("of a run with itself is nothing", async () => {
    expect((await runHere("diff", at("model"), at("model"))).out).toBe("nothing differs but the times\n");
  });
});

it("a tracker that fails becomes a warning of the run, and its record", async () => {
  writeFileSync(at("no-folder"), "");
  const values = { ...SMALL, nepochs: 1, output_dir: at("untracked") };
  const events: ProgressEvent[] = [];
  await trainHere({ ...values, logger: "mlflow", mlflow_tracking_uri: at("no-folder") }, { events });
  const warnings = events.filter((event) => event.kind === "warning").map(({ text }) => text);
  expect(warnings.filter((text) => text.includes("logger 'mlflow' stopped"))).toHaveLength(1);
  expect(recordIn("untracked").warnings).toEqual(expect.arrayContaining(warnings));
  expect(recordIn("untracked").status).toBe("completed");
});
