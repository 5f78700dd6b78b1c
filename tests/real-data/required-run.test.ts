// The run that was asked for, as a user types it: two epochs on 64 groups of the simulated scan, then inference.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runChild } from "../command-line.js";
import { absent, realScan } from "../scan-file.js";
import { expectModel, expectPicture, isSlow, lossesOf } from "./outcome.js";

const scan = realScan("sim_lines_N64.npz");
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-required-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Wall-clock limit of train and infer together, on two cores. */
const LIMIT_S = 60;

describe.skipIf(!isSlow || scan === undefined)(`the required run on sim_lines_N64.npz (${absent})`, () => {
  it.each([1, 2])("gridsize %i", { timeout: 300_000 }, async (gridsize) => {
    const F = scan!;
    const D = join(folder, `g${gridsize}`);
    const trained = await runChild(
      ...["train", "--train_data_file", F, "--test_data_file", F, "--output_dir", D],
      ...["--max_epochs", "2", "--n_images", "64", "--gridsize", String(gridsize), "--batch_size", "4"],
      ...["--device", "cpu", "--disable_mlflow"],
    );
    expect(trained.code, trained.err).toBe(0);
    expectModel(D, trained.err);
    const picture = join(D, "picture");
    const inferred = await runChild(
      ...["infer", "--model_path", D, "--test_data", F, "--output_dir", picture, "--n_images", "64"],
    );
    expect(inferred.code, inferred.err).toBe(0);
    expectPicture(picture);
    console.log(
      `gridsize ${gridsize}: train ${trained.seconds.toFixed(1)} s, infer ${inferred.seconds.toFixed(1)} s, losses ${lossesOf(trained.err).join(" -> ")}`,
    );
    expect(trained.seconds + inferred.seconds).toBeLessThan(LIMIT_S);
  });
});
