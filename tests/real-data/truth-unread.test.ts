// As tests/truth-unread.test.ts, on the scans of the data folder.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, it } from "vitest";
import { absent, realScan } from "../scan-file.js";
import { expectTruthUnread } from "../truth-unread.js";
import { isSlow } from "./outcome.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-truth-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const name of ["sim_lines_N64.npz", "cryo_particles_N64.npz"]) {
  const scan = realScan(name);
  it.skipIf(!isSlow || scan === undefined)(`${name} (${absent})`, { timeout: 300_000 }, () =>
    expectTruthUnread(scan!, ["--gridsize", "1"], folder),
  );
}
