// A run whose patterns stay on disk gives the bits of the run that holds them; one that cannot fit is refused first.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CI_BUNDLE, presets } from "../src/config/presets.js";
import { resolveConfig } from "../src/config/resolve.js";
import { exitCodeOf, isPtychoError } from "../src/core/errors.js";
import type { NdArray } from "../src/core/ndarray.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { scanExtent } from "../src/data/scan-extent.js";
import { openNpz, writeNpz } from "../src/formats/npz.js";
import type { InferResult } from "../src/workflows/contract.js";
import { inferWorkflow } from "../src/workflows/infer.js";
import { inferenceNeeds, memoryLimit, trainingNeeds } from "../src/workflows/memory-plan.js";
import { copyScan, membersOf, writeSmallScan } from "./scan-file.js";
import { outcomeOf, trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-memory-"));
const at = (name: string) => join(folder, name);
const PATTERNS = 1200;
const MIB = 2 ** 20;

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), PATTERNS);
  // Some patterns without signal, which both ways must leave out alike.
  const { data, shape } = openNpz(at("scan.npz")).read("diffraction") as NdArray<"float32">;
  const dimmed = data.slice();
  for (const blank of [3, 700]) dimmed.fill(0, blank * 4096, (blank + 1) * 4096);
  const diffraction = { dtype: "float32", shape, data: dimmed } as const;
  copyScan(at("scan.npz"), at("plain.npz"), { diffraction, diff3d: undefined, objectGuess: undefined });
  writeNpz(at("packed.npz"), membersOf(at("plain.npz")), { method: "deflate" });
  const counts = { ...diffraction, data: dimmed.map((value) => Math.round(1e4 * value * value)) };
  copyScan(at("plain.npz"), at("counts.npz"), { diffraction: counts });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const small: Values = {
  ...{ gridsize: 1, n_filters_scale: 1, n_groups: 12, batch_size: 4, nphotons: 1e6, nepochs: 1 },
  ...{ accelerator: "cpu", seed: 7 },
};

/** A limit that the patterns do not fit in, and the run without them does, in MiB. */
async function tightFor(file: string, values: Values): Promise<number> {
  const layers = [{ source: "test", values: { ...values, train_data_file: file } }];
  const { config } = resolveConfig("train", { layers });
  const scan = { ...(await scanExtent(file, {})), isHandedOver: false };
  return between(trainingNeeds(config, [scan], true));
}
function between({ inMemory, onDisk }: { inMemory: number; onDisk: number }): number {
  expect(inMemory - onDisk).toBeGreaterThan(4 * MIB);
  return Math.round((inMemory + onDisk) / 2 / MIB);
}

async function trainBothWays(file: string, values: Values) {
  const max_memory = await tightFor(file, values);
  const run = async (name: string, more: Values) => {
    const events: ProgressEvent[] = [];
    const output_dir = mkdtempSync(at(`${name}-`));
    const all = { ...values, ...more, train_data_file: file, output_dir };
    const result = await trainHere(all, { events });
    return { outcome: outcomeOf(result), text: textOf(events), result };
  };
  return { held: await run("held", {}), streamed: await run("streamed", { max_memory }) };
}
const textOf = (events: readonly ProgressEvent[]): string =>
  events.map((event) => ("text" in event ? event.text : "")).join("\n");

async function infer(values: Values): Promise<{ result: InferResult; text: string }> {
  const events: ProgressEvent[] = [];
  const config = resolveConfig("infer", { layers: [{ source: "test", values }] });
  const work = inferWorkflow({ config, signal: new AbortController().signal });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return { result: value, text: textOf(events) };
    events.push(value);
  }
}

async function refusalOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("nothing was refused");
  return error;
}

describe("weights, losses and object are bit for bit those of a run in memory", () => {
  it.each([
    ["groups of 2 x 2", "plain.npz", { ...small, gridsize: 2 }],
    ["patterns unpacked from a compressed archive", "packed.npz", small],
    [
      "the unrolled network on its clusters",
      "plain.npz",
      { ...presets.unrolled.values, ...small, n_groups: 8 },
    ],
  ])(
    "%s",
    async (_, name, values) => {
      const { held, streamed } = await trainBothWays(at(name), values);
      expect(held.text).not.toContain("on disk");
      expect(streamed.text).toMatch(
        /needs about .* GB .*the limit is .*--max_memory.*read from disk batch by batch/,
      );
      expect(streamed.outcome).toEqual(held.outcome);
      expect(streamed.text).toContain("2 all-zero patterns left out: 3, 700");
      const model: Values = {
        ...{
          model_path: held.result.archivePath,
          test_data_file: at(name),
          n_subsample: 40,
          accelerator: "cpu",
        },
      };
      const scan = { ...(await scanExtent(at(name), {})), isHandedOver: false };
      const asked = resolveConfig("infer", {
        layers: [{ source: "test", values: { ...model, output_dir: at("x") } }],
      });
      const layers = [{ source: "test", values: { ...values, train_data_file: at(name) } }];
      const trained = resolveConfig("train", { layers });
      const max_memory = between(
        inferenceNeeds(
          {
            config: asked.config,
            trained: trained.config,
            batchSize: asked.config.inference.inference_batch_size ?? 4,
          },
          scan,
          true,
        ),
      );
      const inMemory = await infer({ ...model, output_dir: mkdtempSync(at("object-")) });
      const onDisk = await infer({ ...model, output_dir: mkdtempSync(at("object-")), max_memory });
      expect(inMemory.text).not.toContain("on disk");
      expect(onDisk.text).toContain("read from disk batch by batch");
      const [a, b] = [inMemory, onDisk].map(({ result }) => membersOf(result.reconstructionPath));
      for (const key of ["object", "coverage"].filter((key) => a.has(key)))
        expect(b.get(key), key).toEqual(a.get(key));
      expect(a.has("object")).toBe(true);
      for (const { result } of [inMemory, onDisk])
        expect(readdirSync(result.outputDir).filter((file) => file.includes("scratch"))).toEqual([]);
    },
    90_000,
  );

  it("counts under the CI contract", async () => {
    const { held, streamed } = await trainBothWays(at("counts.npz"), { ...small, ...CI_BUNDLE });
    expect(streamed.outcome).toEqual(held.outcome);
  }, 60_000);
});

describe("what cannot fit is refused before anything is written", () => {
  it("names needed and available bytes and what to lower, exit 4", async () => {
    const output_dir = at("refused");
    const work = trainHere({ ...small, train_data_file: at("plain.npz"), output_dir, max_memory: 64 });
    const error = await refusalOf(work);
    expect(isPtychoError(error, "ResourceError")).toBe(true);
    expect(exitCodeOf(error)).toBe(4);
    expect(error.message).toMatch(
      /needs about 0\.\d+ GB even with the patterns on disk, the limit is 0\.0671 GB \(--max_memory\); lower --batch_size 4/,
    );
    expect(existsSync(output_dir)).toBe(false);
  });

  it("supervised training, which needs its labels in memory", async () => {
    const values = { ...small, model_type: "supervised", train_data_file: at("plain.npz") };
    const max_memory = await tightFor(at("plain.npz"), small);
    const error = await refusalOf(trainHere({ ...values, output_dir: at("labels"), max_memory }));
    expect(error.message).toMatch(/memory: the run needs about .*lower --batch_size/);
  });
});

it("a size may be written with its unit, every unit the binary one", () => {
  const given = (max_memory: unknown) =>
    resolveConfig("train", {
      layers: [{ source: "test", values: { train_data_file: "x", max_memory } as Values }],
    }).config.execution.max_memory;
  expect(["1G", "1.5GiB", "256M", "256 MB", "2048", 300, "none"].map(given)).toEqual([
    ...[1024, 1536, 256, 256, 2048, 300, null],
  ]);
  for (const wrong of ["1X", "G", "-1G", "32M", "1e3G"])
    expect(() => given(wrong), wrong).toThrow(/max_memory/);
  const engine = resolveConfig("reconstruct", {
    layers: [{ source: "test", values: { max_memory: "1G" } }],
  });
  expect(engine.config.engine.memory_limit).toBe(1024);
});

it("the limit is the asked one, else a share of what there is", () => {
  expect(memoryLimit(512)).toEqual({ bytes: 512 * MIB, origin: "--max_memory" });
  const { bytes, origin } = memoryLimit(null);
  expect(bytes).toBeGreaterThan(64 * MIB);
  expect(origin).toMatch(/^three quarters of the memory of this (machine|container)$/);
});
