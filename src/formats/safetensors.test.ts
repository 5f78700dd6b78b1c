import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../core/errors.js";
import { float32, float64, type NdArray } from "../core/ndarray.js";
import { checkFiniteTensors, parseSafetensors, writeSafetensors } from "./safetensors.js";

function file(header: unknown, dataBytes = 0): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const f32 = (begin: number, end: number) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

function refusal(bytes: Uint8Array): string {
  try {
    parseSafetensors(bytes, "w.safetensors");
  } catch (error) {
    expect(exitCodeOf(error)).toBe(5);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

describe("round trip", () => {
  test("tensors of every type, metadata, and the same bytes whatever the order", () => {
    const tensors = new Map<string, NdArray>([
      ["b", float32([2, 2], [1, 2, 3, Number.NaN])],
      ["a.weight", float64([1], [0.1])],
      ["i", { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 60n) }],
      ["flag", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ["u", { dtype: "uint16", shape: [], data: Uint16Array.of(65535) }],
      ["none", float32([0, 3])],
      ["__proto__", { dtype: "int8", shape: [1], data: Int8Array.of(-1) }],
    ]);
    const metadata = new Map([["format", 'pt "é"']]);
    const bytes = writeSafetensors(tensors, metadata);
    const parsed = parseSafetensors(bytes, "w");
    expect(new Map([...parsed.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(parsed.metadata).toEqual(metadata);
    expect(writeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(bytes);
    expect((8 + Number(bytes.readBigUInt64LE(0))) % 8).toBe(0);
  });

  test("any names and values", () => {
    const values = fc.dictionary(fc.string(), fc.array(fc.float(), { maxLength: 8 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(values, (named) => {
        const tensors = new Map<string, NdArray>(
          Object.entries(named).map(([k, v]) => [k, float32([v.length], v)]),
        );
        const parsed = parseSafetensors(writeSafetensors(tensors), "w").tensors;
        expect(new Map([...parsed].sort())).toEqual(new Map([...tensors].sort()));
      }),
    );
  });

  test("the layout of the format's own description, read and widened", () => {
    const bytes = file(
      {
        h: { dtype: "F16", shape: [1], data_offsets: [0, 2] },
        b: { dtype: "BF16", shape: [1, 1], data_offsets: [2, 4] },
      },
      4,
    );
    bytes.writeUInt16LE(0x3c00, bytes.length - 4);
    bytes.writeUInt16LE(0xc000, bytes.length - 2);
    const { tensors } = parseSafetensors(bytes, "w");
    expect([tensors.get("h"), tensors.get("b")]).toEqual([float32([1], [1]), float32([1, 1], [-2])]);
  });

  test("what cannot be written", () => {
    expect(() => writeSafetensors(new Map([["__metadata__", float32([1])]]))).toThrow(/none named/);
    expect(() =>
      writeSafetensors(new Map([["a", { dtype: "int8", shape: [2], data: new Int8Array(1) }]])),
    ).toThrow(/has 1 values/);
  });
});

describe("attacks and damage", () => {
  test.each<[string, Buffer, RegExp]>([
    ["header longer than the file", Buffer.from([100, 0, 0, 0, 0, 0, 0, 0, 123]), /the file has 9/],
    ["header over 100 MB", Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), /more than 100 MB/],
    ["header of 2^64 - 1", Buffer.alloc(8, 255), /more than 100 MB/],
    ["no JSON", file("{'a': 1}"), /not valid JSON/],
    ["not an object", file([1]), /not a JSON object/],
    ["deep nesting", file("[".repeat(1_000_000)), /not valid JSON/],
    ["overlap", file({ a: f32(0, 8), b: f32(4, 12) }, 12), /begins at byte 4, expected 8/],
    ["hole", file({ a: f32(0, 4), b: f32(8, 12) }, 12), /begins at byte 8, expected 4/],
    ["hole at the start", file({ a: f32(4, 8) }, 8), /begins at byte 4, expected 0/],
    ["bytes left over", file({ a: f32(0, 4) }, 5), /need 4 bytes of data, found 5/],
    ["data missing", file({ a: f32(0, 8) }, 4), /need 8 bytes of data, found 4/],
    [
      "duplicate name",
      file(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
      ),
      /expected 0/,
    ],
    [
      "size and dtype disagree",
      file({ a: { dtype: "F64", shape: [1], data_offsets: [0, 4] } }, 4),
      /needs 8 bytes/,
    ],
    [
      "size overflow",
      file({ a: { dtype: "F32", shape: [2 ** 52, 2 ** 52], data_offsets: [0, 4] } }, 4),
      /bytes, its place has 4/,
    ],
    [
      "negative",
      file({ a: { dtype: "F32", shape: [-1], data_offsets: [0, 4] } }, 4),
      /not a list of extents/,
    ],
    [
      "offsets reversed",
      file({ a: { dtype: "F32", shape: [1], data_offsets: [4, 0] } }, 4),
      /not \[begin, end\]/,
    ],
    [
      "unknown dtype",
      file({ a: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, 1),
      /"F8_E4M3"; known are F32/,
    ],
    ["inherited dtype", file({ a: { dtype: "toString", shape: [1], data_offsets: [0, 1] } }, 1), /known are/],
    ["extra field", file({ a: { ...f32(0, 4), code: "x" } }, 4), /exactly dtype, shape and data_offsets/],
    ["metadata not text", file({ __metadata__: { a: 1 } }), /"a" is not a text/],
    [
      "100,000 tensors",
      file(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`t${i}`, f32(0, 0)]))),
      /holds 100000 tensors/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(refusal(bytes)).toMatch(message);
  });

  test("cut at every byte", () => {
    const bytes = writeSafetensors(new Map([["a", float32([3], [1, 2, 3])]]));
    for (let length = 0; length < bytes.length; length++) refusal(bytes.subarray(0, length));
  });

  test("NaN and infinite weights are named with count and place", () => {
    const good = new Map<string, NdArray>([["w", float32([2], [1, 2])]]);
    checkFiniteTensors(good, "w");
    const bad = new Map<string, NdArray>([
      ...good,
      ["v", float64([4], [0, Number.NaN, 1, Number.NEGATIVE_INFINITY])],
    ]);
    expect(() => checkFiniteTensors(bad, "model")).toThrow(
      /model: tensor "v" has 2 values .* the first at 1/,
    );
  });
});
