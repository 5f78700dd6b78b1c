import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exitCodeOf, isPtychoError } from "../core/errors.js";
import { readZip, writeZip, type ZipReadOptions } from "./zip.js";

const text = (value: string) => Buffer.from(value, "utf8");

function refusal(file: Buffer, options: ZipReadOptions = {}): string {
  try {
    const zip = readZip(file, "a.zip", options);
    for (const { name } of zip.members) zip.read(name);
  } catch (error) {
    expect(isPtychoError(error, options.tag ?? "DataError")).toBe(true);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

/** Offsets of the headers of a one-member archive. */
function layout(file: Buffer): { entry: number; end: number } {
  const end = file.length - 22;
  return { entry: file.readUInt32LE(end + 16), end };
}

/** Replaces a member's name, in both headers, by one of the same length. */
function rename(file: Buffer, from: string, to: string): Buffer {
  return Buffer.from(file.toString("latin1").replaceAll(from, to), "latin1");
}

describe("round trip", () => {
  const members = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-zé_]{1,8}(\/[a-z]{1,3})?$/), fc.uint8Array({ maxLength: 300 })),
    { selector: ([name]) => name, maxLength: 6 },
  );
  test("content, order and bytes are the same each time; stored, deflated, zip64", () => {
    fc.assert(
      fc.property(
        members,
        fc.constantFrom("store" as const, "deflate" as const),
        fc.constantFrom("auto" as const, "always" as const),
        (entries, method, zip64) => {
          const file = writeZip(entries, { method, zip64 });
          expect(writeZip(entries, { method, zip64 })).toEqual(file);
          if (entries.length === 0 && zip64 === "auto") expect(file.length).toBe(22);
          const zip = readZip(file, "a.zip");
          expect(zip.members.map(({ name }) => name)).toEqual(entries.map(([name]) => name));
          for (const [name, bytes] of entries) {
            expect(zip.read(name)).toEqual(Buffer.from(bytes));
            expect(zip.peek(name, 5)).toEqual(Buffer.from(bytes.subarray(0, 5)));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("peek inflates no more than it needs, and grows its window", () => {
    const bytes = Buffer.from(
      Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2654435761)).buffer,
    );
    const zip = readZip(writeZip([["a", bytes]]), "a.zip");
    for (const count of [1, 5000, 100_000, 200_000, 300_000])
      expect(zip.peek("a", count).equals(bytes.subarray(0, count))).toBe(true);
  });

  test("names that are unsafe or repeated are not written", () => {
    for (const name of ["../x", "/x", "C:\\x", "a/", ""])
      expect(() => writeZip([[name, text("a")]])).toThrow(/write zip: member name/);
    expect(() =>
      writeZip([
        ["a", text("a")],
        ["a", text("b")],
      ]),
    ).toThrow(/given twice/);
  });

  test("an unknown member is refused with the nearest name", () => {
    const zip = readZip(writeZip([["probeGuess.npy", text("a")]]), "a.zip");
    expect(() => zip.read("probeguess.npy")).toThrow(/is "probeGuess.npy" meant/);
  });
});

describe("refused before inflating", () => {
  const one = (bytes = text("hello hello hello hello"), name = "abcdefghijk") => writeZip([[name, bytes]]);

  test("the tag decides the exit code", () => {
    expect(refusal(Buffer.alloc(0))).toMatch(/is empty \(0 bytes\)/);
    expect(refusal(text("<html>not a zip"), { tag: "ArtefactError" })).toMatch(/expected a zip archive/);
    try {
      readZip(Buffer.alloc(3), "a.zip", { tag: "ArtefactError" });
    } catch (error) {
      expect(exitCodeOf(error)).toBe(5);
    }
  });

  test.each([
    ["../../../xy", /leads out of its folder/],
    ["/abcdefghij", /absolute path/],
    ["C:abcdefghi", /absolute path/],
    ["..\\abcdefgh", /backslash/],
    ["abc\0defghij", /control character/],
    ["ab//cdefghi", /leads out of its folder/],
  ])("member name %j", (name, message) => {
    expect(refusal(rename(one(), "abcdefghijk", name))).toMatch(message);
  });

  test("duplicate names", () => {
    const file = writeZip([
      ["aaaa", text("1")],
      ["bbbb", text("2")],
    ]);
    expect(refusal(rename(file, "bbbb", "aaaa"))).toMatch(/"aaaa" occurs twice/);
  });

  test("a symbolic link, encryption, unsupported methods", () => {
    const link = one();
    link.writeUInt32LE(0o120777 * 65536, layout(link).entry + 38);
    expect(refusal(link)).toMatch(/symbolic link/);
    const locked = one();
    locked[layout(locked).entry + 8] |= 1;
    expect(refusal(locked)).toMatch(/is encrypted/);
    for (const [method, name] of [
      [12, /bzip2/],
      [14, /lzma/],
      [77, /method 77/],
    ] as const) {
      const file = one();
      file.writeUInt16LE(method, layout(file).entry + 10);
      expect(refusal(file)).toMatch(name);
    }
  });

  test("forged sizes", () => {
    for (const delta of [-1, 1, 100]) {
      const file = one();
      const { entry } = layout(file);
      const bytes = file.readUInt32LE(entry + 24) + delta;
      file.writeUInt32LE(bytes, entry + 24);
      expect(refusal(file)).toMatch(/local header disagrees/);
      file.writeUInt32LE(bytes, 22);
      expect(refusal(file)).toMatch(/inflates to (more than its declared|\d+ bytes instead)/);
    }
    const stored = writeZip([["a", text("abc")]], { method: "store" });
    stored.writeUInt32LE(2, layout(stored).entry + 24);
    expect(refusal(stored)).toMatch(/its two sizes 2 and 3 differ/);
  });

  test("a count of members that the directory cannot hold, and zip64 records that lie", () => {
    const many = one();
    many.writeUInt16LE(9999, layout(many).end + 8);
    many.writeUInt16LE(9999, layout(many).end + 10);
    expect(refusal(many)).toMatch(/claims 9999 members/);
    const wide = writeZip([["a", text("abc")]], { zip64: "always" });
    const record = wide.length - 22 - 20 - 56;
    const huge = Buffer.from(wide);
    huge.writeBigUInt64LE(2n ** 63n, record + 48);
    expect(refusal(huge)).toMatch(/impossibly large/);
    const lying = Buffer.from(wide);
    lying.writeBigUInt64LE(7n, record + 24);
    lying.writeBigUInt64LE(7n, record + 32);
    expect(refusal(lying)).toMatch(/two end records of the zip disagree/);
  });

  test("overlapping members: two names for the same bytes", () => {
    const file = writeZip([["a", text("abc")]], { method: "store" });
    const { entry, end } = layout(file);
    const directory = file.subarray(entry, end);
    const second = Buffer.from(directory);
    const forged = Buffer.concat([file.subarray(0, entry), directory, second, file.subarray(end)]);
    const newEnd = forged.length - 22;
    forged.writeUInt16LE(2, newEnd + 8);
    forged.writeUInt16LE(2, newEnd + 10);
    forged.writeUInt32LE(2 * directory.length, newEnd + 12);
    expect(refusal(forged)).toMatch(/occurs twice/);
    forged[entry + directory.length + 46] = 0x62;
    expect(refusal(forged)).toMatch(/local header disagrees|overlaps the next/);
  });

  test("bombs: ratio above the free size, and the total", () => {
    const zeros = writeZip([["a", Buffer.alloc(2_000_000)]]);
    expect(readZip(zeros, "a.zip").read("a").length).toBe(2_000_000);
    expect(refusal(zeros, { limits: { ratioFreeBytes: 1_000_000 } })).toMatch(/like a zip bomb/);
    expect(refusal(zeros, { limits: { maxTotalBytes: 1_999_999 } })).toMatch(
      /inflate to more than 1999999 bytes/,
    );
    // 200 MB declared for 205 kB, by the limits that hold unless changed.
    const forged = writeZip([["a", deflateRawSync(Buffer.alloc(1000))]], { method: "store" });
    const { entry } = layout(forged);
    forged.writeUInt16LE(8, entry + 10);
    forged.writeUInt16LE(8, 8);
    forged.writeUInt32LE(200_000_000, entry + 24);
    forged.writeUInt32LE(200_000_000, 22);
    expect(refusal(forged)).toMatch(/over 200:1, like a zip bomb/);
    expect(
      refusal(
        writeZip([
          ["a", text("a")],
          ["b", text("b")],
        ]),
        { limits: { maxMembers: 1 } },
      ),
    ).toMatch(/2 members/);
  });

  test("bytes after the deflated data of a member", () => {
    const packed = Buffer.concat([deflateRawSync(text("abc")), Buffer.alloc(3)]);
    const file = writeZip([["a", packed]], { method: "store" });
    const { entry } = layout(file);
    for (const at of [8, entry + 10]) file.writeUInt16LE(8, at);
    for (const at of [22, entry + 24]) file.writeUInt32LE(3, at);
    expect(refusal(file)).toMatch(/3 bytes after its data/);
  });
});

test("an archive cut at any byte, or with a byte put before it, is refused", () => {
  const file = writeZip([
    ["a", text("hello hello hello")],
    ["b", text("x".repeat(200))],
  ]);
  for (let length = 0; length < file.length; length++) refusal(file.subarray(0, length));
  expect(refusal(Buffer.concat([file.subarray(0, 4), file]))).toMatch(/truncated zip/);
  expect(refusal(Buffer.concat([file, Buffer.alloc(1)]))).toMatch(/truncated zip/);
});
