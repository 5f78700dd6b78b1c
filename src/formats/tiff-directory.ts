// The directories of a TIFF file (TIFF 6.0; BigTIFF) with one value to a pixel: every number checked against the file, nothing
// unpacked. Pages go in no circle, arrays of tags and blocks lie in the file, and sizes are those that their bytes can hold.
import { PtychoError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import { ZIP_LIMITS } from "./zip-directory.js";

export type TiffPacking = "none" | "lzw" | "deflate" | "packbits";
export type TiffDType =
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "float16"
  | "float32"
  | "float64";

/** One picture. Its blocks are tiles, or strips, which are as wide as it; row by row. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly dtype: TiffDType;
  readonly elementBytes: number;
  readonly bigEndian: boolean;
  readonly packing: TiffPacking;
  /** 1 none, 2 differences along the row, 3 differences of the bytes of floats (TIFF technical note 3). */
  readonly predictor: 1 | 2 | 3;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly isTiled: boolean;
  readonly blocks: readonly { readonly start: number; readonly bytes: number }[];
}

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  packing: 259,
  photometric: 262,
  fillOrder: 266,
  description: 270,
  stripStarts: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileStarts: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;
const WANTED: readonly number[] = Object.values(TAG);

/** Bytes of a value of each field type. */
const TYPE_BYTES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const PACKINGS: Readonly<Record<number, TiffPacking>> = {
  1: "none",
  5: "lzw",
  8: "deflate",
  32946: "deflate",
  32773: "packbits",
};
const MOST_PAGES = 1_000_000;
const MOST_SIDE = 2 ** 17;
/** A tile may be larger than the picture, by so much. */
const MOST_TILE = 4096;

/** Whether bytes open a TIFF file. */
export function isTiff(head: Buffer): boolean {
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(head.subarray(0, 4).toString("latin1"));
}

type Tags = ReadonlyMap<number, readonly number[]>;

/** Lists the pictures; thumbnails and masks are left out. @throws PtychoError DataError for a damaged or forged file. */
export function readTiffPages(file: ByteSource, where: string): readonly TiffPage[] {
  const fail = (message: string): never => {
    throw new PtychoError("DataError", `${where}: ${message}`);
  };
  const head = file.bytes(0, Math.min(16, file.length));
  if (!isTiff(head)) fail("expected a TIFF file, found other bytes; check that this is the right file");
  const bigEndian = head[0] === 0x4d;
  const isBig = head[bigEndian ? 3 : 2] === 43;
  const truncated = (): never =>
    fail(`the TIFF file is cut off or damaged in its ${file.length} bytes; copy it again`);
  const take = (from: number, bytes: number): Buffer =>
    from >= 0 && from + bytes <= file.length ? file.bytes(from, from + bytes) : truncated();
  const unsigned = (bytes: Buffer, at: number, size: number): number => {
    if (size <= 4) return bigEndian ? bytes.readUIntBE(at, size) : bytes.readUIntLE(at, size);
    const value = Number(bigEndian ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at));
    return Number.isSafeInteger(value) ? value : truncated();
  };
  const [offsetBytes, countBytes, entryBytes] = isBig ? [8, 8, 20] : [4, 2, 12];
  const seen = new Set<number>();
  const pages: TiffPage[] = [];
  let stated: number | undefined;
  let listed = 0;
  let at = unsigned(take(0, isBig ? 16 : 8), isBig ? 8 : 4, offsetBytes);
  while (at !== 0) {
    if (seen.has(at)) fail("the pages of the TIFF file go in a circle; it is forged or damaged");
    seen.add(at);
    if (seen.size > MOST_PAGES) fail(`the TIFF file has more than ${MOST_PAGES} pages; split it`);
    const entries = unsigned(take(at, countBytes), 0, countBytes);
    const listing = take(at + countBytes, entries * entryBytes + offsetBytes);
    const tags = new Map<number, readonly number[]>();
    for (let i = 0; i < entries; i++) {
      const from = i * entryBytes;
      const tag = unsigned(listing, from, 2);
      if (!WANTED.includes(tag) || (tag === TAG.description && seen.size > 1)) continue;
      const size = TYPE_BYTES[unsigned(listing, from + 2, 2)] ?? 0;
      const count = unsigned(listing, from + 4, offsetBytes);
      // Pages that share their arrays would make a small file large.
      listed += count * size;
      if (size === 0 || listed > file.length) truncated();
      const inPlace = count * size <= offsetBytes;
      const start = inPlace ? from + 4 + offsetBytes : unsigned(listing, from + 4 + offsetBytes, offsetBytes);
      const bytes = inPlace ? listing.subarray(start, start + count * size) : take(start, count * size);
      tags.set(
        tag,
        Array.from({ length: count }, (_, k) => unsigned(bytes, k * size, size)),
      );
    }
    if (seen.size === 1) stated = statedPictures(tags);
    if (((tags.get(TAG.subfile)?.[0] ?? 0) & 0b101) === 0)
      pages.push(toPage(tags, file, bigEndian, `page ${seen.size - 1}`, fail));
    at = unsigned(listing, entries * entryBytes, offsetBytes);
  }
  if (pages.length === 0) fail("the TIFF file holds no picture; give one page to a pattern");
  if (stated !== undefined && stated !== pages.length)
    fail(
      `the file of ImageJ states ${stated} pictures and has ${pages.length} pages; save it as HDF5, or as NPY`,
    );
  return pages;
}

/** ImageJ keeps a large stack behind one page, and says in its description how many pictures there are. */
function statedPictures(tags: Tags): number | undefined {
  const text = Buffer.from(tags.get(TAG.description) ?? []).toString("latin1");
  const [, count] = /^ImageJ=[\s\S]*^images=(\d+)/m.exec(text) ?? [];
  return count === undefined ? undefined : Number(count);
}

const DTYPES: Readonly<Record<string, TiffDType>> = {
  ...{ "1.8": "uint8", "1.16": "uint16", "1.32": "uint32", "1.64": "uint64" },
  ...{ "2.8": "int8", "2.16": "int16", "2.32": "int32", "2.64": "int64" },
  ...{ "3.16": "float16", "3.32": "float32", "3.64": "float64" },
};

function toPage(
  tags: Tags,
  file: ByteSource,
  bigEndian: boolean,
  page: string,
  fail: (message: string) => never,
): TiffPage {
  const one = (tag: number, otherwise?: number): number => {
    const value = tags.get(tag)?.[0] ?? otherwise;
    return value === undefined ? fail(`${page} lacks the TIFF tag ${tag}; write the file again`) : value;
  };
  const expect = (holds: boolean, message: () => string): void => {
    if (!holds) fail(`${page} ${message()}`);
  };
  const [width, height] = [one(TAG.width), one(TAG.height)];
  expect(
    width >= 1 && height >= 1 && width <= MOST_SIDE && height <= MOST_SIDE,
    () => `is ${width} x ${height} pixels; expected 1 to ${MOST_SIDE} a side, the file is damaged`,
  );
  expect(
    one(TAG.samples, 1) === 1 && one(TAG.photometric, 1) !== 3,
    () => "has several values to a pixel, or a palette; save the patterns as grey values",
  );
  const bits = one(TAG.bits, 1);
  const dtype = DTYPES[`${one(TAG.sampleFormat, 1)}.${bits}`];
  if (dtype === undefined || one(TAG.fillOrder, 1) !== 1)
    return fail(
      `${page} has ${bits} bits to a pixel (format ${one(TAG.sampleFormat, 1)}); save it as integers of 8, 16, 32 or 64 ` +
        "bits, or as floats of 16, 32 or 64",
    );
  const packing = PACKINGS[one(TAG.packing, 1)];
  const predictor = one(TAG.predictor, 1);
  if (packing === undefined || (predictor !== 1 && predictor !== 2 && predictor !== 3))
    return fail(
      `${page} is packed with method ${one(TAG.packing, 1)} and predictor ${predictor}, which is not supported; save it ` +
        "unpacked, or with deflate (zlib) or LZW",
    );
  const isTiled = tags.has(TAG.tileStarts);
  const blockWidth = isTiled ? one(TAG.tileWidth) : width;
  const blockHeight = isTiled ? one(TAG.tileHeight) : Math.min(height, one(TAG.rowsPerStrip, height));
  expect(
    blockWidth >= 1 && blockHeight >= 1 && blockWidth < width + MOST_TILE && blockHeight < height + MOST_TILE,
    () => `has blocks of ${blockWidth} x ${blockHeight} pixels; the file is damaged`,
  );
  const starts = tags.get(isTiled ? TAG.tileStarts : TAG.stripStarts) ?? [];
  const sizes = tags.get(isTiled ? TAG.tileBytes : TAG.stripBytes) ?? [];
  const count = Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight);
  expect(
    starts.length === count && sizes.length === count,
    () => `needs ${count} blocks, its directory lists ${starts.length}; the file is damaged`,
  );
  expect(
    starts.every((start, i) => start + sizes[i] <= file.length),
    () => "has blocks beyond the end of the file; it is cut off, copy it again",
  );
  const elementBytes = bits / 8;
  const unpacked = count * blockWidth * blockHeight * elementBytes;
  const packed = sizes.reduce((sum, bytes) => sum + bytes, 0);
  expect(
    unpacked <= ZIP_LIMITS.ratioFreeBytes || unpacked <= ZIP_LIMITS.maxRatio * packed,
    () => `would grow from ${packed} to ${unpacked} bytes, like a bomb; save it unpacked if it is real`,
  );
  return {
    ...{ width, height, dtype, elementBytes, bigEndian, packing, predictor },
    ...{ blockWidth, blockHeight, isTiled },
    blocks: starts.map((start, i) => ({ start, bytes: sizes[i] })),
  };
}
