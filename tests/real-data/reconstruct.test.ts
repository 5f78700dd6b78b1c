// ptychopinn reconstruct on the real scans, with nothing but defaults: from the file's probe and from none.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runChild } from "../command-line.js";
import { absent, realScan } from "../scan-file.js";
import { isSlow } from "./outcome.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-real-reconstruct-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [lines, star, cryo] = ["sim_lines_N64", "siemens_star_N128", "cryo_particles_N64"].map((name) =>
  realScan(`${name}.npz`),
);

it.skipIf(!isSlow || lines === undefined)(
  "sim_lines: amplitude SSIM >= 0.98",
  { timeout: 120_000 },
  async () => {
    const out = join(folder, "lines");
    const { code, err, seconds } = await runChild("reconstruct", lines!, "--output-dir", out);
    expect(code, err).toBe(0);
    const metrics = join(folder, "lines.json");
    const scored = await runChild("evaluate", out, "--truth", lines!, "--crop", "100", "--output", metrics);
    expect(scored.code, scored.err).toBe(0);
    const { ssim } = JSON.parse(readFileSync(metrics, "utf8")).amplitude;
    console.log(
      `reconstruct sim_lines: ${seconds.toFixed(1)} s from process start, amplitude SSIM ${ssim.toFixed(4)}`,
    );
    expect(ssim).toBeGreaterThan(0.98);
  },
);

interface Limits {
  readonly residual: number;
  readonly phase: number;
  readonly periodPx: number;
}

// R and the phase correlation of two halves are those that the data's README names for other programs. The periods are
// measured 3.89 and 3.83 px (star), 5.7 and 6.4 px (cryo); with another machine's rounding they may move by a few per cent.
const STAR: Limits = { residual: 0.116, phase: 0.97, periodPx: 4.1 };
const CRYO: Limits = { residual: 0.164, phase: 0.8, periodPx: 6.9 };

const CASES = [
  ["star", star, "file", STAR],
  ["star", star, "estimate", STAR],
  ["cryo", cryo, "file", CRYO],
  ["cryo", cryo, "estimate", CRYO],
] as const;

for (const [name, scan, probe, limits] of CASES) {
  it.skipIf(!isSlow || scan === undefined)(
    `${name}, probe of the ${probe} (${absent})`,
    { timeout: 400_000 },
    async () => {
      const out = join(folder, `${name}-${probe}`);
      const options = ["--probe", probe, "--halves", "--preview-every", "0"];
      const { code, err, seconds } = await runChild("reconstruct", scan!, "--output-dir", out, ...options);
      expect(code, err).toBe(0);
      const { residual, halves } = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
      const { phaseCorrelation, halfBitPeriodPx } = halves;
      console.log(
        `reconstruct ${name}, probe ${probe}: ${seconds.toFixed(0)} s with halves, R ${residual.toFixed(4)}, ` +
          `phase correlation ${phaseCorrelation.toFixed(4)}, half-bit period ${halfBitPeriodPx?.toFixed(2)} px`,
      );
      expect(residual).toBeLessThan(limits.residual);
      expect(phaseCorrelation).toBeGreaterThan(limits.phase);
      expect(halfBitPeriodPx).toBeLessThan(limits.periodPx);
    },
  );
}
