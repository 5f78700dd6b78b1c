// One value of one field: from text or as given, checked against the row.
import { nearestName, PtychoError } from "../core/errors.js";
import type { BoolField, EnumField, Field, FieldValue, IntsField, NumberField, Surface } from "./field.js";

const NULL_WORDS: readonly string[] = ["none", "null"];

/**
 * Checks `given` (text from a command line, or a value from a configuration file) against `field`.
 *
 * @param where the name to use in messages, as the caller spelled it: "--batch_size".
 * @throws PtychoError UsageError for a wrong type, range or name; EngineError for an accelerator that is not there.
 */
export function checkedValue(where: string, field: Field, surface: Surface, given: unknown): FieldValue {
  if (field.type === "path" && field.words?.some((word) => word === given)) return given as string; // it is one of them
  if (isNull(given)) {
    if (field.nullOn?.includes(surface)) return null;
    if (given === null && field.type === "enum" && field.values.includes("none")) return "none"; // null of YAML and JSON
    if (given === null || given === undefined || field.type !== "enum")
      throw usage(`${where}: expected ${expectation(field)}, got ${show(given)}`);
  }
  const refusal = own(field.refused, String(given));
  if (refusal !== undefined) throw new PtychoError(refusal.tag, `${where}: ${refusal.reason}`);
  switch (field.type) {
    case "bool":
      return field.also !== undefined && given === field.also ? field.also : boolOf(where, field, given);
    case "ints":
      return intsOf(where, field, given);
    case "enum":
      return enumOf(where, field, given);
    case "path":
      if (typeof given !== "string" || given === "")
        throw usage(`${where}: expected a path, got ${show(given)}`);
      if (given.includes("\0")) throw usage(`${where}: the path contains a NUL character`);
      return given;
    default:
      return numberOf(where, field, given);
  }
}

/** What a field takes, in words: "an integer >= 1", "one of a, b". */
export function expectation(field: Field): string {
  if (field.type === "bool")
    return field.also === undefined ? "true or false" : `true, false or ${field.also}`;
  if (field.type === "ints") return `whole numbers >= ${field.min} with commas between, as 0,5,9`;
  if (field.type === "path")
    return field.words === undefined ? "a path" : `${field.words.join(", ")} or a path`;
  if (field.type === "enum") return `one of ${field.values.join(", ")}`;
  if (field.values !== undefined) return `one of ${field.values.join(", ")}`;
  if (field.sizes) {
    const { sizes: _, ...plain } = field;
    return `${expectation(plain)} (MiB), or with its unit as 512M or 2G`;
  }
  const { above, min, max, rule } = field;
  if (rule === "power of 2") return "a positive power of 2";
  const noun = field.type === "int" ? (rule === "odd" ? "an odd integer" : "an integer") : "a number";
  if (min !== undefined && max !== undefined) return min === max ? `${min}` : `${noun} in [${min}, ${max}]`;
  if (above !== undefined && max !== undefined) return `${noun} above ${above} and up to ${max}`;
  if (above !== undefined) return `${noun} above ${above}`;
  if (min !== undefined) return `${noun} >= ${min}`;
  return max === undefined ? noun : `${noun} <= ${max}`;
}

function isNull(given: unknown): boolean {
  if (given === null || given === undefined) return true;
  return typeof given === "string" && NULL_WORDS.includes(given.toLowerCase());
}

function boolOf(where: string, field: BoolField, given: unknown): boolean {
  if (given === true || given === "true") return true;
  if (given === false || given === "false") return false;
  throw usage(`${where}: expected ${expectation(field)}, got ${show(given)}`);
}

function intsOf(where: string, field: IntsField, given: unknown): string {
  const items: unknown[] = Array.isArray(given)
    ? given
    : typeof given === "number"
      ? [given]
      : String(given).split(",");
  const numbers = items.map((item) => (typeof item === "string" ? numberFromText(item.trim()) : item));
  const right = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= field.min;
  if (numbers.length === 0 || !numbers.every(right))
    throw usage(`${where}: expected ${expectation(field)}, got ${show(given)}`);
  return numbers.join(",");
}

/** The numbers of a field of type "ints". */
export function indicesOf(value: string): number[] {
  return value.split(",").map(Number);
}

function enumOf(where: string, field: EnumField, given: unknown): string {
  if (typeof given === "string") {
    if (field.values.includes(given)) return given;
    const spelling = own(field.spellings, given);
    if (spelling !== undefined) return spelling;
    const near = nearestName(given, [...field.values, ...Object.keys(field.spellings ?? {})]);
    const hint = near === undefined ? "" : `; did you mean '${near}'?`;
    throw usage(`${where}: expected ${expectation(field)}, got '${given}'${hint}`);
  }
  throw usage(`${where}: expected ${expectation(field)}, got ${show(given)}`);
}

function numberOf(where: string, field: NumberField, given: unknown): number {
  const plain = typeof given === "string" ? numberFromText(given) : given;
  const number = field.sizes && typeof given === "string" ? (plain ?? mebibytesFromText(given)) : plain;
  if (typeof number !== "number") throw usage(`${where}: expected ${expectation(field)}, got ${show(given)}`);
  const wrong = () => usage(`${where}: ${wordFor(field)}, got ${show(given)}${nearestPowers(field, number)}`);
  if (!Number.isFinite(number)) throw wrong();
  if (field.type === "int" && !Number.isSafeInteger(number)) throw wrong();
  if (field.values !== undefined && !field.values.includes(number)) throw wrong();
  if (field.above !== undefined && !(number > field.above)) throw wrong();
  if (field.min !== undefined && number < field.min) throw wrong();
  if (field.max !== undefined && number > field.max) throw wrong();
  if (field.rule === "power of 2" && !Number.isInteger(Math.log2(number))) throw wrong();
  if (field.rule === "odd" && number % 2 !== 1) throw wrong();
  return number;
}

/** The original's key phrase where it has one ("must be positive"), else the expectation. */
function wordFor(field: NumberField): string {
  if (field.rule === "power of 2") return "must be positive power of 2";
  if (field.values !== undefined || field.max !== undefined) return `expected ${expectation(field)}`;
  if (field.above === 0) return "must be positive and finite";
  if (field.type === "int" && field.min === 1) return "must be positive, an integer";
  if (field.min === 0) return `must be non-negative, ${field.type === "int" ? "an integer" : "a number"}`;
  return `expected ${expectation(field)}`;
}

function nearestPowers({ rule }: NumberField, number: number): string {
  if (rule !== "power of 2" || !(number > 1 && number < 2 ** 30)) return "";
  const below = 2 ** Math.floor(Math.log2(number));
  return `; take ${below} or ${2 * below}`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function numberFromText(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

const SIZE = /^(\d+\.?\d*|\.\d+) ?([kmgt])i?b?$/i;
const MEBIBYTES: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/** "512M", "1.5 GiB" in whole MiB; every unit is the binary one. */
function mebibytesFromText(text: string): number | undefined {
  const found = SIZE.exec(text);
  return found === null ? undefined : Math.floor(Number(found[1]) * MEBIBYTES[found[2].toLowerCase()]);
}

function show(given: unknown): string {
  if (typeof given === "string") return `'${given}'`;
  return typeof given === "object" ? JSON.stringify(given) : String(given);
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function usage(message: string): PtychoError {
  return new PtychoError("UsageError", message);
}
