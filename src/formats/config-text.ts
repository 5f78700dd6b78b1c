// Text of a configuration file (YAML, JSON or TOML) -> its values, with limits on size, depth and aliases. Knows nothing of
// what the names mean.
import { parse as parseToml, TomlError } from "smol-toml";
import { isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { PtychoError } from "../core/errors.js";

export type ConfigFormat = "yaml" | "json" | "toml";

export type ConfigScalar = string | number | boolean | null;

/** One value, and where it stands. */
export interface ConfigLeaf {
  /** Names from the outermost section to the value. */
  readonly path: readonly string[];
  readonly value: ConfigScalar | readonly ConfigScalar[];
  /** Line of its name, from 1, where the format tells it. */
  readonly line: number | undefined;
}

/** Bytes that a configuration may have; the original's longest is 4 KiB. */
export const MAX_CONFIG_BYTES = 1 << 20;
const MAX_DEPTH = 8;
const MAX_ALIASES = 20;

/** The format that the ending of a file name says. @throws PtychoError UsageError for another ending. */
export function configFormatOf(path: string): ConfigFormat {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1].toLowerCase();
  if (ending === "yaml" || ending === "yml") return "yaml";
  if (ending === "json" || ending === "toml") return ending;
  throw new PtychoError(
    "UsageError",
    `${path}: a configuration file ends in .yaml, .yml, .json or .toml; rename it after its format`,
  );
}

/**
 * The values of a configuration file, in its order. Empty sections leave no trace.
 *
 * @param where names the file in messages.
 * @throws PtychoError UsageError for text that is not of the format, duplicate keys, `__proto__`, foreign tags, several
 *   documents, values that are neither numbers, texts, booleans, null nor lists of them, and for more than 1 MiB, 8 levels
 *   or 20 aliases.
 */
export function parseConfigText(
  bytes: Uint8Array,
  format: ConfigFormat,
  where: string,
): readonly ConfigLeaf[] {
  if (bytes.length > MAX_CONFIG_BYTES)
    throw refusal(where, `${bytes.length} bytes; a configuration has at most ${MAX_CONFIG_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refusal(where, "the text is not UTF-8; save it as UTF-8");
  }
  const deepest = format === "toml" ? 0 : bracketDepth(text);
  if (deepest > 4 * MAX_DEPTH)
    throw refusal(where, `${deepest} nested brackets; expected at most ${MAX_DEPTH} levels`);
  const { root, lines } = format === "toml" ? fromToml(text, where) : fromYaml(text, format, where);
  if (root === null || root === undefined) return [];
  if (!isRecord(root)) throw refusal(where, "expected names with values at the top, as in 'batch_size: 16'");
  return [...leaves(root, [], lines, where)];
}

/** Faults of YAML whose message speaks to programmers. */
const WORDS: Readonly<Partial<Record<string, string>>> = {
  DUPLICATE_KEY: "a name is given twice; keep one of them",
  MULTIPLE_DOCS: "a second document begins here; keep one, and remove the line '---' between them",
  TAG_RESOLVE_FAILED: "the value bears a tag (!...) that means nothing here; leave the tag out",
};

interface Parsed {
  /** Maps are Map or null-prototype records. */
  readonly root: unknown;
  /** Line of a name by its path, joined by NUL. */
  readonly lines: ReadonlyMap<string, number>;
}

/** JSON is read as the YAML that it is, which finds duplicate keys and lines; but first it must be JSON. */
function fromYaml(text: string, format: ConfigFormat, where: string): Parsed {
  const at = (line: number) => `${where}, line ${line}`;
  if (format === "json") {
    try {
      JSON.parse(text);
    } catch (error) {
      throw refusal(
        where,
        `not JSON: ${(error as Error).message.split("\n")[0]}; check commas, quotes and brackets`,
      );
    }
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: true,
    version: "1.2",
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line } = lineCounter.linePos(problem.pos[0]);
    throw refusal(at(line), WORDS[problem.code] ?? problem.message.split("\n")[0]);
  }
  const lines = new Map<string, number>();
  visit(document, {
    Pair(_, pair, ancestors) {
      if (!isScalar(pair.key) || pair.key.range == null) return;
      const names = ancestors.flatMap((node) =>
        "key" in node && isScalar(node.key) ? [String(node.key.value)] : [],
      );
      lines.set([...names, String(pair.key.value)].join("\0"), lineCounter.linePos(pair.key.range[0]).line);
    },
  });
  if (document.contents !== null && !isMap(document.contents)) return { root: [], lines };
  try {
    return { root: document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }), lines };
  } catch (error) {
    throw refusal(where, `${(error as Error).message.split("\n")[0]}; write the values out`);
  }
}

function fromToml(text: string, where: string): Parsed {
  try {
    return { root: parseToml(text, { maxDepth: MAX_DEPTH }), lines: new Map() };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first] = error.message.split("\n");
    throw refusal(`${where}, line ${error.line}`, first.replace(/^Invalid TOML document: /, ""));
  }
}

function* leaves(
  record: object,
  above: readonly string[],
  lines: ReadonlyMap<string, number>,
  where: string,
): Generator<ConfigLeaf> {
  const entries: Iterable<[unknown, unknown]> = record instanceof Map ? record : Object.entries(record);
  for (const [key, value] of entries) {
    if (typeof key === "object")
      throw refusal(where, "a name is a list or a section; names are single words");
    const name = String(key);
    const path = [...above, name];
    const line = lines.get(path.join("\0"));
    const place = line === undefined ? where : `${where}, line ${line}`;
    if (name === "__proto__") throw refusal(place, "the name '__proto__' is not allowed");
    if (path.length > MAX_DEPTH) throw refusal(place, `more than ${MAX_DEPTH} levels of sections`);
    if (isRecord(value)) yield* leaves(value, path, lines, where);
    else yield { path, value: scalarOrList(value, `${place}: ${path.join(".")}`), line };
  }
}

function scalarOrList(value: unknown, where: string): ConfigLeaf["value"] {
  if (isScalarValue(value)) return value;
  if (Array.isArray(value) && value.every(isScalarValue)) return value;
  throw refusal(
    where,
    "expected a number, a text, true, false, null, or a list of them; put dates in quotes",
  );
}

function isScalarValue(value: unknown): value is ConfigScalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return value instanceof Map || !(value instanceof Date);
}

/** How deep brackets nest at most, those in quotes counted too: a bound that costs no recursion. */
function bracketDepth(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const letter of text) {
    if (letter === "[" || letter === "{") deepest = Math.max(deepest, ++depth);
    else if (letter === "]" || letter === "}") depth--;
  }
  return deepest;
}

function refusal(where: string, what: string): PtychoError {
  return new PtychoError("UsageError", `${where}: ${what}`);
}
