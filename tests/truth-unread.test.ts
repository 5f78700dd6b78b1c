// The truth in a scan file never enters unsupervised training or inference: without it, every bit is the same.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runHere } from "./command-line.js";
import { copyScan, writeSmallScan } from "./scan-file.js";
import { expectTruthUnread, filled } from "./truth-unread.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-truth-"));
const scan = join(folder, "simulated.npz");

beforeAll(async () => {
  await writeSmallScan(scan, 16);
  const patches = filled([16, 64, 64], 0.7);
  const more = { Y: patches, ground_truth_patches: patches, probeRecon: filled([1, 64, 64], 3) };
  copyScan(scan, scan, more);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["--gridsize", "1"],
  ["--gridsize", "2"],
  ["--preset", "unrolled"],
])("%s %s", (...options) => expectTruthUnread(scan, options, folder));

it("supervised training, which asks for the patches, does read them", async () => {
  const stripped = join(folder, "stripped.npz");
  copyScan(scan, stripped, { Y: undefined });
  const args = ["train", "--train_data_file", stripped, "--output_dir", join(folder, "supervised")];
  const { code, err } = await runHere(...args, "--gridsize", "1", "--model_type", "supervised");
  expect([code, err]).toEqual([3, expect.stringContaining("'Y'")]);
});
