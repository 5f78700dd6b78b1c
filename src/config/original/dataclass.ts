// The original's dataclasses as tables, and records built from them: frozen, with what was given told from defaults.
import { nearestName, PtychoError } from "../../core/errors.js";
import { allows, inWords, type TypeOf } from "./annotation.js";

/** Annotation and default; a row without default must be given. */
export type Row = readonly [annotation: string, fallback?: unknown];

export interface DataClass {
  readonly name: string;
  readonly fields: Readonly<Record<string, Row>>;
}

/** A record of class `C`. Values may break their annotation, as in the original; the validators say so. */
export interface Built<C extends DataClass = DataClass> {
  readonly of: C["name"];
  readonly values: { readonly [K in keyof C["fields"]]: TypeOf<C["fields"][K][0]> };
  /** The fields that were given, not left to their default. */
  readonly given: readonly string[];
}

/** Values by field name, from a caller or a file: not yet checked. `undefined` counts as not given. */
export type Given = Readonly<Record<string, unknown>>;

/** What the original says through Python's `warnings`. */
export interface Warning {
  readonly category: "UserWarning" | "DeprecationWarning";
  readonly text: string;
}

/**
 * A frozen record of class `table`: the given values, then `derived` ones, defaults for the rest.
 *
 * @throws PtychoError UsageError for a name that the class does not have, and for a required field that is missing.
 */
export function build<C extends DataClass>(table: C, given: Given, derived: Given = {}): Built<C> {
  const names = Object.keys(table.fields);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(table.fields, name));
  if (unknown !== undefined) throw unknownField(table.name, unknown, names);
  const isIn = (values: Given, name: string) => Object.hasOwn(values, name) && values[name] !== undefined;
  const isGiven = (name: string) => isIn(given, name);
  const chosen = (name: string) => {
    if (isGiven(name)) return given[name];
    return isIn(derived, name) ? derived[name] : table.fields[name][1];
  };
  const missing = names.filter((name) => table.fields[name].length === 1 && !isGiven(name));
  if (missing.length > 0) {
    const verb = missing.length === 1 ? "is" : "are";
    throw new PtychoError(
      "UsageError",
      `${table.name}: ${missing.join(" and ")} ${verb} required and not given`,
    );
  }
  const values = Object.fromEntries(names.map((name) => [name, frozenValue(chosen(name))]));
  return Object.freeze({
    of: table.name,
    values: Object.freeze(values) as Built<C>["values"], // one value per row of the table
    given: Object.freeze(names.filter(isGiven)),
  });
}

/** The error for a field that a class does not have, with the nearest one it has. */
export function unknownField(where: string, name: string, known: readonly string[]): PtychoError {
  const near = nearestName(name, known);
  const hint = near === undefined ? `; known: ${[...known].sort().join(", ")}` : `; did you mean '${near}'?`;
  return new PtychoError("UsageError", `${where}: unknown field '${name}'${hint}`);
}

/** Refuses a value that the annotation of its field does not allow. */
export function checkAnnotation(where: string, name: string, annotation: string, value: unknown): void {
  if (allows(annotation, value)) return;
  throw new PtychoError(
    "UsageError",
    `${where}: ${name} must be ${inWords(annotation)}, got ${shown(value)}`,
  );
}

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (value === null || value === undefined) return "none";
  return Array.isArray(value) ? `(${value.map(shown).join(", ")})` : String(value);
}

function frozenValue(value: unknown): unknown {
  return Array.isArray(value) ? Object.freeze([...value]) : value;
}
