import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { bfloatToSingle, halfToSingle } from "./element.js";
import { type NpyArray, parseNpy, writeNpy } from "./npy.js";
import { readNpyHeader } from "./npy-header.js";

/** A .npy file of any header text, so that files can be forged. */
function npyFile(dict: string, data: Uint8Array = new Uint8Array(0), version = 1): Buffer {
  const header = Buffer.from(`${dict}\n`, "utf8");
  const prefix = Buffer.alloc(version === 1 ? 10 : 12);
  prefix.write("\x93NUMPY", "latin1");
  prefix[6] = version;
  if (version === 1) prefix.writeUInt16LE(header.length, 8);
  else prefix.writeUInt32LE(header.length, 8);
  return Buffer.concat([prefix, header, data]);
}

const dict = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

function refusal(bytes: Uint8Array): string {
  try {
    parseNpy(bytes, "x.npy");
  } catch (error) {
    expect(isPtychoError(error, "DataError")).toBe(true);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

describe("round trip", () => {
  const bytesFor = (shape: number[], itemBytes: number) =>
    fc.uint8Array({ minLength: sizeOf(shape) * itemBytes, maxLength: sizeOf(shape) * itemBytes });
  const codes = { int8: "|i1", int16: "<i2", int32: "<i4", int64: "<i8", uint8: "|u1", uint16: "<u2" };
  const more = { uint32: "<u4", uint64: "<u8", float32: "<f4", float64: "<f8" };

  test.each(Object.entries({ ...codes, ...more }))("%s: any bits survive", (dtype, code) => {
    fc.assert(
      fc.property(
        shapes.chain((shape) => fc.tuple(fc.constant(shape), bytesFor(shape, Number(code[2])))),
        ([shape, data]) => {
          const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
          const array = parseNpy(npyFile(dict(code, tuple), data), "x") as NdArray;
          expect(array.dtype).toBe(dtype);
          expect(array.shape).toEqual(shape);
          const again = parseNpy(writeNpy(array), "x") as NdArray;
          expect(Buffer.from(again.data.buffer)).toEqual(Buffer.from(data));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("complex64, complex128 and bool", () => {
    const arrays: NpyArray[] = [
      { dtype: "complex64", shape: [2], re: Float32Array.of(1, -0), im: Float32Array.of(0.1, Number.NaN) },
      { dtype: "complex128", shape: [], re: Float64Array.of(0.1), im: Float64Array.of(-7) },
      { dtype: "bool", shape: [3, 1], data: Uint8Array.of(1, 0, 1) },
    ];
    for (const array of arrays) expect(parseNpy(writeNpy(array), "x")).toEqual(array);
  });

  test("text of any well-formed string without a trailing NUL", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", maxLength: 9 }).filter((s) => !s.endsWith("\0"))),
        (values) => {
          const array: NpyArray = { dtype: "text", shape: [values.length], values };
          expect(parseNpy(writeNpy(array), "x")).toEqual(array);
        },
      ),
    );
    const text = (value: string): NpyArray => ({ dtype: "text", shape: [], values: [value] });
    expect(() => writeNpy(text("a\0"))).toThrow(/trailing NUL/);
    expect(() => writeNpy(text("\ud800"))).toThrow(/lone surrogate/);
  });

  test("a shape that disagrees with the data is not written", () => {
    expect(() => writeNpy({ dtype: "int8", shape: [2], data: new Int8Array(3) })).toThrow(
      /needs 2 elements, got 3/,
    );
  });
});

describe("conversions", () => {
  test("Fortran order becomes row-major, by the definition of its strides", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const size = sizeOf(shape);
        const data = Uint8Array.from({ length: size }, (_, i) => i);
        const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
        const array = parseNpy(npyFile(dict("|u1", tuple, "True"), data), "x") as NdArray<"uint8">;
        for (let flat = 0; flat < size; flat++) {
          let rest = flat;
          let fortran = 0;
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            const index = rest % shape[axis];
            rest = Math.floor(rest / shape[axis]);
            fortran += index * shape.slice(0, axis).reduce((a, b) => a * b, 1);
          }
          expect(array.data[flat]).toBe(data[fortran]);
        }
      }),
    );
    const swapped = npyFile(
      dict("<U1", "(2, 2)", "True"),
      Buffer.from(Uint32Array.of(97, 98, 99, 100).buffer),
    );
    expect(parseNpy(swapped, "x")).toMatchObject({ values: ["a", "c", "b", "d"] });
  });

  test("big-endian numbers, complex numbers and text", () => {
    expect(parseNpy(npyFile(dict(">i2", "(2,)"), Uint8Array.of(1, 2, 255, 254)), "x")).toMatchObject({
      dtype: "int16",
      data: Int16Array.of(258, -2),
    });
    const pair = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    expect(parseNpy(npyFile(dict(">c8", "()"), pair), "x")).toMatchObject({
      re: Float32Array.of(1),
      im: Float32Array.of(-2),
    });
    expect(parseNpy(npyFile(dict(">U1", "()"), Uint8Array.of(0, 1, 0xf6, 0)), "x")).toMatchObject({
      values: ["😀"],
    });
  });

  test("float16 as NumPy 1.26 saved [[0.5, -2], [inf, 6e-8]]", () => {
    const data = Uint8Array.of(0x00, 0x38, 0x00, 0xc0, 0x00, 0x7c, 0x01, 0x00);
    expect(parseNpy(npyFile(dict("<f2", "(2, 2)"), data), "x")).toEqual({
      dtype: "float32",
      shape: [2, 2],
      data: Float32Array.of(0.5, -2, Number.POSITIVE_INFINITY, 2 ** -24),
    });
  });

  test("every half float keeps order, sign and its known landmarks", () => {
    const singles = halfToSingle(Uint16Array.from({ length: 65_536 }, (_, i) => i));
    for (let i = 1; i <= 0x7c00; i++) expect(singles[i]).toBeGreaterThan(singles[i - 1]);
    for (let i = 0; i <= 0x7c00; i++) expect(Object.is(singles[i + 0x8000], -singles[i])).toBe(true);
    expect([singles[0x3c00], singles[0x7bff], singles[0x0400]]).toEqual([1, 65504, 2 ** -14]);
    expect(singles[0x7e00]).toBeNaN();
    expect(bfloatToSingle(Uint16Array.of(0x3f80, 0xc000))).toEqual(Float32Array.of(1, -2));
  });

  test("bytes text is UTF-8, any other is refused", () => {
    expect(parseNpy(npyFile(dict("|S3", "(2,)"), Buffer.from("ab\0é\0")), "x")).toMatchObject({
      values: ["ab", "é"],
    });
    expect(refusal(npyFile(dict("|S1", "()"), Uint8Array.of(0xe9)))).toMatch(/not valid Unicode/);
    expect(refusal(npyFile(dict("<U1", "()"), Uint8Array.of(0, 0xd8, 0, 0)))).toMatch(/not valid Unicode/);
    expect(refusal(npyFile(dict("<U1", "()"), Uint8Array.of(0, 0, 0x11, 0)))).toMatch(/not valid Unicode/);
  });
});

describe("headers", () => {
  test("versions 1 to 3, keys in any order, either spacing", () => {
    for (const version of [1, 2, 3])
      expect(parseNpy(npyFile(dict("|i1", "(1,)"), Uint8Array.of(5), version), "x")).toMatchObject({
        shape: [1],
      });
    const odd = "{'shape':(2L, 1,),'descr':'<i1' , 'fortran_order':True}   ";
    expect(parseNpy(npyFile(odd, Uint8Array.of(5, 6)), "x")).toMatchObject({ shape: [2, 1] });
  });

  test("an object array is reported by its header and refused by parseNpy", () => {
    const file = npyFile(dict("|O", "()"), Uint8Array.of(0x80, 4));
    expect(readNpyHeader(file, "x").dtype).toBe("object");
    expect(refusal(file)).toMatch(/pickled object arrays are never loaded/);
  });

  test.each([
    ["structured", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", /structured/],
    ["unknown dtype", dict("<f16", "(1,)"), /"<f16" is not supported/],
    ["date", dict("<M8[ns]", "(1,)"), /not understood/],
    ["no byte order", dict("f4", "(1,)"), /not understood/],
    ["inherited name", dict("<constructor", "()"), /not understood/],
    ["negative", dict("<f4", "(-3,)"), /negative extent/],
    ["extent 2^53", dict("<f4", "(9007199254740992,)"), /too large/],
    ["product", dict("<f8", "(4294967296, 4294967296)"), /too large to address/],
    ["product hidden by 0", dict("<f8", "(0, 4294967296, 4294967296)"), /too large to address/],
    ["empty strings", dict("<U0", "(1000000000,)"), /elements of no bytes/],
    ["huge but addressable", dict("<f4", "(1000000000,)"), /needs 4000000\d+ bytes/],
    ["expression", "{'descr': '<f4', 'fortran_order': False, 'shape': (2*3,), }", /not a plain dictionary/],
    ["call", "__import__('os').system('true')", /not a plain dictionary/],
    ["scalar shape", dict("<f4", "(3)"), /not a plain dictionary/],
    ["twice", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", /twice/],
    ["missing", "{'descr': '<f4', 'shape': ()}", /lacks one of/],
    ["extra key", "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", /not a plain dictionary/],
    ["trailing text", `${dict("<f4", "()")} 1`, /not a plain dictionary/],
  ])("refused: %s", (_, text, message) => {
    expect(refusal(npyFile(text))).toMatch(message);
  });

  test("refused: version 9, a header over 64 kB, wrong length, any truncation", () => {
    const good = writeNpy({ dtype: "int16", shape: [3], data: Int16Array.of(1, 2, 3) });
    const newer = Buffer.from(good);
    newer[6] = 9;
    expect(refusal(newer)).toMatch(/version 9\.0 is not known/);
    expect(refusal(npyFile(dict("|i1", "(1,)").padEnd(70_000), Uint8Array.of(1), 2))).toMatch(
      /more than the 65536/,
    );
    expect(refusal(Buffer.concat([good, Buffer.alloc(1)]))).toMatch(
      /needs 134 bytes with its header, found 135/,
    );
    for (let length = 0; length < good.length; length++) refusal(good.subarray(0, length));
  });

  test("random bytes as a header never do more than be refused", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        refusal(npyFile(`{'descr': '<f4', ${text}`));
      }),
    );
  });
});
