// The pictures of a TIFF file, one at a time. Packed blocks are unpacked into the size that the directory gives them, no more.
import { inflateSync } from "node:zlib";
import { PtychoError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import { decodeElements, halfToSingle } from "./element.js";
import type { TiffPage } from "./tiff-directory.js";

/** The values [height, width] of a page, as float32. @throws PtychoError DataError for damaged data. */
export function readTiffPage(file: ByteSource, page: TiffPage, where: string): Float32Array {
  const { width, height, blockWidth, blockHeight, elementBytes, isTiled } = page;
  const picture = new Float32Array(width * height);
  const across = Math.ceil(width / blockWidth);
  for (const [i, { start, bytes }] of page.blocks.entries()) {
    const top = Math.floor(i / across) * blockHeight;
    const left = (i % across) * blockWidth;
    // The last strip may end with the picture; a tile is whole.
    const rows = isTiled ? blockHeight : Math.min(blockHeight, height - top);
    const size = rows * blockWidth * elementBytes;
    const unpacked = unpack(file.bytes(start, start + bytes), page, size);
    if (unpacked === undefined || unpacked.length < size)
      throw new PtychoError(
        "DataError",
        `${where}: block ${i} of a page does not unpack to its ${size} bytes; the file is damaged, write it again`,
      );
    const values = valuesOf(unpacked.subarray(0, size), page, rows);
    const columns = Math.min(blockWidth, width - left);
    for (let row = 0; row < Math.min(rows, height - top); row++)
      for (let column = 0; column < columns; column++)
        picture[(top + row) * width + left + column] = Number(values[row * blockWidth + column]);
  }
  return picture;
}

/** At least `size` bytes where the block is sound; a strip may be padded to its full height. */
function unpack(block: Buffer, { packing, blockHeight, blockWidth, elementBytes }: TiffPage, size: number) {
  switch (packing) {
    case "none":
      return block;
    case "deflate":
      try {
        return inflateSync(block, { maxOutputLength: blockHeight * blockWidth * elementBytes });
      } catch {
        return undefined;
      }
    case "lzw":
      return unpackLzw(block, size);
    case "packbits":
      return unpackBits(block, size);
  }
}

/** TIFF 6.0, section 9: runs of bytes as they are, and of one byte repeated. */
function unpackBits(block: Buffer, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  let [to, from] = [0, 0];
  while (to < size) {
    if (from >= block.length) return undefined;
    const head = block.readInt8(from++);
    if (head === -128) continue;
    const run = Math.min(Math.abs(head) + 1, size - to);
    if (head < 0) out.fill(block[from++] ?? 0, to, to + run);
    else {
      out.set(block.subarray(from, from + run), to);
      from += run;
    }
    if (from > block.length) return undefined;
    to += run;
  }
  return out;
}

const CLEAR = 256;
const END = 257;
const MOST_CODES = 4096;

/** TIFF 6.0, section 13: codes of 9 to 12 bits, high bits first, one bit more a code early. */
function unpackLzw(block: Buffer, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  // A code stands for the bytes of an earlier code and one more, so that chains always end.
  const before = new Uint16Array(MOST_CODES);
  const last = Uint8Array.from({ length: MOST_CODES }, (_, code) => code & 255);
  const lengths = new Uint16Array(MOST_CODES).fill(1);
  let [to, bitAt, bits, next] = [0, 0, 9, END + 1];
  let previous = -1;
  while (to < size) {
    if (bitAt + bits > 8 * block.length) return undefined;
    const code = bitsAt(block, bitAt, bits);
    bitAt += bits;
    if (code === END) return undefined;
    if (code === CLEAR) {
      [bits, next, previous] = [9, END + 1, -1];
      continue;
    }
    const isNew = code === next && previous >= 0;
    if (code > (previous < 0 ? 255 : next) || (code === next && !isNew)) return undefined;
    const known = isNew ? previous : code;
    const length = lengths[known];
    let first = known;
    for (let k = length - 1; k >= 0; k--) {
      if (to + k < size) out[to + k] = last[first];
      if (k > 0) first = before[first];
    }
    const firstByte = last[first];
    to += length;
    if (isNew && to < size) out[to++] = firstByte;
    if (previous >= 0 && next < MOST_CODES) {
      before[next] = previous;
      last[next] = firstByte;
      lengths[next] = lengths[previous] + 1;
      next++;
    }
    if (next + 1 >= 2 ** bits && bits < 12) bits++;
    previous = code;
  }
  return out;
}

function bitsAt(block: Buffer, at: number, bits: number): number {
  const from = at >> 3;
  const three = (block[from] << 16) | ((block[from + 1] ?? 0) << 8) | (block[from + 2] ?? 0);
  return (three >> (24 - (at & 7) - bits)) & (2 ** bits - 1);
}

function valuesOf(bytes: Uint8Array, page: TiffPage, rows: number): ArrayLike<number | bigint> {
  const { dtype, predictor, blockWidth, elementBytes } = page;
  const isFloat = dtype.startsWith("float");
  const plain = predictor === 3 && isFloat ? joinFloatBytes(bytes, blockWidth, elementBytes) : bytes;
  const bigEndian = predictor === 3 && isFloat ? true : page.bigEndian;
  if (dtype === "float16") return halfToSingle(decodeElements("uint16", plain, bigEndian));
  const values = decodeElements(dtype, plain, bigEndian);
  if (predictor !== 2) return values;
  // The array wraps around at the width of its type, as the differences do.
  for (let row = 0; row < rows; row++)
    for (let i = row * blockWidth + 1; i < (row + 1) * blockWidth; i++)
      if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[i] += values[i - 1];
      else values[i] += values[i - 1];
  return values;
}

/** TIFF technical note 3: of each row the first bytes of all values, then the second ..., as differences of bytes. */
function joinFloatBytes(bytes: Uint8Array, width: number, elementBytes: number): Uint8Array {
  const rowBytes = width * elementBytes;
  const joined = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += rowBytes) {
    let sum = 0;
    for (let i = 0; i < rowBytes; i++) {
      sum = (sum + bytes[start + i]) & 255;
      joined[start + (i % width) * elementBytes + Math.floor(i / width)] = sum;
    }
  }
  return joined;
}
