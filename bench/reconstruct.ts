// npm run bench:reconstruct [-- sizes | scan | command ...]: what the iterative engines cost.
//   sizes    time and memory against the number and size of patterns, each case in a process of its own
//   scan     an epoch of rPIE and LSQ-ML on sim_lines_N64: seconds, and where they go, against the transforms alone
//   command  wall time of `ptychopinn reconstruct` from process start
// Scans are read from PTYCHOPINN_DATA (default ../shared/data); synthetic ones are written to the system's temporary
// folder (4.3 GB for the largest).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { input } from "../src/compute/build-elementwise.js";
import { matmul } from "../src/compute/build-linear.js";
import { compile } from "../src/compute/runtime.js";
import { float32, type NdArray } from "../src/core/ndarray.js";
import { openFrames } from "../src/data/open-frames.js";
import type { ScanFrames } from "../src/data/scan-frames.js";
import { openReconstruction } from "../src/engines/reconstruction.js";
import { engineNamed } from "../src/engines/registry.js";
import type { EngineSettings } from "../src/engines/settings.js";
import { centredDft, orthoScale } from "../src/physics/dft.js";
import { profileEngine } from "./engine-profile.js";
import { writeSyntheticScan } from "./synthetic-scan.js";

const MEMORY_BYTES = 2 ** 31;
const COUNTS = [1024, 4096, 16_384];
const SIZES = [64, 128, 256];
const SIZES_ALLOWED = [64, 128, 256];
const LEAST_MS = 3000;
const ENGINES = ["rpie", "lsqml"] as const;

const self = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

/** The settings of the program: `reconstruct --engine auto` for rPIE, the engine's own defaults for another. */
function settingsOf(name: string, fitProbe: boolean, patterns: number): EngineSettings {
  const { defaults } = engineNamed(name);
  const never = Number.POSITIVE_INFINITY;
  const known = { batchSize: 32, objectStep: 1, momentum: 0, relaxation: 0.1 };
  const fitted = { batchSize: Math.max(8, Math.min(256, Math.ceil(patterns / 9))) };
  return {
    ...defaults,
    ...(name === "rpie" ? (fitProbe ? fitted : known) : {}),
    ...{ seed: 1, noise: "amplitude", positionLimitPx: 4, decay: [never, never] },
    probeStart: fitProbe ? 0 : never,
    ...{ positionStart: never, brightnessStart: never },
  };
}

async function openScan(path: string): Promise<ScanFrames> {
  const work = openFrames(path, {
    ...{ memoryBytes: MEMORY_BYTES, scratchFolder: tmpdir(), mask: "none", allowedN: SIZES_ALLOWED },
    signal: new AbortController().signal,
  });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

/** The fastest epoch, after a first one that is not counted where there is time. */
async function timeEpochs(path: string, name: string, fitProbe: boolean) {
  const openedMs = performance.now();
  const scan = await openScan(path);
  if (scan.probe === undefined) throw new Error(`${path}: no probe`);
  const { frames, xPx, yPx, probe } = scan;
  const settings = settingsOf(name, fitProbe, frames.n);
  const run = openReconstruction(
    { frames, probe, xPx, yPx },
    { engine: name, settings, memoryBytes: MEMORY_BYTES },
  );
  const openMs = performance.now() - openedMs;
  let [wallMs, cpuMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let residual = Number.NaN;
  const startMs = performance.now();
  for (let epoch = 0; epoch < 2 || performance.now() - startMs < LEAST_MS; epoch++) {
    const [from, before] = [performance.now(), process.cpuUsage()];
    const pass = run.epoch();
    for (;;) {
      const { value, done } = await pass.next();
      if (!done) continue;
      residual = value.residual;
      break;
    }
    const used = process.cpuUsage(before);
    wallMs = Math.min(wallMs, performance.now() - from);
    cpuMs = Math.min(cpuMs, (used.user + used.system) / 1000);
  }
  await run.release();
  scan.close();
  return {
    ...{ openMs, wallMs, cpuMs, residual, streamed: scan.streamed, planeBytes: run.bytes },
    ...{ resident: run.plan.framesResident, n: frames.n, N: frames.N, threads: run.plan.threads },
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

type Timing = Awaited<ReturnType<typeof timeEpochs>>;

/** One case in its own process, so that its peak memory is its own. */
function timeApart(path: string, name: string, fitProbe: boolean): Timing {
  const args = [self, "case", path, name, String(fitProbe)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

function sizes(): void {
  print("rPIE, probe fitted, the program's batch; memory limit 2 GiB; fastest epoch of at least two");
  print("    n    N    file MB  epoch s  CPU s  CPU ms/pattern  planes MB  peak RSS MB  patterns");
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-bench-"));
  try {
    for (const N of SIZES)
      for (const n of COUNTS) {
        const path = join(folder, "scan.npz");
        writeSyntheticScan(path, n, N);
        const t = timeApart(path, "rpie", true);
        const where = t.streamed ? "read from disk" : "in memory";
        print(
          [
            String(n).padStart(6),
            String(N).padStart(4),
            mb(statSync(path).size).padStart(9),
            (t.wallMs / 1000).toFixed(2).padStart(8),
            (t.cpuMs / 1000).toFixed(2).padStart(6),
            (t.cpuMs / n).toFixed(3).padStart(15),
            mb(t.planeBytes).padStart(10),
            mb(t.peakBytes).padStart(12),
            `  ${where}${t.streamed && t.resident ? ", then in the planes" : ""}`,
          ].join(" "),
        );
        rmSync(path);
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);

async function scan(path: string): Promise<void> {
  for (const name of ENGINES)
    for (const fitProbe of [false, true]) {
      const t = timeApart(path, name, fitProbe);
      const settings = settingsOf(name, fitProbe, t.n);
      print(
        `\n${name}, probe ${fitProbe ? "fitted" : "known"}, batch ${settings.batchSize}: epoch ${t.wallMs.toFixed(0)} ms wall, ` +
          `${t.cpuMs.toFixed(0)} ms CPU on ${t.threads} threads, peak RSS ${mb(t.peakBytes)} MB`,
      );
      await whereItGoes(path, name, settings);
    }
  await matrixDft();
}

/** Kernel by kernel, and the transforms at their best measured speed as the bound. */
async function whereItGoes(path: string, name: string, settings: EngineSettings): Promise<void> {
  const { frames, xPx, yPx, probe, close } = await openScan(path);
  if (probe === undefined) throw new Error(`${path}: no probe`);
  const run = openReconstruction({ frames, probe, xPx, yPx }, { engine: name, settings, threads: 1 });
  await run.release();
  const { epochMs, kernels, phaseMs } = await profileEngine(run.plan, frames, probe, xPx, yPx, 10);
  close();
  const rows = Object.entries(kernels)
    .map(([kernel, { calls, us }]) => ({ kernel, calls, us, ms: (calls * us) / 1000 }))
    .sort((a, b) => b.ms - a.ms);
  const restMs = epochMs - rows.reduce((sum, { ms }) => sum + ms, 0);
  const share = (ms: number) =>
    `${ms.toFixed(1).padStart(7)} ms ${((100 * ms) / epochMs).toFixed(0).padStart(4)} %`;
  print(`  one thread: epoch ${epochMs.toFixed(0)} ms`);
  for (const { kernel, calls, us, ms } of rows)
    if (calls > 0)
      print(
        `  ${kernel.padEnd(18)} ${(calls / frames.n).toFixed(2).padStart(6)} a pattern ${us.toFixed(2).padStart(7)} us ${share(ms)}`,
      );
  print(`  ${"plain code".padEnd(46)} ${share(restMs)}`);
  const phases = Object.entries(phaseMs).map(([phase, ms]) => `${phase} ${ms.toFixed(1)}`);
  print(`  by phase, ms: ${phases.join(", ")}`);
  const { fft2 } = kernels;
  const boundMs = (fft2.calls * fft2.us) / 1000;
  print(
    `  lower bound, ${fft2.calls} transforms of ${fft2.us.toFixed(1)} us: ${boundMs.toFixed(0)} ms; ` +
      `the epoch takes ${(epochMs / boundMs).toFixed(2)} times that`,
  );
}

/** The other way to transform: two real matrix products by ONNX Runtime, a batch at a time. */
async function matrixDft(): Promise<void> {
  const B = 64;
  print("\nthe same transforms as matrix products (ONNX Runtime, batch of 64), CPU time per transform");
  for (const N of SIZES) {
    const scale = orthoScale(N, N);
    const count = N === 64 ? B : B / 4;
    const feeds = { x: filled([count, 2, N, N]) };
    const once = centredDft(input("x", [count, 2, N, N]), { scale });
    const us = (1000 * (await cpuMsOf(once, feeds))) / count;
    const gigaflop = (24 * N ** 3) / 1e9;
    print(
      `  N=${N}: ${us.toFixed(0)} us, ${(gigaflop / (us / 1e6)).toFixed(0)} GFLOP/s of real products of 24 N^3 operations`,
    );
  }
  const M = 1024;
  const product = matmul(input("a", [M, M]), input("b", [M, M]));
  const ms = await cpuMsOf(product, { a: filled([M, M]), b: filled([M, M]) });
  const rate = (2 * M ** 3) / 1e6 / ms;
  print(`  best matrix product [${M}]: ${rate.toFixed(0)} GFLOP/s per core`);
  for (const N of SIZES)
    print(`  at that rate N=${N} would take ${((24 * N ** 3) / rate / 1e3).toFixed(0)} us`);
}

function filled(shape: readonly number[]): NdArray<"float32"> {
  const array = float32(shape);
  array.data.forEach((_, i) => {
    array.data[i] = Math.sin(i);
  });
  return array;
}

async function cpuMsOf(
  output: Parameters<typeof compile>[0]["outputs"][string],
  feeds: Record<string, NdArray<"float32">>,
) {
  const executable = await compile({ outputs: { y: output } }, { threads: 1 });
  let least = Number.POSITIVE_INFINITY;
  const until = performance.now() + LEAST_MS / 3;
  for (let i = 0; i < 5 || performance.now() < until; i++) {
    const before = process.cpuUsage();
    await executable.run(feeds);
    const used = process.cpuUsage(before);
    if (i > 1) least = Math.min(least, (used.user + used.system) / 1000);
  }
  return least;
}

function command(path: string): void {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-bench-"));
  try {
    const walls = Array.from({ length: 5 }, (_, i) => {
      const from = performance.now();
      execFileSync(process.execPath, [
        program,
        "reconstruct",
        path,
        "--output_dir",
        join(folder, `${i}`),
        "--quiet",
      ]);
      return (performance.now() - from) / 1000;
    }).sort((a, b) => a - b);
    print(
      `\nptychopinn reconstruct ${path} --output_dir D, 5 runs: wall ${walls.map((s) => s.toFixed(2)).join(", ")} s`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main([first, ...rest]: readonly string[]): Promise<void> {
  if (first === "case") {
    const [path, name, fitProbe] = rest;
    print(JSON.stringify(await timeEpochs(path, name, fitProbe === "true")));
    return;
  }
  const asked = first === undefined ? ["scan", "command", "sizes"] : [first, ...rest];
  const data = process.env.PTYCHOPINN_DATA ?? join("..", "shared", "data");
  const path = join(data, "sim_lines_N64.npz");
  for (const what of asked) {
    if (what === "sizes") sizes();
    else if (!existsSync(path)) print(`${path} is absent; ${what} is left out`);
    else if (what === "scan") await scan(path);
    else if (what === "command") command(path);
    else throw new Error(`unknown part '${what}'; known: sizes, scan, command`);
  }
}

await main(process.argv.slice(2));
