// npm run bench: how fast the CNN trains and predicts on this machine, against what its cores can do at best.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseResult } from "./network-case.js";

const CASES = [
  ["forward", 1],
  ["step", 1],
  ["forward", 2],
  ["step", 2],
] as const;

const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

function main(): void {
  const results = CASES.map(([what, gridsize]) => ({ what, gridsize, ...runCase(what, gridsize) }));
  const rates = results[0].productGflops.map((_, k) => Math.max(...results.map((r) => r.productGflops[k])));
  const peak = Math.max(...rates);
  print(`${cpus()[0].model}, ${results[0].threads} threads, Node ${process.version}`);
  print(
    `CNN, N = 64, scale 2, batch 16; step = forward + backward + Adam, Poisson loss of the amplitude profile`,
  );
  print(`best matrix product of this run: ${peak.toFixed(0)} GFLOP/s`);
  print("");
  print("case     gridsize  median ms  min ms  GFLOP/s at min  of the product's rate  peak memory MB");
  for (const { what, gridsize, timesMs, gflop, peakMemoryMb } of results) {
    const bestMs = Math.min(...timesMs);
    const rate = (gflop / bestMs) * 1e3;
    const cells: [string, number][] = [
      [String(gridsize), 10],
      [medianOf(timesMs).toFixed(0), 11],
      [bestMs.toFixed(0), 8],
      [rate.toFixed(0), 16],
      [`${((100 * rate) / peak).toFixed(0)} %`, 23],
      [peakMemoryMb.toFixed(0), 16],
    ];
    print(what.padEnd(7) + cells.map(([text, width]) => text.padStart(width)).join(""));
  }
  print("");
  for (const [name, seconds] of startTimes()) print(`${name.padEnd(44)} ${seconds.toFixed(2)} s`);
}

/** In a process of its own, for its peak memory. */
function runCase(what: string, gridsize: number): CaseResult {
  const output = execFileSync(process.execPath, [program("network-case.js"), what, String(gridsize)]);
  return JSON.parse(output.toString());
}

/** From the start of the process to its end, best of three. */
function startTimes(): [string, number][] {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-bench-"));
  const run = (...args: string[]): void => {
    execFileSync(process.execPath, [program("../src/cli/main.js"), ...args], { stdio: "pipe" });
  };
  const seconds = (...args: string[]): number => {
    const times = [0, 1, 2].map(() => {
      const start = performance.now();
      run(...args);
      return (performance.now() - start) / 1e3;
    });
    return Math.min(...times);
  };
  try {
    const scan = join(folder, "scan.npz");
    const [model, result] = [join(folder, "model"), join(folder, "result")];
    run("simulate", "--output-file", scan, "--n-images", "100");
    run(
      "train",
      ...`--train_data_file ${scan} --output_dir ${model} --max_epochs 1 --n_images 16`.split(" "),
    );
    const inference = ["--model_path", model, "--test_data", scan, "--output_dir", result];
    return [
      ["ptychopinn infer --help", seconds("infer", "--help")],
      ["ptychopinn infer of 100 patterns, with pictures", seconds("infer", ...inference)],
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

main();
