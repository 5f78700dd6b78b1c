// ptychopinn demo: simulate -> train -> infer -> evaluate, into one folder.
import { Command, Option } from "commander";
import { metricsText } from "../metrics-text.js";
import { draw } from "../progress-line.js";
import type { Session } from "../terminal.js";

export function demoCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("demo").description("simulate, train, infer and evaluate in a few minutes");
  command
    .addOption(new Option("--output-dir <path>", "folder for the results").default("demo-output"))
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async () => {
    const { outputDir, quiet } = command.opts<{ outputDir: string; quiet?: boolean }>();
    const verbosity = { messages: quiet !== true, progress: quiet !== true };
    const result = await draw(workflows.demo({ outputDir, signal }), terminal, verbosity);
    terminal.out(metricsText(result.metrics));
    terminal.out(`✓ Demo completed. Outputs saved to ${result.outputDir}\n`);
    terminal.out(`  pictures: ${result.amplitudePicturePath}, ${result.phasePicturePath}\n`);
    terminal.out(`  metrics: ${result.metricsPath}\n`);
  });
  return command;
}
