import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { allFields } from "../config/fields.js";
import { referencePages } from "./reference.js";

const folder = join(import.meta.dirname, "..", "..", "docs", "reference");

it.each(Object.entries(referencePages()))(
  "docs/reference/%s is current; else run: npm run docs",
  (name, text) => {
    expect(readFileSync(join(folder, name), "utf8") === text).toBe(true);
  },
);

it("names every setting, and every command", () => {
  const { "cli.md": cli, "configuration.md": settings } = referencePages();
  for (const { name, field } of allFields()) {
    expect(settings).toContain(`| \`${name}\` |`);
    for (const alias of field.aliases ?? []) expect(settings).toContain(`\`${alias.name}\``);
  }
  for (const command of ["train", "infer", "reconstruct", "config explain", "completion"])
    expect(cli).toContain(`# ptychopinn ${command}\n`);
});
