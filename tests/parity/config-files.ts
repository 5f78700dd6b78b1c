// The files that the configuration cases name: small archives with a probe of N x N and perhaps metadata, model folders.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpz } from "../../src/formats/npz.js";
import type { CaseJson } from "./check.js";

/** The files of the scenarios, for cases of kinds that use them without listing them. */
const USUAL = { "n64.npz": { N: 64 }, "n128.npz": { N: 128 } };

/** Runs `check` with a folder that holds the files of `config`; the folder is removed afterwards. */
export async function withConfigFiles<T>(
  config: CaseJson,
  check: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-config-"));
  try {
    for (const [name, file] of Object.entries<CaseJson>(config.files ?? USUAL))
      writeScan(join(folder, name), file);
    for (const name of Object.keys(config.model_dirs ?? { model_ok: "", model_empty: "" })) {
      mkdirSync(join(folder, name));
      if (name !== "model_empty") writeFileSync(join(folder, name, "wts.h5.zip"), "");
    }
    return await check(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeScan(path: string, { N, meta, noprobe }: CaseJson): void {
  const probe = {
    dtype: "complex64",
    shape: [N, N],
    re: new Float32Array(N * N),
    im: new Float32Array(N * N),
  } as const;
  const text = JSON.stringify({ schema_version: "1.0.0", physics_parameters: meta });
  writeNpz(path, [
    ["xcoords", { dtype: "float64", shape: [1], data: new Float64Array(1) }],
    ...(noprobe === true ? [] : [["probeGuess", probe] as const]),
    ...(meta === undefined ? [] : [["_metadata", { dtype: "text", shape: [], values: [text] }] as const]),
  ]);
}
