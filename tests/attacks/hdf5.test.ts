// HDF5 files made to hurt (tests/hdf5-files/make.py, and written here): each is one sentence. FAULTS 3, 8, 9, 26, 28, 29.
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { float64 } from "../../src/core/ndarray.js";
import { readScan } from "../../src/data/read-scan.js";
import { openScanSource } from "../../src/data/readers/open-scan-source.js";
import { openHdf5 } from "../../src/formats/hdf5.js";
import { type Hdf5Node, writeHdf5 } from "../../src/formats/write-hdf5.js";
import { endingOf, withLittleMemory } from "./ending.js";

const given = (name: string) => join(import.meta.dirname, "..", "hdf5-files", name);
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-hdf5-attacks-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

function mapOf(diffraction: string, x = "/x"): string {
  const map = at("map.yaml");
  const axis = (name: string) => `${name}: { path: ${x}, units: px }`;
  writeFileSync(map, `diffraction: { path: ${diffraction}, units: counts }\n${axis("x")}\n${axis("y")}\n`);
  return map;
}

describe("patterns that are none", () => {
  it.each([
    ["sparse", /claims 125829120000000 bytes in a file of \d+; the file is damaged/, [1024]],
    ["hugechunk", /claims 805306368 bytes in a file of \d+/, [8192]],
    ["refs", /does not hold numbers/, [4]],
    ["vlen", /does not hold numbers/, [4]],
    ["null", /null dataspace/, [4]],
    ["scalar", /must be 3-D/, [4]],
    ["texts", /must hold real numbers, got text|1 x 1 pixels/, [4]],
  ])("%s", async (name, reason, allowedN) => {
    await withLittleMemory(async () => {
      const reading = readScan(given("hostile.h5"), {
        ...{ domain: "amplitude", axisOrder: "NHW", allowedN, map: mapOf(`/${name}`) },
      });
      await expect(reading).rejects.toMatchObject({ tag: "DataError" });
      await expect(reading).rejects.toThrow(reason);
    });
  });

  it.each([
    ["outside", /lies in another file \("cxi.h5"\), and other files are never followed/],
    ["softoutside/data", /lies in another file/],
    ["virtual", /virtual dataset of cxi.h5/],
    ["external", /keeps its values in another file, which is never followed|must be 3-D/],
    ["circle", /there is no dataset "\/circle"/],
    ["unknown", /filter 32024/],
  ])("through the door of scans: %s", async (name, reason) => {
    writeFileSync(
      at("kinds.yaml"),
      `diffraction: { path: /${name}, units: counts }\nx: { path: /big, units: px }\ny: { path: /big, units: px }\n`,
    );
    const reading = readScan(given("kinds.h5"), {
      ...{ domain: "amplitude", allowedN: [16], map: at("kinds.yaml") },
    });
    await expect(reading).rejects.toMatchObject({ tag: "DataError" });
    await expect(reading).rejects.toThrow(reason);
  });
});

it("every type of number is read as it is", async () => {
  const file = await openHdf5(given("hostile.h5"));
  const names = file.members("/types").map((member) => member.name);
  expect(names).toHaveLength(16);
  for (const name of names) {
    const array = file.read(`/types/${name}`);
    const values = "data" in array ? Array.from(array.data as ArrayLike<number | bigint>, Number) : [];
    expect([name, values]).toEqual([name, [0, 1, 2, 3]]);
  }
  file.close();
});

it("patterns that no memory holds are a matter of memory", async () => {
  // Sparse on disk: 28 GB of unwritten chunks, and enough bytes behind them that the claim is not absurd.
  copyFileSync(given("hostile.h5"), at("large.h5"));
  truncateSync(at("large.h5"), 10e6);
  const reading = readScan(at("large.h5"), {
    ...{ domain: "amplitude", axisOrder: "NHW", allowedN: [1024], map: mapOf("/large", "/many") },
  });
  await expect(reading).rejects.toMatchObject({ tag: "ResourceError" });
  await expect(reading).rejects.toThrow(/the patterns need 29.4 GB, .*keep them on disk with --max_memory/);
});

describe("attributes and groups without end", () => {
  const array: Hdf5Node = { kind: "array", array: float64([1], [1]) };

  it("a thousand attributes and one", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`a${i}`, i]));
    await writeHdf5(at("attributes.h5"), {
      kind: "group",
      members: { entry: { kind: "group", attributes, members: { array } } },
    });
    expect(await endingOf(at("attributes.h5"))).toMatch(/^DataError: .*has 1001 attributes, at most 1000/);
  });

  it("an attribute of megabytes is left out, the others are read", async () => {
    const large = "x".repeat(2 ** 21);
    await writeHdf5(at("large.h5"), { kind: "group", attributes: { name: "scan" }, members: { array } });
    await expect(
      writeHdf5(at("larger.h5"), { kind: "group", attributes: { large, name: "scan" }, members: { array } }),
    ).resolves.toBeUndefined();
    const file = await openHdf5(at("larger.h5"));
    expect(file.attributes("/")).toMatchObject({ name: "scan" });
    file.close();
  });

  it("groups two hundred deep are not walked to the end", async () => {
    let node: Hdf5Node = array;
    for (let depth = 0; depth < 200; depth++) node = { kind: "group", members: { g: node } };
    await writeHdf5(at("deep.h5"), node as never);
    const file = await openHdf5(at("deep.h5"));
    expect(file.entries().length).toBeLessThan(100);
    file.close();
    expect(await endingOf(at("deep.h5"))).toMatch(/^DataError: .*unknown layout/);
  });
});

describe("a file that somebody writes to", () => {
  it("is said to be open for writing (SWMR)", async () => {
    const ending = await endingOf(given("being-written.h5"), given("small.yaml"));
    expect(ending).toMatch(/^DataError: .*still being written, or its writer was killed; .*h5clear -s/);
  });

  it("grows, or is changed in its place, while it is read", async () => {
    for (const change of [
      (path: string) => appendFileSync(path, "more"),
      (path: string) => utimesSync(path, 1, 1),
    ]) {
      copyFileSync(given("small.h5"), at("changing.h5"));
      const source = await openScanSource(at("changing.h5"), { map: given("small.yaml") });
      change(at("changing.h5"));
      expect(() => source.read("diffraction")).toThrow(/the file changed while it was read/);
      source.close();
    }
  });
});
