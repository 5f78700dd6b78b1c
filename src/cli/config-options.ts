// The options of a surface on a commander command, and the layer of explicit values that they give.
import { type Command, Option } from "commander";
import type { Surface } from "../config/field.js";
import type { FieldName } from "../config/fields.js";
import { COMMAND_LINE, type Layer } from "../config/layer.js";
import { LEGACY_FLAGS } from "../config/not-built.js";
import { MOST_USED, type OptionRow, type OtherDefaults, optionsOf } from "../config/options.js";
import { presets } from "../config/presets.js";
import { PtychoError } from "../core/errors.js";

const MOST = "Most used:";

const HEADINGS: Readonly<Record<OptionRow["section"], string>> = {
  data: "Scan and groups:",
  model: "Network and physics:",
  training: "Training:",
  inference: "Prediction and stitching:",
  engine: "Reconstruction:",
  execution: "Run:",
  general: "General:",
};

const ORDER = ["engine", "data", "inference", "training", "model", "execution", "general"] as const;

/** Gives `command` every option of `surface`, grouped; or those of `only` these fields, --quiet and --verbose. */
export function addConfigOptions(
  command: Command,
  surface: Surface,
  only?: readonly FieldName[],
  defaults?: OtherDefaults,
): void {
  const rows = optionsOf(surface, defaults).filter(
    ({ of, field, name }) =>
      only === undefined ||
      (field === undefined ? of === "switch" && ["quiet", "verbose"].includes(name) : only.includes(field)),
  );
  const first = only === undefined ? MOST_USED[surface] : [];
  for (const field of first)
    for (const row of rows.filter((candidate) => candidate.field === field)) addRow(command, row, MOST);
  if (only === undefined) addSources(command, surface);
  for (const section of ORDER)
    for (const row of rows.filter((candidate) => candidate.section === section))
      if (row.field === undefined || !first.includes(row.field)) addRow(command, row, HEADINGS[section]);
}

function addRow(command: Command, row: OptionRow, heading: string): void {
  const option = new Option(flagOf(row), row.help).helpGroup(heading);
  if (row.bare !== undefined) option.preset(row.bare);
  command.addOption(row.hidden ? option.hideHelp() : option);
}

/** The options that name whole sets of values. */
function addSources(command: Command, surface: Surface): void {
  const add = (flags: string, help: string) => command.addOption(new Option(flags, help).helpGroup(MOST));
  if (surface === "train") {
    const known = Object.entries(presets).map(([name, preset]) => `${name} (${preset.help})`);
    add("--preset <name>", `a named set of defaults: ${known.join("; ")}`);
    add("--profile <name>", "profile of the original: ci (count intensities)");
  }
  add(
    "--config <path>",
    "file with settings (.yaml, .json, .toml), below the options given here; 'ptychopinn config schema' describes it",
  );
  if (surface === "reconstruct") return;
  for (const name of LEGACY_FLAGS)
    command.addOption(new Option(`--${name.replaceAll("_", "-")} <value>`).hideHelp());
}

/** What the command line said, and nothing else: no default enters. */
export function explicitLayer(command: Command, surface: Surface): Layer {
  const values: Record<string, unknown> = {};
  for (const row of optionsOf(surface)) {
    const key = attributeOf(row.name);
    const given: unknown = command.getOptionValue(key);
    if (command.getOptionValueSource(key) !== "cli" || given === undefined) continue;
    values[row.name] = given;
  }
  return { source: COMMAND_LINE, values };
}

/** Refuses `--train_data_file --output_dir D`, where an option would become the value of another. */
export function refuseOptionAsValue(command: Command, known: ReadonlySet<string>): void {
  for (const [key, value] of Object.entries(command.opts<Record<string, unknown>>())) {
    if (typeof value !== "string" || !known.has(value)) continue;
    const option = command.options.find((candidate) => candidate.attributeName() === key);
    throw new PtychoError(
      "UsageError",
      `${underscored(option?.long ?? key)}: expected a value, found the option ${underscored(value)}`,
    );
  }
}

/** An option as messages spell it. */
export function underscored(flag: string): string {
  return flag.replace(/^--[A-Za-z0-9-]+/, (name) => `--${name.slice(2).replaceAll("-", "_")}`);
}

/** Every long option of the command, in the dash spelling that commander gets to see. */
export function longFlags(command: Command): ReadonlySet<string> {
  return new Set(command.options.flatMap((option) => (option.long === undefined ? [] : [option.long])));
}

function flagOf(row: OptionRow): string {
  const dashed = row.name.replaceAll("_", "-");
  if (row.kind === "no") return `--no-${dashed}`;
  if (row.kind === "yes") return `--${dashed}`;
  const takes = row.takes ?? "value";
  return `--${dashed} ${row.bare === undefined ? `<${takes}>` : `[${takes}]`}`;
}

/** Commander's key for an option: the dashed name in camel case. */
export function attributeOf(name: string): string {
  return name.replaceAll("_", "-").replace(/-([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
