// ptychopinn reconstruct: a scan file -> a picture, without a network.
import { Command } from "commander";
import { addConfigOptions } from "../config-options.js";
import { draw, figures } from "../progress-line.js";
import { resolveOptions } from "../resolve-options.js";
import type { Session } from "../terminal.js";
import { announce } from "../verbosity.js";

export function reconstructCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("reconstruct")
    .summary("reconstruct a scan with an iterative engine")
    .description(
      "reconstruct a scan with an iterative engine; nothing needs to be trained,\nfor example: ptychopinn reconstruct scan.npz --output_dir picture",
    )
    .argument("<scan>", "scan file (.npz)");
  addConfigOptions(command, "reconstruct");
  command.action(async (file: string) => {
    const config = await resolveOptions(command, "reconstruct");
    const verbosity = announce(config, terminal);
    const result = await draw(workflows.reconstruct({ file, config, signal }), terminal, verbosity);
    const misfit = result.residual === undefined ? "" : `, R ${figures(result.residual)}`;
    terminal.out(`✓ Reconstructed by ${result.engine}, ${result.epochs} epochs${misfit}\n`);
    if (result.halves !== undefined) {
      const { phaseCorrelation, amplitudeCorrelation, halfBitPeriodPx } = result.halves;
      const period = halfBitPeriodPx === null ? "not reached" : `${figures(halfBitPeriodPx)} px`;
      terminal.out(
        `  two halves of the scan: phase correlation ${known(phaseCorrelation)}, amplitude ${known(amplitudeCorrelation)}; half-bit period ${period}\n`,
      );
    }
    terminal.out(`  object: ${result.reconstructionPath}\n  report: ${result.reportPath}\n`);
    terminal.out(`  pictures: ${result.pictures.join(", ")}\n`);
  });
  return command;
}

function known(value: number | null): string {
  return value === null ? "undefined (no contrast)" : figures(value);
}
