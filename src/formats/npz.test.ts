import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { type NpyArray, type TextArray, writeNpy } from "./npy.js";
import { npzBytes, openNpz, parseNpz, writeNpz } from "./npz.js";
import { readZip, writeZip } from "./zip.js";

const GOLDEN = process.env.PTYCHOPINN_GOLDEN ?? join(process.cwd(), "../shared/golden");
const DATA = process.env.PTYCHOPINN_DATA ?? join(process.cwd(), "../shared/data");
const SAMPLES = join(GOLDEN, "data/samples/npz_variants");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "npz-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const small: [string, NpyArray][] = [
  ["xcoords", { dtype: "float64", shape: [3], data: Float64Array.of(0.1, 2, -3) }],
  ["probe", { dtype: "complex64", shape: [1, 2], re: Float32Array.of(1, 2), im: Float32Array.of(3, 4) }],
  ["note", { dtype: "text", shape: [], values: ["héllo"] }],
];

const readAll = (bytes: Buffer) => {
  const npz = parseNpz(bytes, "a.npz");
  return npz.names.map((name) => [name, npz.read(name)] as const);
};

describe("reading and writing", () => {
  test("a file keeps its arrays, names with or without .npy", () => {
    const path = join(folder, "a.npz");
    writeNpz(path, small);
    expect(readFileSync(path)).toEqual(npzBytes(small));
    const npz = openNpz(path);
    expect(npz.names).toEqual(["xcoords", "probe", "note"]);
    expect(npz.names.map((name) => [name, npz.read(`${name}.npy`)])).toEqual(small);
    expect(npz.header("probe")).toMatchObject({ dtype: "complex64", shape: [1, 2] });
    expect([npz.has("note"), npz.has("note.npy"), npz.has("Note")]).toEqual([true, true, false]);
  });

  test("any arrays survive", () => {
    const array = fc
      .array(fc.double(), { maxLength: 20 })
      .map((v): NdArray => ({ dtype: "float64", shape: [v.length], data: Float64Array.from(v) }));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), array), (arrays) => {
        const entries = Object.entries(arrays);
        expect(readAll(npzBytes(entries))).toEqual(entries);
      }),
      { numRuns: 40 },
    );
  });

  test("a missing array names what is there and the nearest", () => {
    expect(() => parseNpz(npzBytes(small), "a.npz").read("xcoord")).toThrow(
      /no array "xcoord"; found "xcoords", "probe", "note"; is "xcoords" meant\?/,
    );
  });

  test("refused: a and a.npy together, a member that is no array, a size that the shape does not need", () => {
    const [[, array]] = small;
    const twice = writeZip([
      ["a", writeNpy(array)],
      ["a.npy", writeNpy(array)],
    ]);
    expect(() => parseNpz(twice, "a.npz")).toThrow(/two members are named "a"/);
    expect(() => parseNpz(writeZip([["a.txt", Buffer.from("hello, world")]]), "a.npz").read("a.txt")).toThrow(
      /expected a .npy array/,
    );
    const long = writeZip([["a.npy", Buffer.concat([writeNpy(array), Buffer.alloc(1_000_000)])]]);
    expect(() => parseNpz(long, "a.npz").header("a")).toThrow(
      /needs 152 bytes with its header, found 1000152/,
    );
    expect(() => parseNpz(long, "a.npz").read("a")).toThrow(/needs 152 bytes/);
  });

  test("the error carries the tag asked for", () => {
    const path = join(folder, "broken.npz");
    writeFileSync(path, "nothing of the kind");
    for (const tag of ["DataError", "ArtefactError"] as const) {
      let caught: unknown;
      try {
        openNpz(path, { tag });
      } catch (error) {
        caught = error;
      }
      expect(isPtychoError(caught, tag)).toBe(true);
    }
  });
});

describe("damage to a small file", () => {
  const file = npzBytes(small);
  const expected = readAll(file);

  test("cut at every byte: refused", () => {
    for (let length = 0; length < file.length; length++)
      expect(() => readAll(file.subarray(0, length)), `cut to ${length}`).toThrow(/^a\.npz/);
  });

  test.each(["store", "deflate"] as const)(
    "%s: a bit flipped anywhere is refused or changes nothing",
    (method) => {
      const good = npzBytes(small, { method });
      let refused = 0;
      for (let at = 0; at < good.length; at++)
        for (const flip of [1, 0x80, 0xff]) {
          const bad = Buffer.from(good);
          bad[at] ^= flip;
          let found: unknown;
          try {
            found = readAll(bad);
          } catch (error) {
            if (!isPtychoError(error, "DataError")) throw error;
            refused++;
            continue;
          }
          expect(found, `byte ${at} ^ ${flip}`).toEqual(expected);
        }
      expect(refused).toBeGreaterThan(2 * good.length);
    },
  );
});

describe.skipIf(!existsSync(SAMPLES))("golden samples (skipped without PTYCHOPINN_GOLDEN)", () => {
  const refused = {
    "corrupt.npz": /truncated zip/,
    "empty.npz": /is empty/,
    "plain.npy": /expected a zip archive/,
  };

  test("each parses, or is refused for what is wrong with it; what NumPy wrote is written again byte for byte", () => {
    let same = 0;
    for (const name of readdirSync(SAMPLES)) {
      const path = join(SAMPLES, name);
      const reason = Object.entries(refused).find(([bad]) => bad === name)?.[1];
      if (reason !== undefined) {
        expect(() => openNpz(path), name).toThrow(reason);
        continue;
      }
      const npz = openNpz(path);
      const zip = readZip(readFileSync(path), name);
      for (const key of npz.names) {
        const header = npz.header(key);
        const array = npz.read(key);
        if (header.fortranOrder || header.bigEndian) continue;
        expect(writeNpy(array).equals(zip.read(`${key}.npy`)), `${name} ${key}`).toBe(true);
        same++;
      }
    }
    expect(same).toBeGreaterThan(250);
  });

  test("big-endian and Fortran-order files hold what the canonical one holds", () => {
    const canonical = openNpz(join(SAMPLES, "canonical.npz"));
    for (const name of ["big_endian.npz", "fortran_order.npz", "uncompressed.npz"]) {
      const npz = openNpz(join(SAMPLES, name));
      for (const key of npz.names) expect(npz.read(key), `${name} ${key}`).toEqual(canonical.read(key));
    }
  });

  test("metadata: text and pickled text are read, pickled None is not", () => {
    const text = openNpz(join(SAMPLES, "metadata_string.npz")).read("_metadata");
    expect(JSON.parse((text as TextArray).values[0])).toMatchObject({ schema_version: "1.0.0" });
    const inner = openNpz(join(GOLDEN, "data/npz_variants.npz"));
    const within = (key: string) => parseNpz(Buffer.from((inner.read(key) as NdArray<"uint8">).data), key);
    const pickled = within("bytes_metadata_pickled");
    expect(() => pickled.read("_metadata")).toThrow(/pickled object arrays are never loaded/);
    const result = pickled.readPickledString("_metadata");
    if (result.kind !== "text") throw new Error(result.reason);
    expect(JSON.parse(result.text)).toMatchObject({
      physics_parameters: { nphotons: 2e6, N: 8, gridsize: 2 },
    });
    expect(within("bytes_to_file_none_object").readPickledString("objectGuess")).toEqual({
      kind: "refused",
      reason: "the pickled element is not a string",
    });
    expect(pickled.readPickledString("diff3d").kind).toBe("refused");
  });

  test("the metadata manager's own file gives the metadata its golden lists", () => {
    const golden = openNpz(join(GOLDEN, "data/config_metadata.npz"));
    const bytes = Buffer.from((golden.read("metadata_npz_bytes") as NdArray<"uint8">).data);
    const result = parseNpz(bytes, "metadata").readPickledString("_metadata");
    const { expected } = JSON.parse(readFileSync(join(GOLDEN, "data/config_metadata.json"), "utf8"));
    expect(result.kind === "text" && JSON.parse(result.text)).toEqual(expected.metadata);
  });

  test("archives written by torch and by the original's managers list and pass their checksums", () => {
    const torch = join(GOLDEN, "torch");
    const names = readdirSync(torch).filter((name) => /^artifact_ffno.*\.(zip|ckpt)$/.test(name));
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const zip = readZip(readFileSync(join(torch, name)), name, { tag: "ArtefactError" });
      for (const member of zip.members) expect(zip.read(member.name).length).toBe(member.bytes);
    }
  });
});

test.skipIf(!existsSync(DATA))(
  "the simulated scan: headers alone, and its pickled metadata (skipped without data)",
  () => {
    const npz = openNpz(join(DATA, "sim_lines_N64.npz"));
    expect(npz.header("diff3d")).toMatchObject({ dtype: "float32", shape: [1087, 64, 64] });
    const result = npz.readPickledString("_metadata");
    expect(result.kind === "text" && JSON.parse(result.text).physics_parameters.nphotons).toBe(1e9);
  },
);
