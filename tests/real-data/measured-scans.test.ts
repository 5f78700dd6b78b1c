// Short runs on measured scans: train, infer and evaluate against the reference object of the file.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runChild } from "../command-line.js";
import { absent, realScan } from "../scan-file.js";
import { expectModel, expectPicture, isSlow } from "./outcome.js";

const SCANS = [
  { name: "siemens_star_N128.npz", groups: 64 },
  { name: "cryo_particles_N64.npz", groups: 128 },
] as const;

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-measured-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { name, groups } of SCANS) {
  const scan = realScan(name);
  describe.skipIf(!isSlow || scan === undefined)(`${name} (${absent})`, () => {
    it("train, infer, evaluate", { timeout: 300_000 }, async () => {
      const F = scan!;
      const D = join(folder, name);
      const trained = await runChild(
        ...["train", "--train_data_file", F, "--output_dir", D, "--max_epochs", "2", "--gridsize", "1"],
        ...["--n_groups", String(groups), "--batch_size", "8"],
      );
      expect(trained.code, trained.err).toBe(0);
      expectModel(D, trained.err);
      const picture = join(D, "picture");
      const inferred = await runChild(
        ...["infer", "--model_path", D, "--test_data", F, "--output_dir", picture, "--n_groups", "256"],
      );
      expect(inferred.code, inferred.err).toBe(0);
      expectPicture(picture);
      const metricsFile = join(D, "metrics.json");
      const evaluated = await runChild("evaluate", picture, "--truth", F, "--output", metricsFile);
      expect(evaluated.code, evaluated.err).toBe(0);
      const metrics = JSON.parse(readFileSync(metricsFile, "utf8"));
      for (const value of [metrics.amplitude.mae, metrics.phase.mae, metrics.phase.ssim])
        expect(Number.isFinite(value)).toBe(true);
      console.log(`${name}: train ${trained.seconds.toFixed(1)} s\n${evaluated.out}`);
    });
  });
}
