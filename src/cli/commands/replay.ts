// ptychopinn replay: a recorded run again, and whether the same came out.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import { draw } from "../progress-line.js";
import { printable, type Session } from "../terminal.js";

export function replayCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("replay")
    .summary("repeat a run from its run.json and compare the outcome")
    .description(
      "repeat a run from its run.json and compare the outcome: on the processor the weights and the object come out equal,\nbit for bit; for example: ptychopinn replay run/run.json --output_dir again",
    )
    .argument("<run>", "run.json, or the folder that holds it")
    .addOption(new Option("--output-dir <path>", "folder for the results of the repetition; required"))
    .addOption(new Option("--allow-mismatch", "go on although an input is not the recorded one"))
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async (record: string) => {
    const { outputDir, allowMismatch, quiet } = command.opts<{
      outputDir?: string;
      allowMismatch?: boolean;
      quiet?: boolean;
    }>();
    if (outputDir === undefined)
      throw new PtychoError("UsageError", "replay: --output_dir is required: a folder for the repetition");
    const verbosity = { messages: quiet !== true, progress: quiet !== true };
    const request = { record, outputDir, allowMismatch: allowMismatch === true, signal };
    const { equal, different, environment, ...result } = await draw(
      workflows.replay(request),
      terminal,
      verbosity,
    );
    for (const text of environment) terminal.out(`  not as recorded: ${printable(text)}\n`);
    if (different.length > 0) {
      const why = environment.length > 0 ? ", and it was not made in the recorded environment" : "";
      throw new PtychoError(
        "DataError",
        `replay: ${different.length} of ${different.length + equal.length} results differ from the record ` +
          `(${different.join(", ")})${why}; 'ptychopinn diff' compares the two runs`,
      );
    }
    if (equal.length === 0) terminal.out("  the record holds no result to compare with\n");
    else
      terminal.out(
        `✓ All ${equal.length} results are equal to the record, bit for bit: ${equal.join(", ")}\n`,
      );
    terminal.out(`✓ Replayed ${result.command}. Outputs saved to ${result.outputDir}\n`);
  });
  return command;
}
