// A reconstruction that is killed or interrupted loses at most one epoch, and goes on to the same bits. On the built program.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openNpz } from "../src/formats/npz.js";
import { runChild } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-killed-"));
const at = (name: string) => join(folder, name);
const MAIN = join(import.meta.dirname, "..", "dist", "src", "cli", "main.js");
const OPTIONS = ["--engine", "rpie", "--refine-probe", "on", "--epochs", "80", "--threads", "2"];
const argsFor = (out: string) => ["reconstruct", at("scan.npz"), "--output-dir", at(out), ...OPTIONS];

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 60);
  expect((await runChild(...argsFor("whole"))).code).toBe(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arraysOf = (out: string) => {
  const npz = openNpz(join(at(out), "reconstruction.npz"));
  return ["object", "probe", "residuals"].map((name) => npz.read(name));
};

/** Starts a run, sends the signal some epochs after the first was saved, and waits for the end. */
async function stopped(out: string, signal: NodeJS.Signals): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...argsFor(out)], { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  let told = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    // Epochs are counted in the lines that the program prints.
    if (told || !/epoch 5\/80/.test(err)) return;
    told = true;
    child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, err };
}

it.each([
  ["SIGKILL", null],
  ["SIGINT", 130],
] as const)(
  "%s, then --resume",
  async (signal, expected) => {
    const { code, err } = await stopped(signal, signal);
    expect(code).toBe(expected);
    expect(existsSync(join(at(signal), "reconstruction.npz"))).toBe(false);
    if (signal === "SIGINT") expect(err).toMatch(/state after epoch \d+ is saved, go on with --resume/);
    const done = Number(/epoch (\d+)\/80(?![\s\S]*epoch \d+\/80)/.exec(err)?.[1]);
    const resumed = await runChild(...argsFor(signal), "--resume");
    expect([resumed.code, resumed.err]).toEqual([0, expect.stringMatching(/resuming after epoch (\d+)/)]);
    const from = Number(/resuming after epoch (\d+)/.exec(resumed.err)?.[1]);
    expect(from).toBeGreaterThanOrEqual(done - 1);
    expect(arraysOf(signal)).toEqual(arraysOf("whole"));
  },
  120_000,
);
