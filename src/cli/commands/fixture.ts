// ptychopinn fixture: a small scan for tests, cut from a large one.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import { numberFrom } from "../option-value.js";
import { draw } from "../progress-line.js";
import type { Session } from "../terminal.js";

interface FixtureOptions {
  readonly source?: string;
  readonly output?: string;
  readonly subsetSize: number;
  readonly metadataOut?: string;
  readonly quiet?: boolean;
}

export function fixtureCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("fixture").description("cut a small scan for tests from a large one");
  command
    .addOption(new Option("--source <path>", "scan to take patterns from (.npz); required"))
    .addOption(new Option("--output <path>", "fixture to write (.npz); required"))
    .addOption(
      new Option("--subset-size <count>", "patterns to take, evenly from all of the scan")
        .default(64)
        .argParser(numberFrom("--subset_size", 16, 1e6, true)),
    )
    .addOption(
      new Option("--metadata-out <path>", "its description with checksum (default: the output as .json)"),
    )
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async () => {
    const { source, output, subsetSize, metadataOut, quiet } = command.opts<FixtureOptions>();
    if (source === undefined || output === undefined) {
      const missing = source === undefined ? "--source" : "--output";
      throw new PtychoError(
        "UsageError",
        `${missing} is required: the scan to cut, and the fixture to write`,
      );
    }
    const request = {
      ...{ source, output, subsetSize, signal },
      ...(metadataOut === undefined ? {} : { metadataFile: metadataOut }),
    };
    const verbosity = { messages: quiet !== true, progress: quiet !== true };
    const result = await draw(workflows.fixture(request), terminal, verbosity);
    terminal.out(`✓ Fixture of ${subsetSize} patterns saved to ${result.output}, sha256 ${result.sha256}\n`);
  });
  return command;
}
