// The audit of a payload: the lines in the original's order, each with its value, its source and what it overruled.
import type { Given } from "./dataclass.js";
import type { EXECUTION_CONFIG, ExecutionConfig } from "./execution-config.js";
import { fieldOf, OTHER_NAMES, type Source, type SourceLayer, type Standing } from "./layers.js";
import type { AuditEntry } from "./payload.js";

/** Something found or derived, to be listed after what was given. */
export interface FoundValue {
  readonly name: string;
  readonly value: unknown;
  readonly source: Source;
}

/** Names whose value the original lists again under the name of the field. */
const RELISTED = ["max_epochs", "neighbor_count", "model_type"];

/**
 * @param layers the given values in the order of listing: profile, overrides, command line.
 * @param found what the factory adds, in order; a name that is listed already keeps its line.
 */
export function auditOf(
  layers: readonly SourceLayer[],
  given: ReadonlyMap<string, Standing>,
  found: readonly FoundValue[],
): Map<string, AuditEntry> {
  const lines = new Map<string, AuditEntry>();
  for (const { values } of layers)
    for (const name of Object.keys(values)) {
      if (values[name] === undefined || lines.has(name)) continue;
      lines.set(name, lineOf(name, layers, given));
    }
  for (const { name, value, source } of found)
    if (!lines.has(name)) lines.set(name, { name, value, source, overruled: [] });
  return lines;
}

/** The fields under which other names were given, as the original lists them. */
export function relisted(given: ReadonlyMap<string, Standing>): FoundValue[] {
  return RELISTED.flatMap((name) => {
    const field = fieldOf(name);
    const winner = given.get(field);
    return winner?.name === name ? [{ name: field, value: winner.value, source: winner.source }] : [];
  });
}

/**
 * Adds the execution configuration: the lines that the original always lists, then every other field that was given.
 * A stronger source keeps its value, and the line tells both.
 */
export function listExecution(
  lines: Map<string, AuditEntry>,
  given: ReadonlyMap<string, Standing>,
  config: ExecutionConfig,
  always: readonly (keyof typeof EXECUTION_CONFIG.fields)[],
): readonly AuditEntry[] {
  const values: Given = config.values;
  for (const name of [
    ...always,
    ...config.given.filter((field) => !(always as readonly string[]).includes(field)),
  ]) {
    const winner = given.get(name);
    const isGiven = config.given.includes(name);
    if (winner !== undefined) {
      const { value, source, overruled } = winner;
      lines.set(name, { name, value, source, overruled });
    } else
      lines.set(name, {
        name,
        value: values[name],
        source: isGiven ? "execution config" : "execution default",
        overruled: [],
      });
  }
  return Object.freeze([...lines.values()].map((line) => Object.freeze(line)));
}

function lineOf(
  name: string,
  layers: readonly SourceLayer[],
  given: ReadonlyMap<string, Standing>,
): AuditEntry {
  const winner = given.get(fieldOf(name));
  if (winner !== undefined && winner.name === name) {
    const { source, overruled } = winner;
    const own = layers.find((layer) => layer.source === source)?.values[name];
    return { name, value: own === undefined ? winner.value : own, source, overruled };
  }
  const own = [...layers].reverse().find(({ values }) => values[name] !== undefined);
  const source = own?.source ?? "derived";
  const line = { name, value: own?.values[name], source, overruled: [] };
  return Object.hasOwn(OTHER_NAMES, name) || winner !== undefined
    ? { ...line, yieldsTo: winner?.name ?? fieldOf(name) }
    : line;
}
