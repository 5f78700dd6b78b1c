// Every format, cut off at every byte and with every byte changed: the patterns or one sentence, never a crash, a hang or
// memory without end. FAULTS 1, 2, 4, 29.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complex64, float32, float64 } from "../../src/core/ndarray.js";
import { writeNpy } from "../../src/formats/npy.js";
import { writeNpz } from "../../src/formats/npz.js";
import { endingOf, withLittleMemory } from "./ending.js";

const FILES = join(import.meta.dirname, "..", "hdf5-files");
const MAP = join(FILES, "small.yaml");
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-damage-"));
const at = (name: string) => join(folder, name);

beforeAll(() => {
  const patterns = float32(
    [3, 4, 4],
    Float32Array.from({ length: 48 }, (_, i) => 0.3 + i / 7),
  );
  writeNpz(at("stored.npz"), members(), { method: "store" });
  writeNpz(at("deflated.npz"), members(), { method: "deflate" });
  writeFileSync(at("stack.npy"), writeNpy(patterns));
  copyFileSync(join(FILES, "small.h5"), at("small.h5"));
  for (const name of ["stack", "damaged"]) writeFileSync(at(`${name}.csv`), "x_px,y_px\n0,0\n1,0\n0,1\n");

  function members() {
    const column = (values: number[]) => float64([3], values);
    return Object.entries({
      diffraction: patterns,
      ...{ xcoords: column([0, 1, 2]), ycoords: column([0, 1, 1]) },
      probeGuess: complex64([4, 4], new Float32Array(16).fill(1)),
    });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Where a change of one byte may go unnoticed: elements and names of formats that have no checksum. */
const FORMATS = [
  { name: "stored.npz", hasChecksums: true },
  { name: "deflated.npz", hasChecksums: true },
  { name: "stack.npy", hasChecksums: false },
  { name: "small.h5", map: MAP, hasChecksums: false },
];

describe.each(FORMATS)("$name", ({ name, map, hasChecksums }) => {
  const damaged = at(`damaged${extname(name)}`);

  it("as it is, is read", async () => {
    expect(await endingOf(at(name), map)).toBe("read");
  });

  it("cut off at every byte is refused", async () => {
    const bytes = readFileSync(at(name));
    await withLittleMemory(async () => {
      for (let length = 0; length < bytes.length; length++) {
        writeFileSync(damaged, bytes.subarray(0, length));
        expect([length, await endingOf(damaged, map)]).toEqual([
          length,
          expect.stringMatching(/^(Data|Usage)Error: /),
        ]);
      }
    });
  });

  it("with any byte changed is refused, or read where the format cannot know", async () => {
    const bytes = readFileSync(at(name));
    let unnoticed = 0;
    await withLittleMemory(async () => {
      for (let place = 0; place < bytes.length; place++) {
        const changed = Buffer.from(bytes);
        changed[place] ^= place % 2 === 0 ? 0xff : 0x01;
        writeFileSync(damaged, changed);
        if ((await endingOf(damaged, map)) === "read") unnoticed++;
      }
    });
    // In a zip file only versions, times and attributes of members are without a checksum and without a meaning here.
    expect(unnoticed / bytes.length).toBeLessThan(hasChecksums ? 0.15 : 0.95);
  });
});
