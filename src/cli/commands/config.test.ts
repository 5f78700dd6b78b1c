import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runHere } from "../../../tests/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "ptycho-config-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe("config show", () => {
  it("prints every setting with its source; nothing needs to be given", async () => {
    const { out, code } = await runHere("config", "show", "--gridsize", "1", "--surface", "train");
    expect(code).toBe(0);
    expect(out).toMatch(/^model\.gridsize +1 +command line$/m);
    expect(out).toMatch(/^model\.object_big +false +derived$/m);
    expect(out).toMatch(/^data\.train_data_file +none +default$/m);
  });

  it("prints JSON, and takes configuration files", async () => {
    writeFileSync(at("run.toml"), "[training]\nbatch_size = 8\n");
    const { out } = await runHere("config", "show", "--json", "--config", at("run.toml"));
    const { config, sources } = JSON.parse(out);
    expect([config.training.batch_size, sources.batch_size.source]).toEqual([8, at("run.toml")]);
    const infer = JSON.parse((await runHere("config", "show", "--surface", "infer", "--json")).out);
    expect([infer.surface, infer.config.data.neighbor_count]).toEqual(["infer", 4]);
  });

  it("refuses what the command itself would refuse", async () => {
    const unknown = await runHere("config", "show", "--grid-sise", "1");
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("unknown option '--grid-sise'")]);
    const wrong = await runHere("config", "show", "--surface", "trane");
    expect(wrong.err).toContain("--surface: expected one of train, infer, reconstruct, got 'trane'");
    expect((await runHere("config", "show", "--batch_size", "12")).err).toContain(
      "must be positive power of 2",
    );
  });
});

it("config schema prints the schema of the surface", async () => {
  const schema = JSON.parse((await runHere("config", "schema", "--surface", "infer")).out);
  expect(schema.title).toBe("Settings of ptychopinn infer");
  expect(schema.$defs.settings.properties.model_path.type).toBe("string");
});

it("config diff names the settings that differ, whatever format and section they stand in", async () => {
  writeFileSync(at("a.yaml"), "batch_size: 8\nmodel:\n  N: 64\nseed: 1\n");
  writeFileSync(at("b.json"), '{"training": {"batch_size": 16}, "N": 64, "amp_loss": null}');
  const { out } = await runHere("config", "diff", at("a.yaml"), at("b.json"));
  expect(out).toBe("batch_size: 8 -> 16\nseed: 1 -> not given\namp_loss: not given -> null\n");
  expect((await runHere("config", "diff", at("a.yaml"), at("a.yaml"))).out).toBe("no setting differs\n");
  writeFileSync(at("c.json"), '{"some": {"other": {"file": 1}}}');
  const { code, err } = await runHere("config", "diff", at("a.yaml"), at("c.json"));
  expect([code, err]).toEqual([2, expect.stringContaining("some.other.file")]);
});

it("config explain prints what is known, and config alone says what there is", async () => {
  expect((await runHere("config", "explain", "K")).out).toMatch(/^neighbor_count \(asked for as K\)/);
  const alone = await runHere("config");
  expect([alone.code, alone.err]).toEqual([
    2,
    expect.stringContaining("expected show, schema, diff or explain"),
  ]);
  expect((await runHere("config", "explan", "K")).err).toContain("did you mean");
});

describe("completion", () => {
  it("of bash completes commands, options and values", async () => {
    const script = at("complete.bash");
    writeFileSync(script, (await runHere("completion", "bash")).out);
    const complete = (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(" ");
      const run = `source ${script}; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _ptychopinn; echo "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", run], { encoding: "utf8", cwd: folder });
      expect(stderr).toBe("");
      return stdout
        .trim()
        .split(" ")
        .filter((word) => word !== "");
    };
    expect(complete("ptychopinn", "rec")).toEqual(["reconstruct"]);
    expect(complete("ptychopinn", "train", "--max_e")).toEqual(["--max_epochs"]);
    expect(complete("ptychopinn", "train", "--optimizer", "")).toEqual(["adam", "adamw", "sgd"]);
    expect(complete("ptychopinn", "train", "--preset", "unr")).toEqual(["unrolled"]);
    expect(complete("ptychopinn", "config", "ex")).toEqual(["explain"]);
    expect(complete("ptychopinn", "config", "schema", "--surf")).toEqual(["--surface"]);
    expect(complete("ptychopinn", "reconstruct", "a.y")).toEqual(["a.yaml"]);
  });

  it("of zsh and fish have the same words, and another shell is refused", async () => {
    expect((await runHere("completion", "zsh")).out).toContain("bashcompinit");
    const fish = (await runHere("completion", "fish")).out;
    expect(fish).toContain(
      "complete -c ptychopinn -n '__fish_seen_subcommand_from train' -l max_epochs -d 'epochs to train'",
    );
    expect(fish).toContain("-l optimizer -d 'optimiser' -x -a 'adam adamw sgd'");
    const { code, err } = await runHere("completion", "bsh");
    expect([code, err]).toEqual([2, expect.stringContaining("got 'bsh'; did you mean 'bash'?")]);
  });
});
