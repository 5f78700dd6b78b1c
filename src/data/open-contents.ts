// Opens a scan file for examination: every array that can be read is, and why the others cannot is noted.
import { check } from "../core/errors.js";
import { parseNpz } from "../formats/npz.js";
import { type OpenFile, openRegularFile } from "../formats/open-file.js";
import { printable } from "../formats/printable.js";
import { type AxisOrder, detectAxisOrder, toPatternsFirst } from "./axis-order.js";
import { DIFFRACTION_KEYS, SCAN_KEYS, TRUE_POSITION_KEYS } from "./keys.js";
import { readMetadata } from "./metadata.js";
import { patternBlocks, patternsFirst } from "./pattern-blocks.js";
import { readPixelMask } from "./pixel-mask.js";
import { openScanSource } from "./readers/open-scan-source.js";
import {
  attempt,
  type PatternBlock,
  type ScanContents,
  type StoredPatterns,
  type Trouble,
} from "./scan-contents.js";
import { missingArray, readCoordinates } from "./scan-members.js";
import type { ScanArrays, ScanSource } from "./scan-source.js";
import { complexValues, realValues } from "./stored-values.js";

export interface OpenContentsOptions {
  /** Overrides the detection of (n, H, W) against (H, W, n). */
  readonly axisOrder?: AxisOrder;
  /** A mapping file for an HDF5 file whose layout no reader knows. */
  readonly map?: string;
}

/** What stands in a scan file beside positions, one number to a pattern. */
const PER_PATTERN_KEYS = [
  SCAN_KEYS.xStart,
  SCAN_KEYS.yStart,
  SCAN_KEYS.scanIndex,
  TRUE_POSITION_KEYS.x,
  TRUE_POSITION_KEYS.y,
] as const;

/**
 * Opens any scan file, good or not. Only the headers, the positions, the probe and the mask are read; the patterns when
 * their blocks are asked for. The caller closes it.
 *
 * @throws PtychoError where the file as a whole cannot be opened: DataError, ResourceError.
 */
export async function openContents(path: string, options: OpenContentsOptions = {}): Promise<ScanContents> {
  const where = printable(path);
  const file = openRegularFile(path);
  const bytes = file.length;
  if (!isZip(file)) {
    file.close();
    const { map } = options;
    const source = await openScanSource(path, map === undefined ? {} : { map });
    return contentsOf(source, options, {
      ...{ where, bytes, format: source.format, units: source.units, pixelSizeM: source.pixelSizeM },
      notes: source.notes,
      blocks: (patterns) => sourceBlocks(source, patterns, where),
      close: () => source.close(),
    });
  }
  try {
    const npz = parseNpz(file, where, { limits: { maxTotalBytes: Number.MAX_SAFE_INTEGER } });
    return contentsOf(npz, options, {
      ...{
        where,
        bytes,
        format: "NPZ",
        units: undefined,
        pixelSizeM: undefined,
        notes: [],
        close: file.close,
      },
      blocks: ({ key, order }) =>
        patternBlocks({ file, where, key, order, member: npz.member(key), header: npz.header(key) }),
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

function isZip(file: OpenFile): boolean {
  return file.length >= 2 && file.bytes(0, 2).toString("latin1") === "PK";
}

type OrderedPatterns = StoredPatterns & { readonly order: AxisOrder };

interface Opened
  extends Pick<ScanContents, "where" | "bytes" | "format" | "units" | "pixelSizeM" | "notes" | "close"> {
  readonly blocks: (patterns: OrderedPatterns) => AsyncIterable<PatternBlock>;
}

function contentsOf(
  arrays: ScanArrays,
  { axisOrder }: OpenContentsOptions,
  { blocks, ...opened }: Opened,
): ScanContents {
  const { where } = opened;
  const troubles: Trouble[] = [];
  const headers = arrays.names.flatMap((name) => {
    const header = attempt(troubles, name, () => arrays.header(name));
    return header === undefined ? [] : [{ name, header }];
  });
  const coordinate = (key: string) => attempt(troubles, key, () => readCoordinates(arrays, where, key));
  const [xPx, yPx] = [coordinate(SCAN_KEYS.x), coordinate(SCAN_KEYS.y)];
  const patterns = storedPatterns(arrays, where, axisOrder, xPx?.length ?? -1, troubles);
  const perPattern = new Map<string, Float64Array>();
  for (const key of PER_PATTERN_KEYS) {
    if (!arrays.has(key)) continue;
    const values = coordinate(key);
    if (values !== undefined) perPattern.set(key, values);
  }
  const readComplex = (key: string) =>
    arrays.has(key) ? complexValues(arrays.read(key), where, key) : undefined;
  const notes: string[] = [];
  const metadata = readMetadata(where, arrays, notes);
  for (const message of notes) troubles.push({ place: SCAN_KEYS.metadata, message });
  const truth = headers.find(({ name }) => name === SCAN_KEYS.truthObject);
  const isSquare = patterns !== undefined && patterns.height === patterns.width;
  return {
    ...opened,
    arrays: headers.map(({ name, header: { dtype, shape } }) => ({ name, dtype, shape })),
    ...{ patterns, xPx, yPx, perPattern, metadata, troubles },
    probe: attempt(troubles, SCAN_KEYS.probe, () => readComplex(SCAN_KEYS.probe)),
    mask: isSquare
      ? attempt(troubles, "mask", () => {
          const frame = { n: patterns.n, N: patterns.width, patternsLast: patterns.order === "HWN" };
          return readPixelMask(arrays, where, frame);
        })
      : undefined,
    objectShape: truth?.header.shape,
    readObject: () => readComplex(SCAN_KEYS.truthObject),
    async *blocks() {
      check(
        patterns?.order !== undefined,
        "DataError",
        () => `${where}: the patterns cannot be read: no array of them, or no order of its axes, is known`,
      );
      yield* blocks({ ...patterns, order: patterns.order });
    },
  };
}

function storedPatterns(
  arrays: ScanArrays,
  where: string,
  stated: AxisOrder | undefined,
  positions: number,
  troubles: Trouble[],
): StoredPatterns | undefined {
  return attempt(troubles, DIFFRACTION_KEYS[0], () => {
    const key = DIFFRACTION_KEYS.find((name) => arrays.has(name));
    if (key === undefined) throw missingArray(arrays, where, DIFFRACTION_KEYS);
    const { shape, dtype } = arrays.header(key);
    check(
      shape.length === 3 && shape.every((extent) => extent > 0),
      "DataError",
      () => `${where}: ${key} must be 3-D [n, H, W] and not empty, got shape [${shape.join(", ")}]`,
    );
    const order = stated ?? attempt([], key, () => detectAxisOrder(where, shape, positions));
    const [n, height, width] = patternsFirst(shape, order ?? "NHW");
    return { key, dtype, shape, order, n, height, width };
  });
}

/** Bytes of patterns that are read at once. */
const BLOCK_BYTES = 64 * 2 ** 20;

async function* sourceBlocks(
  source: ScanSource,
  { key, n, height, width, order, shape }: OrderedPatterns,
  where: string,
): AsyncGenerator<PatternBlock, void, void> {
  const { readFrames } = source;
  if (readFrames === undefined || order === "HWN") {
    const values = realValues(source.read(key), where, key);
    yield { first: 0, values: order === "HWN" ? toPatternsFirst(values, shape).data : values.slice() };
    return;
  }
  const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / (4 * height * width)));
  for (let first = 0; first < n; first += atOnce)
    yield { first, values: readFrames(first, Math.min(n, first + atOnce)) };
}
