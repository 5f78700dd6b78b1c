import { describe, expect, it } from "vitest";
import type { Surface } from "./field.js";
import { fieldsOf } from "./fields.js";
import { namesOf } from "./names.js";
import { configSchema, type Schema, schemaOfField } from "./schema.js";
import { checkedValue } from "./value.js";

const SURFACES = ["train", "infer", "reconstruct"] as const;

/** JSON Schema 2020-12, as far as these schemas use it; a keyword that it does not know is a mistake of the test. */
function accepts(schema: Schema, value: unknown): boolean {
  const number = value as number; // looked at only where the type is one
  const rules: Record<string, (given: never) => boolean> = {
    description: () => true,
    default: () => true,
    type: (type: string) =>
      ({
        boolean: typeof value === "boolean",
        string: typeof value === "string",
        number: typeof value === "number",
        integer: Number.isInteger(value),
        array: Array.isArray(value),
      })[type] ?? false,
    enum: (values: unknown[]) => values.includes(value),
    const: (one: unknown) => value === one,
    anyOf: (all: Schema[]) => all.some((one) => accepts(one, value)),
    not: (other: Schema) => !accepts(other, value),
    minimum: (least: number) => typeof value !== "number" || number >= least,
    maximum: (most: number) => typeof value !== "number" || number <= most,
    exclusiveMinimum: (least: number) => typeof value !== "number" || number > least,
    multipleOf: (step: number) => typeof value === "number" && number % step === 0,
    minLength: (least: number) => typeof value !== "string" || value.length >= least,
    minItems: (least: number) => !Array.isArray(value) || value.length >= least,
    pattern: (text: string) => typeof value !== "string" || new RegExp(text, "u").test(value),
    items: (item: Schema) => !Array.isArray(value) || value.every((one) => accepts(item, one)),
  };
  return Object.entries(schema).every(([keyword, given]) => {
    if (rules[keyword] === undefined) throw new Error(`no rule for ${keyword}`);
    return rules[keyword](given as never);
  });
}

function isTaken(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

const PROBES: readonly unknown[] = [
  ...[true, false, null, "none", "", "x", "auto", "csv", [], [1, 2], [-1]],
  ...[
    -2,
    -1,
    0,
    0.125,
    0.25,
    0.5,
    0.999999,
    1,
    1.5,
    2,
    3,
    4,
    7,
    16,
    32,
    33,
    64,
    65,
    100,
    256,
    4096,
    4097,
    1e9,
    2 ** 32,
  ],
];

describe.each(SURFACES)("schema of %s", (surface) => {
  it.each(fieldsOf(surface).map(({ name, field }) => [name, field] as const))(
    "%s takes what the table takes",
    (_, field) => {
      const values = [
        ...PROBES,
        ...(field.type === "enum" ? [...field.values, ...Object.keys(field.spellings ?? {})] : []),
      ];
      for (const value of values) {
        // "A power of 2" has no keyword, and an accelerator that is refused here may be there on another machine.
        if (field.type === "int" && field.rule === "power of 2" && value !== 0) continue;
        if (field.refused?.[String(value)] !== undefined) continue;
        const found = accepts(schemaOfField(field, surface), value);
        expect([value, found]).toEqual([value, isTaken(() => checkedValue("field", field, surface, value))]);
      }
    },
  );

  it("has every name of the surface, and no other", () => {
    const { $defs } = configSchema(surface) as unknown as { $defs: { settings: { properties: object } } };
    expect(Object.keys($defs.settings.properties).sort()).toEqual([...namesOf(surface).keys()].sort());
  });

  it("points nowhere but into itself", () => {
    const schema = configSchema(surface);
    const pointers = [...JSON.stringify(schema).matchAll(/"\$ref":"#([^"]*)"/g)].map(
      ([, pointer]) => pointer,
    );
    expect(pointers.length).toBeGreaterThan(0);
    for (const pointer of pointers) {
      const target = pointer
        .split("/")
        .slice(1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], schema);
      expect([pointer, typeof target]).toEqual([pointer, "object"]);
    }
  });
});

it("a preset and a profile belong to train alone", () => {
  const top = (surface: Surface) => Object.keys(configSchema(surface).properties as object);
  expect(top("train")).toContain("preset");
  expect(top("infer")).not.toContain("preset");
});
