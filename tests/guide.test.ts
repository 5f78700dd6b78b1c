// Programs of users: the examples, every block of docs/library.md, and CommonJS, against the package as installed.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installPackage, runProgram } from "./built-package.js";
import { writeSmallScan } from "./scan-file.js";

const root = join(import.meta.dirname, "..");
let folder = "";

beforeAll(async () => {
  folder = installPackage();
  await writeSmallScan(join(folder, "scan.npz"), 32);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program, which must end well and warn of nothing but what is `allowed`; gives what it printed. */
function run(name: string, args: readonly string[] = [], allowed = /^$/): string {
  const { status, stdout, stderr } = runProgram(folder, join(folder, name), ...args);
  expect(status, stderr).toBe(0);
  const told = stderr.split("\n").filter((line) => line !== "" && !allowed.test(line));
  expect(told).toEqual([]);
  return stdout;
}

function example(name: string, ...args: readonly string[]): string {
  copyFileSync(join(root, "examples", name), join(folder, name.replace(/\.js$/, ".mjs")));
  return run(name.replace(/\.js$/, ".mjs"), args);
}

describe("examples", () => {
  test.each(["train-to-picture.js", "like-ptychodus.js", "reconstruct.js"])("%s is short", (name) => {
    const lines = readFileSync(join(root, "examples", name), "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.length).toBeLessThan(30);
  });

  test("train-to-picture trains, saves, loads, infers and stitches", () => {
    const printed = example("train-to-picture.js", "scan.npz", "trained", "1");
    expect(printed).toMatch(/^epoch 1: loss \d/);
    expect(printed).toContain(`saved ${join("trained", "wts.h5.zip")} after 1 epochs`);
    expect(printed).toMatch(/amplitude \d.*, phase -?\d/);
    for (const name of ["wts.h5.zip", "reconstruction.npz", "reconstructed_phase.png"])
      expect(existsSync(join(folder, "trained", name)), name).toBe(true);
  });

  test("like-ptychodus trains where the folder has no archive, and finds the one that is there", () => {
    expect(example("like-ptychodus.js", "scan.npz", "product", "1")).toMatch(/^trained: loss \d/);
    const again = example("like-ptychodus.js", "scan.npz", "product", "1");
    expect(again).not.toContain("trained");
    expect(again).toMatch(/^object \d+ x \d+ pixels, first pixel at \(-?\d/);
  });

  test("reconstruct follows the engine and reads the halves", () => {
    const printed = example("reconstruct.js", "scan.npz", "picture-of-example", "2");
    expect(printed).toMatch(/^epoch 2: R 0\.\d/m);
    expect(printed).toMatch(/two halves of the scan agree to -?[\d.]+ in phase/);
  });
});

describe("docs/library.md", () => {
  const guide = readFileSync(join(root, "docs", "library.md"), "utf8");
  const blocks = [...guide.matchAll(/^## (.*?)$|^```js( commonjs)?\n([\s\S]*?)^```$/gm)];
  let heading = "";
  const programs = blocks.flatMap(([, title, commonjs, text], i) => {
    if (title !== undefined) {
      heading = title;
      return [];
    }
    const name = `block-${i}.${commonjs === undefined ? "mjs" : "cjs"}`;
    return [{ heading, name, text }];
  });

  test("has blocks in both kinds of module", () => {
    expect(programs.length).toBeGreaterThan(8);
    expect(programs.filter(({ name }) => name.endsWith(".cjs"))).toHaveLength(1);
  });

  test.each(programs)("$heading, $name", ({ name, text }) => {
    writeFileSync(join(folder, name), text);
    const notice =
      /^\(node:\d+\) \[PTYCHOPINN_OBJECT_API\] DeprecationWarning|^\(Use `node --trace-deprecation/;
    const warned = text.includes("ConfigManager") ? notice : /^$/;
    const printed = run(name, [], warned);
    // What a comment behind console.log says is printed.
    for (const [, expected] of text.matchAll(
      /console\.log\(.*\); \/\/ (.*)$|console\.log\(.*\)\); \/\/ (.*)$/gm,
    ))
      if (expected !== undefined) expect(printed).toContain(expected);
  });
});

describe("the package", () => {
  test("require and import give the same names, without a warning", () => {
    writeFileSync(
      join(folder, "names.cjs"),
      'console.log(Object.keys(require("ptychopinn")).sort().join());',
    );
    writeFileSync(
      join(folder, "names.mjs"),
      'import * as all from "ptychopinn"; console.log(Object.keys(all).sort().join());',
    );
    const names = run("names.cjs");
    expect(names).toContain("rawDataFromArrays");
    expect(run("names.mjs")).toBe(names);
  });

  test("the notice of deprecation comes once in a process", () => {
    const text =
      'import { ConfigManager } from "ptychopinn"; new ConfigManager(); new ConfigManager(); console.log("done");';
    writeFileSync(join(folder, "twice.mjs"), text);
    const { status, stderr } = runProgram(folder, "twice.mjs");
    expect(status).toBe(0);
    expect(stderr.match(/DeprecationWarning: ptychopinn: ConfigManager/g)).toHaveLength(1);
  });
});
