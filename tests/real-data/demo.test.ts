// The first command of the README. It makes its own scan, but takes minutes like the runs on real ones.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { filesIn, runChild } from "../command-line.js";
import { expectModel, expectPicture, isSlow } from "./outcome.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Wall-clock limit on two cores. */
const LIMIT_S = 240;

it.skipIf(!isSlow)("demo: pictures and figures in under four minutes", { timeout: 600_000 }, async () => {
  const { code, out, err, seconds } = await runChild("demo", "--output_dir", folder);
  expect(code, err).toBe(0);
  expectModel(join(folder, "model"), err);
  expectPicture(folder);
  expect(filesIn(folder)).toEqual(
    expect.arrayContaining(["comparison.png", "metrics.json", "reconstruction.npz", "scan.npz"]),
  );
  expect(out).toContain(join(folder, "reconstructed_amplitude.png"));
  const { amplitude, phase } = JSON.parse(readFileSync(join(folder, "metrics.json"), "utf8"));
  console.log(`demo: ${seconds.toFixed(0)} s, SSIM amplitude ${amplitude.ssim}, phase ${phase.ssim}`);
  expect(amplitude.ssim).toBeGreaterThan(0.8);
  expect(phase.correlation).toBeGreaterThan(0.8);
  expect(seconds).toBeLessThan(LIMIT_S);
});
