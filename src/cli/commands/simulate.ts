// ptychopinn simulate: a synthetic scan with its truth.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import { OBJECT_KINDS, PROBE_KINDS, SCAN_KINDS, type SimulateRequest } from "../../workflows/contract.js";
import { choice, numberFrom } from "../option-value.js";
import { draw } from "../progress-line.js";
import type { Session } from "../terminal.js";

interface SimulateOptions extends Pick<SimulateRequest, "object" | "probe" | "scan" | "seed"> {
  readonly outputFile?: string;
  readonly phase: boolean;
  readonly N: number;
  readonly nImages: number;
  readonly objectSize: number;
  readonly nPhotons: number;
  readonly probeModes: number;
  readonly positionError: number;
  readonly badPixels: number;
  readonly quiet?: boolean;
}

export function simulateCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("simulate").description("simulate a scan, with the truth in the file");
  command
    .addOption(new Option("--output-file <path>", "file to write (.npz); required"))
    .addOption(choice("--object", "the object", OBJECT_KINDS))
    .addOption(new Option("--no-phase", "a real object, without phase"))
    .addOption(choice("--probe", "the illumination", PROBE_KINDS))
    .addOption(choice("--scan", "the positions", SCAN_KINDS))
    .addOption(
      new Option("--N <pixels>", "edge of a pattern: 64, 128 or 256").default(64).argParser(patternEdge),
    )
    .addOption(
      new Option("--n-images <count>", "number of patterns")
        .default(500)
        .argParser(numberFrom("--n_images", 1, 1e6, true)),
    )
    .addOption(
      new Option("--object-size <pixels>", "edge of the object")
        .default(224)
        .argParser(numberFrom("--object_size", 66, 16384, true)),
    )
    .addOption(
      new Option("--n-photons <count>", "photons per pattern")
        .default(1e9)
        .argParser(numberFrom("--n_photons", 1, 1e15, false)),
    )
    .addOption(
      new Option(
        "--probe-modes <count>",
        "incoherent modes of the illumination, each with half the power of the last",
      )
        .default(1)
        .argParser(numberFrom("--probe_modes", 1, 10, true)),
    )
    .addOption(
      new Option(
        "--position-error <pixels>",
        "r.m.s. error of each recorded coordinate; the true ones are kept as truth",
      )
        .default(0)
        .argParser(numberFrom("--position_error", 0, 100, false)),
    )
    .addOption(
      new Option(
        "--bad-pixels <fraction>",
        "share of the detector pixels that are dead or hot, and masked in the file",
      )
        .default(0)
        .argParser(numberFrom("--bad_pixels", 0, 0.25, false)),
    )
    .addOption(
      new Option("--seed <number>", "seed of every random draw")
        .default(42)
        .argParser(numberFrom("--seed", 0, 2 ** 32 - 1, true)),
    )
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async () => {
    const options = command.opts<SimulateOptions>();
    if (options.outputFile === undefined)
      throw new PtychoError("UsageError", "--output_file is required: the scan file to write (.npz)");
    if (options.objectSize < options.N + 2) {
      throw new PtychoError(
        "UsageError",
        `--object_size: expected at least ${options.N + 2}, the pattern edge ${options.N} and room to scan, got ${options.objectSize}`,
      );
    }
    const { object, phase, probe, scan, seed } = options;
    const request: SimulateRequest = {
      ...{ object, phase, probe, scan, seed, signal, outputFile: options.outputFile },
      ...{
        N: options.N,
        patterns: options.nImages,
        objectSizePx: options.objectSize,
        photons: options.nPhotons,
        probeModes: options.probeModes,
        positionErrorPx: options.positionError,
        badPixelFraction: options.badPixels,
      },
    };
    const verbosity = { messages: options.quiet !== true, progress: options.quiet !== true };
    const result = await draw(workflows.simulate(request), terminal, verbosity);
    terminal.out(`✓ Simulated ${result.patterns} patterns. Scan saved to ${result.outputFile}\n`);
  });
  return command;
}

function patternEdge(text: string): number {
  if (text === "64" || text === "128" || text === "256") return Number(text);
  throw new PtychoError("UsageError", `--N: expected one of 64, 128, 256, got '${text}'`);
}
