// kill -9 at a hundred random moments of writing checkpoints: the last whole one is always there.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { keepCheckpoint, latestCheckpoint } from "../../src/training/checkpoint-folder.js";
import { isSlow } from "./outcome.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POLICY = { metric: "train_loss", mode: "min", topK: 2 } as const;
const BUILT = join(import.meta.dirname, "..", "..", "dist", "src", "training", "checkpoint-folder.js");

/** Keeps checkpoints of 4 MB without end; every element of checkpoint e is e. */
const WRITER = `
import { keepCheckpoint } from ${JSON.stringify(pathToFileURL(BUILT).href)};
const [folder, from] = process.argv.slice(2);
const policy = ${JSON.stringify(POLICY)};
const data = new Float32Array(1e6);
for (let epoch = Number(from); ; epoch++) {
  data.fill(epoch);
  keepCheckpoint(folder, {
    position: { step: epoch, epoch, batch: 0 },
    tensors: new Map([["parameters", { dtype: "float32", shape: [1e6], data }]]),
    schedule: { epoch, learningRate: 1, best: null, badEpochs: 0 },
    random: {}, metrics: { train_loss: 1 / epoch }, identity: { config: {}, dataSha256: "", version: "" },
  }, policy);
  process.stdout.write("+");
}
`;

it.skipIf(!isSlow)("a hundred kills (slow)", { timeout: 300_000 }, async () => {
  const writer = join(folder, "writer.mjs");
  writeFileSync(writer, WRITER);
  const kept = join(folder, "checkpoints");
  let reached = 0;
  let torn = 0;
  for (let kill = 0; kill < 100; kill++) {
    const child = spawn(process.execPath, [writer, kept, String(reached + 1)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve)); // one whole checkpoint of this process
    await new Promise((resolve) => setTimeout(resolve, 60 * Math.random()));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    torn += readdirSync(kept).filter((name) => name.endsWith(".partial")).length;
    const found = latestCheckpoint(kept);
    expect(found).toMatchObject({ name: "last.ckpt.zip", skipped: [] });
    const { position, tensors } = found!.checkpoint;
    expect(position.epoch).toBeGreaterThan(reached);
    reached = position.epoch;
    expect(tensors.get("parameters")?.data.every((value) => value === reached)).toBe(true);
  }
  expect(torn).toBeGreaterThan(10); // else the kills missed the writing
  keepCheckpoint(kept, { ...latestCheckpoint(kept)!.checkpoint, metrics: { train_loss: 0 } }, POLICY);
  expect(readdirSync(kept).filter((name) => name.endsWith(".partial"))).toEqual([]);
  expect(readdirSync(kept)).toHaveLength(3);
});
