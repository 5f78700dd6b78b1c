// The names a configuration may use on a surface: fields, their aliases, and switches.
import { nearestName, PtychoError } from "../core/errors.js";
import type { Alias, FixedField, Surface } from "./field.js";
import { allFields, type FieldEntry, fieldsOf } from "./fields.js";
import { fixedFields } from "./fixed-fields.js";
import { notBuilt } from "./not-built.js";
import { type Switch, switches } from "./switches.js";

/** What a name stands for. */
export type Meaning =
  | { readonly kind: "field"; readonly entry: FieldEntry; readonly alias?: Alias }
  | { readonly kind: "switch"; readonly rule: Switch }
  | { readonly kind: "fixed"; readonly rule: FixedField };

/** Every name that `surface` knows, with its meaning. Names are in the original's spelling, with underscores. */
export function namesOf(surface: Surface): ReadonlyMap<string, Meaning> {
  const names = new Map<string, Meaning>();
  for (const entry of fieldsOf(surface)) {
    names.set(entry.name, { kind: "field", entry });
    for (const alias of entry.field.aliases ?? []) names.set(alias.name, { kind: "field", entry, alias });
  }
  for (const [name, rule] of Object.entries(switches))
    if (rule.surfaces.includes(surface)) names.set(name, { kind: "switch", rule });
  for (const [name, rule] of Object.entries(fixedFields))
    if (rule.surfaces.includes(surface)) names.set(name, { kind: "fixed", rule });
  return names;
}

/** The error for a name that `surface` does not know: says where it would belong, or the nearest known name. */
export function unknownName(where: string, name: string, surface: Surface, show = (known: string) => known) {
  const belongsTo = allFields().find(
    (entry) => entry.name === name || entry.field.aliases?.some((alias) => alias.name === name),
  );
  if (belongsTo !== undefined) {
    const [other] = belongsTo.field.surfaces;
    const stored = other === "train" ? "; the model archive carries it to infer" : "";
    return new PtychoError(
      "UsageError",
      `${where}: '${show(name)}' belongs to ${other}, not to ${surface}${stored}`,
    );
  }
  const known = notBuilt(name) ?? (Object.hasOwn(fixedFields, name) ? fixedFields[name].reason : undefined);
  if (known !== undefined) return new PtychoError("UsageError", `${where}: ${show(name)}: ${known}`);
  const near = nearestName(name, [...namesOf(surface).keys()]);
  const hint =
    near === undefined ? `; 'ptychopinn ${surface} --help' lists them` : `; did you mean '${show(near)}'?`;
  return new PtychoError("UsageError", `${where}: unknown option '${show(name)}'${hint}`);
}
