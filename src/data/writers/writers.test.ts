// What is written reads back: by the readers of this program, and in its plain layout.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32 } from "../../core/ndarray.js";
import { openHdf5 } from "../../formats/hdf5.js";
import { openNpz } from "../../formats/npz.js";
import type { RawData } from "../raw-data.js";
import { readScan } from "../read-scan.js";
import { readObjectFile } from "../readers/object-file.js";
import { productFaults } from "../readers/product-faults.js";
import { readProduct } from "../readers/ptychodus-product.js";
import { writeCxi } from "./cxi.js";
import { writeScanNpz } from "./npz-scan.js";
import { type NewProduct, writeProduct } from "./ptychodus-product.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-writers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const [n, N] = [5, 8];
const wave = (shape: readonly number[]): ComplexArray => {
  const size = shape.reduce((a, b) => a * b);
  const part = (phase: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i + phase));
  return complex64(shape, part(0), part(1));
};
const xPx = Float64Array.from({ length: n }, (_, i) => 20.25 + 3 * i);
const yPx = Float64Array.from({ length: n }, (_, i) => 30.5 + (i % 2));
const counts = Float32Array.from({ length: n * N * N }, (_, i) => 3 * (i % 7));
const scan: RawData<"amplitude"> = {
  diffraction: { domain: "amplitude", array: float32([n, N, N], counts.map(Math.sqrt)) },
  ...{ xPx, yPx, xStartPx: xPx, yStartPx: yPx, scanIndex: new Int32Array(n), probe: wave([2, N, N]) },
  ...{ pixelSizeM: 1.3e-8, energyEv: 6200, distanceM: 1.7 },
};
const options = { domain: "amplitude", allowedN: [N] } as const;

function expectClose(found: Float64Array, expected: Float64Array): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-9);
}

describe("ptychodus product", () => {
  const product: NewProduct = {
    ...{ name: "näme", comments: "by test", object: wave([12, 20]), originPx: [7, 9], probe: scan.probe },
    ...{ xPx, yPx, losses: [3, 2.5], geometry: scan, nphotons: 1e5 },
  };

  it("breaks no rule and gives everything back, the object in its place", async () => {
    await writeProduct(at("product.h5"), product);
    const file = await openHdf5(at("product.h5"));
    expect(productFaults(file)).toEqual([]);
    const back = readProduct(file);
    expectClose(back.xPx, xPx);
    expectClose(back.yPx, yPx);
    for (const axis of [0, 1]) expect(back.originPx[axis]).toBeCloseTo(product.originPx[axis], 9);
    expect(back.object).toEqual({ ...product.object, shape: [1, 12, 20] });
    expect(back.probe).toEqual({ ...scan.probe, shape: [1, 2, N, N] });
    expect(Array.from(back.losses)).toEqual([3, 2.5]);
    expect(back.geometry).toMatchObject({ isMetric: true, energyEv: 6200, distanceM: 1.7 });
    expect(file.attributes("/")).toMatchObject({
      name: "näme",
      comments: "by test",
      probe_photon_count: 1e5,
    });
    // NeXus viewers follow default, default, signal.
    const root = file.attributes("/").default;
    const group = file.attributes(`/${root}`).default;
    const signal = file.attributes(`/${root}/${group}`).signal;
    expect(file.dataset(`/${root}/${group}/${signal}`).shape).toEqual([1, 12, 20]);
    file.close();
    const found = await readObjectFile(at("product.h5"));
    expect(found.object).toEqual(product.object);
    expect(found.pixelSizeM).toBe(1.3e-8);
  });

  it("says so where the pixel size is not known, and keeps the geometry in pixels", async () => {
    await writeProduct(at("pixels.h5"), { ...product, geometry: {} });
    const file = await openHdf5(at("pixels.h5"));
    expect(file.attributes("/").comments).toMatch(/by test; the size of an object pixel is not known/);
    const back = readProduct(file);
    expect(Array.from(back.xPx)).toEqual(Array.from(xPx));
    expect(back.originPx).toEqual([7, 9]);
    expect(back.geometry).toMatchObject({ isMetric: false, energyEv: undefined, distanceM: undefined });
    file.close();
    expect((await readObjectFile(at("pixels.h5"))).pixelSizeM).toBeUndefined();
  });
});

describe("CXI", () => {
  it("round trip: patterns, positions, probe, geometry", async () => {
    await writeCxi(at("scan.cxi"), scan);
    const { raw, notes } = await readScan(at("scan.cxi"), options);
    expect(notes[0]).toContain("read as CXI");
    const { data } = raw.diffraction.array;
    for (const [i, value] of scan.diffraction.array.data.entries())
      expect(Math.abs(data[i] - value)).toBeLessThan(1e-5);
    expectClose(raw.xPx, xPx);
    expectClose(raw.yPx, yPx);
    expect(raw.probe).toEqual(scan.probe);
    expect(raw.pixelSizeM! / 1.3e-8).toBeCloseTo(1, 9);
    expect(raw.energyEv).toBeCloseTo(6200, 6);
  });

  it("is refused for a scan without the geometry it is made of", async () => {
    const { pixelSizeM: _, energyEv: __, ...rest } = scan;
    await expect(writeCxi(at("none.cxi"), rest)).rejects.toThrow(/the scan has no pixel size, energy;/);
  });
});

describe("the original's NPZ", () => {
  it("holds the patterns under both names and reads back equal", async () => {
    const metadata = { physics_parameters: { nphotons: 5e4 } };
    const single = wave([1, N, N]);
    writeScanNpz(at("scan.npz"), scan, { probe: single, metadata });
    const npz = openNpz(at("scan.npz"));
    expect(npz.read("diff3d")).toEqual(scan.diffraction.array);
    expect(npz.read("diffraction")).toEqual(scan.diffraction.array);
    expect(npz.header("probeGuess").shape).toEqual([N, N]);
    expect(npz.header("xcoords_start").dtype).toBe("float64");
    const { raw } = await readScan(at("scan.npz"), options);
    expect(raw.diffraction).toEqual(scan.diffraction);
    expect(raw.xPx).toEqual(xPx);
    expect(raw.probe).toEqual(single);
    expect(raw.nphotons).toBe(5e4);
  });

  it("does not take counts for amplitudes", () => {
    const counted = {
      ...scan,
      diffraction: { domain: "counts", array: float32([n, N, N], counts) },
    } as const;
    expect(() => writeScanNpz(at("counts.npz"), counted)).toThrow(
      /holds counts and was to be written as amplitude/,
    );
    writeScanNpz(at("counts.npz"), counted, {}, "counts");
    expect(openNpz(at("counts.npz")).read("diffraction")).toMatchObject({ data: counts });
  });
});
