// npm run bench:learning [-- CASE ...]: what training reaches, as a user gets it: train, infer and evaluate through the
// command line, once per seed, with the wall time of train. Scans are read from PTYCHOPINN_DATA (default ../shared/data).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface LearningCase {
  /** File in the data folder, or arguments of `simulate` that make the scan. */
  readonly scan: string | readonly string[];
  /** Edge of the scored window. */
  readonly crop: number;
  /** Quantity that is scored. */
  readonly plane: "amplitude" | "phase";
  readonly options: readonly string[];
  readonly seeds: readonly number[];
}

const parity = ["--n_groups", "512", "--validation_split", "0"];
const unrolled = ["--preset", "unrolled"];
/** The preset's step without training: one cluster at a learning rate that moves nothing. */
const untrained = [...unrolled, "--max_epochs", "1", "--learning_rate", "1e-12", "--n_groups", "32"];
const star = { scan: "siemens_star_N128.npz", crop: 160, plane: "phase", seeds: [1, 2, 3] } as const;
const cryo = { scan: "cryo_particles_N64.npz", crop: 120, plane: "phase", seeds: [1, 2, 3] } as const;
const leaves = {
  scan: ["--object", "dead_leaves", "--n-images", "600"],
  crop: 100,
  plane: "phase",
  seeds: [1, 2, 3],
} as const;
const lines = { scan: "sim_lines_N64.npz", crop: 100, plane: "amplitude" } as const;

const CASES: Readonly<Record<string, LearningCase>> = {
  "parity-gridsize1": {
    ...lines,
    options: [...parity, "--gridsize", "1", "--max_epochs", "20"],
    seeds: [1, 2, 3],
  },
  "parity-gridsize2": {
    ...lines,
    options: [...parity, "--gridsize", "2", "--max_epochs", "30"],
    seeds: [1, 2, 3],
  },
  unrolled: { ...lines, options: unrolled, seeds: [1, 2, 3] },
  "unrolled-untrained": { ...lines, options: untrained, seeds: [1] },
  "unrolled-star": { ...star, options: [...unrolled, "--batch_size", "16", "--max_epochs", "4"] },
  "unrolled-star-untrained": { ...star, seeds: [1], options: [...untrained, "--batch_size", "16"] },
  "unrolled-cryo": { ...cryo, options: [...unrolled, "--max_epochs", "4"] },
  "unrolled-cryo-untrained": { ...cryo, seeds: [1], options: untrained },
  "unrolled-leaves": { ...leaves, options: unrolled },
  "unrolled-leaves-untrained": { ...leaves, seeds: [1], options: untrained },
};

const program = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

function main(names: readonly string[]): void {
  const data = process.env.PTYCHOPINN_DATA ?? join("..", "shared", "data");
  const chosen = names.length === 0 ? Object.keys(CASES) : names;
  for (const name of chosen) {
    const what = CASES[name];
    if (what === undefined) throw new Error(`unknown case ${name}; known: ${Object.keys(CASES).join(", ")}`);
    const scan = typeof what.scan === "string" ? join(data, what.scan) : simulated(what.scan);
    if (!existsSync(scan)) print(`${name}: skipped, ${what.scan} is absent`);
    else for (const seed of what.seeds) runCase(name, what, scan, seed);
  }
}

function simulated(options: readonly string[]): string {
  const scan = join(mkdtempSync(join(tmpdir(), "ptychopinn-learning-")), "scan.npz");
  ptychopinn("simulate", "--output-file", scan, ...options);
  return scan;
}

function ptychopinn(...args: string[]): void {
  execFileSync(process.execPath, [program, ...args, "--quiet"], { stdio: "pipe" });
}

function runCase(name: string, { crop, plane, options }: LearningCase, scan: string, seed: number): void {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-learning-"));
  const beganMs = performance.now();
  ptychopinn("train", "--train_data_file", scan, "--output_dir", folder, "--seed", String(seed), ...options);
  const seconds = (performance.now() - beganMs) / 1000;
  const picture = join(folder, "picture");
  const metricsFile = join(folder, "metrics.json");
  ptychopinn("infer", "--model_path", folder, "--test_data", scan, "--output_dir", picture);
  ptychopinn("evaluate", picture, "--truth", scan, "--crop", String(crop), "--output", metricsFile);
  const metrics = JSON.parse(readFileSync(metricsFile, "utf8"))[plane];
  const figures = `SSIM ${metrics.ssim.toFixed(3)}, correlation ${metrics.correlation.toFixed(3)}`;
  print(`${name.padEnd(26)} seed ${seed}  train ${seconds.toFixed(0).padStart(5)} s  ${plane} ${figures}`);
  rmSync(folder, { recursive: true });
}

main(process.argv.slice(2));
