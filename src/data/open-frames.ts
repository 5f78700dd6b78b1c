// A scan for an iterative engine: patterns in memory where they fit, else read from disk one at a time.
import type { ProgressEvent } from "../core/progress.js";
import { parseNpz } from "../formats/npz.js";
import { openRegularFile } from "../formats/open-file.js";
import { printable } from "../formats/printable.js";
import { findBadPixels } from "./find-bad-pixels.js";
import { residentFrames } from "./frame-source.js";
import { SCAN_KEYS } from "./keys.js";
import { npzFrames, readingBytes } from "./npz-frames.js";
import type { Domain } from "./raw-data.js";
import { readMeasuredScan } from "./read-scan.js";
import { isNpz, openScanSource } from "./readers/open-scan-source.js";
import type { OpenFramesOptions, ScanFrames } from "./scan-frames.js";
import { findDiffraction, readCoordinates } from "./scan-members.js";
import { sourceBytes, sourceFrames } from "./source-frames.js";
import { type StoredScan, streamFrames } from "./stream-frames.js";
import { FOR_ENGINES } from "./survey-frames.js";

/**
 * Opens a scan, and says in one sentence where its patterns stay on disk. The truth in the file is never read.
 *
 * @throws PtychoError DataError naming file, key and index for anything that cannot be used, ResourceError where the disk
 * has no room for what must be unpacked, Interrupted on abort.
 */
export async function* openFrames(
  path: string,
  options: OpenFramesOptions,
): AsyncGenerator<ProgressEvent, ScanFrames, void> {
  const stored = isNpz(path) ? storedNpz(path, options) : await storedSource(path, options);
  return stored === undefined ? await readAll(path, options) : yield* streamFrames(stored, options);
}

/** The patterns of an NPZ file, if they are to stay on disk. */
function storedNpz(path: string, options: OpenFramesOptions): StoredScan | undefined {
  if (options.map !== undefined) return undefined;
  const where = printable(path);
  const file = openRegularFile(path);
  let isHandedOn = false;
  try {
    const npz = parseNpz(file, where, { limits: { maxTotalBytes: Number.MAX_SAFE_INTEGER } });
    const positions = readCoordinates(npz, where, SCAN_KEYS.x).length;
    const stored = findDiffraction(npz, where, positions, options);
    const bytes = readingBytes(file.length, npz.member(stored.key), stored);
    if (options.staysOnDisk !== true && bytes <= options.memoryBytes) return undefined;
    const frames = npzFrames({ file, npz, where, stored }, options.units ?? domainOf(options));
    isHandedOn = true;
    return frames;
  } finally {
    if (!isHandedOn) file.close();
  }
}

/** The patterns of a file of another format, if they are to stay on disk. */
async function storedSource(path: string, options: OpenFramesOptions): Promise<StoredScan | undefined> {
  const where = printable(path);
  const source = await openScanSource(path, options);
  let isHandedOn = false;
  try {
    const positions = readCoordinates(source, where, SCAN_KEYS.x).length;
    const stored = findDiffraction(source, where, positions, options);
    if (options.staysOnDisk !== true && sourceBytes(stored) <= options.memoryBytes) return undefined;
    const frames = sourceFrames(source, where, stored, options.units ?? source.units ?? domainOf(options));
    isHandedOn = true;
    return frames;
  } finally {
    if (!isHandedOn) source.close();
  }
}

async function readAll(path: string, options: OpenFramesOptions): Promise<ScanFrames> {
  const scan = await readMeasuredScan(path, { ...options, domain: "amplitude" });
  const { diffraction, xPx, yPx, nphotons, pixelSizeM, energyEv, distanceM } = scan.measurement;
  const { mask, sentences } = findBadPixels(options.mask, scan);
  return {
    frames: residentFrames(diffraction.array, mask),
    ...{
      xPx,
      yPx,
      probe: scan.probe,
      nphotons,
      maskNotes: sentences,
      notes: scan.notes,
      warnings: scan.warnings,
    },
    ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
    ...(energyEv === undefined ? {} : { energyEv }),
    ...(distanceM === undefined ? {} : { distanceM }),
    streamed: false,
    close() {},
  };
}

const domainOf = ({ values }: OpenFramesOptions): Domain => values?.domain ?? FOR_ENGINES.domain;
