import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCK_NAME, lockRun } from "./run-lock.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("lockRun", () => {
  it("is held once, names its holder, and is free after release", () => {
    const lock = lockRun(folder);
    expect(() => lockRun(folder)).toThrow(
      new RegExp(`in use by a run on host .*, process ${process.pid}, since`),
    );
    lock.release();
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    lockRun(folder).release();
  });

  it("takes over from a process that is gone, and from a reused process number", () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const stale = { ...lockRun(folder).holder, pid: dead };
    for (const holder of [stale, { ...stale, pid: process.ppid, processStart: "1" }]) {
      writeFileSync(join(folder, LOCK_NAME), JSON.stringify(holder));
      const lock = lockRun(folder);
      expect(JSON.parse(readFileSync(lock.path, "utf8")).pid).toBe(process.pid);
    }
  });

  it("respects a running process, another host, and a file it cannot read", () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
    const own = lockRun(folder).holder;
    const holders = [
      JSON.stringify({ ...own, pid: child.pid, processStart: null }),
      JSON.stringify({ ...own, host: `not-${hostname()}`, pid: 1 }),
      "torn",
    ];
    for (const text of holders) {
      writeFileSync(join(folder, LOCK_NAME), text);
      expect(() => lockRun(folder)).toThrow(/in use by/);
      expect(readFileSync(join(folder, LOCK_NAME), "utf8")).toBe(text);
    }
    child.kill();
  });

  it("does not release the lock of another", () => {
    const lock = lockRun(folder);
    writeFileSync(lock.path, "another");
    lock.release();
    expect(existsSync(lock.path)).toBe(true);
  });
});
