// The factories over files: what is read of a scan (headers alone), and that a payload runs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSmallScan } from "../../tests/scan-file.js";
import { executionConfig } from "../config/original/execution-config.js";
import { toTrainRequest } from "../config/original/to-request.js";
import { resolveConfig } from "../config/resolve.js";
import { openNpz, writeNpz } from "../formats/npz.js";
import {
  createInferencePayload,
  createTrainingPayload,
  inferProbeSize,
  validatePaths,
} from "./create-payload.js";
import { trainWorkflow } from "./train.js";

let folder: string;
let scan: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ptychopinn-payload-"));
  scan = join(folder, "scan.npz");
  await writeSmallScan(scan, 36);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("inferProbeSize", () => {
  it("reads the header alone: damaged values of the probe do not matter", () => {
    const path = join(folder, "damaged.npz");
    const probe = {
      dtype: "float64",
      shape: [128, 128],
      data: new Float64Array(128 * 128).fill(0.5),
    } as const;
    writeNpz(path, [["probeGuess", probe]], { method: "store" });
    const bytes = readFileSync(path);
    bytes[4096] ^= 255;
    writeFileSync(path, bytes);
    expect(() => openNpz(path).read("probeGuess")).toThrow(/CRC/);
    expect(inferProbeSize(path)).toEqual({ N: 128, inferred: true, warnings: [] });
  });

  it("falls back with a warning that holds the reason, and refuses when strict", () => {
    const path = join(folder, "text.npz");
    writeFileSync(path, "not an archive");
    const { N, warnings } = inferProbeSize(path);
    expect(N).toBe(64);
    expect(warnings[0].text).toMatch(
      /^Error reading probeGuess from .*text\.npz: .*zip.* Using fallback N=64\.$/,
    );
    expect(() => inferProbeSize(path, { strict: true })).toThrow(
      /Error reading probeGuess.*give N or mend the file/,
    );
  });
});

describe("createTrainingPayload", () => {
  it("takes N and the photons from the file and says so", () => {
    const { overridesApplied, ptDataConfig } = createTrainingPayload({
      trainDataFile: scan,
      outputDir: "out",
      overrides: { n_groups: 8 },
    });
    const lines = new Map(overridesApplied.map((line) => [line.name, line]));
    expect(ptDataConfig.values).toMatchObject({ N: 64, nphotons: 1e6 });
    expect(lines.get("N")).toMatchObject({ value: 64, source: "data file" });
    expect(lines.get("nphotons")).toMatchObject({ value: 1e6, source: "data file" });
    expect(lines.get("nphotons_source")?.value).toBe("metadata");
  });

  it("refuses a misspelt member, which would be lost", () => {
    const request = { trainDataFile: scan, outputDir: "out", overrides: { n_groups: 8 } };
    const given = {
      ...request,
      executionconfig: executionConfig({ accum_steps: 2 }, { cuda: false }, () => {}),
    };
    expect(() => createTrainingPayload(given)).toThrow(/executionconfig.*did you mean 'executionConfig'/);
  });

  it("makes what trainWorkflow runs, with the values of the payload", async () => {
    const outputDir = join(folder, "run");
    const payload = createTrainingPayload({
      trainDataFile: scan,
      outputDir,
      overrides: {
        n_groups: 8,
        max_epochs: 1,
        batch_size: 4,
        n_filters_scale: 1,
        probe_mask: true,
        probe_mask_sigma: 2,
      },
      executionConfig: executionConfig(
        { accelerator: "cpu", learning_rate: 2e-3 },
        { cuda: false },
        () => {},
      ),
    });
    const config = resolveConfig("train", toTrainRequest(payload));
    expect(config.config.model.probe_mask_sigma).toBe(2); // lost on the way in the original (D34)
    expect(config.config.training.learning_rate).toBe(2e-3); // without effect in the original (D38)
    const run = trainWorkflow({ config, signal: new AbortController().signal });
    let step = await run.next();
    while (!step.done) step = await run.next();
    expect(step.value.archivePath).toBe(join(outputDir, "wts.h5.zip"));
    expect(step.value.history.trainLoss).toHaveLength(1);
    const inference = createInferencePayload({
      modelPath: outputDir,
      testDataFile: scan,
      outputDir: "pictures",
      overrides: { n_groups: 8 },
    });
    expect(inference.tfInferenceConfig.values).toMatchObject({ model_path: outputDir, n_groups: 8 });
  }, 60_000);
});

describe("validatePaths", () => {
  it("makes the folder only when the files are there", () => {
    const outputDir = join(folder, "made", "deep");
    expect(() => validatePaths({ train: scan, test: join(folder, "none.npz"), outputDir })).toThrow(
      /Test data file not found: .*none\.npz/,
    );
    expect(() => readFileSync(join(outputDir, "x"))).toThrow(/ENOENT/);
    validatePaths({ train: scan, outputDir });
    writeFileSync(join(outputDir, "x"), "");
  });
});
