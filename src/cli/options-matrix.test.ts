// Every option of every command, by the field table: it changes the field that it should and nothing else, or is refused.
import { describe, expect, it } from "vitest";
import { type Asked, ask, base } from "../../tests/ask-command-line.js";
import type { Surface } from "../config/field.js";
import { allFields, defaultOf } from "../config/fields.js";
import { fixedFields } from "../config/fixed-fields.js";
import { type OptionRow, optionsOf } from "../config/options.js";
import type { Sources } from "../config/sourced.js";
import { switches } from "../config/switches.js";

const asked = new Map<string, Promise<Asked>>();

/** What a command line without the option resolves to. */
async function plainSources(line: string): Promise<Sources> {
  const answer = asked.get(line) ?? ask(line);
  asked.set(line, answer);
  return (await answer).sources!;
}

/** Fields whose source or value two requests do not share. */
function changedFields(before: Sources, after: Sources): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const text = (sources: Sources, name: string) => JSON.stringify(sources[name as keyof Sources]); // a key of one of them
  return [...names].filter((name) => text(before, name) !== text(after, name)).sort();
}

/** A text for the option which is not the default, and a command line in which it is legal. */
function tryOut(
  { name: option, field: name, of }: OptionRow,
  surface: Surface,
): { text: string; context: string } {
  const plain = base[surface];
  if (of === "switch") return { text: "", context: plain };
  if (of === "fixed") return { text: String(fixedFields[option].only ?? "none"), context: plain };
  const { field } = allFields().find((entry) => entry.name === name)!;
  const context = CONTEXTS[`${surface} ${name}`] ?? plain;
  const chosen = TEXTS[name as string];
  if (chosen !== undefined) return { text: chosen, context };
  if (field.type === "path") return { text: "elsewhere", context };
  if (field.type === "enum") {
    const values: readonly string[] = field.values;
    return { text: values.find((value) => value !== defaultOf(field, surface)) ?? values[0], context };
  }
  if (field.type === "bool") return { text: "", context };
  if (field.type === "ints") return { text: "0,5,9", context };
  const { values, min, max, above } = field;
  if (min !== undefined && min === max) return { text: String(min), context };
  if (values !== undefined) return { text: String(values.find((value) => value !== field.default)), context };
  const inside = max !== undefined && max <= 1 ? 0.25 : Math.max(min ?? 0, above ?? 0) + 3;
  return { text: String(inside), context };
}

/** Where the value one step from the limits is not legal. */
const TEXTS: Readonly<Record<string, string>> = {
  batch_size: "4",
  neighbor_pool_size: "9",
  neighbor_count: "9",
  gridsize: "1",
  decoder_spatial_kernel: "9",
};

const CONTEXTS: Readonly<Record<string, string>> = {
  "infer test_data_file": "infer --model_path model --test_data elsewhere",
  "train train_data_file": "train --train_data_file elsewhere",
  "train rect_s1s2_init": `${base.train} --physics_forward_mode rectangular_scaled`,
};

/** What follows from a field when nobody gave it. */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  gridsize: ["object_big"],
  physics_forward_mode: ["measurement_domain", "scale_contract_version"],
};

const PAIR = ["scale_contract_version", "measurement_domain"];

describe("every option of the table sets its field and nothing else", () => {
  for (const surface of ["train", "infer", "reconstruct"] as const) {
    for (const row of optionsOf(surface)) {
      if (row.field !== undefined && PAIR.includes(row.field)) continue; // tried together below
      if (row.field === "architecture") continue; // legal only with the settings of its preset: run.test.ts
      const entry = allFields().find(({ name }) => name === row.field);
      const { text, context } = tryOut(row, surface);
      const spelled = `${row.kind === "no" ? "no_" : ""}${row.name}`;
      for (const flag of new Set([`--${spelled}`, `--${spelled.replaceAll("_", "-")}`])) {
        it(`${surface} ${flag} ${row.kind === "value" ? text : ""}`, async () => {
          const line = row.kind === "value" ? `${context} ${flag} ${text}` : `${context} ${flag}`;
          const { sources, err } = await ask(line);
          const value = row.kind === "value" ? text : String(row.kind === "yes");
          const refusal = entry?.field.refused?.[value];
          if (
            refusal !== undefined ||
            (row.of === "fixed" && row.kind === "no" && fixedFields[row.name].only)
          ) {
            expect(sources).toBeUndefined();
            expect(err).toContain(refusal?.reason ?? fixedFields[row.name].reason);
            return;
          }
          expect(err).not.toContain("error:");
          const plain = await plainSources(context);
          const changed = changedFields(plain, sources!);
          if (row.of !== "field") {
            const sets = row.of === "switch" ? switches[row.name].sets : {};
            expect(changed).toEqual(Object.keys(sets).sort());
            for (const [name, set] of Object.entries(sets))
              expect(sources?.[name as keyof Sources]?.value).toBe(set);
            return;
          }
          const field = row.field!;
          expect(String(sources?.[field]?.value)).toBe(value);
          expect(sources?.[field]?.source).toBe("command line");
          expect(changed.filter((name) => name !== field)).toEqual(DERIVED[field] ?? []);
        });
      }
    }
  }

  it("and the scaling pair is set by its two options", async () => {
    const pair = "--scale-contract-version legacy_v1 --measurement-domain normalized_amplitude";
    for (const surface of ["train", "infer"] as const) {
      const [plain, given] = [await ask(base[surface]), await ask(`${base[surface]} ${pair}`)];
      expect(changedFields(plain.sources!, given.sources!)).toEqual([...PAIR].sort());
    }
  });

  it.each(Object.entries(fixedFields))(
    "--%s has one value, and another is refused with the reason",
    async (name, row) => {
      const { err, code } = await ask(`${base.train} --${name} 77`);
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(
          `--${name}: ${row.only ?? "none"} is the only value here, got '77': ${row.reason}`,
        ),
      ]);
    },
  );
});
