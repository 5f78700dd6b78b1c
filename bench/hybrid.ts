// npm run bench:hybrid [-- SCAN ...]: network and engine together against each alone, on a scan that is new to the network.
// Every route is a run of the command line, from process start. The two halves of a measured scan, left and right of the
// median x, are the scan the network is trained on and the new one; a simulated pair has two objects. Routes are printed
// in the order of their cost, so that each stands below what a cheaper one reached.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { float64 } from "../src/core/ndarray.js";
import { SCAN_KEYS } from "../src/data/keys.js";
import { type RawData, selectPatterns } from "../src/data/raw-data.js";
import { readScan } from "../src/data/read-scan.js";
import { writeNpz } from "../src/formats/npz.js";

interface Pair {
  /** File in the data folder, or none for a simulated pair. */
  readonly file?: string;
  readonly plane: "amplitude" | "phase";
  /** Options of the training of the first network. */
  readonly train: readonly string[];
  readonly batch: readonly string[];
}

const PAIRS: Readonly<Record<string, Pair>> = {
  leaves: { plane: "phase", train: ["--max_epochs", "8"], batch: [] },
  cryo: { file: "cryo_particles_N64.npz", plane: "phase", train: ["--max_epochs", "4"], batch: [] },
  star: {
    file: "siemens_star_N128.npz",
    plane: "phase",
    train: ["--max_epochs", "4"],
    batch: ["--batch_size", "16"],
  },
};
const UNROLLED = ["--preset", "unrolled"];

/** Prints the processor time of its process when that ends. */
const CLOCK = `data:text/javascript,${encodeURIComponent(
  'import { isMainThread } from "node:worker_threads"; import { writeFileSync } from "node:fs"; ' +
    'if (isMainThread) process.on("exit", () => { const { user, system } = process.cpuUsage(); ' +
    "writeFileSync(process.env.PTYCHOPINN_BENCH_CPU, String((user + system) / 1e6)); });",
)}`;

const program = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

interface Cost {
  readonly wallS: number;
  readonly cpuS: number;
}

function ptychopinn(folder: string, ...args: string[]): Cost {
  const cpuFile = join(folder, "cpu");
  const env = { ...process.env, PTYCHOPINN_BENCH_CPU: cpuFile, NODE_OPTIONS: `--import=${CLOCK}` };
  const beganMs = performance.now();
  execFileSync(process.execPath, [program, ...args, "--quiet"], { stdio: "pipe", env });
  const wallS = (performance.now() - beganMs) / 1000;
  return { wallS, cpuS: Number(readFileSync(cpuFile, "utf8")) };
}

const plus = (a: Cost, b: Cost): Cost => ({ wallS: a.wallS + b.wallS, cpuS: a.cpuS + b.cpuS });

function writePart(path: string, raw: RawData): void {
  const { diffraction, xPx, yPx, probe, truth } = raw;
  if (truth?.object === undefined) throw new Error(`${path}: no reference object to score against`);
  writeNpz(path, [
    ["diffraction", diffraction.array],
    [SCAN_KEYS.x, float64([xPx.length], xPx)],
    [SCAN_KEYS.y, float64([yPx.length], yPx)],
    [SCAN_KEYS.probe, probe],
    [SCAN_KEYS.truthObject, truth.object],
  ]);
}

/** The scan for the first network, and the new one. */
async function makePair(
  folder: string,
  { file }: Pair,
  data: string,
): Promise<{ first: string; second: string }> {
  const [first, second] = [join(folder, "first.npz"), join(folder, "second.npz")];
  if (file === undefined) {
    const like = ["--object", "dead_leaves", "--n-images", "600", "--n-photons", "1e5"];
    ptychopinn(folder, "simulate", "--output-file", first, ...like, "--seed", "11");
    ptychopinn(folder, "simulate", "--output-file", second, ...like, "--seed", "12");
    return { first, second };
  }
  const { raw } = await readScan(join(data, file), { domain: "amplitude", truth: true });
  const order = Int32Array.from(raw.xPx.keys()).sort((a, b) => raw.xPx[a] - raw.xPx[b]);
  const middle = order.length >> 1;
  writePart(first, selectPatterns(raw, order.slice(0, middle).sort()));
  writePart(second, selectPatterns(raw, order.slice(middle).sort()));
  return { first, second };
}

async function runPair(name: string, pair: Pair, data: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-hybrid-"));
  const { first, second } = await makePair(folder, pair, data);
  const at = (part: string) => join(folder, part);
  const train = (scan: string, out: string, ...more: string[]) => {
    const options = [...UNROLLED, ...pair.batch, ...more, "--seed", "1"];
    return ptychopinn(folder, "train", "--train_data_file", scan, "--output_dir", out, ...options);
  };
  const infer = (model: string, out: string) =>
    ptychopinn(folder, "infer", "--model_path", model, "--test_data", second, "--output_dir", out);
  const engine = (out: string, ...more: string[]) =>
    ptychopinn(folder, "reconstruct", second, "--output_dir", out, ...more);

  const model = at("model");
  const spent = train(first, model, ...pair.train);
  print(
    `${name}: the network was trained on the other scan in ${spent.wallS.toFixed(0)} s (not counted below)`,
  );
  const rows: [string, Cost, string][] = [];
  const row = (route: string, cost: Cost, out: string) => {
    rows.push([route, cost, score(folder, out, second, pair.plane)]);
    process.stderr.write(`${name} ${route}: ${cost.cpuS.toFixed(1)} CPU s, ${rows.at(-1)?.[2]}\n`);
  };
  row("network alone (infer)", infer(model, at("network")), at("network"));
  for (const epochs of ["1", "2", "4", "8", "16"]) {
    row(
      `cold engine, ${epochs} epochs`,
      engine(at(`cold${epochs}`), "--epochs", epochs),
      at(`cold${epochs}`),
    );
    const started = engine(at(`init${epochs}`), "--epochs", epochs, "--init", model);
    row(`--init MODEL, ${epochs} epochs`, started, at(`init${epochs}`));
  }
  const cold = engine(at("cold"));
  row("cold engine, defaults", cold, at("cold"));
  row("--init MODEL, defaults", engine(at("init"), "--init", model), at("init"));
  for (const epochs of ["1", "3"]) {
    const [adapted, fresh, taught] = [at(`adapt${epochs}`), at(`fresh${epochs}`), at(`taught${epochs}`)];
    const options = ["--max_epochs", epochs];
    const cost = ptychopinn(folder, "adapt", model, second, "--output_dir", adapted, ...options);
    row(`adapt, ${epochs} epochs`, cost, adapted);
    const freshCost = train(second, fresh, ...options);
    row(`fresh network, ${epochs} epochs`, plus(freshCost, infer(fresh, at(`f${epochs}`))), at(`f${epochs}`));
    const taughtCost = plus(cold, train(second, taught, ...options, "--teacher", at("cold")));
    row(
      `cold engine + train --teacher, ${epochs}`,
      plus(taughtCost, infer(taught, at(`t${epochs}`))),
      at(`t${epochs}`),
    );
  }
  rows.sort((a, b) => a[1].cpuS - b[1].cpuS);
  for (const [route, { wallS, cpuS }, figures] of rows)
    print(
      `${name.padEnd(7)} ${route.padEnd(34)} ${wallS.toFixed(1).padStart(7)} s wall ${cpuS.toFixed(1).padStart(7)} CPU s  ${figures}`,
    );
  rmSync(folder, { recursive: true });
}

function score(folder: string, picture: string, truth: string, plane: Pair["plane"]): string {
  const file = join(folder, "metrics.json");
  ptychopinn(folder, "evaluate", picture, "--truth", truth, "--output", file);
  const { ssim, correlation } = JSON.parse(readFileSync(file, "utf8"))[plane];
  return `${plane} SSIM ${ssim.toFixed(3)}, correlation ${correlation.toFixed(3)}`;
}

const data = process.env.PTYCHOPINN_DATA ?? join("..", "shared", "data");
const asked = process.argv.slice(2);
for (const name of asked.length === 0 ? Object.keys(PAIRS) : asked) {
  const pair = PAIRS[name];
  if (pair === undefined) throw new Error(`unknown scan ${name}; known: ${Object.keys(PAIRS).join(", ")}`);
  if (pair.file !== undefined && !existsSync(join(data, pair.file)))
    print(`${name}: skipped, ${pair.file} is absent`);
  else await runPair(name, pair, data);
}
