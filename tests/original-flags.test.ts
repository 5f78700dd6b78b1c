// The flags of the original that write pictures and statistics: each changes what a real run leaves behind.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodePng } from "../src/formats/png.js";
import { readReconstruction } from "../src/workflows/read-reconstruction.js";
import { type Outcome, runHere } from "./command-line.js";
import { copyScan, writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-flags-"));
const at = (...names: string[]) => join(folder, ...names);
const [scan, bare] = [at("scan.npz"), at("bare.npz")];
const PATTERNS = 12;

let trained: Outcome;
beforeAll(async () => {
  await writeSmallScan(scan, PATTERNS);
  copyScan(scan, bare, { objectGuess: undefined });
  const settings = "--gridsize 1 --n_filters_scale 1 --max_epochs 1 --batch_size 4 --validation_split 0";
  const asked = "--do_stitching --log-patch-stats --patch-stats-limit 2 --checkpoint_monitor train_loss";
  trained = await runHere(
    ...`train --train_data_file ${scan} --output_dir ${at("run")} ${settings} ${asked}`.split(" "),
  );
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const infer = (file: string, ...more: string[]) =>
  runHere("infer", "--model_path", at("run"), "--test_data", file, "--output_dir", at("picture"), ...more);

const json = (...names: string[]) => JSON.parse(readFileSync(at(...names), "utf8"));
const picture = (...names: string[]) => decodePng(readFileSync(at(...names)), names.join("/"));

it("--do_stitching draws the training scan when there is no test scan, and says so", () => {
  expect(trained).toMatchObject({ code: 0 });
  expect(trained.err).toContain("reconstructing the training scan: there is no test_data_file");
  expect(trained.out).toContain(`object (${PATTERNS} patterns): ${at("run", "reconstruction.npz")}`);
  expect(existsSync(at("run", "reconstructed_phase.png"))).toBe(true);
});

it("--log-patch-stats writes as many batches of training as --patch-stats-limit allows", () => {
  const batches = json("run", "analysis", "torch_patch_stats.json");
  expect(
    batches.map(({ phase, batch_idx, batch_size }: Record<string, unknown>) => [
      phase,
      batch_idx,
      batch_size,
    ]),
  ).toEqual([
    ["train", 0, 4],
    ["train", 1, 4],
  ]);
  expect(batches[0].per_patch).toHaveLength(4);
  expect(batches[0].global_std).toBeGreaterThan(0);
  expect(picture("run", "analysis", "torch_patch_grid.png").width).toBeGreaterThan(4 * 64);
});

it("--debug_dump and --log-patch-stats tell of all patches of a prediction", async () => {
  const { code } = await infer(scan, "--debug_dump", "--log-patch-stats", "--inference_batch_size", "8");
  expect(code).toBe(0);
  const offsets = json("picture", "debug_dump", "offsets.json");
  const { patch_amplitude } = json("picture", "debug_dump", "stats.json");
  const batches = json("picture", "analysis", "torch_patch_stats.json");
  expect([offsets.count, offsets.first_offsets_px.length, batches.length]).toEqual([PATTERNS, PATTERNS, 2]);
  const mean = (8 * batches[0].global_mean + 4 * batches[1].global_mean) / PATTERNS;
  expect(patch_amplitude.mean).toBeCloseTo(mean, 9);
  const [, width] = readReconstruction(at("picture")).object.shape;
  expect(json("picture", "debug_dump", "canvas.json")).toMatchObject({
    ...{ patch_size: 64, canvas_size: width, num_patch_slots: PATTERNS },
  });
  expect(existsSync(at("picture", "debug_dump", "pred_patches_amp_grid.png"))).toBe(true);
  await infer(scan, "--debug_dump", at("elsewhere"));
  expect(existsSync(at("elsewhere", "stats.json"))).toBe(true);
});

it("--phase_vmin and --phase_vmax are the ends of the phase picture", async () => {
  await infer(scan);
  const own = picture("picture", "reconstructed_phase.png");
  expect((await infer(scan, "--phase_vmin", "-3", "--phase_vmax", "3")).code).toBe(0);
  expect(Buffer.from(picture("picture", "reconstructed_phase.png").rgb8).equals(Buffer.from(own.rgb8))).toBe(
    false,
  );
  const beyond = await infer(scan, "--phase_vmin", "9");
  expect([beyond.code, beyond.err]).toEqual([
    2,
    expect.stringContaining("give both --phase_vmin and --phase_vmax"),
  ]);
});

it("--comparison_plot draws the object of the scan file, and warns where there is none", async () => {
  const path = at("picture", "comparison_plot.png");
  await infer(scan);
  expect(existsSync(path)).toBe(false);
  await infer(scan, "--comparison_plot");
  expect(existsSync(path)).toBe(true);
  rmSync(path);
  const { code, err } = await infer(bare, "--comparison_plot");
  expect([code, err]).toEqual([
    0,
    expect.stringContaining("warning: --comparison_plot: no picture is drawn: "),
  ]);
  expect(existsSync(path)).toBe(false);
});
