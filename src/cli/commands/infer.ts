// ptychopinn infer: a saved model and a scan file -> a stitched picture.
import { Command } from "commander";
import { addConfigOptions } from "../config-options.js";
import { draw } from "../progress-line.js";
import { resolveOptions } from "../resolve-options.js";
import type { Session } from "../terminal.js";
import { announce } from "../verbosity.js";

export function inferCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("infer")
    .summary("reconstruct a scan with a trained model")
    .description(
      "reconstruct a scan with a trained model,\nfor example: ptychopinn infer --model_path run --test_data scan.npz --output_dir picture",
    );
  addConfigOptions(command, "infer");
  command.action(async () => {
    const config = await resolveOptions(command, "infer");
    const verbosity = announce(config, terminal);
    const result = await draw(workflows.infer({ config, signal }), terminal, verbosity);
    terminal.out(`✓ Inference completed successfully. Outputs saved to ${result.outputDir}\n`);
    terminal.out(`  object (${result.patterns} patterns): ${result.reconstructionPath}\n`);
    terminal.out(`  pictures: ${result.amplitudePicturePath}, ${result.phasePicturePath}\n`);
  });
  return command;
}
