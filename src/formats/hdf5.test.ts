// HDF5 against files that h5py wrote (tests/hdf5-files/make.py), and against what this writer wrote.
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { complex64, float64 } from "../core/ndarray.js";
import { type Hdf5File, isHdf5, openHdf5 } from "./hdf5.js";
import { openRegularFile } from "./open-file.js";
import { type Hdf5Node, writeHdf5 } from "./write-hdf5.js";

const FILES = join(import.meta.dirname, "..", "..", "tests", "hdf5-files");
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-hdf5-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const kinds = () => openHdf5(join(FILES, "kinds.h5"));

async function using<T>(path: string | Promise<Hdf5File>, work: (file: Hdf5File) => T): Promise<T> {
  const file = typeof path === "string" ? await openHdf5(path) : await path;
  try {
    return work(file);
  } finally {
    file.close();
  }
}

/** pattern(k, i, j) of make.py. */
const PATTERNS = Array.from({ length: 6 * 256 }, (_, at) => {
  const [k, i, j] = [Math.floor(at / 256), Math.floor(at / 16) % 16, at % 16];
  return (7 * k + 3 * i + j) % 23;
});

describe("reads what h5py writes", () => {
  it.each(["plain", "gzip", "bitshuffle", "blosc", "blosc2", "lz4", "zstd", "bzip2", "lzf", "soft"])(
    "the patterns of %s, whole and in part",
    async (name) => {
      await using(kinds(), (file) => {
        const all = file.read(name);
        expect(all).toMatchObject({ dtype: "uint16", shape: [6, 16, 16] });
        expect(Array.from((all as { data: Uint16Array }).data)).toEqual(PATTERNS);
        const part = file.read(name, 2, 5);
        expect(part.shape).toEqual([3, 16, 16]);
        expect(Array.from((part as { data: Uint16Array }).data)).toEqual(PATTERNS.slice(512, 1280));
      });
    },
  );

  it("every type: complex of both kinds, other byte order, half, bool, text, int64", async () => {
    await using(kinds(), (file) => {
      const probe = file.read("complex64");
      expect(probe).toMatchObject({ dtype: "complex64", shape: [16, 16] });
      expect("re" in probe && [probe.re[17], probe.im[17]]).toEqual([17, 1]);
      expect(file.read("complex128")).toMatchObject({ dtype: "complex128" });
      expect(file.read("matlab")).toEqual({
        ...{ dtype: "complex128", shape: [2], re: Float64Array.of(1, 3), im: Float64Array.of(2, 4) },
      });
      expect(file.read("big")).toEqual({ dtype: "float64", shape: [4], data: Float64Array.of(0, 1, 2, 3) });
      expect(file.read("half")).toEqual({ dtype: "float32", shape: [4], data: Float32Array.of(0, 1, 2, 3) });
      expect(file.read("bool")).toEqual({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
      expect(file.read("text")).toEqual({ dtype: "text", shape: [], values: ["hällo"] });
      expect(file.read("fixed")).toEqual({ dtype: "text", shape: [2], values: ["ab", "cde"] });
      expect(file.read("int64")).toMatchObject({ data: BigInt64Array.of(-1n, 2n ** 40n) });
      expect(file.attributes("/")).toEqual({ energy: 8000, name: "scan", list: [0, 1, 2] });
      expect(file.dataset("bitshuffle")).toMatchObject({ chunks: [1, 16, 16], bytes: 3072 });
    });
  });

  it("lists each thing once, though a group holds its own parent", async () => {
    await using(kinds(), (file) => {
      const paths = file.entries().map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
      expect(paths).toContain("/group");
      expect(paths.filter((path) => path.startsWith("/group/"))).toEqual([]);
      expect(file.kindOf("group/up/group/up/plain")).toBe("dataset");
    });
  });
});

describe("nothing outside the file is read", () => {
  it.each([
    ["outside", /"\/outside" lies in another file \("cxi.h5"\)/],
    ["softoutside/data", /"\/outside" lies in another file/],
    ["virtual", /virtual dataset of cxi.h5/],
    ["external", /keeps its values in another file/],
  ])("%s is refused by name, though its file lies beside", async (name, reason) => {
    await using(kinds(), (file) => {
      expect(() => file.read(name)).toThrow(reason);
      expect(file.read("plain").shape).toEqual([6, 16, 16]);
    });
  });

  it("links in a circle and to nothing lead nowhere", async () => {
    await using(kinds(), (file) => {
      for (const name of ["circle", "dangling", "absent", "plain/inner"])
        expect(file.kindOf(name)).toBeUndefined();
      const kindOf = (name: string) => file.members("/").find((member) => member.name === name)?.kind;
      expect(["circle", "dangling", "outside", "softoutside", "soft"].map(kindOf)).toEqual([
        ...["nowhere", "nowhere", "elsewhere", "elsewhere", "dataset"],
      ]);
      expect(() => file.read("dangling")).toThrow(/there is no dataset "dangling"/);
    });
  });

  it("an unknown filter is named", async () => {
    await using(kinds(), (file) => {
      expect(() => file.read("unknown")).toThrow(/filter 32024 .*no plugin.*h5repack/);
    });
  });
});

describe("damage is a DataError of one sentence, and the process lives", () => {
  const source = join(FILES, "cxi.h5");

  /** Reads everything there is; returns how it ended. */
  async function readAll(path: string): Promise<"read" | "refused"> {
    try {
      return await using(path, (file) => {
        for (const { kind, path: name } of file.entries()) {
          file.attributes(name);
          if (kind === "dataset" && file.dataset(name).dtype !== "other") file.read(name);
        }
        return "read";
      });
    } catch (error) {
      if (!isPtychoError(error)) throw error;
      expect(["DataError", "ResourceError"]).toContain(error.tag);
      expect(error.message).not.toContain("\n");
      expect(error.message.length).toBeLessThan(700);
      return "refused";
    }
  }

  it("cut off anywhere", async () => {
    const { size } = statSync(source);
    const printed = vi.spyOn(console, "error");
    for (let length = 0; length < size; length += 331) {
      copyFileSync(source, at("cut.h5"));
      truncateSync(at("cut.h5"), length);
      expect(await readAll(at("cut.h5")), `${length} bytes`).toBe("refused");
    }
    expect(printed).not.toHaveBeenCalled();
    expect(await readAll(source)).toBe("read");
  });

  it("bytes flipped anywhere", async () => {
    const bytes = readFileSync(source);
    const ends = { read: 0, refused: 0 };
    for (let place = 0; place < bytes.length; place += 97) {
      const damaged = Buffer.from(bytes);
      damaged[place] ^= 0xff;
      writeFileSync(at("flipped.h5"), damaged);
      ends[await readAll(at("flipped.h5"))]++;
    }
    // Values have no checksum; structure has its own sense.
    expect(ends.read).toBeGreaterThan(0);
    expect(ends.refused).toBeGreaterThan(5);
    expect(await readAll(source)).toBe("read");
  });

  it("a file that is none of it, or changes while it is read", async () => {
    writeFileSync(at("none.h5"), "hello, world");
    await expect(openHdf5(at("none.h5"))).rejects.toThrow(/the HDF5 file cannot be read/);
    const isOf = (path: string) => {
      const file = openRegularFile(path);
      const found = isHdf5(file);
      file.close();
      return found;
    };
    expect([at("none.h5"), source, join(FILES, "matlab.mat")].map(isOf)).toEqual([false, true, true]);
    copyFileSync(source, at("changing.h5"));
    await using(at("changing.h5"), (file) => {
      truncateSync(at("changing.h5"), 3000);
      expect(() => file.read("entry_1/data_1/data")).toThrow(/changed while it was read/);
    });
  });
});

describe("writes what it reads", () => {
  const array = (values: number[]): Hdf5Node => ({ kind: "array", array: float64([values.length], values) });

  it("arrays, complex, text, attributes, links, gzip", async () => {
    const path = at("written.h5");
    const object = complex64([2, 2], Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8));
    const int64 = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -2n) } as const;
    const text = { dtype: "text", shape: [], values: ["é"] } as const;
    await writeHdf5(path, {
      kind: "group",
      attributes: { name: "é", comments: "", count: 3, energy_eV: { float64: 8000 } },
      members: {
        object: { kind: "array", array: object, attributes: { pixel_width_m: { float64: 1e-9 } } },
        packed: { kind: "array", array: float64([2, 3], [1, 2, 3, 4, 5, 6]), gzip: true },
        empty: array([]),
        inner: {
          kind: "group",
          members: { int64: { kind: "array", array: int64 }, text: { kind: "array", array: text } },
        },
        link: { kind: "link", to: "/inner/int64" },
      },
    });
    await using(path, (file) => {
      expect(file.attributes("/")).toEqual({ name: "é", comments: "", count: 3, energy_eV: 8000 });
      expect(file.attributes("object")).toEqual({ pixel_width_m: 1e-9 });
      expect(file.read("object")).toEqual(object);
      expect(file.dataset("packed")).toMatchObject({ filters: ["deflate"], chunks: [1, 3] });
      expect(file.read("packed")).toEqual(float64([2, 3], [1, 2, 3, 4, 5, 6]));
      expect(file.read("empty")).toEqual(float64([0], []));
      expect(file.read("link")).toEqual(int64);
      expect(file.read("inner/text")).toEqual(text);
    });
  });

  it("leaves no file where a name is impossible or the disk fails", async () => {
    const path = at("refused.h5");
    await expect(writeHdf5(path, { kind: "group", members: { "a/b": array([1]) } })).rejects.toMatchObject({
      tag: "UsageError",
    });
    const full = () => {
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    const nothing = () => {};
    const fs = { open: full, write: full, fsync: nothing, close: nothing, rename: nothing, unlink: nothing };
    await expect(writeHdf5(path, { kind: "group", members: {} }, fs)).rejects.toMatchObject({
      tag: "ResourceError",
    });
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });
});
