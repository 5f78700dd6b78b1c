// The files that a run wrote, and what of them must come out again when the run is repeated.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { extname, relative, resolve } from "node:path";
import { sha256, WEIGHTS_MEMBER } from "../bundle/manifest.js";
import { readRegularFile } from "../formats/files.js";
import { writeNpy } from "../formats/npy.js";
import { openNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import { readZip } from "../formats/zip.js";
import { fileDigest } from "./run-inputs.js";

export interface RunOutput {
  /** From the folder of the record, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What a repetition is compared by; null: by nothing, since times or paths stand in it. */
  readonly compared: Compared | null;
}

/**
 * weights: the weights in a model archive, without the time of writing that stands beside them. arrays: the numbers of an
 * .npz, without its texts (the provenance). bytes: the whole file (pictures, tables).
 */
export interface Compared {
  readonly by: "weights" | "arrays" | "bytes";
  readonly sha256: string;
}

/** Describes those of `paths` that are regular files, each once, as seen from `folder`. */
export async function describeOutputs(paths: Iterable<string>, folder: string): Promise<RunOutput[]> {
  const outputs: RunOutput[] = [];
  for (const path of new Set([...paths].map((each) => resolve(each)))) {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const digest = await fileDigest(path);
    const name = relative(resolve(folder), path).replaceAll("\\", "/");
    outputs.push({ path: name, ...digest, compared: comparedPart(path, digest.sha256) });
  }
  return outputs;
}

function comparedPart(path: string, whole: string): Compared | null {
  switch (extname(path)) {
    case ".png":
    case ".csv":
      return { by: "bytes", sha256: whole };
    case ".npz":
      return { by: "arrays", sha256: arraysDigest(path) };
    case ".zip": {
      const zip = readZip(readRegularFile(path), printable(path));
      if (!zip.members.some(({ name }) => name === WEIGHTS_MEMBER)) return null;
      return { by: "weights", sha256: sha256(zip.read(WEIGHTS_MEMBER)) };
    }
    default:
      return null;
  }
}

/** SHA-256 over names, dtypes, shapes and numbers, in the order of names. */
function arraysDigest(path: string): string {
  const npz = openNpz(path);
  const hash = createHash("sha256");
  for (const name of [...npz.names].sort()) {
    if (["text", "object"].includes(npz.header(name).dtype)) continue;
    hash.update(`${JSON.stringify(name)}\n`);
    hash.update(writeNpy(npz.read(name)));
  }
  return hash.digest("hex");
}
