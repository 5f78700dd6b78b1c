// ptychopinn diff: what is different between two runs.
import { Command, Option } from "commander";
import { printable, type Session } from "../terminal.js";

export function diffCommand({ terminal }: Session): Command {
  const command = new Command("diff")
    .summary("name the differences of two runs")
    .description(
      "name the differences of two runs: settings with their sources, inputs, versions, machine, figures and outputs,\nfor example: ptychopinn diff run-1 run-2",
    )
    .argument("<first>", "run.json of a run, or the folder that holds it")
    .argument("<second>", "the other one")
    .addOption(new Option("--json", "print JSON"));
  command.action(async (first: string, second: string) => {
    const [{ readRunRecord }, { differencesOf }] = await Promise.all([
      import("../../workflows/read-run-record.js"),
      import("../../workflows/compare-runs.js"),
    ]);
    const differences = differencesOf(readRunRecord(first).record, readRunRecord(second).record);
    if (command.opts<{ json?: boolean }>().json === true) {
      terminal.out(`${JSON.stringify(differences, null, 2)}\n`);
      return;
    }
    if (differences.length === 0) terminal.out("nothing differs but the times\n");
    for (const { of, name, values } of differences)
      terminal.out(`${printable(`${of} ${name}: ${values[0]} -> ${values[1]}`)}\n`);
  });
  return command;
}
