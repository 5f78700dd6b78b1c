// ptychopinn adapt: a saved model and a new scan file -> a model for that scan, and its picture.
import { Command } from "commander";
import { ADAPT_DEFAULTS, ADAPT_FIELDS } from "../../config/adapt-fields.js";
import { resolveConfig } from "../../config/resolve.js";
import { addConfigOptions, explicitLayer } from "../config-options.js";
import { draw } from "../progress-line.js";
import type { Session } from "../terminal.js";
import { verbosityOf } from "../verbosity.js";

export function adaptCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("adapt")
    .summary("train a saved model a little on a new scan, and reconstruct it")
    .description(
      "train a saved model a little on a new scan, by the physics and with the model's own settings, and reconstruct it,\nfor example: ptychopinn adapt run scan.npz --output_dir adapted",
    )
    .argument("<model>", "trained model: the archive wts.h5.zip or the folder that holds it")
    .argument("<file>", "scan to adapt to and to reconstruct (.npz)");
  addConfigOptions(command, "train", ADAPT_FIELDS, ADAPT_DEFAULTS);
  command.action(async (modelPath: string, scanFile: string) => {
    const asked = explicitLayer(command, "train");
    const request = { modelPath, scanFile, asked, signal };
    const { execution } = resolveConfig("train", { layers: [asked], open: true }).config;
    const verbosity = verbosityOf(execution.console_level, execution.enable_progress_bar);
    const result = await draw(workflows.adapt(request), terminal, verbosity);
    terminal.out(`✓ Adaptation completed successfully. Outputs saved to ${result.outputDir}\n`);
    terminal.out(`✓ Model bundle saved to ${result.archivePath}\n`);
    terminal.out(`  object (${result.patterns} patterns): ${result.reconstructionPath}\n`);
    terminal.out(`  pictures: ${result.amplitudePicturePath}, ${result.phasePicturePath}\n`);
  });
  return command;
}
