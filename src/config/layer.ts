// One layer of a configuration: names as given -> field values, each told from a default.
import { PtychoError } from "../core/errors.js";
import type { FieldValue, Surface } from "./field.js";
import type { FieldName } from "./fields.js";
import { checkFixed } from "./fixed-fields.js";
import { namesOf, unknownName } from "./names.js";
import { checkedValue } from "./value.js";

/** Values from one place. Names are fields, aliases or switches in the original's spelling. */
export interface Layer {
  /** Where the values come from, for messages and for the audit: "command line". */
  readonly source: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** For a layer that was read from a file: the lines on which names stand, where they are known. */
  readonly lines?: ReadonlyMap<string, number>;
}

export interface Given {
  readonly value: FieldValue;
  readonly source: string;
  /** The name as the user gave it, with dashes in front when it came from the command line. */
  readonly givenAs: string;
}

export const COMMAND_LINE = "command line";

/**
 * Reads a layer: checks every value, follows aliases and switches.
 *
 * @throws PtychoError UsageError for an unknown name, a wrong value, or two names that give one field two values.
 */
export function readLayer(
  surface: Surface,
  layer: Layer,
  warn: (text: string) => void,
): Map<FieldName, Given> {
  const names = namesOf(surface);
  const plain = (name: string) => (layer.source === COMMAND_LINE ? `--${name}` : name);
  const given = new Map<FieldName, Given>();
  const yielding: [FieldName, Given][] = [];
  for (const [name, raw] of Object.entries(layer.values)) {
    if (raw === undefined) continue;
    const meaning = names.get(name);
    if (meaning === undefined) throw unknownName(place(layer, name), name, surface, plain);
    const givenAs = spell(layer, name);
    if (meaning.kind === "fixed") {
      checkFixed(givenAs, meaning.rule, raw);
      continue;
    }
    if (meaning.kind === "switch") {
      if (raw === false) continue;
      if (raw !== true) throw new PtychoError("UsageError", `${givenAs}: takes no value`);
      if (meaning.rule.deprecated !== undefined) warn(meaning.rule.deprecated);
      for (const [field, value] of Object.entries(meaning.rule.sets))
        put(given, field as FieldName, { value, source: layer.source, givenAs }); // keys of `sets` are field names
      continue;
    }
    const { entry, alias } = meaning;
    const value = checkedValue(givenAs, entry.field, surface, raw);
    if (alias?.deprecated !== undefined) warn(alias.deprecated);
    const item = { value, source: layer.source, givenAs };
    if (alias?.yields) yielding.push([entry.name, item]);
    else put(given, entry.name, item);
  }
  for (const [field, item] of yielding) {
    const own = given.get(field);
    if (own === undefined) given.set(field, item);
    else if (own.value !== item.value) warn(`${own.givenAs} is given too. Ignoring ${item.givenAs} value.`);
  }
  return given;
}

/** How messages and the audit call a name of the layer: "--N", "run.yaml, line 3: N", "N". */
function spell(layer: Layer, name: string): string {
  if (layer.source === COMMAND_LINE) return `--${name}`;
  return layer.lines === undefined ? name : `${place(layer, name)}: ${name}`;
}

function place({ source, lines }: Layer, name: string): string {
  const line = lines?.get(name);
  return line === undefined ? source : `${source}, line ${line}`;
}

function put(given: Map<FieldName, Given>, field: FieldName, item: Given): void {
  const before = given.get(field);
  if (before !== undefined && before.value !== item.value) {
    const stated = item.givenAs.startsWith(item.source) ? "" : `${item.source}: `; // a name with its line has it already
    throw new PtychoError(
      "UsageError",
      `${stated}${before.givenAs} and ${item.givenAs} contradict each other: both set ${field}, to ${before.value} and ${item.value}; give one of them`,
    );
  }
  if (before === undefined) given.set(field, item);
}
