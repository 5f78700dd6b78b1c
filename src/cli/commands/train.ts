// ptychopinn train: a scan file -> a saved model.
import { Command } from "commander";
import { addConfigOptions } from "../config-options.js";
import { draw } from "../progress-line.js";
import { resolveOptions } from "../resolve-options.js";
import type { Session } from "../terminal.js";
import { announce } from "../verbosity.js";

/** @param preset taken unless another one is asked for. */
export function trainCommand({ terminal, workflows, signal }: Session, preset?: string): Command {
  const command = new Command("train")
    .summary("train a network on a scan")
    .description(
      "train a network on a scan and save it as one file,\nfor example: ptychopinn train --train_data_file scan.npz --output_dir run",
    );
  addConfigOptions(command, "train");
  command.action(async () => {
    const config = await resolveOptions(command, "train", { preset });
    const verbosity = announce(config, terminal);
    const result = await draw(workflows.train({ config, signal }), terminal, verbosity);
    const early =
      result.ended === "early stop" ? ` (early stop after ${result.history.trainLoss.length} epochs)` : "";
    terminal.out(`✓ Training completed successfully. Outputs saved to ${result.outputDir}${early}\n`);
    terminal.out(`✓ Model bundle saved to ${result.archivePath}\n`);
    if (result.stitched === undefined) return;
    const { patterns, reconstructionPath, amplitudePicturePath, phasePicturePath } = result.stitched;
    terminal.out(`  object (${patterns} patterns): ${reconstructionPath}\n`);
    terminal.out(`  pictures: ${amplitudePicturePath}, ${phasePicturePath}\n`);
  });
  return command;
}
