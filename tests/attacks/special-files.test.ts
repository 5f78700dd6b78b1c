// What is no file, at every door that takes one: refused at once, in one sentence. FAULTS 26.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPtychoError } from "../../src/core/errors.js";
import { bool, float32 } from "../../src/core/ndarray.js";
import { openContents } from "../../src/data/open-contents.js";
import { readPixelMaskFile } from "../../src/data/pixel-mask.js";
import { readProbeFile } from "../../src/data/read-probe-file.js";
import { readObjectFile } from "../../src/data/readers/object-file.js";
import { openScanSource } from "../../src/data/readers/open-scan-source.js";
import { writeNpy } from "../../src/formats/npy.js";

const small = (name: string) => join(import.meta.dirname, "..", "hdf5-files", name);
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-special-"));
const at = (name: string) => join(folder, name);
const isPosix = process.platform !== "win32";

beforeAll(() => {
  writeFileSync(at("empty"), "");
  mkdirSync(at("folder"));
  if (!isPosix) return;
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync(at("nowhere"), at("dangling"));
  symlinkSync(at("circle"), at("circle"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const DOORS: Readonly<Record<string, (path: string) => unknown>> = {
  "a scan": (path) => openScanSource(path),
  "a scan to inspect": (path) => openContents(path),
  "a mapping file": (path) => openScanSource(small("small.h5"), { map: path }),
  "a mask": (path) => readPixelMaskFile(path, { n: 1, N: 4 }),
  "a probe": (path) => readProbeFile(path, 4),
  "an object": (path) => readObjectFile(path),
};

async function refusalOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    expect(["DataError", "UsageError"]).toContain(error.tag);
    return error.message;
  }
  return "nothing was refused";
}

describe.each(Object.entries(DOORS))("as %s", (_, door) => {
  it.each([
    ["an empty file", () => at("empty"), /is empty|cannot be read|configuration file ends in/],
    ["a folder", () => at("folder"), /expected a regular file, found a folder/],
    ["nothing", () => at("nowhere"), /there is no such file/],
  ])("%s", async (_, path, reason) => {
    expect(await refusalOf(() => door(path()))).toMatch(reason);
  });

  it.skipIf(!isPosix).each([
    ["a pipe", () => at("pipe"), /found a pipe/],
    ["a device without end", () => "/dev/zero", /found a device/],
    ["a dangling link", () => at("dangling"), /the symbolic link points to nothing/],
    ["a circle of links", () => at("circle"), /go in a circle/],
  ])("%s", async (_, path, reason) => {
    expect(await refusalOf(() => door(path()))).toMatch(reason);
  });
});

it("a mask that is a picture is refused with the way to save it", async () => {
  expect(await refusalOf(() => readPixelMaskFile(small("stack.tif"), { n: 1, N: 4 }))).toMatch(
    /a mask file is .npy or .npz, found other bytes; save the mask with numpy.save/,
  );
  writeFileSync(at("mask.npy"), writeNpy(bool([4, 4])));
  expect(await refusalOf(() => readPixelMaskFile(at("mask.npy"), { n: 1, N: 4 }))).toBe(
    "nothing was refused",
  );
});

it.skipIf(!isPosix)("a pipe in the place of the positions of a stack", async () => {
  writeFileSync(at("stack.npy"), writeNpy(float32([3, 4, 4])));
  execFileSync("mkfifo", [at("stack.csv")]);
  expect(existsSync(at("stack.csv"))).toBe(true);
  expect(await refusalOf(() => openScanSource(at("stack.npy")))).toMatch(/stack.csv.*found a pipe/);
});
