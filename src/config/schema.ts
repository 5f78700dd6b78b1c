// The field table as a JSON Schema for configuration files.
import { HEADINGS } from "./config-file.js";
import type { Field, NumberField, Surface } from "./field.js";
import { defaultOf, fieldsOf, helpOf } from "./fields.js";
import { fixedFields } from "./fixed-fields.js";
import { presets } from "./presets.js";
import { switches } from "./switches.js";

export type Schema = { readonly [keyword: string]: unknown };

/**
 * JSON Schema, draft 2020-12, of the configuration files of `surface`: every name that such a file may hold, at the top or in
 * a section. Rules between settings, and "a power of 2", are checked when the file is read, and not by the schema.
 */
export function configSchema(surface: Surface): Schema {
  const sections = Object.fromEntries(HEADINGS.map((name) => [name, { $ref: "#/$defs/section" }]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `Settings of ptychopinn ${surface}`,
    $ref: "#/$defs/settings",
    properties: { ...(surface === "train" ? BUNDLES : {}), ...sections },
    unevaluatedProperties: false,
    $defs: {
      section: { $ref: "#/$defs/settings", unevaluatedProperties: false },
      settings: { type: "object", properties: settingsOf(surface) },
    },
  };
}

const BUNDLES: Schema = {
  preset: {
    enum: Object.keys(presets),
    description: "a named set of defaults, below everything in the file",
  },
  profile: { enum: ["ci"], description: "profile of the original: ci (count intensities)" },
};

function settingsOf(surface: Surface): Record<string, Schema> {
  const rows: Record<string, Schema> = {};
  for (const { name, field } of fieldsOf(surface)) {
    rows[name] = schemaOfField(field, surface);
    for (const alias of field.aliases ?? []) {
      if (alias.only !== undefined && !alias.only.includes(surface)) continue;
      const note = alias.deprecated === undefined ? {} : { deprecated: true, description: alias.deprecated };
      rows[alias.name] = { $ref: `#/$defs/settings/properties/${name}`, ...note };
    }
  }
  for (const [name, { surfaces, help, deprecated }] of Object.entries(switches))
    if (surfaces.includes(surface))
      rows[name] = {
        type: "boolean",
        description: help,
        ...(deprecated === undefined ? {} : { deprecated: true }),
      };
  for (const [name, { surfaces, only, also, reason }] of Object.entries(fixedFields))
    if (surfaces.includes(surface)) {
      const values = only === null ? [null, "none"] : also === undefined ? [only] : [only, also];
      rows[name] = { enum: values, description: reason };
    }
  return rows;
}

/** What `field` takes on `surface`. */
export function schemaOfField(field: Field, surface: Surface): Schema {
  const fallback = defaultOf(field, surface);
  const unit = field.unit === undefined ? "" : ` (${field.unit})`;
  const notes = {
    description: `${helpOf(field, surface)}${unit}`,
    ...(fallback === null ? {} : { default: fallback }),
  };
  const value = valueSchema(field);
  if (!field.nullOn?.includes(surface)) return { ...value, ...notes };
  return { anyOf: [value, { enum: [null, "none"] }], ...notes };
}

function valueSchema(field: Field): Schema {
  switch (field.type) {
    case "bool":
      if (field.also !== undefined) return { enum: [true, false, field.also] };
      return field.refused?.false === undefined ? { type: "boolean" } : { const: true };
    case "ints": {
      const whole = { type: "integer", minimum: field.min };
      return {
        anyOf: [
          { type: "array", items: whole, minItems: 1 },
          whole,
          { type: "string", pattern: "^ *[0-9]+ *(, *[0-9]+ *)*$" },
        ],
      };
    }
    case "path":
      // "none" is a value, and not the name of a file.
      return field.words?.includes("none")
        ? { type: "string", minLength: 1 }
        : { type: "string", minLength: 1, pattern: "^(?![nN][oO][nN][eE]$|[nN][uU][lL][lL]$)" };
    case "enum":
      return {
        enum: [
          ...[...field.values, ...Object.keys(field.spellings ?? {})],
          ...(field.values.includes("none") ? [null] : []),
        ],
      };
    default:
      if (!field.sizes) return numberSchema(field);
      return {
        anyOf: [numberSchema(field), { type: "string", pattern: "^[0-9.]+ ?[kKmMgGtT]?[iI]?[bB]?$" }],
      };
  }
}

function numberSchema({ type, values, min, max, above, rule }: NumberField): Schema {
  if (values !== undefined) return { enum: values };
  return {
    type: type === "int" ? "integer" : "number",
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(rule === "odd" ? { not: { multipleOf: 2 } } : {}),
  };
}
