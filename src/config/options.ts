// The command-line options of a surface, made from the field table. Spelled with underscores, as the original's.
import type { Field, Section, Surface } from "./field.js";
import { defaultOf, type FieldName, fieldsOf, helpOf } from "./fields.js";
import { fixedFields } from "./fixed-fields.js";
import { switches } from "./switches.js";
import { expectation } from "./value.js";

export interface OptionRow {
  /** Name of the layer entry that the option writes: a field, an alias or a switch. */
  readonly name: string;
  /** What the name stands for. */
  readonly of: "field" | "switch" | "fixed";
  /** "value" takes a value; "yes" writes true; "no" is the option --no_NAME and writes false. */
  readonly kind: "value" | "yes" | "no";
  /** What the option writes when it is given without a value, where it may be. */
  readonly bare?: string;
  /** What stands for the value in the help, for "value". */
  readonly takes?: string;
  readonly section: Section | "general";
  readonly help: string;
  /** Aliases are accepted and not listed. */
  readonly hidden: boolean;
  /** Field that is set, for a field or an alias. */
  readonly field?: FieldName;
}

/** What a command takes instead of the default of the table, in words for its help. */
export type OtherDefaults = Readonly<Partial<Record<FieldName, string>>>;

/** Every option of `surface`, in table order. */
export function optionsOf(surface: Surface, defaults: OtherDefaults = {}): OptionRow[] {
  const rows: OptionRow[] = [];
  for (const { name: field, section, field: row } of fieldsOf(surface)) {
    const names = [field as string, ...(row.aliases ?? []).map((alias) => alias.name)];
    const [shown] = preferred(surface, field, names);
    const help = helpText(row, surface, defaults[field]);
    const on = row.type === "bool" && defaultOf(row, surface) === true && row.refused?.false === undefined;
    for (const name of names) {
      const option = { name, of: "field", section, field } as const;
      const hidden = name !== shown;
      if (row.type !== "bool") {
        const bare = row.type === "path" && row.bare !== undefined ? { bare: row.bare } : {};
        rows.push({ ...option, kind: "value", takes: placeholder(row), ...bare, help, hidden });
      } else {
        rows.push({ ...option, kind: "yes", help, hidden: hidden || on });
        rows.push({ ...option, kind: "no", help: `switch off: ${help}`, hidden: hidden || !on });
      }
    }
  }
  for (const [name, rule] of Object.entries(switches)) {
    if (!rule.surfaces.includes(surface)) continue;
    const note = rule.deprecated === undefined ? "" : " (deprecated)";
    const help = `${rule.help}${note}`;
    rows.push({
      name,
      of: "switch",
      kind: "yes",
      section: "general",
      help,
      hidden: rule.deprecated !== undefined,
    });
  }
  for (const [name, { surfaces, only, reason }] of Object.entries(fixedFields)) {
    if (!surfaces.includes(surface)) continue;
    const row = { name, of: "fixed", section: "general", hidden: true } as const;
    const help = `${only ?? "none"}: ${reason}`;
    const bare = typeof only === "boolean" ? { bare: "true" } : {};
    rows.push({ ...row, kind: "value", takes: "value", ...bare, help });
    if (typeof only === "boolean") rows.push({ ...row, kind: "no", help });
  }
  return rows;
}

/** The options that most runs need, in the order in which help shows them. */
export const MOST_USED: { readonly [S in Surface]: readonly FieldName[] } = {
  train: [
    ...(["train_data_file", "output_dir", "test_data_file", "nepochs", "n_groups", "gridsize"] as const),
    ...(["batch_size", "learning_rate", "seed", "resume", "accelerator"] as const),
  ],
  infer: ["model_path", "test_data_file", "output_dir", "n_groups", "patch_weighting", "accelerator"],
  reconstruct: [
    ...(["output_dir", "engine", "epochs", "probe", "modes", "refine_probe", "refine_positions"] as const),
    ...(["noise", "mask", "halves", "resume", "seed"] as const),
  ],
};

/** What the field is for, what it takes where the placeholder does not say it, and its default. */
function helpText(row: Field, surface: Surface, other?: string): string {
  const notes: string[] = [];
  const fallback = defaultOf(row, surface);
  const unit = row.unit === undefined ? "" : ` ${row.unit}`;
  if (other !== undefined) notes.push(`default: ${other}`);
  else if (fallback !== null && row.type !== "bool") notes.push(`default: ${fallback}${unit}`);
  if (fallback === null && !row.nullOn?.includes(surface)) notes.push("required");
  const range = row.type !== "bool" && row.type !== "path" ? `; ${expectation(row)}` : "";
  return `${helpOf(row, surface)}${range}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}

function placeholder(row: Field): string {
  if (row.type === "enum") return "name";
  if (row.type === "path") return "path";
  if (row.type === "ints") return "n,n,...";
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
