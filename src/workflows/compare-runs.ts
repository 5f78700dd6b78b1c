// Two run records beside each other: what was asked differently, read, computed with, and what came out.
import type { RunRecord } from "./run-record.js";

export interface Difference {
  /** Which part of the record. */
  readonly of: "run" | "request" | "field" | "input" | "version" | "machine" | "figure" | "output";
  readonly name: string;
  /** In words, of the first and of the second run. */
  readonly values: readonly [string, string];
}

/** Every difference that says something about the runs: not their times, nor the paths from which equal files were read. */
export function differencesOf(first: RunRecord, second: RunRecord): Difference[] {
  return [
    ...differing("run", facts(first), facts(second)),
    ...differing("request", leaves(first.request), leaves(second.request)),
    ...changedFields(first, second),
    ...differing("input", inputs(first), inputs(second)),
    ...environmentDifferences(first, second),
    ...differing("figure", figures(first), figures(second)),
    ...differing("output", outputs(first), outputs(second)),
  ];
}

/** Versions and machine: what may change the last bits of a result without anybody asking for it. */
export function environmentDifferences(first: RunRecord, second: RunRecord): Difference[] {
  return [
    ...differing("version", Object.entries(first.versions), Object.entries(second.versions)),
    ...differing("machine", machine(first), machine(second)),
  ];
}

/** The outputs and figures of a run that a repetition must have, by name: those that came out equal, and those not. */
export function compareOutcome(
  recorded: RunRecord,
  repeated: RunRecord,
): { readonly equal: readonly string[]; readonly different: readonly string[] } {
  const expected = [...outputs(recorded), ...figures(recorded)];
  const found = new Map([...outputs(repeated), ...figures(repeated)]);
  const isEqual = ([name, value]: Entry) => found.get(name) === value;
  const nameOf = ([name]: Entry) => name;
  return {
    equal: expected.filter(isEqual).map(nameOf),
    different: expected.filter((entry) => !isEqual(entry)).map(nameOf),
  };
}

type Entry = readonly [name: string, value: string];

function differing(of: Difference["of"], first: readonly Entry[], second: readonly Entry[]): Difference[] {
  const [a, b] = [new Map(first), new Map(second)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({ of, name, values: [a.get(name) ?? "absent", b.get(name) ?? "absent"] }));
}

function facts({ command, status, error, bundles, earlier, warnings }: RunRecord): Entry[] {
  return [
    ["command", command],
    ["starts from", bundles.length === 0 ? "the defaults" : bundles.join(", ")],
    ["status", error === null ? status : `${status}: ${error.message}`],
    ["resumed", earlier.length === 0 ? "no" : `${earlier.length} times`],
    ["warnings", warnings.length === 0 ? "none" : warnings.join("; ")],
  ];
}

/** Values of a JSON object by dotted path. */
function leaves(value: unknown, path = ""): Entry[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, path === "" ? name : `${path}.${name}`),
  );
}

/** Fields of another value, each with its source; a field that has the same value from another source did not change. */
function changedFields(first: RunRecord, second: RunRecord): Difference[] {
  const [a, b] = [first, second].map(({ config }) => new Map(leaves(config ?? {})));
  const told = (name: string, value: string | undefined, { sources }: RunRecord): string =>
    value === undefined
      ? "absent"
      : `${value} (${sources?.[name.slice(name.indexOf(".") + 1)]?.source ?? "unknown"})`;
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({
      ...{ of: "field", name },
      values: [told(name, a.get(name), first), told(name, b.get(name), second)],
    }));
}

function inputs(record: RunRecord): Entry[] {
  return record.inputs.map(({ role, bytes, sha256 }) => [role, `${bytes} bytes, SHA-256 ${sha256}`]);
}

function machine({ machine: { platform, cpu, cores, threads }, device }: RunRecord): Entry[] {
  return [
    ...([
      ["platform", platform],
      ["cpu", cpu],
      ["device", device],
    ] as const),
    ...([
      ["cores", String(cores)],
      ["threads", String(threads)],
    ] as const),
  ];
}

function figures(record: RunRecord): Entry[] {
  return Object.entries(record.figures).map(([name, value]) => [
    name,
    value === null ? "none" : String(value),
  ]);
}

function outputs(record: RunRecord): Entry[] {
  return record.outputs.flatMap(({ path, compared }) =>
    compared === null ? [] : [[`${path} (${compared.by})`, `SHA-256 ${compared.sha256}`] as const],
  );
}
