// The options of train and infer on a commander command, and the layer of explicit values that they give.
import { type Command, Option } from "commander";
import type { Surface } from "../config/field.js";
import type { FieldName } from "../config/fields.js";
import { COMMAND_LINE, type Layer } from "../config/layer.js";
import { type OptionRow, optionsOf } from "../config/options.js";
import { presets } from "../config/presets.js";
import { PtychoError } from "../core/errors.js";

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

/** Gives `command` every option of `surface`, grouped; or those of `only` these fields, and --quiet. */
export function addConfigOptions(command: Command, surface: Surface, only?: readonly FieldName[]): void {
  if (surface === "train" && only === undefined) {
    const known = Object.entries(presets).map(([name, preset]) => `${name} (${preset.help})`);
    command.addOption(
      new Option("--preset <name>", `a named set of defaults: ${known.join("; ")}`).helpGroup(HEADINGS.data),
    );
    command.addOption(
      new Option("--profile <name>", "profile of the original: ci (count intensities)").helpGroup(
        HEADINGS.data,
      ),
    );
  }
  const rows = optionsOf(surface).filter(
    ({ field, name }) =>
      only === undefined || (field === undefined ? name === "quiet" : only.includes(field)),
  );
  for (const section of ORDER) {
    for (const row of rows.filter((candidate) => candidate.section === section)) {
      const option = new Option(flagOf(row), row.help).helpGroup(HEADINGS[section]);
      command.addOption(row.hidden ? option.hideHelp() : option);
    }
  }
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
      `${option?.long ?? key}: expected a value, found the option ${value}`,
    );
  }
}

/** Every long option of the command, in the dash spelling that commander gets to see. */
export function longFlags(command: Command): ReadonlySet<string> {
  return new Set(command.options.flatMap((option) => (option.long === undefined ? [] : [option.long])));
}

function flagOf(row: OptionRow): string {
  const dashed = row.name.replaceAll("_", "-");
  if (row.kind === "no") return `--no-${dashed}`;
  return row.kind === "yes" ? `--${dashed}` : `--${dashed} <${row.takes ?? "value"}>`;
}

/** Commander's key for an option: the dashed name in camel case. */
function attributeOf(name: string): string {
  return name.replaceAll("_", "-").replace(/-([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
