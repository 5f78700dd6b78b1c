import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ask, base } from "../../tests/ask-command-line.js";

it("a configuration file lies below the command line and above the presets, and says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ptycho-config-"));
  try {
    const file = join(folder, "run.yaml");
    writeFileSync(
      file,
      "preset: unrolled\nbatch_size: 8\nmodel:\n  n_filters_scale: 3\nlearning_rate: 0.01\n",
    );
    const { sources, err } = await ask(`${base.train} --config ${file} --batch_size 4`);
    expect(err).toBe("");
    expect(sources?.batch_size).toMatchObject({ value: 4, source: "command line" });
    expect(sources?.learning_rate).toEqual({
      value: 0.01,
      source: file,
      givenAs: `${file}, line 5: learning_rate`,
    });
    expect(sources?.n_filters_scale).toMatchObject({ value: 3, source: file });
    expect(sources?.architecture).toMatchObject({ value: "unrolled", source: "preset unrolled" });
    const other = await ask(`${base.train} --config ${file} --preset parity --gridsize 2`);
    expect(other.sources?.architecture).toMatchObject({ value: "cnn", source: "preset parity" });
    const wrong = async (text: string) => {
      writeFileSync(file, text);
      const { code, err } = await ask(`${base.train} --config ${file}`);
      return [code, err.replaceAll(file, "FILE")];
    };
    const error = (text: string) => [2, expect.stringContaining(text)];
    expect(await wrong("batch_sise: 8\n")).toEqual(
      error("FILE, line 1: unknown option 'batch_sise'; did you mean 'batch_size'?"),
    );
    expect(await wrong("\nbatch_size: many\n")).toEqual(
      error("FILE, line 2: batch_size: expected a positive power of 2, got 'many'"),
    );
    expect(await wrong("modle:\n  N: 64\n")).toEqual(
      error("FILE, line 2: unknown section 'modle'; did you mean 'model'?"),
    );
    expect(await wrong("N: 64\nmodel:\n  N: 128\n")).toEqual(error("FILE, line 3: 'N' is given twice"));
    expect(await wrong("max_epochs: 3\nnepochs: 4\n")).toEqual(error("contradict each other"));
    expect(await wrong("model_path: x\n")).toEqual(error("'model_path' belongs to infer, not to train"));
    expect(await wrong("preset: 3\n")).toEqual(error("FILE, line 1: preset: expected its name, got 3"));
    expect((await ask(`${base.train} --config nowhere.yaml`)).err).toContain(
      "there is no such file; check the path",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
