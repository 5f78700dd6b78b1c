// One checkpoint: everything that training needs to go on bit for bit, in one archive file, verified before use.
import { createHash } from "node:crypto";
import { check, PtychoError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import type { NdArray } from "../core/ndarray.js";
import { type FrameStack, stackPieces } from "../data/frame-stack.js";
import { readRegularFile, type WriteFs, writeFileAtomic } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import { checkFiniteTensors, parseSafetensors, writeSafetensors } from "../formats/safetensors.js";
import { readZip, zipPieces } from "../formats/zip.js";
import type { ScheduleState } from "./schedule.js";

/** Where training stood; the next batch to run is `batch` of `epoch`. */
export interface CheckpointPosition {
  /** Optimiser steps done. */
  readonly step: number;
  /** Epoch in progress, from 0. */
  readonly epoch: number;
  /** Batches of that epoch already done. */
  readonly batch: number;
}

/** What a resumed run must share with the run that wrote the checkpoint. */
export interface RunIdentity {
  /** The resolved configuration. */
  readonly config: Json;
  /** SHA-256 of the training data, see `fingerprintOf`. */
  readonly dataSha256: string;
  /** Version of this package. */
  readonly version: string;
}

export interface Checkpoint {
  readonly position: CheckpointPosition;
  /** Flat vectors and buffers by name: parameters, optimiser slots, running statistics. */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly schedule: ScheduleState;
  /** State of the random generators, and whatever else is needed to repeat the order of the batches. */
  readonly random: Json;
  /** Figures of merit at this point, such as the losses so far; null for one not known. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly identity: RunIdentity;
}

export const CHECKPOINT_SCHEMA = 1;
const FORMAT = "ptychopinn-checkpoint";
const TENSORS = "state.safetensors";
const MANIFEST = "manifest.json";
const MAX_MANIFEST_BYTES = 64 * 2 ** 20;

/**
 * Writes the checkpoint to `path`: under that name stands afterwards the whole checkpoint or what stood there before.
 *
 * @throws PtychoError ResourceError when the disk fails, DivergenceError for a state that is not finite.
 */
export function saveCheckpoint(path: string, checkpoint: Checkpoint, fs?: WriteFs): void {
  const { tensors, ...state } = checkpoint;
  try {
    checkFiniteTensors(tensors, "training state");
  } catch (error) {
    throw new PtychoError(
      "DivergenceError",
      `checkpoint ${printable(path)} is not written: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
  const weights = writeSafetensors(tensors);
  const manifest = { format: FORMAT, schema: CHECKPOINT_SCHEMA, sha256: sha256(weights), state };
  const text = Buffer.from(JSON.stringify({ ...manifest, stateSha256: sha256(JSON.stringify(state)) }));
  const pieces = zipPieces(
    [
      [MANIFEST, text],
      [TENSORS, weights],
    ],
    { method: "store" },
  );
  writeFileAtomic(path, pieces, fs);
}

/**
 * Reads a checkpoint and verifies all of it (CRC-32, SHA-256, schema, finite values) before any is used.
 *
 * @throws PtychoError ArtefactError saying what is wrong.
 */
export function loadCheckpoint(path: string): Checkpoint {
  const where = `checkpoint ${printable(path)}`;
  const zip = readZip(readRegularFile(path, { tag: "ArtefactError" }), where, { tag: "ArtefactError" });
  const names = zip.members.map(({ name }) => name).sort();
  const demand = (holds: boolean, message: () => string): void =>
    check(holds, "ArtefactError", () => `${where}: ${message()}`);
  demand(
    names.join() === [MANIFEST, TENSORS].sort().join(),
    () =>
      `holds ${names.map(printable).join(", ")}, expected ${MANIFEST} and ${TENSORS}; not a checkpoint of ours`,
  );
  demand(zip.member(MANIFEST).bytes <= MAX_MANIFEST_BYTES, () => "the manifest is larger than 64 MB; forged");
  const manifest = parseManifest(zip.read(MANIFEST).toString("utf8"), where);
  demand(
    manifest.format === FORMAT,
    () => `format is ${printable(String(manifest.format))}, expected ${FORMAT}`,
  );
  demand(
    manifest.schema === CHECKPOINT_SCHEMA,
    () =>
      `schema version ${printable(String(manifest.schema))}, this program reads ${CHECKPOINT_SCHEMA}; ` +
      "resume with the version of ptychopinn that wrote it",
  );
  const weights = zip.read(TENSORS);
  demand(
    sha256(weights) === manifest.sha256,
    () => `${TENSORS} does not have the SHA-256 of the manifest; damaged`,
  );
  demand(
    sha256(JSON.stringify(manifest.state)) === manifest.stateSha256,
    () => `the state in ${MANIFEST} does not have its SHA-256; damaged or edited`,
  );
  const { tensors } = parseSafetensors(weights, where);
  checkFiniteTensors(tensors, where);
  const state = manifest.state as Omit<Checkpoint, "tensors">;
  return { ...state, tensors };
}

/** SHA-256 over arrays in order, with their names, dtypes and shapes: the identity of a data set. */
export function fingerprintOf(
  arrays: Iterable<readonly [name: string, array: NdArray | FrameStack]>,
): string {
  const hash = createHash("sha256");
  for (const [name, array] of arrays) {
    hash.update(`${JSON.stringify([name, array.dtype, array.shape])}\n`);
    for (const { buffer, byteOffset, byteLength } of piecesOf(array))
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

function piecesOf(array: NdArray | FrameStack): Iterable<NdArray["data"]> {
  return "data" in array ? [array.data] : stackPieces(array);
}

/**
 * Refuses to go on from a checkpoint of another configuration, data set or program version, naming each
 * difference. `free` names configuration fields that may differ, such as the number of epochs or the output folder.
 *
 * @throws PtychoError UsageError.
 */
export function expectSameRun(stored: RunIdentity, current: RunIdentity, free: readonly string[] = []): void {
  const differences = identityDifferences(stored, current, free);
  check(
    differences.length === 0,
    "UsageError",
    () =>
      `resume: the checkpoint belongs to another run (${differences.join("; ")}); ` +
      "undo the changes, start a new run in another folder, or give --allow_mismatch",
  );
}

/** One line per difference, "name: stored -> current"; configuration fields by their dotted path. */
export function identityDifferences(
  stored: RunIdentity,
  current: RunIdentity,
  free: readonly string[] = [],
): string[] {
  const lines: string[] = [];
  collectDifferences("", stored.config, current.config, new Set(free), lines);
  if (stored.dataSha256 !== current.dataSha256)
    lines.push(`data SHA-256: ${stored.dataSha256} -> ${current.dataSha256}`);
  if (stored.version !== current.version) lines.push(`ptychopinn: ${stored.version} -> ${current.version}`);
  return lines;
}

function collectDifferences(
  path: string,
  stored: Json | undefined,
  current: Json | undefined,
  free: ReadonlySet<string>,
  lines: string[],
): void {
  if (free.has(path)) return;
  if (isRecord(stored) && isRecord(current)) {
    for (const key of [...new Set([...Object.keys(stored), ...Object.keys(current)])].sort())
      collectDifferences(path === "" ? key : `${path}.${key}`, stored[key], current[key], free, lines);
    return;
  }
  const [before, after] = [stored, current].map((value) => JSON.stringify(value) ?? "absent");
  if (before !== after) lines.push(`${path === "" ? "configuration" : path}: ${before} -> ${after}`);
}

function parseManifest(text: string, where: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch (error) {
    throw new PtychoError("ArtefactError", `${where}: ${MANIFEST} is not valid JSON; damaged`, error);
  }
  throw new PtychoError("ArtefactError", `${where}: ${MANIFEST} is not a JSON object; damaged`);
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
