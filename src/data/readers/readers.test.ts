// One scan in every format (tests/hdf5-files/make.py, written by h5py and tifffile) through the one door.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { complex64, float32, float64 } from "../../core/ndarray.js";
import { writeNpy } from "../../formats/npy.js";
import { type Hdf5Node, writeHdf5 } from "../../formats/write-hdf5.js";
import { openFrames } from "../open-frames.js";
import { readMeasuredScan, readScan } from "../read-scan.js";
import type { ScanFrames } from "../scan-frames.js";
import { openScanSource } from "./open-scan-source.js";
import { objectPixelM } from "./scan-layout.js";
import { suggestMap } from "./suggest-map.js";

const FILES = join(import.meta.dirname, "..", "..", "..", "tests", "hdf5-files");
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-readers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const given = (name: string) => join(FILES, name);

const [N, COUNT] = [16, 6];
/** pattern(k, i, j) of make.py. */
const COUNTS = Float32Array.from({ length: COUNT * N * N }, (_, place) => {
  const [k, i, j] = [Math.floor(place / (N * N)), Math.floor(place / N) % N, place % N];
  return (7 * k + 3 * i + j) % 23;
});
const AMPLITUDES = COUNTS.map(Math.sqrt);
const X_M = Array.from({ length: COUNT }, (_, k) => 1e-7 * k);
const Y_M = Array.from({ length: COUNT }, (_, k) => 2e-7 * (k % 3));
/** h c / E x distance / (N x detector pixel), CODATA values, by hand. */
const PIXEL_M = ((6.62607015e-34 * 299792458) / (8000 * 1.602176634e-19)) * (2 / (16 * 1e-4));

const options = { domain: "amplitude", allowedN: [N] } as const;
const masked = () => COUNTS.map((value, place) => (place % (N * N) === 2 * N + 3 ? 0 : Math.sqrt(value)));

function expectClose(found: Float64Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
}

describe.each([
  { name: "cxi.h5", format: "CXI", hasMask: true, hasProbe: true, pixelM: PIXEL_M },
  { name: "nexus.h5", format: "NeXus", hasMask: true, hasProbe: false, pixelM: PIXEL_M, yFactor: 1e3 * 1e-3 },
  { name: "ptypy.h5", format: "ptypy data", hasMask: true, hasProbe: false, pixelM: PIXEL_M },
  {
    name: "pair_dp.hdf5",
    format: "ptychodus pair",
    hasMask: false,
    hasProbe: true,
    pixelM: 5e-9,
    centred: true,
  },
  {
    name: "pair_para.hdf5",
    format: "ptychodus pair",
    hasMask: false,
    hasProbe: true,
    pixelM: 5e-9,
    centred: true,
  },
])("$name", ({ name, format, hasMask, hasProbe, pixelM, centred = false }) => {
  it("is told by its content, and is the scan", async () => {
    const path = given(name);
    const { measurement, probe, badPixels, notes } = await readMeasuredScan(path, options);
    const { diffraction, xPx, yPx, pixelSizeM } = measurement;
    expect(diffraction.array.shape).toEqual([COUNT, N, N]);
    expect(diffraction.array.data).toEqual(hasMask ? masked() : AMPLITUDES);
    expect(pixelSizeM! / pixelM).toBeCloseTo(1, 9);
    const mean = (values: readonly number[]) =>
      centred ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
    expectClose(
      xPx,
      X_M.map((value) => (value - mean(X_M)) / pixelM),
    );
    expectClose(
      yPx,
      Y_M.map((value) => (value - mean(Y_M)) / pixelM),
    );
    expect(probe === undefined).toBe(!hasProbe);
    if (probe !== undefined) {
      expect(probe.shape).toEqual([1, N, N]);
      expect([probe.re[37], probe.im[37]]).toEqual([37, 1]);
    }
    expect(badPixels?.data.reduce((sum, value) => sum + value, 0)).toBe(hasMask ? 1 : undefined);
    expect(notes.join("\n")).toContain(`read as ${format}`);
  });

  it("gives its intensities as counts, with a word of their gain", async () => {
    const { measurement, warnings } = await readMeasuredScan(given(name), {
      ...{ ...options, domain: "counts", mask: "none" },
    });
    expect(measurement.diffraction).toMatchObject({ domain: "counts", array: { data: COUNTS } });
    expect(warnings.join("\n")).toMatch(/intensities of unknown gain/);
    const told = await readMeasuredScan(given(name), {
      ...{ ...options, domain: "counts", mask: "none", units: "counts" },
    });
    expect(told.warnings.join("\n")).not.toMatch(/unknown gain/);
  });
});

describe("formats that carry positions in pixels", () => {
  const xPx = Array.from({ length: COUNT }, (_, k) => 10 * k);
  const yPx = Array.from({ length: COUNT }, (_, k) => 5.5 * k);

  it("MATLAB 7.3: column-major arrays, complex {real, imag}, vectors as matrices", async () => {
    const { raw } = await readScan(given("matlab.mat"), options);
    expect(raw.diffraction.array.data).toEqual(
      Float32Array.from(COUNTS, (count) => Math.fround(Math.sqrt(count))),
    );
    expectClose(raw.xPx, xPx);
    expectClose(raw.yPx, yPx);
    expect([raw.probe.re[37], raw.probe.im[37]]).toEqual([37, 1]);
  });

  it("TIFF and NPY stacks with a CSV or JSON file beside; units must be stated", async () => {
    copyFileSync(given("stack.tif"), at("stack.tif"));
    const rows = xPx.map((value, k) => `${value},${yPx[k]}`);
    writeFileSync(at("stack.csv"), `# by hand\nx_px, y_px\n${rows.join("\n")}\n`);
    const uint16 = { dtype: "uint16", shape: [COUNT, N, N], data: Uint16Array.from(COUNTS) } as const;
    writeFileSync(at("frames.npy"), writeNpy(uint16));
    const inMicrons = (values: readonly number[]) => values.map((value) => value * 0.25);
    const said = { x_um: inMicrons(xPx), y_um: inMicrons(yPx), pixel_size_m: 2.5e-7, units: "counts" };
    writeFileSync(at("frames.json"), JSON.stringify(said));
    for (const name of ["stack.tif", "frames.npy"]) {
      const { measurement } = await readMeasuredScan(at(name), { ...options, units: "counts" });
      expect(measurement.diffraction.array.data, name).toEqual(AMPLITUDES);
      expectClose(measurement.xPx, xPx);
      expectClose(measurement.yPx, yPx);
    }
    // A stack says nothing of its units: counts are not taken for amplitudes.
    await expect(readMeasuredScan(at("stack.tif"), options)).rejects.toThrow(/state its units as counts/);
    expect((await readMeasuredScan(at("frames.npy"), options)).measurement.pixelSizeM).toBe(2.5e-7);
  });

  it.each([
    ["x,y\n1,2", /expected one column x_px, .* found "x", "y"/],
    ["x_px,y_um\n1,2", /both in pixels or both in a length/],
    ["x_um,y_um\n1,2", /pixel_size_m, or with energy_ev/],
    ["x_px,y_px\n1", /row 1 has 1 cells, the head has 2/],
    ["x_ells,y_ells\n1,2", /"ells" is no unit of a length/],
  ])("refuses the positions %j", async (text, reason) => {
    copyFileSync(given("stack.tif"), at("bad.tif"));
    writeFileSync(at("bad.csv"), text);
    await expect(openScanSource(at("bad.tif"))).rejects.toThrow(reason);
  });

  it("refuses a stack alone", async () => {
    copyFileSync(given("stack.tif"), at("alone.tif"));
    await expect(openScanSource(at("alone.tif"))).rejects.toThrow(/alone.csv or alone.json .* found none/);
  });
});

describe("NeXus on a grid", () => {
  const read = (name: string) => readMeasuredScan(given(name), { ...options, mask: "none" });

  it.each([
    ["grid.h5", [0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]],
    ["square.h5", [0, 1, 0, 1], [0, 0, 1, 1]],
  ])("%s: patterns row by row, positions along their axes", async (name, columns, rows) => {
    const { measurement } = await read(name);
    const n = columns.length;
    expect(measurement.diffraction.array.shape).toEqual([n, N, N]);
    expect(measurement.diffraction.array.data).toEqual(AMPLITUDES.slice(0, n * N * N));
    expectClose(
      measurement.xPx,
      columns.map((column) => (column * 0.5e-6) / PIXEL_M),
    );
    expectClose(
      measurement.yPx,
      rows.map((row) => (row * 2e-6) / PIXEL_M),
    );
  });

  it("gives parts of rows as the whole gives them", async () => {
    const source = await openScanSource(given("grid.h5"));
    for (const [from, to] of [
      [0, 6],
      [1, 2],
      [2, 4],
      [4, 6],
      [5, 5],
    ])
      expect(source.readFrames!(from, to)).toEqual(COUNTS.slice(from * N * N, to * N * N));
    source.close();
  });
});

describe("a probe that changes over the scan", () => {
  it("is its first coherent mode, which is said", async () => {
    const probe = complex64([2, 1, N, N], new Float32Array(2 * N * N).fill(1), new Float32Array(2 * N * N));
    probe.re.fill(9, N * N);
    const column: Hdf5Node = {
      kind: "array",
      array: float64(
        [COUNT],
        Array.from(X_M, (x) => 1e9 * x),
      ),
    };
    const pattern: Hdf5Node = { kind: "array", array: float32([COUNT, N, N], AMPLITUDES) };
    await writeHdf5(at("opr.h5"), {
      kind: "group",
      members: { dp: pattern, x: column, y: column, probe: { kind: "array", array: probe } },
    });
    writeFileSync(
      at("opr.yaml"),
      "diffraction: { path: /dp, units: amplitude }\nprobe: { path: /probe }\n" +
        "x: { path: /x, units: px }\ny: { path: /y, units: px }\n",
    );
    const scan = await readMeasuredScan(at("opr.h5"), { ...options, map: at("opr.yaml") });
    expect(scan.probe).toEqual({
      ...probe,
      shape: [1, N, N],
      re: probe.re.slice(0, N * N),
      im: probe.im.slice(0, N * N),
    });
    expect(scan.notes.join("\n")).toMatch(/probe \/probe changes over the scan \(2 coherent modes/);
  });
});

describe("mapping files", () => {
  const other = given("other.h5");

  it("an unknown layout is refused with the way out", async () => {
    await expect(openScanSource(other)).rejects.toThrow(/unknown layout, .*"\/measurement\/frames".*--map/);
  });

  it("suggestMap finds what the file tells, leaves the rest open, and its text reads once that is filled", async () => {
    const text = await suggestMap(other);
    expect(text).toContain("path: /measurement/frames");
    expect(text).toContain("path: /measurement/motors/pos_x");
    expect(text).toMatch(/units: um {2}# as the file states/);
    expect(text.match(/: FIXME/g)).toHaveLength(2);
    writeFileSync(at("open.yaml"), text);
    await expect(openScanSource(other, { map: at("open.yaml") })).rejects.toThrow(
      /diffraction.units is FIXME/,
    );
    const filled = text
      .replace("units: FIXME  # amplitude", "units: counts  # amplitude")
      .replace(/: FIXME/, ": um");
    writeFileSync(
      at("map.yaml"),
      `${filled}distance: { value: 2000, units: mm }\ndetector_pixel: { value: 100, units: um }\n`,
    );
    const { measurement } = await readMeasuredScan(other, { ...options, map: at("map.yaml") });
    expect(measurement.diffraction.array.data).toEqual(AMPLITUDES);
    expectClose(
      measurement.xPx,
      X_M.map((value) => value / PIXEL_M),
    );
    expectClose(
      measurement.yPx,
      Y_M.map((value) => value / PIXEL_M),
    );
  });

  it("columns, scale and a probe of a table", async () => {
    const cxi = given("cxi.h5");
    writeFileSync(
      at("columns.yaml"),
      [
        "diffraction: { path: /entry_1/data_1/data, units: counts }",
        "x: { path: /entry_1/data_1/translation, column: 1, units: m, scale: -1 }",
        "y: { path: /entry_1/data_1/translation, column: 0, units: m }",
        "pixel_size: { value: 1, units: nm }",
        "probe: { path: /entry_1/instrument_1/source_1/illumination }",
        "mask: { path: /entry_1/instrument_1/detector_1/mask, nonzero: bad }",
      ].join("\n"),
    );
    const { measurement, badPixels, probe } = await readMeasuredScan(cxi, {
      ...options,
      map: at("columns.yaml"),
    });
    expectClose(
      measurement.xPx,
      Y_M.map((value) => -value / 1e-9),
    );
    expectClose(
      measurement.yPx,
      X_M.map((value) => value / 1e-9),
    );
    expect(badPixels?.data[2 * N + 3]).toBe(1);
    expect(probe?.re[37]).toBe(37);
  });

  it.each([
    ["difraction: { path: /a }", /"difraction" is unknown; .* is diffraction meant\?/, "UsageError"],
    ["diffraction: { path: /measurement/frames }", /diffraction.units is missing/, "UsageError"],
    ["diffraction: { path: /a, units: counts }", /x.path is missing/, "UsageError"],
    [
      "diffraction: { path: /measurement/frames, units: counts }\nx: { path: /measurement/motors/pos_y }\ny: { path: /nowhere }",
      /x.units is missing/,
      "UsageError",
    ],
    [
      "diffraction: { path: /nowhere, units: counts }\nx: { path: /measurement/motors/pos_x }\ny: { path: /measurement/motors/pos_x }",
      /there is no dataset "\/nowhere"/,
      "DataError",
    ],
  ])("refuses %j", async (text, reason, tag) => {
    writeFileSync(at("bad.yaml"), text);
    const opening = openScanSource(other, { map: at("bad.yaml") });
    await expect(opening).rejects.toThrow(reason);
    await expect(opening).rejects.toMatchObject({ tag });
  });

  it("is refused with a file that is not HDF5", async () => {
    await expect(openScanSource(given("stack.tif"), { map: at("bad.yaml") })).rejects.toMatchObject({
      tag: "UsageError",
    });
  });
});

describe("positions in metres", () => {
  it("need the geometry", async () => {
    writeFileSync(
      at("metres.yaml"),
      "diffraction: { path: /measurement/frames, units: counts }\n" +
        "x: { path: /measurement/motors/pos_x }\ny: { path: /measurement/motors/pos_y, units: um }\n",
    );
    await expect(openScanSource(given("other.h5"), { map: at("metres.yaml") })).rejects.toThrow(
      /positions are in metres, and the file does not give energy/,
    );
  });

  it("follow from energy, distance and detector pixel", () => {
    // 12.398 keV is 1 angstrom: 1e-10 m x 1 m / (100 x 1e-5 m) = 1e-7 m.
    const size = objectPixelM({ energyEv: 12398.42, distanceM: 1, detectorPixelM: 1e-5 }, 100);
    expect(size! / 1e-7).toBeCloseTo(1, 6);
    expect(objectPixelM({ energyEv: 1e4, distanceM: 1 }, 100)).toBeUndefined();
  });
});

describe("engines take every format", () => {
  async function frames(path: string, memoryBytes: number): Promise<ScanFrames> {
    const work = openFrames(path, {
      ...{ memoryBytes, scratchFolder: folder, mask: "file", allowedN: [N] },
      signal: new AbortController().signal,
    });
    for (;;) {
      const { done, value } = await work.next();
      if (done) return value;
    }
  }

  it.each([1e9, 1])("with %d bytes of memory the same patterns", async (memoryBytes) => {
    const scan = await frames(given("cxi.h5"), memoryBytes);
    expect(scan.streamed).toBe(memoryBytes === 1);
    const frame = new Float32Array(N * N);
    const found = Array.from({ length: COUNT }, (_, k) => {
      scan.frames.read(k, frame);
      return Array.from(frame);
    }).flat();
    const expected = Array.from(AMPLITUDES, (value, place) => (place % (N * N) === 2 * N + 3 ? -1 : value));
    expect(found).toEqual(expected);
    expect(scan.pixelSizeM! / PIXEL_M).toBeCloseTo(1, 9);
    scan.close();
  });
});
