// npm run bench:memory [-- plan | disk [GB [MiB]]]: what train and infer need at their peak, each in a process of its own.
//   plan  predicted against measured for a few sizes of data, network and batch
//   disk  a data set of 5 GB under --max_memory 1G, or of so many GB under so many MiB: written, trained on, inferred
// Synthetic scans are written to the system's temporary folder.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSyntheticScan } from "./synthetic-scan.js";

const program = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const WATCH =
  "data:text/javascript,process.on('exit',()=>process._rawDebug('peak '+process.resourceUsage().maxRSS))";

interface Case {
  readonly N: number;
  readonly n: number;
  readonly train: readonly string[];
  readonly infer: readonly string[];
  /** Steps of the scan to a window. */
  readonly steps?: number;
}

/** The data set of many patterns is scanned this densely, so that its object does not outgrow the limit. */
const DENSE = 16;

const SMALL = ["--n_filters_scale", "1", "--n_groups", "16", "--batch_size", "8"];
const UNROLLED = ["--preset", "unrolled", "--n_groups", "16"];
const CASES: readonly Case[] = [
  { N: 64, n: 500, train: ["--n_groups", "64", "--batch_size", "16"], infer: ["--n_groups", "64"] },
  { N: 64, n: 500, train: ["--n_groups", "64", "--batch_size", "64"], infer: [] },
  { N: 64, n: 500, train: ["--gridsize", "2", "--n_groups", "64", "--batch_size", "16"], infer: [] },
  { N: 64, n: 5000, train: SMALL, infer: [] },
  { N: 64, n: 20_000, train: SMALL, infer: ["--n_groups", "400"] },
  {
    ...{ N: 128, n: 500, train: ["--n_groups", "16", "--batch_size", "8"] },
    infer: ["--n_groups", "64", "--inference_batch_size", "32"],
  },
  { N: 64, n: 500, train: [...UNROLLED, "--batch_size", "16"], infer: ["--n_subsample", "100"] },
  { N: 128, n: 500, train: [...UNROLLED, "--batch_size", "4"], infer: [] },
];

interface Measured {
  readonly predictedMb: number;
  readonly peakMb: number;
  readonly wallS: number;
}

/** Runs the program; the prediction is the one that the run goes by. */
function measured(args: readonly string[]): Measured {
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", WATCH, program, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const wallS = (performance.now() - startedMs) / 1000;
  const text = stdout + stderr;
  if (status !== 0) throw new Error(`${args.join(" ")}: exit ${status}\n${text.slice(-2000)}`);
  const peak = Number(/^peak (\d+)$/m.exec(text)?.[1]);
  const planned = /([\d.]+) GB without/.exec(text) ?? /needs about ([\d.]+) GB/.exec(text);
  return { predictedMb: 1000 * Number(planned?.[1]), peakMb: (1024 * peak) / 1e6, wallS };
}

function report(what: string, { predictedMb, peakMb, wallS }: Measured): void {
  const off = (100 * (predictedMb - peakMb)) / peakMb;
  const sizes = `predicted ${predictedMb.toFixed(0)} MB, peak ${peakMb.toFixed(0)} MB`;
  print(`${what}: ${sizes} (${off < 0 ? "" : "+"}${off.toFixed(0)} %), ${wallS.toFixed(1)} s`);
}

function runBoth(folder: string, { N, n, train, infer, steps }: Case, both: readonly string[] = []): void {
  const file = join(folder, `scan_${N}_${n}.npz`);
  if (statSync(file, { throwIfNoEntry: false }) === undefined) writeSyntheticScan(file, n, N, steps);
  const size = `${n} patterns ${N} x ${N} (${(statSync(file).size / 1e9).toPrecision(3)} GB)`;
  const model = join(folder, "model");
  const trainArgs = [...train, "--nphotons", "1e6", "--nepochs", "1", "--accelerator", "cpu", ...both];
  report(
    `train ${size} ${train.join(" ")}`,
    measured(["train", "--train_data_file", file, "--output_dir", model, ...trainArgs]),
  );
  if (infer.length === 0) return;
  const inferArgs = ["--model_path", model, "--test_data_file", file, "--output_dir", join(folder, "object")];
  report(
    `infer ${size} ${infer.join(" ")}`,
    measured(["infer", ...inferArgs, ...infer, "--accelerator", "cpu", ...both]),
  );
}

function main([what = "disk", gigabytes = "5", mebibytes = "1024"]: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-bench-memory-"));
  try {
    if (what === "plan") for (const one of CASES) runBoth(folder, one);
    else if (what === "disk") {
      const N = 128;
      const n = Math.ceil((Number(gigabytes) * 1e9) / (4 * N * N));
      const train = ["--gridsize", "1", "--n_filters_scale", "1", "--n_groups", "32", "--batch_size", "4"];
      const one = { N, n, train, infer: ["--n_groups", "512"], steps: DENSE };
      print(`limit ${mebibytes} MiB`);
      runBoth(folder, one, ["--max_memory", mebibytes]);
    } else throw new Error(`expected plan or disk, got ${what}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2));
