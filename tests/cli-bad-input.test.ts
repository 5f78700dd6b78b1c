// Bad input as a new user would give it: one clear sentence, the right exit code, nothing written.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complex64, float64, type NdArray } from "../src/core/ndarray.js";
import { zipPieces } from "../src/formats/zip.js";
import { filesIn, runHere } from "./command-line.js";
import { copyScan, membersOf, writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-bad-"));
const at = (name: string) => join(folder, name);
const out = at("out");

beforeAll(async () => {
  await writeSmallScan(at("good.npz"), 20);
  await writeSmallScan(at("three.npz"), 3);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exactly one line on stderr (training says its memory before), with `phrases`; `code`; stdout empty and the output folder as it was. */
async function expectRefusal(args: readonly string[], code: number, ...phrases: readonly string[]) {
  const before = filesIn(out);
  const outcome = await runHere(...args);
  expect(outcome.err).toMatch(/^(needs about [^\n]+\n)?ptychopinn: error: [^\n]+\n$/);
  expect(outcome.err).not.toContain("this is a bug");
  for (const phrase of phrases) expect(outcome.err).toContain(phrase);
  expect([outcome.code, outcome.out]).toEqual([code, ""]);
  expect(filesIn(out)).toEqual(before);
}

const train = (file: string, ...more: readonly string[]) => [
  ...["train", "--train_data_file", at(file), "--output_dir", out, "--max_epochs", "1", "--gridsize", "1"],
  ...more,
];

describe("train", () => {
  it("a file that is missing, empty, a folder, or something else", async () => {
    await expectRefusal(train("nowhere.npz"), 3, "nowhere.npz", "no such file");
    writeFileSync(at("empty.npz"), "");
    await expectRefusal(train("empty.npz"), 3, "empty.npz");
    await expectRefusal(train("."), 3, "regular file");
    writeFileSync(at("text.npz"), "x,y\n1,2\n");
    await expectRefusal(train("text.npz"), 3, "expected a zip archive");
  });

  it("a truncated or damaged file", async () => {
    const bytes = readFileSync(at("good.npz"));
    for (const share of [0.1, 0.5, 0.9, 0.9999]) {
      writeFileSync(at("cut.npz"), bytes.subarray(0, Math.floor(bytes.length * share)));
      await expectRefusal(train("cut.npz"), 3, "cut.npz");
    }
    const flipped = Buffer.from(bytes);
    flipped[2000] ^= 1;
    writeFileSync(at("flipped.npz"), flipped);
    await expectRefusal(train("flipped.npz"), 3, "flipped.npz");
  });

  it("a missing key, named with what was found", async () => {
    for (const key of ["xcoords", "ycoords", "probeGuess"]) {
      copyScan(at("good.npz"), at("bad.npz"), { [key]: undefined });
      await expectRefusal(train("bad.npz"), 3, `no array '${key}'`, "found");
    }
    const members = membersOf(at("good.npz"));
    const { diffraction } = Object.fromEntries(members);
    copyScan(at("good.npz"), at("bad.npz"), {
      diffraction: undefined,
      diff3d: undefined,
      difraction: diffraction,
    });
    await expectRefusal(train("bad.npz"), 3, "'diffraction' or 'diff3d'", 'is "difraction" meant?');
  });

  it("a probe of another size than the patterns", async () => {
    copyScan(at("good.npz"), at("bad.npz"), { probeGuess: complex64([128, 128]) });
    await expectRefusal(train("bad.npz"), 3, "128", "64");
  });

  it("NaN and negative pixels, with the place of the first", async () => {
    const diffraction = membersOf(at("good.npz")).get("diffraction") as NdArray<"float32">;
    const change = (value: number) => {
      const data = diffraction.data.slice();
      data.fill(value, 5 * 64 * 64 + 7, 5 * 64 * 64 + 9);
      copyScan(at("good.npz"), at("bad.npz"), { diffraction: { ...diffraction, data }, diff3d: undefined });
    };
    change(Number.NaN);
    await expectRefusal(train("bad.npz"), 3, "2 diffraction pixels are NaN", "pattern 5 at pixel 7");
    change(-100);
    await expectRefusal(train("bad.npz"), 3, "2 diffraction pixels are negative");
  });

  it("patterns of a size that no network takes", async () => {
    const diffraction: NdArray<"float32"> = {
      dtype: "float32",
      shape: [20, 60, 60],
      data: new Float32Array(20 * 60 * 60).fill(1),
    };
    copyScan(at("good.npz"), at("bad.npz"), { diffraction, diff3d: undefined });
    await expectRefusal(train("bad.npz"), 3, "60 x 60", "pad them with zeros to 64");
  });

  it("too few positions: for the patterns, and for a group", async () => {
    copyScan(at("good.npz"), at("bad.npz"), { xcoords: float64([2]), ycoords: float64([2]) });
    await expectRefusal(train("bad.npz"), 3, "2", "20");
    await expectRefusal(train("three.npz", "--gridsize", "2"), 3, "3", "4");
    copyScan(at("good.npz"), at("bad.npz"), {
      xcoords: float64([20], new Float64Array(20).fill(Number.NaN)),
    });
    await expectRefusal(train("bad.npz"), 3, "scan position 0 is (NaN, ");
  });

  it("supervised training without labels, named with the key", async () => {
    copyScan(at("good.npz"), at("bad.npz"), { Y: undefined, ground_truth_patches: undefined });
    await expectRefusal(train("bad.npz", "--model_type", "supervised"), 3, "DATA-SUP-001", "'Y'");
  });

  it("more groups than the scan has patterns", async () => {
    const options = ["--gridsize", "2", "--n_groups", "1000"];
    await expectRefusal(train("good.npz", ...options), 2, "1000", "20", "enable_oversampling");
  });

  it("gridsize 3 with K = 4", async () => {
    const options = ["--gridsize", "3", "--neighbor_count", "4"];
    await expectRefusal(train("good.npz", ...options), 2, "K=4 must be >= C=9");
  });

  it("an unknown flag, value, preset or command", async () => {
    await expectRefusal(train("good.npz", "--n_epoch", "3"), 2, "unknown option --n_epoch", "did you mean");
    await expectRefusal(train("good.npz", "--batch_size", "three"), 2, "--batch_size", "three");
    await expectRefusal(train("good.npz", "--preset", "parityy"), 2, "did you mean 'parity'");
    await expectRefusal(train("good.npz", "--N", "128"), 2, "128", "64 x 64");
    await expectRefusal(["trian"], 2, "did you mean 'train'");
  });

  it("an output path that is a file, or lies under one", async () => {
    writeFileSync(at("file"), "mine");
    for (const path of [at("file"), join(at("file"), "below")]) {
      await expectRefusal(train("good.npz", "--output_dir", path), 2, "output folder");
    }
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
  });
});

describe("infer", () => {
  const infer = (model: string) => [
    ...["infer", "--model_path", at(model), "--test_data", at("good.npz"), "--output_dir", out],
  ];

  it("an output path that is a file, told before any work", async () => {
    writeFileSync(at("occupied"), "mine");
    await expectRefusal([...infer("nowhere"), "--output_dir", at("occupied")], 2, "occupied", "is a file");
  });

  it("a folder without an archive, or no folder at all", async () => {
    mkdirSync(at("nothing-in-it"));
    await expectRefusal(infer("nothing-in-it"), 2, "Model archive not found");
    await expectRefusal(infer("nowhere"), 2, "Model archive not found");
  });

  it("an archive that the Python original wrote", async () => {
    mkdirSync(at("python"));
    const pickled = Buffer.from("80047d942e", "hex");
    const names = ["manifest.dill", "diffraction_to_obj/model.pth", "diffraction_to_obj/params.dill"];
    const members = zipPieces(names.map((name) => [name, pickled]));
    writeFileSync(at("python/wts.h5.zip"), Buffer.concat(members));
    await expectRefusal(infer("python"), 5, "Python PtychoPINN", "never loaded");
    await expectRefusal(infer("python/wts.h5.zip"), 5, "Python PtychoPINN");
  });

  it("random bytes, and another kind of zip", async () => {
    mkdirSync(at("random"));
    writeFileSync(
      at("random/wts.h5.zip"),
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 97) % 251)),
    );
    await expectRefusal(infer("random"), 5, "wts.h5.zip");
    await expectRefusal(infer("good.npz"), 5, "good.npz");
  });
});

describe("evaluate and simulate", () => {
  it("name what is wrong with their files", async () => {
    await expectRefusal(["evaluate", at("nowhere"), "--truth", at("good.npz")], 3, "no such file");
    await expectRefusal(["evaluate", at("good.npz"), "--truth", at("good.npz")], 3, 'no array "object"');
    copyScan(at("good.npz"), at("no-truth.npz"), { objectGuess: undefined });
    await expectRefusal(["evaluate", at("good.npz"), "--truth", at("no-truth.npz")], 3, "no array");
    mkdirSync(at("a-folder"));
    await expectRefusal(["simulate", "--output_file", at("a-folder")], 2, "this is a folder");
  });
});

it("a pipe in place of a file is refused at once, not waited for", async () => {
  if (process.platform === "win32") return;
  execFileSync("mkfifo", [at("pipe.npz")]);
  await expectRefusal(train("pipe.npz"), 3, "pipe.npz");
});
