import * as nodeFs from "node:fs";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { float32, int32, type NdArray } from "../core/ndarray.js";
import type { WriteFs } from "../formats/files.js";
import {
  type Checkpoint,
  expectSameRun,
  fingerprintOf,
  loadCheckpoint,
  saveCheckpoint,
} from "./checkpoint.js";
import {
  bestCheckpoint,
  type CheckpointPolicy,
  keepCheckpoint,
  LAST_NAME,
  latestCheckpoint,
} from "./checkpoint-folder.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ckpt-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const POLICY: CheckpointPolicy = { metric: "val_loss", mode: "min", topK: 2 };

function checkpointAt(epoch: number, loss: number | null): Checkpoint {
  return {
    position: { step: 10 * epoch, epoch, batch: 0 },
    tensors: new Map<string, NdArray>([
      ["parameters", float32([3], [0.1, -2.5e-8, epoch])],
      ["adam.m", float32([3], [1, 2, 3])],
      ["count", int32([], [7])],
    ]),
    schedule: { epoch, learningRate: 1e-3 * 0.95 ** epoch, best: null, badEpochs: 0 },
    random: { order: [3, 1, 2], counter: "18446744073709551615" },
    metrics: { val_loss: loss, train_loss: 1 / 3 },
    identity: { config: { N: 64, model: { gridsize: 2 } }, dataSha256: "ab", version: "1" },
  };
}

/** The real file system, except that call number `failing` (from 0) fails. */
function failingFs(failing: number): WriteFs & { calls: number } {
  const fs = {
    calls: 0,
    open: (path: string, flags: string) => step(() => nodeFs.openSync(path, flags)),
    write: (handle: number, bytes: Uint8Array) =>
      step(() => nodeFs.writeSync(handle, bytes, 0, bytes.length)),
    fsync: (handle: number) => step(() => nodeFs.fsyncSync(handle)),
    close: (handle: number) => nodeFs.closeSync(handle),
    rename: (from: string, to: string) => step(() => nodeFs.renameSync(from, to)),
    unlink: (path: string) => nodeFs.unlinkSync(path),
  };
  const step = <T>(action: () => T): T => {
    if (fs.calls++ === failing) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    return action();
  };
  return fs;
}

describe("a checkpoint file", () => {
  it("gives back bit for bit what was saved", () => {
    const path = join(folder, "a.ckpt.zip");
    const saved = checkpointAt(3, 0.1 + 0.2);
    saveCheckpoint(path, saved);
    const { tensors, ...state } = loadCheckpoint(path);
    expect(state).toEqual({ ...saved, tensors: undefined });
    expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(saved.tensors));
  });

  it("is refused as ArtefactError when any byte is changed or missing", () => {
    const path = join(folder, "a.ckpt.zip");
    saveCheckpoint(path, checkpointAt(1, 0.5));
    const good = readFileSync(path);
    const whole = loadCheckpoint(path);
    for (let at = 0; at < good.length; at += 3) {
      const bad = Buffer.from(good);
      bad[at] ^= 0x11;
      writeFileSync(path, bad);
      try {
        // A few header bytes (times, attributes) carry no content.
        expect(loadCheckpoint(path)).toEqual(whole);
      } catch (error) {
        if (!isPtychoError(error, "ArtefactError")) throw error;
      }
      writeFileSync(path, good.subarray(0, at));
      expect(() => loadCheckpoint(path)).toThrow();
    }
  });

  it("is not written from a state that is not finite", () => {
    const path = join(folder, "a.ckpt.zip");
    const broken = checkpointAt(1, 0.5);
    (broken.tensors.get("adam.m")?.data as Float32Array)[1] = Number.NaN;
    expect(() => saveCheckpoint(path, broken)).toThrow(/not written.*adam\.m/);
    expect(existsSync(path)).toBe(false);
  });
});

describe("the checkpoints of a run", () => {
  it("keeps the last and the best k, whatever the order", () => {
    for (const [epoch, loss] of [0.9, 0.3, 0.5, 0.1, 0.7].entries())
      keepCheckpoint(folder, checkpointAt(epoch, loss), POLICY);
    expect(readdirSync(folder).sort()).toEqual(
      [
        "epoch=001-step=10-val_loss=0.3.ckpt.zip",
        "epoch=003-step=30-val_loss=0.1.ckpt.zip",
        LAST_NAME,
      ].sort(),
    );
    expect(bestCheckpoint(folder, POLICY)?.value).toBe(0.1);
    expect(bestCheckpoint(folder, { ...POLICY, mode: "max" })?.value).toBe(0.3);
    expect(latestCheckpoint(folder)?.checkpoint.position.epoch).toBe(4);
  });

  it("keeps all for -1, none for 0, and only the last without a metric", () => {
    for (const [topK, expected] of [
      [-1, 4],
      [0, 1],
    ]) {
      const here = join(folder, String(topK));
      for (const epoch of [0, 1, 2]) keepCheckpoint(here, checkpointAt(epoch, epoch), { ...POLICY, topK });
      expect(readdirSync(here)).toHaveLength(expected);
    }
    const here = join(folder, "without");
    keepCheckpoint(here, checkpointAt(0, null), POLICY);
    expect(readdirSync(here)).toEqual([LAST_NAME]);
    expect(() => keepCheckpoint(here, checkpointAt(0, 1), { ...POLICY, topK: -2 })).toThrow(/top_k/);
  });

  it("loses nothing whichever call of the disk fails", () => {
    keepCheckpoint(folder, checkpointAt(0, 0.5), POLICY);
    keepCheckpoint(folder, checkpointAt(1, 0.4), POLICY);
    const calls = failingFs(-1);
    const trial = join(folder, "trial");
    const setUp = (): void => {
      rmSync(trial, { recursive: true, force: true });
      mkdirSync(trial);
      for (const name of readdirSync(folder))
        if (name !== "trial") copyFileSync(join(folder, name), join(trial, name));
    };
    setUp();
    keepCheckpoint(trial, checkpointAt(2, 0.3), POLICY, calls);
    expect(calls.calls).toBeGreaterThan(8);
    for (let failing = 0; failing < calls.calls; failing++) {
      setUp();
      expect(() => keepCheckpoint(trial, checkpointAt(2, 0.3), POLICY, failingFs(failing))).toThrow(
        /disk or quota is full/,
      );
      const names = readdirSync(trial);
      expect(names.filter((name) => name.endsWith(".partial"))).toEqual([]);
      for (const name of names) loadCheckpoint(join(trial, name));
      expect(names.filter((name) => name.startsWith("epoch=")).length).toBeGreaterThanOrEqual(2);
      expect(latestCheckpoint(trial)?.checkpoint.position.epoch).toBeGreaterThanOrEqual(1);
    }
  });

  it("falls back to the newest whole checkpoint, reaps partials of the dead, and says so when none is whole", () => {
    expect(latestCheckpoint(join(folder, "missing"))).toBeUndefined();
    keepCheckpoint(folder, checkpointAt(0, 0.5), POLICY);
    keepCheckpoint(folder, checkpointAt(1, 0.4), POLICY);
    writeFileSync(join(folder, LAST_NAME), "torn");
    writeFileSync(join(folder, ".last.ckpt.zip.999999999.0123456789ab.partial"), "half");
    const found = latestCheckpoint(folder);
    expect(found?.checkpoint.position.epoch).toBe(1);
    expect(found?.skipped).toHaveLength(1);
    keepCheckpoint(folder, checkpointAt(2, 0.9), POLICY);
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "torn");
    expect(() => latestCheckpoint(folder)).toThrow(/no checkpoint is whole/);
  });
});

describe("resuming", () => {
  it("prints what differs, and lets free fields differ", () => {
    const { identity } = checkpointAt(0, 1);
    const other = { ...identity, config: { N: 64, model: { gridsize: 1 }, epochs: 9 }, dataSha256: "cd" };
    expect(() => expectSameRun(identity, identity)).not.toThrow();
    expect(() => expectSameRun(identity, other, ["epochs"])).toThrow(
      /\(model\.gridsize: 2 -> 1; data SHA-256: ab -> cd\)/,
    );
    expect(() => expectSameRun(identity, { ...identity, config: { N: 64 } }, ["model"])).not.toThrow();
  });

  it("identifies data by values, names, dtypes and shapes", () => {
    const a = float32([2, 1], [1, 2]);
    const prints = [
      [["x", a]],
      [["y", a]],
      [["x", float32([1, 2], [1, 2])]],
      [["x", float32([2, 1], [1, 3])]],
    ] as const;
    expect(new Set(prints.map((arrays) => fingerprintOf(arrays))).size).toBe(4);
  });
});
