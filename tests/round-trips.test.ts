// What is written, read back by the HDF5 library itself (h5wasm, without a reader of this program), equals what went in.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as h5wasm from "h5wasm";
import { type Dataset, type File, ready } from "h5wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32 } from "../src/core/ndarray.js";
import type { RawData } from "../src/data/raw-data.js";
import { writeCxi } from "../src/data/writers/cxi.js";
import { writeProduct } from "../src/data/writers/ptychodus-product.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-round-trips-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [n, N] = [5, 8];
const wave = (shape: readonly number[]): ComplexArray => {
  const size = shape.reduce((a, b) => a * b);
  const part = (phase: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i + phase));
  return complex64(shape, part(0), part(1));
};
const xPx = Float64Array.from({ length: n }, (_, i) => 20.25 + 3 * i);
const yPx = Float64Array.from({ length: n }, (_, i) => 30.5 + (i % 2));
const counts = Float32Array.from({ length: n * N * N }, (_, i) => 3 * (i % 7));
const scan: RawData<"counts"> = {
  diffraction: { domain: "counts", array: float32([n, N, N], counts) },
  ...{ xPx, yPx, xStartPx: xPx, yStartPx: yPx, scanIndex: new Int32Array(n), probe: wave([2, N, N]) },
  ...{ pixelSizeM: 1.3e-8, energyEv: 6200, distanceM: 1.7 },
};
const object = wave([12, 20]);

async function opened(name: string): Promise<File> {
  const { FS } = await ready;
  // The package declares FS as a global of its own.
  (FS as unknown as { writeFile(path: string, bytes: Uint8Array): void }).writeFile(
    `/${name}`,
    readFileSync(join(folder, name)),
  );
  return new h5wasm.File(`/${name}`, "r");
}

const dataset = (file: File, path: string) => file.get(path) as Dataset;
function numbersOf(file: File, path: string): number[] {
  const { value } = dataset(file, path);
  return typeof value === "number" ? [value] : Array.from(value as ArrayLike<number>, Number);
}

/** h5wasm gives complex numbers as pairs. */
function complexOf(file: File, path: string): ComplexArray {
  const { value, shape } = dataset(file, path);
  const pairs = (value as unknown as readonly (readonly [number, number])[]).map(([re, im]) => [re, im]);
  return complex64(
    shape as number[],
    Float32Array.from(pairs, ([re]) => re),
    Float32Array.from(pairs, ([, im]) => im),
  );
}

describe("a product", () => {
  let file: File;
  beforeAll(async () => {
    await writeProduct(join(folder, "product.h5"), {
      ...{ name: "näme", comments: "by test", object, originPx: [7, 9], probe: scan.probe },
      ...{ xPx, yPx, losses: [3, 2.5], geometry: scan, nphotons: 1e5 },
    });
    file = await opened("product.h5");
  });

  it("has object and probe bit for bit, with the axes of ptychodus", () => {
    expect(complexOf(file, "object")).toEqual({ ...object, shape: [1, 12, 20] });
    expect(complexOf(file, "probe")).toEqual({ ...scan.probe, shape: [1, 2, N, N] });
  });

  it("has positions, losses and geometry in metres and eV", () => {
    expect(numbersOf(file, "probe_position_x_m")).toEqual(Array.from(xPx, (x) => x * 1.3e-8));
    expect(numbersOf(file, "probe_position_y_m")).toEqual(Array.from(yPx, (y) => y * 1.3e-8));
    expect(numbersOf(file, "loss_values")).toEqual([3, 2.5]);
    const attribute = (name: string) => file.attrs[name].value;
    expect(attribute("name")).toBe("näme");
    expect(attribute("probe_energy_eV")).toBe(6200);
    expect(attribute("detector_object_distance_m")).toBe(1.7);
    const { pixel_width_m, center_x_m, center_y_m } = dataset(file, "object").attrs;
    expect(pixel_width_m.value).toBe(1.3e-8);
    expect([center_x_m.value, center_y_m.value]).toEqual([(7 + 10) * 1.3e-8, (9 + 6) * 1.3e-8]);
  });
});

describe("a CXI file", () => {
  let file: File;
  beforeAll(async () => {
    await writeCxi(join(folder, "scan.cxi"), scan);
    file = await opened("scan.cxi");
  });

  it("has the counts and the probe bit for bit", () => {
    expect(dataset(file, "entry_1/data_1/data").shape).toEqual([n, N, N]);
    expect(numbersOf(file, "entry_1/data_1/data")).toEqual(Array.from(counts));
    expect(numbersOf(file, "entry_1/instrument_1/detector_1/data")).toEqual(Array.from(counts));
    expect(complexOf(file, "entry_1/instrument_1/source_1/illumination")).toEqual(scan.probe);
  });

  it("has positions in metres, energy in joules and the detector that they belong to", () => {
    const translation = numbersOf(file, "entry_1/data_1/translation");
    expect(translation).toEqual(Array.from(xPx).flatMap((x, i) => [x * 1.3e-8, yPx[i] * 1.3e-8, 0]));
    const [energyJ] = numbersOf(file, "entry_1/instrument_1/source_1/energy");
    const [distanceM] = numbersOf(file, "entry_1/instrument_1/detector_1/distance");
    const [detectorM] = numbersOf(file, "entry_1/instrument_1/detector_1/x_pixel_size");
    expect(energyJ / 1.602176634e-19).toBeCloseTo(6200, 6);
    // Wavelength x distance / (N x detector pixel) is the object pixel.
    expect(((6.62607015e-34 * 299792458) / energyJ / (N * detectorM)) * distanceM).toBeCloseTo(1.3e-8, 14);
  });
});
