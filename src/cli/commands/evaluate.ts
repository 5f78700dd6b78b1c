// ptychopinn evaluate: a reconstruction against the truth -> metrics.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import { furtherText, metricsText } from "../metrics-text.js";
import { numberFrom } from "../option-value.js";
import { draw } from "../progress-line.js";
import type { Session } from "../terminal.js";

interface EvaluateOptions {
  readonly truth?: string;
  readonly crop?: number;
  readonly pixelSizeNm?: number;
  readonly output?: string;
  readonly quiet?: boolean;
}

export function evaluateCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("evaluate").description("score a reconstruction against a known object");
  command
    .argument("<reconstruction>", "reconstruction.npz, or the folder that holds it")
    .addOption(new Option("--truth <path>", "scan file whose objectGuess is the truth; required"))
    .addOption(
      new Option("--crop <pixels>", "score the central window of this edge only").argParser(
        numberFrom("--crop", 8, 16384, true),
      ),
    )
    .addOption(
      new Option(
        "--pixel-size-nm <nm>",
        "edge of an object pixel, for resolutions in nm (default: what the reconstruction says)",
      ).argParser(numberFrom("--pixel_size_nm", 1e-6, 1e9, false)),
    )
    .addOption(new Option("--output <path>", "write the metrics to this JSON file"))
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async (reconstruction: string) => {
    const { truth, crop, pixelSizeNm, output, quiet } = command.opts<EvaluateOptions>();
    if (truth === undefined)
      throw new PtychoError("UsageError", "--truth is required: a scan file whose objectGuess is the truth");
    const request = {
      ...{ reconstruction, truth, signal },
      ...(crop === undefined ? {} : { cropPx: crop }),
      ...(pixelSizeNm === undefined ? {} : { pixelSizeM: pixelSizeNm * 1e-9 }),
      ...(output === undefined ? {} : { outputFile: output }),
    };
    const verbosity = { messages: quiet !== true, progress: quiet !== true };
    const result = await draw(workflows.evaluate(request), terminal, verbosity);
    terminal.out(metricsText(result.metrics) + furtherText(result));
    if (result.outputFile !== undefined) terminal.out(`✓ Metrics saved to ${result.outputFile}\n`);
  });
  return command;
}
