// The command-line options of a surface, made from the field table. Spelled with underscores, as the original's.
import type { Field, Section, Surface } from "./field.js";
import { defaultOf, type FieldName, fieldsOf, helpOf } from "./fields.js";
import { switches } from "./switches.js";
import { expectation } from "./value.js";

export interface OptionRow {
  /** Name of the layer entry that the option writes: a field, an alias or a switch. */
  readonly name: string;
  /** "value" takes a value; "yes" writes true; "no" is the option --no_NAME and writes false. */
  readonly kind: "value" | "yes" | "no";
  /** What stands for the value in the help, for "value". */
  readonly takes?: string;
  readonly section: Section | "general";
  readonly help: string;
  /** Aliases are accepted and not listed. */
  readonly hidden: boolean;
  /** Field that is set, for a field or an alias. */
  readonly field?: FieldName;
}

/** Every option of `surface`, in table order. */
export function optionsOf(surface: Surface): OptionRow[] {
  const rows: OptionRow[] = [];
  for (const { name: field, section, field: row } of fieldsOf(surface)) {
    const names = [field as string, ...(row.aliases ?? []).map((alias) => alias.name)];
    const [shown] = preferred(surface, field, names);
    const others = names.filter((name) => name !== shown);
    const help = helpText(row, surface, others);
    const on = row.type === "bool" && defaultOf(row, surface) === true && row.refused?.false === undefined;
    for (const name of names) {
      const option = { name, section, field };
      const hidden = name !== shown;
      if (row.type !== "bool") rows.push({ ...option, kind: "value", takes: placeholder(row), help, hidden });
      else {
        rows.push({ ...option, kind: "yes", help, hidden: hidden || on });
        rows.push({ ...option, kind: "no", help: `switch off: ${help}`, hidden: hidden || !on });
      }
    }
  }
  for (const [name, rule] of Object.entries(switches)) {
    if (!rule.surfaces.includes(surface)) continue;
    const note = rule.deprecated === undefined ? "" : " (deprecated)";
    rows.push({ name, kind: "yes", section: "general", help: `${rule.help}${note}`, hidden: false });
  }
  return rows;
}

/** What the field is for, what it takes where the placeholder does not say it, its default and its other names. */
function helpText(row: Field, surface: Surface, others: readonly string[]): string {
  const notes: string[] = [];
  const fallback = defaultOf(row, surface);
  const unit = row.unit === undefined ? "" : ` ${row.unit}`;
  if (fallback !== null && row.type !== "bool") notes.push(`default: ${fallback}${unit}`);
  if (fallback === null && !row.nullOn?.includes(surface)) notes.push("required");
  if (others.length > 0) notes.push(`also --${others.join(", --")}`);
  const range = row.type !== "bool" && row.type !== "path" ? `; ${expectation(row)}` : "";
  return `${helpOf(row, surface)}${range}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}

function placeholder(row: Field): string {
  if (row.type === "enum") return "name";
  if (row.type === "path") return "path";
  return row.type === "int" ? "n" : "number";
}

/** The names of a field with the one that help shows in front: the original's command-line name where it has one. */
function preferred(surface: Surface, field: FieldName, names: readonly string[]): readonly string[] {
  const shown: Partial<Record<FieldName, string>> = {
    nepochs: "max_epochs",
    logger_backend: "logger",
    checkpoint_monitor_metric: "checkpoint_monitor",
    ...(surface === "infer" ? { test_data_file: "test_data" } : {}),
  };
  return [shown[field] ?? field, ...names];
}
