// ptychopinn train: a scan file -> a saved model.
import { Command } from "commander";
import { resolveConfig } from "../../config/resolve.js";
import { addConfigOptions, explicitLayer } from "../config-options.js";
import { draw } from "../progress-line.js";
import { showWarnings } from "../show-warnings.js";
import type { Session } from "../terminal.js";

export function trainCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("train")
    .summary("train a network on a scan")
    .description(
      "train a network on a scan and save it as one file,\nfor example: ptychopinn train --train_data_file scan.npz --output_dir run",
    );
  addConfigOptions(command, "train");
  command.action(async () => {
    const { preset, profile, quiet } = command.opts<{ preset?: string; profile?: string; quiet?: boolean }>();
    const config = resolveConfig("train", { preset, profile, layers: [explicitLayer(command, "train")] });
    showWarnings(config.warnings, terminal);
    const progress = config.config.execution.enable_progress_bar;
    const result = await draw(workflows.train({ config, signal }), terminal, {
      messages: quiet !== true,
      progress,
    });
    const early =
      result.ended === "early stop" ? ` (early stop after ${result.history.trainLoss.length} epochs)` : "";
    terminal.out(`✓ Training completed successfully. Outputs saved to ${result.outputDir}${early}\n`);
    terminal.out(`✓ Model bundle saved to ${result.archivePath}\n`);
  });
  return command;
}
