// PNG bytes to 8-bit RGB pictures and back. What the picture shows, and in which colours, is decided elsewhere.
import { inflateSync } from "node:zlib";
import { decode, encode } from "fast-png";
import { check, PtychoError } from "../core/errors.js";
import type { FileTag } from "./npy-header.js";

/** Pixels row by row from the top, three bytes (red, green, blue) each. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly rgb8: Uint8Array;
}

const MAX_PIXELS = 2 ** 27;
const SIGNATURE = "89504e470d0a1a0a";

/** @throws PtychoError ShapeError unless there are 3 x width x height bytes, each side from 1 to 65535. */
export function encodePng(image: RgbImage): Uint8Array {
  const { width, height, rgb8 } = image;
  const sides = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= 65_535);
  check(
    sides && rgb8.length === 3 * width * height,
    "ShapeError",
    () => `encode PNG: ${width} x ${height} pixels need 3 bytes each, got ${rgb8.length} in all`,
  );
  return encode({ width, height, data: rgb8, depth: 8, channels: 3 });
}

/**
 * Reads a PNG of 8-bit grey, grey + alpha, RGB or RGBA; alpha is dropped. Only the chunks that make up the picture
 * are decoded, and their inflated size is checked first.
 *
 * @throws PtychoError with `tag`.
 */
export function decodePng(bytes: Uint8Array, where: string, tag: FileTag = "DataError"): RgbImage {
  const fail: (message: string, cause?: unknown) => never = (message, cause) => {
    throw new PtychoError(tag, `${where}: ${message}`, cause);
  };
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.subarray(0, 8).toString("hex") !== SIGNATURE) fail("expected a PNG picture, found other bytes");
  const kept: Buffer[] = [file.subarray(0, 8)];
  const data: Buffer[] = [];
  let type = "";
  for (let at = 8; type !== "IEND"; ) {
    const end = at + 12 <= file.length ? at + 12 + file.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > file.length) fail("the PNG is truncated; copy it again");
    type = file.toString("latin1", at + 4, at + 8);
    if (at === 8 && (type !== "IHDR" || end !== at + 25)) fail("the PNG does not begin with its header");
    if (type === "IDAT") data.push(file.subarray(at + 8, end - 4));
    if (type === "IHDR" || type === "IDAT" || type === "IEND") kept.push(file.subarray(at, end));
    at = end;
  }
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const channels = [1, 0, 3, 0, 2, 0, 4][file[25]] ?? 0;
  if (file[24] !== 8 || channels === 0)
    fail(`bit depth ${file[24]}, colour type ${file[25]} is not supported; save it as 8-bit grey or RGB`);
  if (width < 1 || height < 1 || width * height > MAX_PIXELS)
    fail(`a picture of ${width} x ${height} pixels is not accepted (1 to ${MAX_PIXELS} pixels)`);
  if (file[28] !== 0) fail("interlaced PNG is not supported; save it without interlacing");
  const rawBytes = height * (width * channels + 1);
  try {
    const found = inflateSync(Buffer.concat(data), { maxOutputLength: rawBytes }).length;
    if (found !== rawBytes)
      fail(`its data inflates to ${found} bytes instead of ${rawBytes}; the PNG is damaged`);
    const picture = decode(Buffer.concat(kept), { checkCrc: true });
    return { width, height, rgb8: toRgb(picture.data as Uint8Array, channels, width * height) };
  } catch (error) {
    if (error instanceof PtychoError) throw error;
    return fail("the PNG is damaged; copy or write it again", error);
  }
}

function toRgb(samples: Uint8Array, channels: number, pixels: number): Uint8Array {
  const rgb8 = new Uint8Array(3 * pixels);
  const isGrey = channels < 3;
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb8[3 * i + c] = samples[channels * i + (isGrey ? 0 : c)];
  return rgb8;
}
