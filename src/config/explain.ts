// All that the tables know of one name, as text.
import { nearestName, PtychoError } from "../core/errors.js";
import type { FieldValue, Surface } from "./field.js";
import { allFields, defaultOf, type FieldEntry, helpOf } from "./fields.js";
import { fixedFields } from "./fixed-fields.js";
import { notBuilt } from "./not-built.js";
import { INFERENCE_CONFIG, MODEL_CONFIG, TRAINING_CONFIG } from "./original/canonical.js";
import type { DataClass } from "./original/dataclass.js";
import { EXECUTION_CONFIG } from "./original/execution-config.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "./original/torch.js";
import { switches } from "./switches.js";
import { expectation } from "./value.js";

const CANONICAL: readonly DataClass[] = [MODEL_CONFIG, TRAINING_CONFIG, INFERENCE_CONFIG, EXECUTION_CONFIG];
const TORCH: readonly DataClass[] = [TORCH_DATA, TORCH_MODEL, TORCH_TRAINING, TORCH_INFERENCE];

/**
 * What a setting does, takes, and is called elsewhere, line by line. `name` may be a field, an alias, a switch, an option with
 * its dashes, or a name of the original without a counterpart.
 *
 * @throws PtychoError UsageError for a name that nobody knows, with the nearest one.
 */
export function explainField(name: string): string[] {
  const plain = name.replace(/^--(no-)?/, "").replaceAll("-", "_");
  const entry = entryNamed(plain);
  if (entry !== undefined) return explainEntry(entry, plain);
  if (Object.hasOwn(switches, plain)) {
    const { help, sets, surfaces, deprecated } = switches[plain];
    const fields = Object.entries(sets).map(([field, value]) => `${field} ${value}`);
    return [
      `${plain}: ${help}`,
      ...row("sets", fields.join(", ")),
      ...row("commands", surfaces.join(", ")),
      ...row("deprecated", deprecated),
    ];
  }
  if (Object.hasOwn(fixedFields, plain)) {
    const { only, reason, surfaces } = fixedFields[plain];
    return [
      `${plain}: a setting of the original that has one value here`,
      ...row("value", shown(only)),
      ...row("why", reason),
      ...row("commands", surfaces.join(", ")),
      ...originals([plain]),
    ];
  }
  const reason = notBuilt(plain);
  if (reason !== undefined)
    return [`${plain}: a name of the original that is refused`, ...row("why", reason)];
  const known = [...allFields().flatMap(namesOfEntry), ...Object.keys(switches), ...Object.keys(fixedFields)];
  const near = nearestName(plain, known);
  const hint = near === undefined ? "'ptychopinn config show' lists the settings" : `did you mean '${near}'?`;
  throw new PtychoError("UsageError", `config explain: unknown setting '${name}'; ${hint}`);
}

function entryNamed(name: string): FieldEntry | undefined {
  const entries = allFields();
  return (
    entries.find((entry) => entry.name === name) ??
    entries.find((entry) => namesOfEntry(entry).includes(name))
  );
}

function namesOfEntry({ name, field }: FieldEntry): string[] {
  return [name, ...(field.aliases ?? []).map((alias) => alias.name)];
}

function explainEntry(entry: FieldEntry, asked: string): string[] {
  const { name, section, field } = entry;
  const [first] = field.surfaces;
  const helps = new Set(field.surfaces.map((surface) => helpOf(field, surface)));
  const others = (field.aliases ?? []).map((alias) =>
    alias.deprecated === undefined ? alias.name : `${alias.name} (deprecated)`,
  );
  const spellings = field.type === "enum" ? Object.entries(field.spellings ?? {}) : [];
  const conditions = Object.entries(field.effectWhen ?? {});
  return [
    `${name}${asked === name ? "" : ` (asked for as ${asked})`}: ${[...helps].join("; ")}`,
    ...row(
      "takes",
      `${expectation(field)}${field.unit === undefined ? "" : `, ${field.unit}`}${nullNote(entry, first)}`,
    ),
    ...row(
      "default",
      field.surfaces.map((surface) => `${surface}: ${defaultText(entry, surface)}`).join("; "),
    ),
    ...row("section", section),
    ...row("also called", others.join(", ")),
    ...row("also spelled", spellings.map(([spelling, value]) => `${spelling} (${value})`).join(", ")),
    ...row(
      "effect when",
      conditions.map(([other, values]) => `${other} is ${values.map(shown).join(" or ")}`).join(", "),
    ),
    ...row("legacy key", field.legacy),
    ...originals(namesOfEntry(entry)),
    ...Object.entries(field.refused ?? {}).flatMap(([value, { reason }]) =>
      row("refused", `${value}: ${reason}`),
    ),
  ];
}

function nullNote({ field }: FieldEntry, surface: Surface): string {
  return field.nullOn?.includes(surface) ? ", or none" : "";
}

function defaultText({ field }: FieldEntry, surface: Surface): string {
  const value = defaultOf(field, surface);
  return value === null && !field.nullOn?.includes(surface) ? "must be given" : shown(value);
}

function originals(names: readonly string[]): string[] {
  const { canonical, torch } = originalDefaults(names);
  return [...row("original, canonical", canonical), ...row("original, PyTorch", torch)];
}

/** What the two layers of the original have for any of `names`: "ModelConfig.gridsize 1; ..."; empty where nothing. */
export function originalDefaults(names: readonly string[]) {
  const find = (classes: readonly DataClass[]): string =>
    classes
      .flatMap(({ name, fields }) =>
        Object.entries(fields)
          .filter(([field]) => names.includes(field))
          .map(
            ([field, [, fallback]]) =>
              `${name}.${field} ${fallback === undefined ? "required" : shown(fallback)}`,
          ),
      )
      .join("; ");
  return { canonical: find(CANONICAL), torch: find(TORCH) };
}

function shown(value: FieldValue | unknown): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function row(label: string, text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : [`  ${`${label}:`.padEnd(21)}${text}`];
}
