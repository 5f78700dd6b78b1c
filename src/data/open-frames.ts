// A scan for an iterative engine: patterns in memory where they fit, else read from disk one at a time.
import type { ProgressEvent } from "../core/progress.js";
import { parseNpz } from "../formats/npz.js";
import { openRegularFile } from "../formats/open-file.js";
import { printable } from "../formats/printable.js";
import { findBadPixels } from "./find-bad-pixels.js";
import { residentFrames } from "./frame-source.js";
import { SCAN_KEYS } from "./keys.js";
import { readMeasuredScan } from "./read-scan.js";
import type { OpenFramesOptions, ScanFrames } from "./scan-frames.js";
import { findDiffraction, readCoordinates } from "./scan-members.js";
import { readingBytes, streamFrames } from "./stream-frames.js";

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
  const where = printable(path);
  const file = openRegularFile(path);
  let isHandedOn = false;
  try {
    const npz = parseNpz(file, where, { limits: { maxTotalBytes: Number.MAX_SAFE_INTEGER } });
    const positions = readCoordinates(npz, where, SCAN_KEYS.x).length;
    const stored = findDiffraction(npz, where, positions, options);
    if (readingBytes(file.length, npz.member(stored.key), stored) > options.memoryBytes) {
      isHandedOn = true;
      return yield* streamFrames({ file, npz, where, stored }, options);
    }
  } finally {
    if (!isHandedOn) file.close();
  }
  return readAll(path, options);
}

function readAll(path: string, options: OpenFramesOptions): ScanFrames {
  const scan = readMeasuredScan(path, { ...options, domain: "amplitude" });
  const { diffraction, xPx, yPx, nphotons } = scan.measurement;
  const { mask, sentences } = findBadPixels(options.mask, scan);
  return {
    frames: residentFrames(diffraction.array, mask),
    ...{ xPx, yPx, probe: scan.probe, nphotons, maskNotes: sentences, warnings: scan.warnings },
    streamed: false,
    close() {},
  };
}
