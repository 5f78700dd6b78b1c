// The scans of a training or an inference: in memory where the plan fits the limit, else on disk, else refused.
import { check } from "../core/errors.js";
import { storedStack } from "../data/frame-stack.js";
import { openFrames } from "../data/open-frames.js";
import { type Domain, type RawData, scanSize } from "../data/raw-data.js";
import { isNpz } from "../data/readers/open-scan-source.js";
import { scanExtent, spanOf } from "../data/scan-extent.js";
import type { AnyRaw } from "../data/stored-scan.js";
import { prepareOutputFolder } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import { DOMAIN_OF, type Profile } from "../training/objective.js";
import type { Work } from "./contract.js";
import type { MemoryLimit, MemoryNeeds, PlannedScan } from "./memory-plan.js";
import { readScanOf, type ScanFileSettings, sourceOptions } from "./training-data.js";

/** A scan file, or a scan that was handed over in its place. */
export interface AskedScan {
  readonly path: string;
  readonly given: RawData | undefined;
}

export interface RunScan {
  readonly raw: AnyRaw<Domain>;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** Gives the file back; patterns on disk end with it. */
  close(): void;
}

export interface OpenRunScan {
  readonly profile: Profile;
  readonly data: ScanFileSettings;
  /** Also read the ground truth: labels of supervised training. Needs the patterns in memory. */
  readonly truth: boolean;
  readonly place: "memory" | "disk";
  readonly limit: MemoryLimit;
  /** Where compressed patterns are unpacked to. */
  readonly outputDir: string;
  readonly signal: AbortSignal;
}

/** The size of a scan, without reading a pattern. @throws PtychoError DataError as reading it does. */
export async function plannedScan({ path, given }: AskedScan, data: ScanFileSettings): Promise<PlannedScan> {
  if (given === undefined) {
    const { axisOrder, map } = sourceOptions(data);
    const options = {
      ...(axisOrder === undefined ? {} : { axisOrder }),
      ...(map === undefined ? {} : { map }),
    };
    return { ...(await scanExtent(path, options)), isHandedOver: false };
  }
  return {
    ...scanSize(given),
    modes: given.probe.shape[0],
    spanPx: Math.max(spanOf(given.xPx), spanOf(given.yPx)),
    readingBytes: 0,
    isHandedOver: true,
  };
}

/**
 * Where the patterns go, and the sentence that says so.
 *
 * @param lower the settings that make a run need less, in words
 * @throws PtychoError ResourceError where the run does not fit even with its patterns on disk.
 */
export function placePatterns(
  { inMemory, onDisk }: MemoryNeeds,
  { bytes, origin }: MemoryLimit,
  lower: string,
): { readonly place: "memory" | "disk"; readonly text: string } {
  const limit = `the limit is ${inGb(bytes)} GB (${origin})`;
  if (inMemory <= bytes)
    return { place: "memory", text: `needs about ${inGb(inMemory)} GB of memory, ${limit}` };
  check(
    onDisk <= bytes,
    "ResourceError",
    () =>
      `memory: the run needs about ${inGb(onDisk)} GB` +
      `${onDisk < inMemory ? " even with the patterns on disk" : ""}, ${limit}; lower ${lower}, or raise --max_memory`,
  );
  return {
    place: "disk",
    text:
      `needs about ${inGb(inMemory)} GB of memory with the patterns in it, ${inGb(onDisk)} GB without, ${limit}: ` +
      "they are read from disk batch by batch",
  };
}

/** Opens a scan in the domain of the profile. @throws PtychoError as `readScan` and `openFrames`. */
export async function* openRunScan({ path, given }: AskedScan, request: OpenRunScan): Work<RunScan> {
  const { profile, data, place, limit, outputDir, signal } = request;
  if (given !== undefined || place === "memory")
    return { ...(await scanInMemory({ path, given }, request)), close() {} };
  prepareOutputFolder(outputDir);
  const where = printable(path);
  const domain = DOMAIN_OF[profile];
  const scan = yield* openFrames(path, {
    ...sourceOptions(data),
    ...{ memoryBytes: limit.bytes, scratchFolder: outputDir, signal, staysOnDisk: true },
    // A detector of a beamline has pixels that count nothing, and its file says which; a network takes them as 0.
    mask: isNpz(path) ? "none" : "file",
    values: { domain, notMeasured: 0 },
  });
  const { frames, probe, xPx, yPx, nphotons, pixelSizeM, energyEv, distanceM } = scan;
  if (probe === undefined) scan.close();
  check(
    probe !== undefined,
    "DataError",
    () => `${where}: it holds no probe ('probeGuess'), and a network needs one; add it to the file`,
  );
  return {
    raw: {
      diffraction: { domain, array: storedStack(frames) },
      ...{ xPx, yPx, probe },
      ...(nphotons === undefined ? {} : { nphotons }),
      ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
      ...(energyEv === undefined ? {} : { energyEv }),
      ...(distanceM === undefined ? {} : { distanceM }),
    },
    notes: scan.notes ?? [],
    warnings: [...scan.warnings, ...scan.maskNotes.map((note) => `${where}: ${note}`)],
    close: () => scan.close(),
  };
}

/** The scan in memory; with its truth only where that is asked for. A scan handed over is checked where it is grouped. */
async function scanInMemory(
  { path, given }: AskedScan,
  { profile, data, truth }: OpenRunScan,
): Promise<Omit<RunScan, "close">> {
  if (given === undefined) return readScanOf(path, profile, data, truth);
  if (truth) return { raw: given, notes: [], warnings: [] };
  const { truth: _, ...measured } = given;
  return { raw: measured, notes: [], warnings: [] };
}

const inGb = (bytes: number): string => (bytes / 1e9).toPrecision(3);
