// The original's two factories run through the public door, and the run is repeated and compared there.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeSmallScan } from "../../tests/scan-file.js";
import { createInferencePayload, createTrainingPayload } from "../workflows/create-payload.js";
import { readRunRecord } from "../workflows/read-run-record.js";
import { diffRuns, replay } from "./replay.js";
import { runInferencePayload, runTrainingPayload } from "./run-payload.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-payloads-"));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 16);
  const overrides = { n_groups: 8, max_epochs: 1, batch_size: 4, n_filters_scale: 1 };
  const payload = createTrainingPayload({ trainDataFile: at("scan.npz"), outputDir: at("run"), overrides });
  const { history } = await runTrainingPayload(payload).result;
  expect(history.trainLoss).toHaveLength(1);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const inference = (overrides: Record<string, unknown>) =>
  createInferencePayload({
    ...{ modelPath: at("run"), testDataFile: at("scan.npz"), outputDir: at("picture") },
    overrides: { n_groups: 16, ...overrides },
  });

it("trains with the sources of the payload on record", () => {
  const { sources, config } = readRunRecord(at("run")).record;
  expect(config?.training.nepochs).toBe(1);
  expect(sources?.nepochs).toMatchObject({ source: "override" });
  expect(sources?.adam_beta1).toMatchObject({ source: "default of the original" });
});

it("infers with the model that was trained, and tells the payload's warnings", async () => {
  const run = runInferencePayload(inference({ patch_weighting: "uniform", gridsize: 1 }));
  const told: string[] = [];
  for await (const event of run) if (event.kind === "warning") told.push(event.text);
  expect(told.join()).toContain("POLICY-001");
  const { patterns, amplitude } = await run.result;
  expect(patterns).toBe(16);
  expect(amplitude.data.some((value) => value > 0)).toBe(true);
  const { sources } = readRunRecord(at("picture")).record;
  expect(sources?.patch_weighting).toMatchObject({ source: "override" });
});

it("refuses the payload of the other factory", async () => {
  const wrong = inference({}) as unknown as Parameters<typeof runTrainingPayload>[0]; // as plain JavaScript may
  await expect(runTrainingPayload(wrong).result).rejects.toThrow(
    /expected what createTrainingPayload\(\) gives/,
  );
});

it("refuses what contradicts the model archive", async () => {
  const run = runInferencePayload(inference({ n_filters_scale: 2 }));
  await expect(run.result).rejects.toThrow(/n_filters_scale 2 contradicts the model archive, .* 1; leave/);
});

it("replays and compares", async () => {
  const { equal, different } = await replay({ record: at("run"), outputDir: at("again") }).result;
  expect(different).toEqual([]);
  expect(equal).toContain("wts.h5.zip (weights)");
  expect(diffRuns(at("run"), at("run"))).toEqual([]);
  const differing = diffRuns(at("run"), at("again")).map(({ name }) => name);
  expect(differing).toEqual(["execution.output_dir"]);
  await expect(replay({ record: at("run"), outputDir: "" }).result).rejects.toThrow(
    /outputDir: expected a path/,
  );
});
