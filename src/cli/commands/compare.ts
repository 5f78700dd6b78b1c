// ptychopinn compare: several reconstructions beside each other -> one page.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import type { CompareResult } from "../../workflows/contract.js";
import { numberFrom } from "../option-value.js";
import { draw, figures } from "../progress-line.js";
import { printable, type Session } from "../terminal.js";

interface CompareOptions {
  readonly output?: string;
  readonly truth?: string;
  readonly labels?: readonly string[];
  readonly crop?: number;
  readonly pixelSizeNm?: number;
  readonly json?: string;
  readonly quiet?: boolean;
}

export function compareCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("compare")
    .summary("show and score reconstructions beside each other, as one HTML page")
    .description(
      "register reconstructions of one object to each other, score every pair of them (or each against the truth) and write\n" +
        "one HTML page that needs nothing else, for example: ptychopinn compare run-1 run-2 product.h5 -o report.html",
    )
    .argument("<reconstructions...>", "reconstruction.npz, its folder, or a product of another program, each")
    .addOption(new Option("-o, --output <path>", "HTML page to write; required"))
    .addOption(
      new Option(
        "--truth <path>",
        "scan file or product with the known object, which all are scored against",
      ),
    )
    .addOption(
      new Option("--labels <names>", "what they are called, separated by commas").argParser((text) =>
        text.split(",").map((label) => label.trim()),
      ),
    )
    .addOption(
      new Option("--crop <pixels>", "compare the middle of what they share, of this edge, only").argParser(
        numberFrom("--crop", 16, 16384, true),
      ),
    )
    .addOption(
      new Option(
        "--pixel-size-nm <nm>",
        "edge of an object pixel, for resolutions in nm (default: what the files say)",
      ).argParser(numberFrom("--pixel_size_nm", 1e-6, 1e9, false)),
    )
    .addOption(new Option("--json <path>", "write the figures to this JSON file"))
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async (reconstructions: readonly string[]) => {
    const { output, truth, labels, crop, pixelSizeNm, json, quiet } = command.opts<CompareOptions>();
    if (output === undefined)
      throw new PtychoError(
        "UsageError",
        "--output is required: the HTML page to write, as in -o report.html",
      );
    const request = {
      ...{ reconstructions, outputFile: output, signal },
      ...(truth === undefined ? {} : { truth }),
      ...(labels === undefined ? {} : { labels }),
      ...(crop === undefined ? {} : { cropPx: crop }),
      ...(pixelSizeNm === undefined ? {} : { pixelSizeM: pixelSizeNm * 1e-9 }),
      ...(json === undefined ? {} : { jsonFile: json }),
    };
    const loud = quiet !== true;
    const result = await draw(workflows.compare(request), terminal, { messages: loud, progress: loud });
    terminal.out(comparisonText(result));
    terminal.out(`✓ Comparison saved to ${printable(result.outputFile)}\n`);
    if (result.jsonFile !== undefined) terminal.out(`✓ Figures saved to ${printable(result.jsonFile)}\n`);
  });
  return command;
}

/** One line for each comparison. */
function comparisonText({ figures: { comparisons } }: CompareResult): string {
  const told = (value: number | null) => (value === null ? "-" : figures(value));
  const lines = comparisons.map(({ label, against, metrics: { amplitude, phase, rings } }) => {
    const { verdict, period_px } = rings.half_bit_crossing;
    const period =
      verdict === "above" ? "2 px or better" : period_px === null ? "none" : `${told(period_px)} px`;
    return `${printable(`${label} against ${against}`)}: SSIM ${told(amplitude.ssim)} (amplitude), ${told(phase.ssim)} (phase); half-bit period ${period}\n`;
  });
  return lines.join("");
}
