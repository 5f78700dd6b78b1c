// How large a scan file is, from its headers alone.
import { parseNpz } from "../formats/npz.js";
import { openRegularFile } from "../formats/open-file.js";
import { printable } from "../formats/printable.js";
import { SCAN_KEYS } from "./keys.js";
import { readingBytes } from "./npz-frames.js";
import { isNpz, openScanSource, type ScanSourceOptions } from "./readers/open-scan-source.js";
import {
  type DiffractionOptions,
  findDiffraction,
  readCoordinates,
  type StoredDiffraction,
} from "./scan-members.js";
import type { ArrayHeader, ScanArrays } from "./scan-source.js";
import { sourceBytes } from "./source-frames.js";

export interface ScanExtent {
  /** Patterns, and their edge in pixels. */
  readonly n: number;
  readonly N: number;
  /** Probe modes; 1 where the file has no probe. */
  readonly modes: number;
  /** Largest distance between two positions along one axis, pixels. */
  readonly spanPx: number;
  /** Bytes that reading all patterns into memory takes at its peak. */
  readonly readingBytes: number;
}

/** Largest distance between two of the finite values; those that are not finite are refused where a scan is read. */
export function spanOf(values: Float64Array): number {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return 0;
  return finite.reduce((a, b) => Math.max(a, b)) - finite.reduce((a, b) => Math.min(a, b));
}

/** Reads headers and positions, and no pattern. @throws PtychoError DataError, as reading the scan does. */
export async function scanExtent(
  path: string,
  options: DiffractionOptions & ScanSourceOptions,
): Promise<ScanExtent> {
  const where = printable(path);
  if (options.map !== undefined || !isNpz(path)) {
    const source = await openScanSource(path, options);
    try {
      return extentOf(source, where, options, sourceBytes);
    } finally {
      source.close();
    }
  }
  const file = openRegularFile(path);
  try {
    const npz = parseNpz(file, where, { limits: { maxTotalBytes: Number.MAX_SAFE_INTEGER } });
    return extentOf(npz, where, options, (stored) =>
      readingBytes(file.length, npz.member(stored.key), stored),
    );
  } finally {
    file.close();
  }
}

function extentOf<H extends ArrayHeader>(
  arrays: ScanArrays<H>,
  where: string,
  options: DiffractionOptions,
  bytesOf: (stored: StoredDiffraction<H>) => number,
): ScanExtent {
  const xPx = readCoordinates(arrays, where, SCAN_KEYS.x);
  const yPx = readCoordinates(arrays, where, SCAN_KEYS.y);
  const stored = findDiffraction(arrays, where, xPx.length, options);
  const { n, N } = stored;
  const shape = arrays.has(SCAN_KEYS.probe) ? arrays.header(SCAN_KEYS.probe).shape : [];
  const modes = shape.length === 2 ? 1 : shape.reduce((size, extent) => size * extent, 1) / (N * N);
  return {
    ...{ n, N },
    modes: Math.max(1, Math.round(modes)),
    spanPx: Math.max(spanOf(xPx), spanOf(yPx)),
    readingBytes: bytesOf(stored),
  };
}
