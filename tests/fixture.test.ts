// The command fixture from end to end: a large scan to a small one that still belongs together.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ComplexArray, NdArray } from "../src/core/ndarray.js";
import { openNpz, writeNpz } from "../src/formats/npz.js";
import { extractPatch } from "../src/simulation/acquire.js";
import { detectorIntensity } from "../src/simulation/detector-intensity.js";
import { stratifiedIndices } from "../src/workflows/fixture.js";
import { runHere } from "./command-line.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-fixture-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe("ptychopinn fixture", () => {
  it("pairs every pattern with its own position: the object there gives it", async () => {
    const simulate = ["simulate", "--n-images", "60", "--object-size", "120", "--noise", "none", "--quiet"];
    expect((await runHere(...simulate, "--output-file", at("scan.npz"))).code).toBe(0);
    const cut = await runHere(
      "fixture",
      "--source",
      at("scan.npz"),
      "--output",
      at("small.npz"),
      "--subset-size",
      "16",
    );
    expect(cut.code, cut.err).toBe(0);
    expect(cut.err).toContain("left out");
    const npz = openNpz(at("small.npz"));
    const read = <A>(key: string) => npz.read(key) as A;
    const diffraction = read<NdArray<"float32">>("diffraction");
    const [x, y] = ["xcoords", "ycoords"].map((key) => read<NdArray<"float64">>(key).data);
    const [object, probe] = ["objectGuess", "probeGuess"].map((key) => read<ComplexArray>(key));
    expect(diffraction.shape).toEqual([16, 64, 64]);
    for (const k of [0, 7, 15]) {
      const patch = extractPatch(object, x[k], y[k], 64);
      const patches = {
        ...object,
        shape: [1, 64, 64],
        re: Float32Array.from(patch.re),
        im: Float32Array.from(patch.im),
      };
      const expected = detectorIntensity(patches, probe).data;
      const worst = Math.max(
        ...expected.map((v, i) => Math.abs(Math.sqrt(v) - diffraction.data[k * 4096 + i])),
      );
      expect(worst / Math.sqrt(Math.max(...expected))).toBeLessThan(1e-5);
    }
    const metadata = JSON.parse(readFileSync(at("small.json"), "utf8"));
    const sha256 = createHash("sha256")
      .update(readFileSync(at("small.npz")))
      .digest("hex");
    expect(metadata).toMatchObject({ subset_size: 16, sha256_checksum: sha256 });
    expect(cut.out).toContain(sha256);
  }, 30_000);

  it("takes evenly from the whole scan", () => {
    expect([...stratifiedIndices(40, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => Math.floor(2.5 * i)));
    expect([...stratifiedIndices(16, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(() => stratifiedIndices(40, 15)).toThrow(/16 to the 40/);
    expect(() => stratifiedIndices(40, 41)).toThrow(/got 41/);
  });

  it.each([
    [["--output", "x.npz"], 2, "--source is required"],
    [["--source", "scan.npz"], 2, "--output is required"],
    [["--source", "scan.npz", "--output", "scan.npz"], 2, "also an input"],
    [["--source", "scan.npz", "--output", "x.npz", "--metadata-out", "x.npz"], 2, "two files"],
    [["--source", "scan.npz", "--output", "x.npz", "--subset-size", "61"], 2, "--subset_size"],
    [["--source", "absent.npz", "--output", "x.npz"], 3, "absent.npz"],
    [["--source", "poor.npz", "--output", "x.npz"], 3, "probeGuess"],
  ])("refuses %s", async (args, code, reason) => {
    const x: NdArray = { dtype: "float64", shape: [20], data: new Float64Array(20) };
    writeNpz(at("poor.npz"), [
      ["xcoords", x],
      ["ycoords", x],
    ]);
    const found = await runHere("fixture", ...args.map((arg) => (arg.endsWith(".npz") ? at(arg) : arg)));
    expect([found.code, found.err]).toEqual([code, expect.stringContaining(reason)]);
  });
});
