// Scans and products of other programs as a user meets them: the same result from every format, and product.h5.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ComplexArray } from "../src/core/ndarray.js";
import { readScan } from "../src/data/read-scan.js";
import { productFaults } from "../src/data/readers/product-faults.js";
import { readProduct } from "../src/data/readers/ptychodus-product.js";
import { writeCxi } from "../src/data/writers/cxi.js";
import { openHdf5 } from "../src/formats/hdf5.js";
import { openNpz } from "../src/formats/npz.js";
import { runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-exchange-"));
const at = (name: string) => join(folder, name);
const GEOMETRY = { pixelSizeM: 2e-8, energyEv: 9000, distanceM: 1.5 };
const SMALL = ["--threads", "1", "--preview-every", "0", "--engine", "rpie", "--epochs", "2"];

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 60, { seed: 5, photons: 1e9 });
  const { raw } = await readScan(at("scan.npz"), { domain: "amplitude" });
  await writeCxi(at("scan.cxi"), { ...raw, ...GEOMETRY });
  for (const name of ["scan.npz", "scan.cxi"]) {
    const { code, err } = await runHere("reconstruct", at(name), "--output-dir", at(`of-${name}`), ...SMALL);
    expect([code, err]).toEqual([0, expect.stringContaining("product.h5")]);
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (run: string, name: string) => openNpz(at(`${run}/reconstruction.npz`)).read(name);

describe("reconstruct", () => {
  it("gives from a CXI file the object that it gives from .npz, and knows its pixel size", () => {
    const [known, found] = ["of-scan.npz", "of-scan.cxi"].map((run) => read(run, "object") as ComplexArray);
    expect(found.shape).toEqual(known.shape);
    // The patterns went through float32 intensities, the positions through metres.
    const scale = known.re.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of known.re.entries())
      expect(Math.abs(found.re[i] - value)).toBeLessThan(1e-3 * scale);
    expect(read("of-scan.cxi", "pixel_size_m")).toMatchObject({ data: Float64Array.of(2e-8) });
    expect(openNpz(at("of-scan.npz/reconstruction.npz")).has("pixel_size_m")).toBe(false);
  });

  it("writes product.h5 that holds the result and breaks no rule of ptychodus", async () => {
    const file = await openHdf5(at("of-scan.cxi/product.h5"));
    expect(productFaults(file)).toEqual([]);
    const product = readProduct(file);
    file.close();
    const object = read("of-scan.cxi", "object") as ComplexArray;
    expect(product.object).toEqual({ ...object, shape: [1, ...object.shape] });
    const { data: origin } = read("of-scan.cxi", "origin_px") as { data: Float64Array };
    for (const axis of [0, 1]) expect(product.originPx[axis]).toBeCloseTo(origin[axis], 6);
    expect(product.geometry).toMatchObject({ isMetric: true, pixelWidthM: 2e-8, distanceM: 1.5 });
    expect(product.losses.length).toBe(2);
  });

  it("takes the object and the probe of a product to begin with", async () => {
    const product = at("of-scan.cxi/product.h5");
    const begun = await runHere(
      ...["reconstruct", at("scan.cxi"), "--output-dir", at("begun"), ...SMALL],
      ...["--init", product, "--probe", product],
    );
    expect([begun.code, begun.err]).toEqual([0, expect.stringContaining("read as CXI")]);
    const residual = (run: string) => JSON.parse(readFileSync(at(`${run}/report.json`), "utf8")).residual;
    expect(residual("begun")).toBeLessThan(residual("of-scan.cxi"));
  });
});

describe("evaluate", () => {
  it("scores a product as the reconstruction it holds, and against one", async () => {
    const correlation = async (found: string, truth: string) => {
      const { code, err } = await runHere(
        "evaluate",
        found,
        "--truth",
        truth,
        "--output",
        at("metrics.json"),
      );
      expect([code, err]).toEqual([0, expect.any(String)]);
      return JSON.parse(readFileSync(at("metrics.json"), "utf8")).amplitude.correlation;
    };
    const own = await correlation(at("of-scan.cxi"), at("scan.npz"));
    expect(await correlation(at("of-scan.cxi/product.h5"), at("scan.npz"))).toBeCloseTo(own, 6);
    expect(await correlation(at("of-scan.npz"), at("of-scan.npz/product.h5"))).toBeCloseTo(1, 6);
  });
});

describe("refusals name the way out, and leave no folder", () => {
  it.each([
    ["a product alone", () => at("of-scan.cxi/product.h5"), [], 3, /positions and a probe but no patterns/],
    ["a mapping file with .npz", () => at("scan.npz"), ["--map", "map.yaml"], 2, /describes an HDF5 file/],
    [
      "amplitudes said to be counts",
      () => at("scan.cxi"),
      ["--units", "amplitude"],
      3,
      /stated to be amplitude/,
    ],
  ])("%s", async (_, file, options, code, reason) => {
    const { cxi } = { cxi: at("counts.cxi") };
    if (options.includes("--units")) await writeWholeCounts(cxi);
    const input = options.includes("--units") ? cxi : file();
    const out = await runHere("reconstruct", input, "--output-dir", at("refused"), ...SMALL, ...options);
    expect([out.code, out.err]).toEqual([code, expect.stringMatching(reason)]);
    expect(existsSync(at("refused"))).toBe(false);
  });

  async function writeWholeCounts(path: string): Promise<void> {
    const { raw } = await readScan(at("scan.npz"), { domain: "amplitude" });
    const { array } = raw.diffraction;
    const whole = { ...array, data: array.data.map((value) => Math.round(value * value)) };
    await writeCxi(path, { ...raw, ...GEOMETRY, diffraction: { domain: "counts", array: whole } });
    writeFileSync(at("map.yaml"), "");
  }
});
