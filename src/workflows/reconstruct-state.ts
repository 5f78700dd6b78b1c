// The state of a reconstruction on disk, from which it goes on: after a signal, a power cut, or a first look.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { check, PtychoError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import type { SavedState } from "../engines/reconstruction.js";
import { readRegularFile, writeFileAtomic } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.js";
import { expectSameRun, fingerprintOf, type RunIdentity } from "../training/checkpoint.js";
import type { Recipe } from "./reconstruct-settings.js";
import { checkpointFolder } from "./run-checkpoints.js";

/** Everything that a resumed reconstruction needs beside the scan. */
export interface RunState {
  readonly identity: RunIdentity;
  readonly recipe: Recipe;
  /** Why this recipe: sentences for the report. */
  readonly notes: readonly string[];
  readonly residuals: readonly number[];
  readonly startProbe: ComplexArray;
  readonly state: SavedState;
}

/** Fields that a resumed run may change. */
const FREE = [
  "engine.epochs",
  "engine.tolerance",
  "engine.preview_every",
  "engine.threads",
  "engine.halves",
].concat(
  ["engine.memory_limit", "execution.output_dir", "execution.resume", "execution.allow_mismatch"],
  ["execution.enable_progress_bar", "execution.console_level"],
);

const statePath = (outputDir: string): string =>
  join(checkpointFolder(outputDir), "reconstruction.safetensors");

/** Under the state's name stands afterwards this state, whole, or the one before. */
export function saveRunState(outputDir: string, run: RunState): void {
  const { startProbe, state, ...facts } = run;
  const flat = (data: Float32Array | Float64Array): NdArray =>
    data instanceof Float64Array
      ? { dtype: "float64", shape: [data.length], data }
      : { dtype: "float32", shape: [data.length], data };
  const tensors = new Map<string, NdArray>([
    ...Object.entries(state.planes).map(([name, plane]) => [name, flat(plane)] as const),
    ["startProbe.re", { dtype: "float32", shape: startProbe.shape, data: startProbe.re }],
    ["startProbe.im", { dtype: "float32", shape: startProbe.shape, data: startProbe.im }],
  ]);
  const text = JSON.stringify({ ...facts, epochs: state.epochs }, finiteText);
  const metadata = new Map([
    ["format", "ptychopinn-reconstruction"],
    ["run", text],
    ["sha256", digestOf(tensors)],
  ]);
  mkdirSync(checkpointFolder(outputDir), { recursive: true });
  writeFileAtomic(statePath(outputDir), writeSafetensors(tensors, metadata));
}

/** In the order of names, which a file need not keep. */
function digestOf(tensors: ReadonlyMap<string, NdArray>): string {
  return fingerprintOf([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same in values that JSON has. */
export function finite(value: unknown): Json {
  return JSON.parse(JSON.stringify(value, finiteText));
}

/** JSON has no infinity, and a start at Infinity means never. */
function finiteText(_: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? "never" : value;
}

/**
 * The saved state of the run in `outputDir`.
 *
 * @throws PtychoError UsageError when there is none or it belongs to another run, ArtefactError when it is damaged.
 */
export function loadRunState(outputDir: string, identity: RunIdentity, allowMismatch: boolean): RunState {
  const path = statePath(outputDir);
  const where = printable(path);
  check(
    existsSync(path),
    "UsageError",
    () => `--resume: ${where} does not exist; leave --resume out to start anew`,
  );
  const { tensors, metadata } = parseSafetensors(readRegularFile(path, { tag: "ArtefactError" }), where);
  const damaged = (what: string) =>
    new PtychoError("ArtefactError", `${where}: ${what}; start anew without --resume`);
  const text = metadata.get("run");
  if (metadata.get("format") !== "ptychopinn-reconstruction" || text === undefined)
    throw damaged("not the state of a reconstruction");
  if (metadata.get("sha256") !== digestOf(tensors)) throw damaged("damaged (its checksum differs)");
  const facts = JSON.parse(text, (_, value: unknown) =>
    value === "never" ? Number.POSITIVE_INFINITY : value,
  ) as Omit<RunState, "startProbe" | "state"> & { readonly epochs: number };
  if (!allowMismatch) expectSameRun(facts.identity, identity, FREE);
  const planes: Record<string, Float32Array | Float64Array> = {};
  for (const [name, { data }] of tensors) planes[name] = data as Float32Array | Float64Array;
  const { "startProbe.re": re, "startProbe.im": im, ...kept } = planes;
  const shape = tensors.get("startProbe.re")?.shape;
  if (shape === undefined) throw damaged("the starting probe is missing");
  return {
    ...facts,
    startProbe: { dtype: "complex64", shape, re: re as Float32Array, im: im as Float32Array },
    state: { epochs: facts.epochs, planes: kept },
  };
}
