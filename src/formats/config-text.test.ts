import { describe, expect, it } from "vitest";
import { type ConfigFormat, configFormatOf, parseConfigText } from "./config-text.js";

const parse = (text: string, format: ConfigFormat) => parseConfigText(Buffer.from(text), format, "run");

const TEXTS: Record<ConfigFormat, string> = {
  yaml: "# a comment\nbatch_size: 8\nmodel:\n  N: 64\n  object_big: false\nlearning_rate: 1e-3\nnote: null\n",
  json: '{\n"batch_size": 8,\n"model": {"N": 64,\n"object_big": false},\n"learning_rate": 1e-3, "note": null}',
  toml: "batch_size = 8\nlearning_rate = 1e-3\n[model]\nN = 64\nobject_big = false\n",
};

it("reads the same values from YAML, JSON and TOML", () => {
  const plain = (format: ConfigFormat) =>
    Object.fromEntries(parse(TEXTS[format], format).map(({ path, value }) => [path.join("."), value]));
  const expected = { batch_size: 8, "model.N": 64, "model.object_big": false, learning_rate: 1e-3 };
  expect(plain("yaml")).toEqual({ ...expected, note: null });
  expect(plain("json")).toEqual({ ...expected, note: null });
  expect(plain("toml")).toEqual(expected); // TOML has no null
});

it("knows the line of a name in YAML and JSON", () => {
  const lineOf = (format: ConfigFormat, name: string) =>
    parse(TEXTS[format], format).find(({ path }) => path.at(-1) === name)?.line;
  expect([lineOf("yaml", "object_big"), lineOf("json", "object_big"), lineOf("yaml", "batch_size")]).toEqual([
    5, 4, 2,
  ]);
});

it("knows the format by the ending, and refuses another one", () => {
  expect(["a.yaml", "a.YML", "b/c.json", "x.toml"].map(configFormatOf)).toEqual([
    "yaml",
    "yaml",
    "json",
    "toml",
  ]);
  expect(() => configFormatOf("run.ini")).toThrow(/run\.ini: a configuration file ends in/);
});

it("an empty file, or one of comments, has no values", () => {
  expect([parse("", "yaml"), parse("# nothing\n", "yaml"), parse("", "toml"), parse("{}", "json")]).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

const bomb = (levels: number) =>
  `a0: &a0 [1, 1]\n${Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`)}]\n`).join("")}`;

describe("refuses", () => {
  it.each<[string, ConfigFormat, string, RegExp]>([
    ["duplicate keys in YAML", "yaml", "a: 1\na: 2\n", /run, line 2: a name is given twice/],
    ["duplicate keys in JSON", "json", '{"a": 1,\n"a": 2}', /run, line 2: a name is given twice/],
    ["duplicate keys in TOML", "toml", "a = 1\na = 2\n", /run, line 2: /],
    ["__proto__ in YAML", "yaml", "__proto__:\n  polluted: true\n", /'__proto__' is not allowed/],
    ["__proto__ in JSON", "json", '{"__proto__": {"polluted": true}}', /'__proto__' is not allowed/],
    ["__proto__ in TOML", "toml", '["__proto__"]\npolluted = true\n', /__proto__/],
    ["an alias bomb", "yaml", bomb(9), /alias/i],
    ["deep brackets", "json", `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, /50001 nested brackets/],
    [
      "deep sections",
      "yaml",
      "a:\n b:\n  c:\n   d:\n    e:\n     f:\n      g:\n       h:\n        i: 1\n",
      /more than 8/,
    ],
    ["deep tables", "toml", `a = ${"{b = ".repeat(20)}1${"}".repeat(20)}`, /run, line 1/],
    ["a list at the top", "yaml", "- 1\n- 2\n", /expected names with values at the top/],
    ["a bare text", "json", '"text"', /expected names with values at the top/],
    ["a list of records", "yaml", "a:\n  - b: 1\n", /run, line 1: a: expected a number/],
    ["a date", "toml", "a = 2020-01-01\n", /a: expected a number/],
    ["foreign tags", "yaml", "a: !!python/object:os.system x\n", /run, line 1: .*leave the tag out/],
    [
      "several documents",
      "yaml",
      "a: 1\n---\nb: 2\n",
      /run, line 2: a second document .*remove the line '---'/,
    ],
    ["a list for a name", "yaml", "? [nepochs]\n: 3\n", /run: a name is a list/],
    ["broken YAML", "yaml", "a: [1, 2\nb: 3\n", /run, line \d/],
    ["broken JSON", "json", "{'a': 1}", /run: not JSON/],
    ["broken TOML", "toml", "a = \n", /run, line 1: /],
  ])("%s", (_, format, text, message) => {
    expect(() => parse(text, format)).toThrow(message);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("what is too large or not UTF-8", () => {
    expect(() => parse(`a: ${"x".repeat(1 << 20)}`, "yaml")).toThrow(
      /1048579 bytes; a configuration has at most/,
    );
    expect(() => parseConfigText(Uint8Array.of(0x61, 0xff), "yaml", "run")).toThrow(/not UTF-8/);
  });
});
