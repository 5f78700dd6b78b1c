// TIFF against files that tifffile and libtiff wrote (tests/tiff-files/make.py), and damage at every byte of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { bytesOf } from "./byte-source.js";
import { readTiffPage } from "./tiff.js";
import { readTiffPages } from "./tiff-directory.js";

const FILES = join(import.meta.dirname, "..", "..", "tests", "tiff-files");
const given = (name: string) => readFileSync(join(FILES, name));

function picturesOf(bytes: Buffer): Float32Array[] {
  const file = bytesOf(bytes);
  return readTiffPages(file, "a.tif").map((page) => readTiffPage(file, page, "a.tif"));
}

/** page(k, i, j) of make.py. */
const expected = (divisor: number) =>
  [0, 1, 2].map((k) =>
    Float32Array.from(
      { length: 20 * 24 },
      (_, at) => ((7 * k + 3 * Math.floor(at / 24) + (at % 24)) % 23) / divisor,
    ),
  );

describe("reads", () => {
  it.each(["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"])("integers %s", (name) => {
    expect(picturesOf(given(`${name}.tif`))).toEqual(expected(1));
  });

  it.each(["f2", "f4", "f8", "floats"])("floats %s", (name) => {
    expect(picturesOf(given(`${name}.tif`))).toEqual(expected(4));
  });

  it.each(["deflate", "lzw", "packbits", "tiles", "big", "pillow"])("%s", (name) => {
    expect(picturesOf(given(`${name}.tif`))).toEqual(expected(1));
  });

  it("LZW whose table of codes is filled and cleared", () => {
    expect(picturesOf(given("noise.tif"))[0]).toEqual(Float32Array.from(given("noise.raw")));
  });
});

/** A TIFF of one 8-bit page with these tags more, or others in the place of its own. */
function tiff(tags: Readonly<Record<number, number>>, data: Uint8Array, nextPage = 0): Buffer {
  const entries = Object.entries({
    ...{ 256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 4, 279: data.length },
    ...tags,
  });
  const bytes = Buffer.alloc(200 + data.length);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag, value], i) => {
    bytes.writeUInt16LE(Number(tag), 10 + 12 * i);
    bytes.writeUInt16LE(4, 12 + 12 * i);
    bytes.writeUInt32LE(1, 14 + 12 * i);
    bytes.writeUInt32LE(value, 18 + 12 * i);
  });
  bytes.writeUInt32LE(nextPage, 10 + 12 * entries.length);
  bytes.set(data, 200);
  return bytes;
}

describe("refuses", () => {
  const sixteen = Uint8Array.from({ length: 16 }, (_, i) => i);

  it("nothing of the file that the attacks are made of", () => {
    expect(picturesOf(tiff({}, sixteen))).toEqual([Float32Array.from(sixteen)]);
    expect(picturesOf(tiff({ 259: 8 }, deflateSync(sixteen)))).toEqual([Float32Array.from(sixteen)]);
  });

  it.each([
    ["pages in a circle", tiff({}, sixteen, 8), /pages .* go in a circle/],
    ["a page beyond the file", tiff({}, sixteen, 5000), /cut off or damaged/],
    ["a width of four thousand million", tiff({ 256: 2 ** 32 - 1 }, sixteen), /expected 1 to 131072/],
    ["a bomb by its directory", tiff({ 256: 99999, 257: 99999, 278: 99999 }, sixteen), /like a bomb/],
    [
      "a bomb by its data",
      tiff({ 259: 8 }, deflateSync(Buffer.alloc(1e6))),
      /does not unpack to its 16 bytes/,
    ],
    ["data cut off", tiff({ 279: 17 }, sixteen), /blocks beyond the end/],
    ["a block without bytes", tiff({ 279: 0 }, sixteen), /does not unpack/],
    ["strips of no rows", tiff({ 278: 0 }, sixteen), /blocks of 4 x 0/],
    ["JPEG", tiff({ 259: 7 }, sixteen), /method 7 .* not supported/],
    ["colours", tiff({ 277: 3 }, sixteen), /several values to a pixel/],
    ["12 bits", tiff({ 258: 12 }, sixteen), /12 bits to a pixel/],
    ["a stack of ImageJ behind one page", given("imagej.tif"), /ImageJ states 3 pictures and has 1 pages/],
  ])("%s", (_, bytes, reason) => {
    expect(() => picturesOf(bytes)).toThrow(reason);
  });
});

describe("damage is one sentence, or other values", () => {
  function ending(bytes: Buffer): "read" | "refused" {
    try {
      picturesOf(bytes);
      return "read";
    } catch (error) {
      if (!isPtychoError(error, "DataError")) throw error;
      expect(error.message).toMatch(/^a\.tif: [^\n]+$/);
      return "refused";
    }
  }

  it.each(["deflate", "lzw", "packbits", "tiles", "floats"])("%s, cut at every byte", (name) => {
    const bytes = given(`${name}.tif`);
    for (let length = 0; length < bytes.length; length++)
      expect([length, ending(bytes.subarray(0, length))]).toEqual([length, expect.any(String)]);
    expect(ending(bytes.subarray(0, 7))).toBe("refused");
    expect(ending(bytes)).toBe("read");
  });

  it.each(["deflate", "lzw", "packbits", "tiles", "floats"])("%s, every byte flipped", (name) => {
    const bytes = given(`${name}.tif`);
    const ends = { read: 0, refused: 0 };
    for (let at = 0; at < bytes.length; at++)
      for (const bits of at < 200 ? [1, 0xff] : [0x10]) {
        const damaged = Buffer.from(bytes);
        damaged[at] ^= bits;
        ends[ending(damaged)]++;
      }
    expect(ends.refused).toBeGreaterThan(30);
  });
});
