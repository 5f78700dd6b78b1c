// The reference pages of docs/reference, made from the commands and the tables of settings.
import type { Command } from "commander";
import { originalDefaults } from "../config/explain.js";
import { SECTIONS, type Surface } from "../config/field.js";
import { allFields, defaultOf, type FieldEntry, helpOf } from "../config/fields.js";
import { fixedFields } from "../config/fixed-fields.js";
import { REFUSED_NAMES } from "../config/not-built.js";
import { presets } from "../config/presets.js";
import { switches } from "../config/switches.js";
import { expectation } from "../config/value.js";
import { buildProgram } from "./run.js";
import type { Session } from "./terminal.js";

/** The pages by file name. */
export function referencePages(): Readonly<Record<string, string>> {
  return { "cli.md": cliPage(), "configuration.md": configurationPage() };
}

const MADE = "<!-- Made by `npm run docs` from the commands and the field table; edit those. -->";

function cliPage(): string {
  const terminal = { out: () => {}, err: () => {}, isTty: false, columns: () => 100, nowMs: () => 0 };
  const unused = new Proxy({}, { get: () => undefined }) as Session["workflows"]; // help runs no workflow
  const session: Session = { terminal, workflows: unused, signal: new AbortController().signal };
  const program = buildProgram(session, { version: "" });
  const parts = (command: Command, depth: number): string[] => [
    `${"#".repeat(depth)} ${fullName(command)}`,
    `\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\``,
    ...command.commands.flatMap((inner) => parts(inner, depth + 1)),
  ];
  return page([
    "# Command line",
    "Names may be written with dashes or underscores. An option that switches something takes no value, and `--no_NAME` " +
      "switches it off; `--NAME true` and `--NAME false` are understood, too. Other names of options, among them all flags of " +
      "the original's four commands, stand in [configuration.md](configuration.md); `ptychopinn config explain NAME` tells all " +
      "about one of them.",
    "`ptycho_train` is `ptychopinn train` from `--preset canonical`, and `ptycho_inference` is `ptychopinn infer`; both are " +
      "named as the original's commands.",
    ...parts(program, 2),
  ]);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function configurationPage(): string {
  const sections = SECTIONS.flatMap((section) => {
    const rows = allFields().filter((entry) => entry.section === section);
    return [
      `## ${section}`,
      table(
        ["setting", "takes", "default", "other names", "what it does", "the original's defaults"],
        rows.map(fieldRow),
      ),
    ];
  });
  return page([
    "# Settings",
    "Every setting is an option of the commands in its column *default*, and a name in the files that `--config` takes (YAML, " +
      "JSON, TOML; at the top or under the heading of its section). The strongest source wins: command line, then file, then " +
      "profile, then preset, then default. `ptychopinn config show` prints where each value comes from, `ptychopinn config " +
      "schema` the JSON Schema of the files.",
    ...sections,
    "## Presets",
    table(
      ["preset", "what it is", "sets"],
      Object.entries(presets).map(([name, { help, values }]) => [`\`${name}\``, help, pairs(values)]),
    ),
    "## Switches",
    table(
      ["option", "commands", "sets", "what it does"],
      Object.entries(switches).map(([name, { surfaces, sets, help, deprecated }]) => [
        `\`--${name}\``,
        surfaces.join(", "),
        pairs(sets),
        deprecated === undefined ? help : `${help} (deprecated)`,
      ]),
    ),
    "## Settings of the original with one value",
    "They are accepted with this value, and refused with any other.",
    table(
      ["setting", "value", "why"],
      Object.entries(fixedFields).map(([name, { only, reason }]) => [
        `\`${name}\``,
        `\`${only ?? "none"}\``,
        reason,
      ]),
    ),
    "## Names of the original that are refused",
    table(
      ["name", "why, and what to do"],
      Object.entries(REFUSED_NAMES).map(([name, reason]) => [`\`${name}\``, reason]),
    ),
  ]);
}

function fieldRow({ name, field }: FieldEntry): string[] {
  const aliases = field.aliases ?? [];
  const unit = field.unit === undefined ? "" : ` (${field.unit})`;
  const text = (surface: Surface) => {
    const value = defaultOf(field, surface);
    if (value !== null) return `\`${value}\``;
    return field.nullOn?.includes(surface) ? "`none`" : "must be given";
  };
  const helps = new Set(field.surfaces.map((surface) => helpOf(field, surface)));
  const refused = Object.entries(field.refused ?? {}).map(
    ([value, { reason }]) => `Refused: \`${value}\`: ${reason}.`,
  );
  const { canonical, torch } = originalDefaults([name, ...aliases.map((alias) => alias.name)]);
  return [
    `\`${name}\``,
    `${expectation(field)}${unit}`,
    field.surfaces.map((surface) => `${surface}: ${text(surface)}`).join("<br>"),
    aliases
      .map((alias) => `\`${alias.name}\`${alias.deprecated === undefined ? "" : " (deprecated)"}`)
      .join(", "),
    [[...helps].join("; "), ...refused].join("<br>"),
    [
      ...(canonical === "" ? [] : [`canonical: ${canonical}`]),
      ...(torch === "" ? [] : [`PyTorch: ${torch}`]),
    ].join("<br>"),
  ];
}

function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `\`${name} ${value ?? "none"}\``)
    .join(", ");
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), `|${" --- |".repeat(heads.length)}`, ...rows.map(line)].join("\n");
}

function page(parts: readonly string[]): string {
  return `${[MADE, ...parts].join("\n\n")}\n`;
}
