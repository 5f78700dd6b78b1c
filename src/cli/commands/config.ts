// ptychopinn config: look at settings without running anything.
import { Command, Option } from "commander";
import { explainField } from "../../config/explain.js";
import type { Surface } from "../../config/field.js";
import { configSchema } from "../../config/schema.js";
import { nearestName, PtychoError } from "../../core/errors.js";
import { addConfigOptions } from "../config-options.js";
import { resolveOptions } from "../resolve-options.js";
import { showWarnings } from "../show-warnings.js";
import { printable, type Session } from "../terminal.js";
import { type AnyConfig, settingsText } from "../verbosity.js";

const SURFACES = ["train", "infer", "reconstruct"] as const;

export function configCommand(session: Session): Command {
  const command = new Command("config")
    .summary("look at settings: show, schema, diff, explain")
    .description("look at settings without running anything");
  for (const inner of [
    showCommand(session),
    schemaCommand(session),
    diffCommand(session),
    explainCommand(session),
  ])
    command.addCommand(inner);
  return command.argument("[words...]").action((words: readonly string[]) => {
    const known = command.commands.map((inner) => inner.name());
    const near = words.length === 0 ? undefined : nearestName(words[0], known);
    const found = words.length === 0 ? "" : `, got '${words[0]}'`;
    const hint = near === undefined ? "'ptychopinn config --help' explains them" : `did you mean '${near}'?`;
    throw new PtychoError("UsageError", `config: expected show, schema, diff or explain${found}; ${hint}`);
  });
}

function surfaceOption(): Option {
  return new Option("--surface <command>", `whose settings: ${SURFACES.join(", ")}`).default("train");
}

function surfaceNamed(name: string): Surface {
  const found = SURFACES.find((surface) => surface === name);
  if (found === undefined)
    throw new PtychoError("UsageError", `--surface: expected one of ${SURFACES.join(", ")}, got '${name}'`);
  return found;
}

/** The options of the surface are parsed by a command of their own, as only --surface says which they are. */
function showCommand({ terminal }: Session): Command {
  const command = new Command("show")
    .summary("print every setting with its value and where it comes from")
    .description(
      "print every setting that a command line would run with, and where its value comes from,\nfor example: ptychopinn config show --surface train --config run.yaml --gridsize 1",
    )
    .argument("[options...]", "options of the command that --surface names")
    .addOption(surfaceOption())
    .addOption(new Option("--json", "print JSON"))
    .allowUnknownOption(true)
    .passThroughOptions(false);
  return command.action(async (rest: readonly string[]) => {
    const { surface: name, json } = command.opts<{ surface: string; json?: boolean }>();
    const surface = surfaceNamed(name);
    const asked = new Command("show").configureOutput({ writeErr: () => {}, outputError: () => {} });
    asked.helpOption(false).exitOverride(({ message }) => {
      const [what, ...hints] = message.replace(/^error: /, "").split("\n");
      throw new PtychoError("UsageError", `config show --surface ${surface}: ${[what, ...hints].join(" ")}`);
    });
    addConfigOptions(asked, surface);
    asked.parse(rest, { from: "user" });
    const resolved = (await resolveOptions(asked, surface, { open: true })) as AnyConfig; // of the one that `surface` names
    showWarnings(resolved.warnings, terminal);
    if (json !== true) {
      terminal.out(`${settingsText(resolved).map(printable).join("\n")}\n`);
      return;
    }
    const { config, sources, warnings } = resolved;
    terminal.out(`${JSON.stringify({ surface, config, sources, warnings }, null, 2)}\n`);
  });
}

function schemaCommand({ terminal }: Session): Command {
  const command = new Command("schema")
    .summary("print the JSON Schema of configuration files")
    .description("print the JSON Schema (draft 2020-12) of configuration files")
    .addOption(surfaceOption());
  return command.action(() => {
    const { surface } = command.opts<{ surface: string }>();
    terminal.out(`${JSON.stringify(configSchema(surfaceNamed(surface)), null, 2)}\n`);
  });
}

function diffCommand({ terminal }: Session): Command {
  const command = new Command("diff")
    .summary("print the settings in which two files differ")
    .description("print the settings in which two configuration files, or the run.json of two runs, differ")
    .argument("<first>", "configuration file, or run.json, or the folder that holds it")
    .argument("<second>", "the other one");
  return command.action(async (first: string, second: string) => {
    const { compareConfigFiles } = await import("../../workflows/compare-config-files.js");
    const differences = compareConfigFiles(first, second);
    if (differences.length === 0) terminal.out("no setting differs\n");
    for (const { name, values } of differences) {
      const [before, after] = values.map((value) =>
        value === undefined ? "not given" : JSON.stringify(value),
      );
      terminal.out(`${printable(`${name}: ${before} -> ${after}`)}\n`);
    }
  });
}

function explainCommand({ terminal }: Session): Command {
  const command = new Command("explain")
    .summary("print all that is known of one setting")
    .description(
      "print what a setting does, what it takes, its defaults, other names, and what is refused and why",
    )
    .argument("<field>", "name of a setting, of an option, or of the original");
  return command.action((field: string) => {
    terminal.out(`${explainField(field).join("\n")}\n`);
  });
}
