// run.json read back and checked: the record of a run, and the configuration in it as it was resolved.
import { statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../bundle/manifest.js";
import type { Surface } from "../config/field.js";
import { defaultOf, type FieldName, fieldsOf } from "../config/fields.js";
import { frozen, type ResolvedConfig } from "../config/resolve.js";
import { warningsFor } from "../config/rules.js";
import type { Sourced } from "../config/sourced.js";
import { checkedValue } from "../config/value.js";
import { isPtychoError, PtychoError } from "../core/errors.js";
import { readRegularFile } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import type { AnyConfig } from "./run-facts.js";
import {
  type EarlierRun,
  RUN_COMMANDS,
  RUN_FILE,
  RUN_FORMAT,
  RUN_SCHEMA,
  type RunRecord,
} from "./run-record.js";
import { faultyPart } from "./run-record-shape.js";

export interface StoredRun {
  /** The file that was read. */
  readonly path: string;
  readonly record: RunRecord;
}

const MAX_BYTES = 64 * 2 ** 20;

/**
 * Reads the record `path`, or `run.json` in that folder.
 *
 * @throws PtychoError UsageError when there is none, ArtefactError for another file, a newer schema, or an edited record.
 */
export function readRunRecord(path: string): StoredRun {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, RUN_FILE) : path;
  const where = `run record ${printable(file)}`;
  if (statSync(file, { throwIfNoEntry: false }) === undefined)
    throw new PtychoError(
      "UsageError",
      `${where}: there is no such file; give the folder of a run or its ${RUN_FILE}`,
    );
  const fail: (message: string, cause?: unknown) => never = (message, cause) => {
    throw new PtychoError("ArtefactError", `${where}: ${message}`, cause);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(
      readRegularFile(file, { tag: "ArtefactError", maxBytes: MAX_BYTES }).toString("utf8"),
    );
  } catch (error) {
    if (error instanceof PtychoError) throw error;
    return fail("it is not valid JSON; give the record of another run", error);
  }
  if (typeof parsed !== "object" || parsed === null) return fail("expected a record, found another value");
  const { recordSha256, ...record } = parsed as Record<string, unknown>;
  if (record.format !== RUN_FORMAT)
    return fail(`expected the format ${RUN_FORMAT}, found another JSON file; give a ${RUN_FILE}`);
  if (typeof record.schema !== "number" || record.schema > RUN_SCHEMA)
    return fail(
      `its schema is ${JSON.stringify(record.schema)}, this program reads up to ${RUN_SCHEMA}; install a newer ptychopinn`,
    );
  if (recordSha256 !== sha256(Buffer.from(JSON.stringify(record))))
    return fail(
      "it does not have its own SHA-256: it was damaged or edited; use the record as it was written",
    );
  if (!RUN_COMMANDS.some((command) => command === record.command))
    return fail(`its command is ${printable(String(record.command))}, which is unknown here`);
  const fault = faultyPart(record);
  if (fault !== undefined)
    return fail(`its ${fault} is not what a run writes: it was edited; use the record as it was written`);
  return { path: file, record: record as unknown as RunRecord }; // its parts were checked
}

/**
 * What a resumed run with this configuration goes on from: the run whose record stands at `path`, and those before it.
 * Empty where there is none that can be read.
 */
export function earlierRuns(path: string, { sources }: Pick<AnyConfig, "sources">): EarlierRun[] {
  let record: RunRecord;
  try {
    record = readRunRecord(path).record;
  } catch (error) {
    if (isPtychoError(error)) return []; // of a version without records, or copied without it
    throw error;
  }
  const fields = new Map(Object.values(record.config ?? {}).flatMap((section) => Object.entries(section)));
  const changed = Object.entries(sources).filter(
    ([name, { value }]) =>
      !OF_THIS_START.includes(name) && JSON.stringify(fields.get(name)) !== JSON.stringify(value),
  );
  const { status, timings } = record;
  const last = { started: timings.started, status, changed: changed.map(([name]) => name) };
  return [last, ...record.earlier];
}

/** Fields that change from start to start without changing what is computed. */
const OF_THIS_START: readonly string[] = [
  ...(["resume", "allow_mismatch", "enable_progress_bar"] satisfies readonly FieldName[]),
];

/**
 * The configuration of a record as it was resolved, with `replaced` values in place of the recorded ones. What came from
 * the data file is left to the file.
 *
 * @throws PtychoError UsageError for a field or a value that this version does not know.
 */
export function configOfRecord<S extends Surface>(
  surface: S,
  { path, record }: StoredRun,
  replaced: Readonly<Record<string, unknown>>,
): ResolvedConfig<S> {
  const { config, sources: origins } = record;
  if (config === null || origins === null)
    throw new PtychoError("ArtefactError", `run record ${printable(path)}: it holds no configuration`);
  const rows = fieldsOf(surface);
  const unknown = Object.keys(origins).filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0)
    throw new PtychoError(
      "UsageError",
      `run record ${printable(path)}: this version does not know the recorded ${unknown.map(printable).join(", ")}; ` +
        `replay with ptychopinn ${printable(record.versions.ptychopinn)}`,
    );
  const sources: Partial<Record<FieldName, Sourced>> = {};
  for (const { name, section, field } of rows) {
    const origin = origins[name];
    const isAsked = origin !== undefined && origin.source !== "data file";
    const fallback = defaultOf(field, surface);
    const given = Object.hasOwn(replaced, name)
      ? replaced[name]
      : isAsked
        ? config[section]?.[name]
        : fallback;
    // A default need not pass the check of a given value: null stands for "follows from the data".
    const value = given === fallback ? fallback : checkedValue(`${RUN_FILE}: ${name}`, field, surface, given);
    sources[name] = isAsked ? { ...origin, value } : { value, source: "default" };
  }
  return frozen(surface, sources, warningsFor(surface, sources));
}
