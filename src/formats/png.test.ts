import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePng, encodePng } from "./png.js";

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}

/** A PNG built by its specification: signature, IHDR, IDAT, IEND. */
function png(
  width: number,
  height: number,
  colourType: number,
  raw: Uint8Array,
  extra: Uint8Array = new Uint8Array(0),
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourType;
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  const data = chunk("IDAT", deflateSync(raw));
  return Buffer.concat([signature, chunk("IHDR", header), extra, data, chunk("IEND", Buffer.alloc(0))]);
}

test("pictures survive, and equal ones give equal bytes", () => {
  const picture = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([width, height]) =>
      fc
        .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
        .map((rgb8) => ({ width, height, rgb8 })),
    );
  fc.assert(
    fc.property(picture, (image) => {
      const bytes = encodePng(image);
      expect(encodePng(image)).toEqual(bytes);
      expect(decodePng(bytes, "x.png")).toEqual(image);
    }),
  );
});

test("grey and alpha become RGB", () => {
  expect(decodePng(png(2, 1, 0, Uint8Array.of(0, 7, 9)), "x").rgb8).toEqual(Uint8Array.of(7, 7, 7, 9, 9, 9));
  expect(decodePng(png(1, 1, 6, Uint8Array.of(0, 1, 2, 3, 4)), "x").rgb8).toEqual(Uint8Array.of(1, 2, 3));
});

test("wrong sizes are not encoded", () => {
  expect(() => encodePng({ width: 2, height: 2, rgb8: new Uint8Array(11) })).toThrow(/got 11/);
  expect(() => encodePng({ width: 0, height: 2, rgb8: new Uint8Array(0) })).toThrow(/0 x 2/);
});

test("damage and bombs are refused", () => {
  const good = png(2, 1, 0, Uint8Array.of(0, 7, 9));
  for (let length = 0; length < good.length; length++)
    expect(() => decodePng(good.subarray(0, length), "x.png")).toThrow(/^x\.png: /);
  const flipped = Buffer.from(good);
  flipped[45] ^= 1;
  expect(() => decodePng(flipped, "x")).toThrow(/damaged/);
  expect(() => decodePng(png(60_000, 60_000, 0, new Uint8Array(3)), "x")).toThrow(/not accepted/);
  expect(() => decodePng(png(2, 1, 0, new Uint8Array(10_000_000)), "x")).toThrow(/damaged/);
  expect(() => decodePng(png(2, 2, 0, Uint8Array.of(0, 7, 9)), "x")).toThrow(/3 bytes instead of 6/);
  expect(() => decodePng(png(2, 1, 3, Uint8Array.of(0, 7, 9)), "x")).toThrow(/colour type 3/);
  const profile = Buffer.concat([Buffer.from("p\0\0", "latin1"), Buffer.from("not zlib")]);
  expect(decodePng(png(2, 1, 0, Uint8Array.of(0, 7, 9), chunk("iCCP", profile)), "x").width).toBe(2);
});
