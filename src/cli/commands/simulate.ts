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
  readonly objectFile?: string;
  readonly probeFile?: string;
  readonly scanFile?: string;
  readonly probeRadius?: number;
  readonly scanJitter?: number;
  readonly noise: "poisson" | "none";
  readonly readoutNoise: number;
  readonly saturation?: number;
  readonly beamStop: number;
  readonly doseLadder?: readonly number[];
  readonly quiet?: boolean;
}

export function simulateCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("simulate").description("simulate a scan, with the truth in the file");
  command
    .addOption(new Option("--output-file <path>", "file to write (.npz); required"))
    .addOption(choice("--object", "the object", OBJECT_KINDS))
    .addOption(new Option("--object-file <path>", "the object from this file (object or objectGuess)"))
    .addOption(new Option("--no-phase", "a real object, without phase"))
    .addOption(choice("--probe", "the illumination", PROBE_KINDS))
    .addOption(
      new Option("--probe-radius <pixels>", "its radius (default: that of the original's probe)").argParser(
        numberFrom("--probe_radius", 0.5, 8192, false),
      ),
    )
    .addOption(new Option("--probe-file <path>", "the illumination from this file (probe or probeGuess)"))
    .addOption(choice("--scan", "the positions", SCAN_KINDS))
    .addOption(
      new Option(
        "--scan-jitter <share>",
        "largest random move in a raster scan, as a share of its step; 0: a regular grid (default: 0.3)",
      ).argParser(numberFrom("--scan_jitter", 0, 0.5, false)),
    )
    .addOption(new Option("--scan-file <path>", "the positions from this file (xcoords, ycoords)"))
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
    .addOption(choice("--noise", "photon noise", ["poisson", "none"]))
    .addOption(
      new Option("--readout-noise <counts>", "r.m.s. noise of the readout of each pixel")
        .default(0)
        .argParser(numberFrom("--readout_noise", 0, 1e6, false)),
    )
    .addOption(
      new Option("--saturation <counts>", "counts at which a pixel is full").argParser(
        numberFrom("--saturation", 1, 1e15, false),
      ),
    )
    .addOption(
      new Option("--beam-stop <pixels>", "radius of a stop in the middle of the detector, masked in the file")
        .default(0)
        .argParser(numberFrom("--beam_stop", 0, 127, false)),
    )
    .addOption(
      new Option(
        "--dose-ladder <counts>",
        "photons per pattern of a series of files of one measurement, as 1e9,1e8,1e7; in place of --n-photons",
      ).argParser(doses),
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
    if (options.objectFile === undefined && options.objectSize < options.N + 2) {
      throw new PtychoError(
        "UsageError",
        `--object_size: expected at least ${options.N + 2}, the pattern edge ${options.N} and room to scan, got ${options.objectSize}`,
      );
    }
    for (const [made, given] of INSTEAD)
      if (isGiven(command, made) && isGiven(command, given))
        throw new PtychoError(
          "UsageError",
          `${flagOf(made)} and ${flagOf(given)} contradict each other; give one`,
        );
    if (options.scanJitter !== undefined && options.scan !== "raster")
      throw new PtychoError("UsageError", "--scan_jitter belongs to --scan raster; leave it out");
    if (options.probeRadius !== undefined && options.probe === "ideal_disk")
      throw new PtychoError("UsageError", "--probe_radius: the ideal disk has one size; take --probe disk");
    const { object, phase, probe, scan, seed, noise } = options;
    const { objectFile, probeFile, scanFile, probeRadius, scanJitter, saturation, doseLadder } = options;
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
        readoutNoise: options.readoutNoise,
        beamStopPx: options.beamStop,
      },
      ...(objectFile !== undefined && { objectFile }),
      ...(probeFile !== undefined && { probeFile }),
      ...(scanFile !== undefined && { scanFile }),
      ...(probeRadius !== undefined && { probeRadiusPx: probeRadius }),
      ...(scanJitter !== undefined && { scanJitter }),
      ...(noise === "none" && { noise }),
      ...(saturation !== undefined && { saturation }),
      ...(doseLadder !== undefined && { doseLadder }),
    };
    const verbosity = { messages: options.quiet !== true, progress: options.quiet !== true };
    const result = await draw(workflows.simulate(request), terminal, verbosity);
    terminal.out(`✓ Simulated ${result.patterns} patterns. Scan saved to ${result.outputFiles.join(", ")}\n`);
  });
  return command;
}

/** What is made, and what is given in its place. */
const INSTEAD = [
  ["object", "objectFile"],
  ["objectSize", "objectFile"],
  ["probe", "probeFile"],
  ["probeRadius", "probeFile"],
  ["scan", "scanFile"],
  ["scanJitter", "scanFile"],
  ["nImages", "scanFile"],
  ["nPhotons", "doseLadder"],
] as const;

function isGiven(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === "cli";
}

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function doses(text: string): readonly number[] {
  return text.split(",").map(numberFrom("--dose_ladder", 1, 1e15, false));
}

function patternEdge(text: string): number {
  if (text === "64" || text === "128" || text === "256") return Number(text);
  throw new PtychoError("UsageError", `--N: expected one of 64, 128, 256, got '${text}'`);
}
