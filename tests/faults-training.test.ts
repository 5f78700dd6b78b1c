// Signals, kill -9, two runs in one folder, a full disk, divergence: on the built program, as it meets them.
import { type ChildProcess, spawn } from "node:child_process";
import {
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
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint } from "../src/training/checkpoint.js";
import { latestCheckpoint } from "../src/training/checkpoint-folder.js";
import { LOCK_NAME } from "../src/training/run-lock.js";
import { filesIn, runChild, runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";
import { outcomeOf, trainHere } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-faults-"));
const at = (name: string) => join(folder, name);
const scan = at("scan.npz");
const MAIN = join(import.meta.dirname, "..", "dist", "src", "cli", "main.js");

/** Steps of a few milliseconds, two to an epoch, at a rate that does not depend on the number of epochs. */
const FIELDS = {
  preset: "unrolled",
  train_data_file: scan,
  unrolled_steps: 1,
  n_filters_scale: 1,
  batch_size: 4,
  scheduler: "Default",
} as const;
const ENDLESS = 100_000;

beforeAll(async () => {
  await writeSmallScan(scan, 8);
});
afterAll(() => {
  for (const run of running) run.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function trainArgs(output: string, epochs: number, ...more: readonly string[]): string[] {
  const options = Object.entries(FIELDS).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return ["train", ...options, "--output_dir", output, "--max_epochs", String(epochs), ...more];
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What stderr has said so far. */
  readonly err: () => string;
  /** Resolves when stderr matches, rejects when the run ends before. */
  readonly said: (what: RegExp) => Promise<void>;
}
const running: Run[] = [];

function start(args: readonly string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  const hear: (() => void)[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    for (const listener of hear) listener();
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => what.test(err) && resolve();
      hear.push(look);
      void ended.then((code) => reject(new Error(`ended with ${code} before it said ${what}: ${err}`)));
      look();
    });
  const run = { child, ended, err: () => err, said };
  running.push(run);
  return run;
}

const TRAINING = /epoch 2\//;
const lastOf = (output: string) => join(output, "checkpoints", "last.ckpt.zip");
const leftovers = (output: string) => filesIn(output).filter((name) => /\.partial$|\.lock/.test(name));

/** Resumes the run to the end of the epoch in progress and compares with a run left alone. */
async function expectResumes(output: string): Promise<void> {
  const epochs = loadCheckpoint(lastOf(output)).position.epoch + 1;
  const { code, err } = await runChild(...trainArgs(output, epochs, "--resume"));
  expect(code, err).toBe(0);
  expect(leftovers(output)).toEqual([]);
  const straight = await trainHere({ ...FIELDS, output_dir: `${output}-straight`, nepochs: epochs });
  const { weights, metrics } = outcomeOf(straight);
  const archivePath = join(output, "wts.h5.zip");
  const resumed = outcomeOf({ ...straight, archivePath, outputDir: output });
  expect([resumed.metrics, resumed.weights]).toEqual([metrics, weights]);
}

describe("signals", () => {
  it("SIGINT finishes the step, saves, exits 130; --resume goes on to the same bits", async () => {
    const run = start(trainArgs(at("int"), ENDLESS));
    await run.said(TRAINING);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    expect(run.err()).toMatch(/SIGINT: finishing the step and saving/);
    expect(run.err()).toMatch(/ptychopinn: error: training was interrupted in epoch \d+ .*--resume/);
    expect(leftovers(at("int"))).toEqual([]);
    await expectResumes(at("int"));
  });

  it.each(["SIGTERM", "SIGUSR1"] as const)("%s, a scheduler's, does the same", async (signal) => {
    const run = start(trainArgs(at(signal), ENDLESS));
    await run.said(TRAINING);
    run.child.kill(signal);
    expect(await run.ended).toBe(130);
    expect(loadCheckpoint(lastOf(at(signal))).position.epoch).toBeGreaterThanOrEqual(2);
    expect(leftovers(at(signal))).toEqual([]);
  });
});

describe("kill -9", () => {
  it("at any moment leaves a whole checkpoint, from which the run goes on to the same bits", async () => {
    const output = at("killed");
    let reached = 0;
    for (let round = 0; round < 5; round++) {
      const run = start(trainArgs(output, ENDLESS, ...(round > 0 ? ["--resume"] : [])));
      await run.said(/epoch \d+\//);
      await new Promise((resolve) => setTimeout(resolve, 150 * Math.random()));
      run.child.kill("SIGKILL");
      await run.ended;
      const found = latestCheckpoint(join(output, "checkpoints"));
      expect(found).toMatchObject({ name: "last.ckpt.zip", skipped: [] });
      expect(found?.checkpoint.position.epoch).toBeGreaterThan(reached);
      reached = found?.checkpoint.position.epoch ?? 0;
      expect(existsSync(join(output, LOCK_NAME))).toBe(true);
    }
    for (const place of [output, join(output, "checkpoints")])
      writeFileSync(join(place, `.torn.${running.at(-1)?.child.pid}.0123456789ab.partial`), "half");
    await expectResumes(output);
  });
});

it("a second run in the folder is refused while the first is there, and takes over when it was killed", async () => {
  const output = at("shared");
  const first = start(trainArgs(output, ENDLESS));
  await first.said(TRAINING);
  for (const more of [[], ["--resume"]]) {
    const second = await runChild(...trainArgs(output, 1, ...more));
    expect(second.code).toBe(2);
    expect(second.err).toMatch(new RegExp(`in use by a run on host .*, process ${first.child.pid}, since`));
  }
  first.child.kill("SIGKILL");
  await first.ended;
  expect((await runChild(...trainArgs(output, 1))).code).toBe(0);
  expect(leftovers(output)).toEqual([]);
});

describe("the disk fails", () => {
  const output = at("full");
  const bytes = () =>
    filesIn(output)
      .filter((name) => name.endsWith(".zip"))
      .map((name) => readFileSync(join(output, name)).toString("base64"));
  beforeAll(async () => {
    await trainHere({ ...FIELDS, output_dir: output, nepochs: 1 });
  });

  // A limit on the size of a file acts as a full disk: writes come back short, then fail.
  it.skipIf(process.platform === "win32")(
    "while a checkpoint is written: exit 4, what was saved stays",
    async () => {
      const before = bytes();
      expect(before).toHaveLength(3);
      const command = [process.execPath, MAIN, ...trainArgs(output, 3, "--resume")];
      const quoted = command.map((word) => `'${word}'`).join(" ");
      const child = spawn("bash", ["-c", `trap '' XFSZ; ulimit -f 64; exec ${quoted}`], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let err = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text;
      });
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(err).toMatch(/ptychopinn: error: .*last\.ckpt\.zip"?: cannot be written/);
      expect([code, bytes(), leftovers(output)]).toEqual([4, before, []]);
      await expectResumes(output);
    },
  );

  it("when there can be no folder for checkpoints, or no archive: exit 4", async () => {
    mkdirSync(at("blocked"));
    writeFileSync(join(at("blocked"), "checkpoints"), "a file");
    const blocked = await runHere(...trainArgs(at("blocked"), 1));
    expect([blocked.code, blocked.err]).toEqual([4, expect.stringContaining("a part of the path is a file")]);
    mkdirSync(join(at("archive"), "wts.h5.zip"), { recursive: true });
    const archive = await runHere(...trainArgs(at("archive"), 1));
    expect([archive.code, archive.err]).toEqual([
      4,
      expect.stringMatching(/wts\.h5\.zip"?: cannot be written/),
    ]);
    expect(latestCheckpoint(join(at("archive"), "checkpoints"))?.checkpoint.position.epoch).toBe(1);
    expect(leftovers(at("archive"))).toEqual([]);
  });
});

describe("divergence", () => {
  it("exits 3 naming epoch and batch, writes no archive, and keeps the checkpoints before it", async () => {
    const output = at("diverged");
    await trainHere({ ...FIELDS, output_dir: output, nepochs: 1 });
    rmSync(join(output, "wts.h5.zip"));
    const before = readdirSync(join(output, "checkpoints"));
    const wild = ["--learning_rate", "1e30", "--gradient_clip_val", "1e30"];
    const { code, err } = await runHere(...trainArgs(output, 3, "--resume", "--allow_mismatch", ...wild));
    expect(err).toMatch(
      /error: training diverged: the loss is (NaN|-?Infinity) at epoch 2, batch \d \(learning rate 1e\+30\)/,
    );
    expect([code, readdirSync(join(output, "checkpoints")), leftovers(output)]).toEqual([3, before, []]);
    expect(latestCheckpoint(join(output, "checkpoints"))?.checkpoint.position.epoch).toBe(1);
    expect(existsSync(join(output, "wts.h5.zip"))).toBe(false);
  });
});
