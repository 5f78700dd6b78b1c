// The files that a run reads: their size and SHA-256 at the start, and where they are when the run is repeated.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { ARCHIVE_NAME } from "../bundle/archive-path.js";
import type { Surface } from "../config/field.js";
import { type FieldName, fieldsOf } from "../config/fields.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { PtychoError } from "../core/errors.js";
import { printable } from "../formats/printable.js";
import { IN_MEMORY } from "./contract.js";
import { RECONSTRUCTION_FILE } from "./read-reconstruction.js";
import { PRODUCT_FILE } from "./write-product.js";

export interface RunInput {
  /** What it is to the run: the name of a field, or "scan", "model". */
  readonly role: string;
  /** As it was given. */
  readonly path: string;
  /** The same from the folder of the record, for a record that was moved together with its inputs. */
  readonly fromRecord: string;
  readonly bytes: number;
  /** Of the file; of a folder of files, over their names and digests in order. */
  readonly sha256: string;
}

/** Paths by role. */
export type InputPaths = Readonly<Record<string, string>>;

/** Path fields that name a place to write to, or a server. */
const WRITTEN: readonly FieldName[] = ["output_dir", "mlflow_tracking_uri"];

/** The files that a configuration names, by field. A word in the place of a path ("auto") names none. */
export function inputsOf({ surface, sources }: Pick<ResolvedConfig, "surface" | "sources">): InputPaths {
  const paths: Record<string, string> = {};
  for (const { name, field } of fieldsOf(surface)) {
    const value = sources[name]?.value;
    if (field.type !== "path" || WRITTEN.includes(name) || typeof value !== "string") continue;
    if (
      value !== field.default &&
      value !== IN_MEMORY &&
      statSync(value, { throwIfNoEntry: false }) !== undefined
    )
      paths[name] = value;
  }
  return paths;
}

/** Files that a run of this command writes beside its record, and that may also be what a run reads. */
const REPLACED: Readonly<Partial<Record<Surface, readonly string[]>>> = {
  train: [ARCHIVE_NAME],
  infer: [RECONSTRUCTION_FILE, PRODUCT_FILE],
  reconstruct: [RECONSTRUCTION_FILE, PRODUCT_FILE],
};

/**
 * Refuses a run that would write over a file that it reads.
 *
 * @param surfaces those of the parts of the run, all of which write into `folder`.
 * @throws PtychoError UsageError
 */
export function expectInputsKept(inputs: InputPaths, folder: string, surfaces: readonly Surface[]): void {
  for (const name of surfaces.flatMap((surface) => REPLACED[surface] ?? [])) {
    const written = join(folder, name);
    if (!existsSync(written)) continue;
    const found = Object.entries(inputs).find(
      ([, path]) => realpathSync(fileReadOf(path)) === realpathSync(written),
    );
    if (found === undefined) continue;
    const [role, path] = found;
    throw new PtychoError(
      "UsageError",
      `--output_dir ${printable(folder)}: the run writes its ${name} there, over the ${role} ${printable(path)} that it ` +
        "reads; name another folder",
    );
  }
}

/** Sizes and digests of the inputs of a record in the folder `recordFolder`; files are read in pieces. */
export async function describeInputs(paths: InputPaths, recordFolder: string): Promise<RunInput[]> {
  const inputs: RunInput[] = [];
  for (const [role, path] of Object.entries(paths)) {
    const fromRecord = relative(resolve(recordFolder), resolve(path));
    inputs.push({ role, path, fromRecord, ...(await digestOf(path)) });
  }
  return inputs;
}

/** What is read of `path`: in a folder its model or reconstruction, where it has one; else the path itself. */
function fileReadOf(path: string): string {
  if (!statSync(path).isDirectory()) return path;
  const found = [ARCHIVE_NAME, RECONSTRUCTION_FILE].find((name) =>
    statSync(join(path, name), { throwIfNoEntry: false })?.isFile(),
  );
  return found === undefined ? path : join(path, found);
}

/** Of what is read of `path`; of a folder without model or reconstruction, over all of its files. */
async function digestOf(path: string): Promise<Digest> {
  const file = fileReadOf(path);
  if (!statSync(file).isDirectory()) return await fileDigest(file);
  const hash = createHash("sha256");
  let bytes = 0;
  const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const name of files.map((entry) => entry.name).sort()) {
    const file = await fileDigest(join(path, name));
    hash.update(`${JSON.stringify([name, file.bytes, file.sha256])}\n`);
    bytes += file.bytes;
  }
  return { bytes, sha256: hash.digest("hex") };
}

export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws PtychoError ResourceError when the file cannot be read to its end. */
export async function fileDigest(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PtychoError("ResourceError", `${printable(path)}: its SHA-256 cannot be taken: ${why}`, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}

export interface FoundInputs {
  readonly paths: InputPaths;
  /** Inputs that are not the recorded ones, one sentence each; empty unless a mismatch is allowed. */
  readonly mismatches: readonly string[];
}

/**
 * Where the inputs of a record are now: at the recorded path, else in the same place as seen from the record.
 *
 * @throws PtychoError UsageError for an input that is in neither place, or (unless `allowMismatch`) has other content.
 */
export async function locateInputs(
  inputs: readonly RunInput[],
  recordPath: string,
  allowMismatch: boolean,
): Promise<FoundInputs> {
  const paths: Record<string, string> = {};
  const mismatches: string[] = [];
  for (const { role, path, fromRecord, sha256 } of inputs) {
    const places = [path, ...(isAbsolute(fromRecord) ? [] : [join(dirname(recordPath), fromRecord)])];
    const there = places.filter((place) => statSync(place, { throwIfNoEntry: false }) !== undefined);
    if (there.length === 0) {
      const tried = [...new Set(places.map((place) => resolve(place)))].map(printable).join(" and ");
      throw new PtychoError(
        "UsageError",
        `replay: the input ${role} is not there, looked at ${tried}; put it back`,
      );
    }
    let found: string | undefined;
    for (const place of there)
      if (found === undefined && (await digestOf(place)).sha256 === sha256) found = place;
    if (found === undefined) {
      const text = `the input ${role}, ${printable(there[0])}, is not the recorded one: its SHA-256 differs`;
      if (!allowMismatch)
        throw new PtychoError(
          "UsageError",
          `replay: ${text}; put the recorded file back, or give --allow_mismatch`,
        );
      mismatches.push(text);
    }
    paths[role] = found ?? there[0];
  }
  return { paths, mismatches };
}
