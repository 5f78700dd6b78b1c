// ptychopinn prepare: a scan file made into one that can be reconstructed.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import type { PrepareRequest } from "../../workflows/contract.js";
import { choice, numberFrom } from "../option-value.js";
import { draw } from "../progress-line.js";
import { printable, type Session } from "../terminal.js";

const UNITS = ["auto", "amplitude", "intensity", "counts"] as const;
const AXIS_ORDERS = ["auto", "nhw", "hwn"] as const;

interface PrepareOptions {
  readonly output?: string;
  readonly map?: string;
  readonly units: (typeof UNITS)[number];
  readonly axisOrder: (typeof AXIS_ORDERS)[number];
  readonly background?: number | { readonly path: string };
  readonly threshold?: number;
  readonly mask?: string;
  readonly fftshift?: boolean;
  readonly center?: boolean;
  readonly transpose?: boolean;
  readonly crop?: number;
  readonly bin?: number;
  readonly pad?: number;
  readonly swapXy?: boolean;
  readonly flipX?: boolean;
  readonly flipY?: boolean;
  readonly rotatePositions?: number;
  readonly scalePositions?: number;
  readonly subset?: number;
  readonly shuffle?: boolean;
  readonly split?: number;
  readonly seed: number;
  readonly quiet?: boolean;
}

export function prepareCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("prepare")
    .summary("crop, bin, mask, turn, convert, select or split a scan")
    .description(
      "make a scan file that can be reconstructed: the steps below, in this order, each recorded in the file,\n" +
        "for example: ptychopinn prepare raw.npz -o scan.npz --units counts --crop 128 --flip-x",
    )
    .argument("<file>", "scan file of any format")
    .addOption(new Option("-o, --output <path>", "file to write (.npz); required"));
  const number = (flag: string, value: string, help: string, min: number, max: number, whole: boolean) =>
    command.addOption(
      new Option(`--${flag} <${value}>`, help).argParser(numberFrom(`--${flag}`, min, max, whole)),
    );
  command
    .addOption(
      new Option("--map <path>", "mapping file that says where in an HDF5 file the parts of the scan are"),
    )
    .addOption(choice("--axis-order", "axes of the patterns", AXIS_ORDERS))
    .addOption(choice("--units", "what the patterns are; amplitudes are written", UNITS))
    .addOption(
      new Option(
        "--background <level>",
        "intensity to take off, or an .npy file with one per pixel",
      ).argParser(levelOrFile),
    );
  number("threshold", "intensity", "set lower intensities to 0", 0, 1e30, false);
  command
    .addOption(
      new Option("--mask <path>", "call pixels bad: a mask file, or auto for those that the patterns show"),
    )
    .addOption(new Option("--fftshift", "move zero frequency from the corner to the middle"))
    .addOption(new Option("--center", "move the patterns so that their centre of mass lies in the middle"))
    .addOption(new Option("--transpose", "exchange rows and columns of patterns and probe"));
  number("crop", "edge", "cut the patterns about their middle; the object pixels grow", 2, 16384, true);
  number("bin", "factor", "add up that many pixels along both axes", 2, 64, true);
  number("pad", "edge", "widen the patterns with zeros; the object pixels shrink", 2, 16384, true);
  command
    .addOption(new Option("--swap-xy", "exchange x and y of the positions"))
    .addOption(new Option("--flip-x", "mirror x of the positions"))
    .addOption(new Option("--flip-y", "mirror y of the positions"));
  number("rotate-positions", "degrees", "turn the positions, clockwise in a picture", -360, 360, false);
  command.addOption(
    new Option(
      "--scale-positions <factor>",
      "multiply the positions: 1 over the size of an object pixel makes pixels of them",
    ).argParser(numberFrom("--scale-positions", 1e-15, 1e15, false)),
  );
  number("subset", "count", "keep that many patterns, drawn at random", 1, 1e9, true);
  command.addOption(new Option("--shuffle", "put the patterns into a random order"));
  number(
    "split",
    "fraction",
    "write two files, _train with that share of the patterns and _test",
    0.001,
    0.999,
    false,
  );
  command
    .addOption(
      new Option("--seed <number>", "seed of --subset and --shuffle")
        .default(0)
        .argParser(numberFrom("--seed", 0, 2 ** 32 - 1, true)),
    )
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async (file: string) => {
    const options = command.opts<PrepareOptions>();
    if (options.output === undefined)
      throw new PtychoError("UsageError", "--output is required: the scan file to write (.npz)");
    const loud = options.quiet !== true;
    const request = { file, outputFile: options.output, signal, ...stepsOf(options) };
    const result = await draw(workflows.prepare(request), terminal, { messages: loud, progress: loud });
    for (const step of result.steps) terminal.out(`  ${printable(step)}\n`);
    result.outputFiles.forEach((path, i) => {
      terminal.out(
        `✓ ${result.patterns[i]} patterns of ${result.N} x ${result.N} pixels saved to ${printable(path)}\n`,
      );
    });
  });
  return command;
}

function stepsOf(options: PrepareOptions): Omit<PrepareRequest, "file" | "outputFile" | "signal"> {
  const { map, units, axisOrder, mask, swapXy, rotatePositions, output: _, quiet: __, ...same } = options;
  return {
    ...same,
    ...(map === undefined ? {} : { mapFile: map }),
    ...(units === "auto" ? {} : { units }),
    ...(axisOrder === "auto" ? {} : { axisOrder: axisOrder === "nhw" ? "NHW" : "HWN" }),
    ...(mask === undefined ? {} : { mask: mask === "auto" ? mask : { path: mask } }),
    ...(swapXy === undefined ? {} : { swapXY: swapXy }),
    ...(rotatePositions === undefined ? {} : { rotatePositionsDeg: rotatePositions }),
  };
}

function levelOrFile(text: string): number | { readonly path: string } {
  return /\.npy$/i.test(text) ? { path: text } : numberFrom("--background", 0, 1e30, false)(text);
}
