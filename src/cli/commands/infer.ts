// ptychopinn infer: a saved model and a scan file -> a stitched picture.
import { Command } from "commander";
import { resolveConfig } from "../../config/resolve.js";
import { addConfigOptions, explicitLayer } from "../config-options.js";
import { draw } from "../progress-line.js";
import { showWarnings } from "../show-warnings.js";
import type { Session } from "../terminal.js";

export function inferCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("infer")
    .summary("reconstruct a scan with a trained model")
    .description(
      "reconstruct a scan with a trained model,\nfor example: ptychopinn infer --model_path run --test_data scan.npz --output_dir picture",
    );
  addConfigOptions(command, "infer");
  command.action(async () => {
    const { quiet } = command.opts<{ quiet?: boolean }>();
    const config = resolveConfig("infer", { layers: [explicitLayer(command, "infer")] });
    showWarnings(config.warnings, terminal);
    const progress = config.config.execution.enable_progress_bar;
    const result = await draw(workflows.infer({ config, signal }), terminal, {
      messages: quiet !== true,
      progress,
    });
    terminal.out(`✓ Inference completed successfully. Outputs saved to ${result.outputDir}\n`);
    terminal.out(`  object (${result.patterns} patterns): ${result.reconstructionPath}\n`);
    terminal.out(`  pictures: ${result.amplitudePicturePath}, ${result.phasePicturePath}\n`);
  });
  return command;
}
