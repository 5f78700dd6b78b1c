// The patterns of a scan of another format than NPZ that stay on disk.
import { check } from "../core/errors.js";
import { ELEMENT_BYTES } from "../formats/element.js";
import type { DiffractionUnits } from "./diffraction-units.js";
import type { StoredDiffraction } from "./scan-members.js";
import type { ScanSource } from "./scan-source.js";
import type { FrameBlock } from "./stored-frames.js";
import type { StoredScan } from "./stream-frames.js";

/** Patterns are taken from the file in pieces of about so many bytes. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Bytes that reading all patterns takes: as they are stored, and as float32 where that is another type. */
export function sourceBytes({ header: { dtype }, n, N }: StoredDiffraction): number {
  const values = n * N * N;
  const bytes = dtype in ELEMENT_BYTES ? ELEMENT_BYTES[dtype as keyof typeof ELEMENT_BYTES] : 0;
  return values * (bytes + (dtype === "float32" ? 0 : ELEMENT_BYTES.float32));
}

/**
 * Packed chunks hold several patterns each, so all are unpacked once.
 *
 * @throws PtychoError DataError where the format cannot be read in part, or its patterns run along the last axis.
 */
export function sourceFrames(
  source: ScanSource,
  where: string,
  stored: StoredDiffraction,
  units: DiffractionUnits,
): StoredScan {
  const { n, N, order } = stored;
  const { readFrames, pixelSizeM, energyEv, distanceM } = source;
  check(
    readFrames !== undefined && order === "NHW",
    "DataError",
    () =>
      `${where}: the patterns are larger than the memory allowed, and a ${source.format} file ` +
      `${order === "HWN" ? "whose patterns run along the last axis" : "of this kind"} is read whole; save it as HDF5 or ` +
      ".npz (n, H, W), or raise --max_memory",
  );
  const step = Math.max(1, Math.floor(PIECE_BYTES / (4 * N * N)));
  return {
    ...{ where, arrays: source, n, N, units, isPacked: true },
    geometry: {
      ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
      ...(energyEv === undefined ? {} : { energyEv }),
      ...(distanceM === undefined ? {} : { distanceM }),
    },
    notes: source.notes.map((note) => `${where}: ${note}`),
    warnings: [],
    readingBytes: sourceBytes(stored),
    async *blocks(): AsyncGenerator<FrameBlock, void, void> {
      for (let first = 0; first < n; first += step)
        yield { first, values: readFrames(first, Math.min(n, first + step)) };
    },
    read: (pattern, into) => into.set(readFrames(pattern, pattern + 1)),
    close: () => source.close(),
  };
}
