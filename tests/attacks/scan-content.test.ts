// The same bad scan in every container: found by the same check, in the same words. FAULTS 11 to 24.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isPtychoError } from "../../src/core/errors.js";
import { type ComplexArray, complex64, float32, float64, type NdArray } from "../../src/core/ndarray.js";
import type { Domain } from "../../src/data/raw-data.js";
import { type MeasuredScan, type ReadMeasuredOptions, readMeasuredScan } from "../../src/data/read-scan.js";
import { writeNpy } from "../../src/formats/npy.js";
import { writeNpz } from "../../src/formats/npz.js";
import { writeHdf5 } from "../../src/formats/write-hdf5.js";

const [n, N] = [12, 4];
const folder = mkdtempSync(join(tmpdir(), "ptychopinn-content-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Content {
  readonly diffraction: NdArray;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly probe: ComplexArray;
}

const good: Content = {
  diffraction: float32(
    [n, N, N],
    Float32Array.from({ length: n * N * N }, (_, i) => 0.3 + (i % 17) / 7),
  ),
  x: Array.from({ length: n }, (_, i) => 3.5 * (i % 4)),
  y: Array.from({ length: n }, (_, i) => 4.25 * Math.floor(i / 4)),
  probe: complex64([N, N], new Float32Array(N * N).fill(1)),
};

type Options = Partial<ReadMeasuredOptions<Domain>>;

const CONTAINERS: Readonly<
  Record<string, { readonly hasProbe: boolean; write(content: Content): Promise<readonly [string, Options]> }>
> = {
  NPZ: {
    hasProbe: true,
    async write({ diffraction, x, y, probe }) {
      const columns = { xcoords: float64([x.length], x), ycoords: float64([y.length], y) };
      writeNpz(at("scan.npz"), Object.entries({ diffraction, ...columns, probeGuess: probe }));
      return [at("scan.npz"), {}];
    },
  },
  HDF5: {
    hasProbe: true,
    async write({ diffraction, x, y, probe }) {
      const array = (values: NdArray | ComplexArray) => ({ kind: "array", array: values }) as const;
      await writeHdf5(at("scan.h5"), {
        kind: "group",
        members: {
          ...{ dp: array(diffraction), probe: array(probe) },
          ...{ x: array(float64([x.length], x)), y: array(float64([y.length], y)) },
        },
      });
      writeFileSync(
        at("map.yaml"),
        "diffraction: { path: /dp, units: amplitude }\nprobe: { path: /probe }\n" +
          "x: { path: /x, units: px }\ny: { path: /y, units: px }\n",
      );
      return [at("scan.h5"), { map: at("map.yaml") }];
    },
  },
  "NPY stack": {
    hasProbe: false,
    async write({ diffraction, x, y }) {
      writeFileSync(at("stack.npy"), writeNpy(diffraction));
      writeFileSync(at("stack.json"), JSON.stringify({ x_px: x, y_px: y }));
      return [at("stack.npy"), {}];
    },
  },
};

function withValues(change: (data: Float32Array) => void): Pick<Content, "diffraction"> {
  const data = (good.diffraction.data as Float32Array).slice();
  change(data);
  return { diffraction: float32([n, N, N], data) };
}

describe.each(Object.entries(CONTAINERS))("in %s", (_, { write, hasProbe }) => {
  async function read(changes: Partial<Content>, options: Options = {}): Promise<MeasuredScan<Domain>> {
    const [path, own] = await write({ ...good, ...changes });
    return readMeasuredScan(path, { domain: "amplitude", allowedN: [N], mask: "none", ...own, ...options });
  }
  async function refusal(changes: Partial<Content>, options: Options = {}): Promise<string> {
    try {
      await read(changes, options);
    } catch (error) {
      if (isPtychoError(error, "DataError")) return error.message;
      throw error;
    }
    return "nothing was refused";
  }

  it("the good scan is read without a warning", async () => {
    const { measurement, warnings } = await read({});
    expect(warnings).toEqual([]);
    expect(measurement.diffraction.array).toEqual(good.diffraction);
    expect(Array.from(measurement.xPx)).toEqual(good.x);
  });

  it("the older order of axes is moved, with a warning", async () => {
    const values = good.diffraction.data as Float32Array;
    const moved = values.map((_, i) => values[(i % n) * N * N + Math.floor(i / n)]);
    const { measurement, warnings } = await read({ diffraction: float32([N, N, n], moved) });
    expect(measurement.diffraction.array).toEqual(good.diffraction);
    expect(warnings.join()).toMatch(/legacy axis order \(H, W, n\); moved to \(n, H, W\)/);
  });

  it("an order of axes that nothing decides is asked for", async () => {
    const cube = {
      diffraction: float32([N, N, N], (good.diffraction.data as Float32Array).slice(0, N ** 3)),
    };
    const four = { ...cube, x: good.x.slice(0, N), y: [0, 9, 1, 5] };
    expect(await refusal(four)).toMatch(/fits both \(n, H, W\) and \(H, W, n\); .*--axis-order/);
    expect((await read(four, { axisOrder: "NHW" })).measurement.diffraction.array.shape).toEqual([N, N, N]);
  });

  it("patterns that are not square, or of another size", async () => {
    expect(await refusal({ diffraction: float32([n, 4, 6], new Float32Array(n * 24).fill(1.5)) })).toMatch(
      /patterns are 4 x 6 pixels; expected square ones of 4; crop them/,
    );
  });

  it("counts of 65535 in uint16 do not overflow, as counts or as amplitudes", async () => {
    const data = Uint16Array.from({ length: n * N * N }, (_, i) => (i % 3 === 0 ? 65535 : i));
    const diffraction: NdArray = { dtype: "uint16", shape: [n, N, N], data };
    const amplitudes = await read({ diffraction }, { units: "counts" });
    expect(amplitudes.measurement.diffraction.array.data).toEqual(Float32Array.from(data, Math.sqrt));
    const counts = await read({ diffraction }, { units: "counts", domain: "counts" });
    expect(counts.measurement.diffraction.array.data).toEqual(Float32Array.from(data));
  });

  it("counts where amplitudes were stated", async () => {
    expect(
      await refusal(
        withValues((data) => data.fill(7)),
        { units: "amplitude" },
      ),
    ).toMatch(/looks like counts/);
  });

  it("NaN and negative pixels, with the place of the first", async () => {
    const place = 2 * N * N + 5;
    expect(await refusal(withValues((data) => data.fill(Number.NaN, place, place + 2)))).toMatch(
      /2 diffraction pixels are NaN.*pattern 2 at pixel 5/,
    );
    expect(await refusal(withValues((data) => data.fill(-5, place, place + 2)))).toMatch(
      /2 diffraction pixels are negative/,
    );
  });

  it("a blank pattern is left out by its number, too many are refused", async () => {
    const { measurement, warnings } = await read(withValues((data) => data.fill(0, N * N, 2 * N * N)));
    expect(measurement.diffraction.array.shape).toEqual([n - 1, N, N]);
    expect(Array.from(measurement.xPx)).toEqual(good.x.toSpliced(1, 1));
    expect(warnings.join()).toMatch(/1 all-zero patterns left out: 1$/);
    expect(await refusal(withValues((data) => data.fill(0, 0, 8 * N * N)))).toMatch(
      /8 of 12 patterns are all zero \(0, 1, 2/,
    );
  });

  it("fewer positions than patterns; more, which are dropped with a warning", async () => {
    expect(await refusal({ x: good.x.slice(1), y: good.y.slice(1) })).toMatch(
      /11 scan positions for 12 diffraction patterns/,
    );
    const { measurement, warnings } = await read({ x: [...good.x, 1], y: [...good.y, 2] });
    expect(Array.from(measurement.yPx)).toEqual(good.y);
    expect(warnings.join()).toMatch(/dropping the trailing 1/);
  });

  it("a position that is not finite, and repeated ones", async () => {
    const infinite = await refusal({ x: good.x.with(3, Number.POSITIVE_INFINITY) });
    // JSON has no infinity: the cell is null, which is no number.
    expect(infinite).toMatch(/scan position 3 is \(Infinity, |x_px must be a list of numbers/);
    const { warnings } = await read({ x: good.x.with(1, 0), y: good.y.with(1, 0) });
    expect(warnings.join()).toMatch(/1 of 12 scan positions repeat an earlier one/);
  });

  it("positions in metres, or over ten million pixels", async () => {
    expect(await refusal({ x: good.x.map((v) => v * 1e-8), y: good.y.map((v) => v * 1e-8) })).toMatch(
      /Are the positions in metres\? Divide them by the object pixel size/,
    );
    expect(await refusal({ x: good.x.map((v) => v * 1e6) })).toMatch(/expected 0.001 to 1000000 pixels/);
  });

  it.skipIf(!hasProbe)("a probe of another size, of zeros, or with NaN", async () => {
    const probe = (shape: number[], value: number) =>
      complex64(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(value));
    expect(await refusal({ probe: probe([8, 8], 1) })).toMatch(/probe.*8/);
    expect(await refusal({ probe: probe([N, N], 0) })).toMatch(/probe.*zero/i);
    expect(await refusal({ probe: probe([N, N], Number.NaN) })).toMatch(/probe.*(NaN|finite)/i);
    expect((await read({ probe: probe([3, N, N], 1) })).probe?.shape).toEqual([3, N, N]);
    expect((await read({ probe: probe([N, N, 1], 1) })).probe?.shape).toEqual([1, N, N]);
  });
});
