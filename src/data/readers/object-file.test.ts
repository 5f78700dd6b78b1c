// Objects of other programs: each layout written plainly here, by what its program documents.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { complex64, float64 } from "../../core/ndarray.js";
import type { NpyArray } from "../../formats/npy.js";
import { type Hdf5Group, type Hdf5Node, writeHdf5 } from "../../formats/write-hdf5.js";
import { isObjectFile, readObjectFile } from "./object-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-objects-"));
afterAll(() => rmSync(folder, { recursive: true }));

const array = (value: NpyArray): Hdf5Node => ({ kind: "array", array: value });
const group = (members: Hdf5Group["members"]): Hdf5Group => ({ kind: "group", members });
const column = (...values: number[]) => array(float64([values.length], values));
/** Two layers [2, 2, 3]: 1 + 2i and 3 - i everywhere, with the product 5 + 5i. */
const layers = complex64(
  [2, 2, 3],
  Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? 1 : 3)),
  Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? 2 : -1)),
);
const modes = complex64(
  [2, 4, 4],
  Float32Array.from({ length: 32 }, (_, i) => i),
);

async function written(name: string, members: Hdf5Group["members"]): Promise<string> {
  const path = join(folder, name);
  await writeHdf5(path, group(members));
  return path;
}

describe("readObjectFile", () => {
  it("ptypy: layers multiplied, (y, x) metres to (x, y) pixels, the place of the first pixel", async () => {
    const positions = float64([2, 2], [3e-8, 5e-8, 4e-8, 8e-8]);
    const path = await written("run.ptyr", {
      content: group({
        obj: group({
          SscanG00: group({ data: array(layers), _psize: column(1e-8, 2e-8), _origin: column(2e-8, 1e-8) }),
        }),
        probe: group({ SscanG00: group({ data: array(modes) }) }),
        positions: group({ SscanG00: array(positions) }),
      }),
    });
    const { format, object, xPx, yPx, originPx, probe } = await readObjectFile(path);
    expect(format).toBe("ptypy reconstruction");
    expect(object.shape).toEqual([2, 3]);
    expect([...new Set(object.re), ...new Set(object.im)]).toEqual([5, 5]);
    for (const [found, expected] of [
      [Array.from(xPx), [2.5, 4]],
      [Array.from(yPx), [3, 4]],
      [originPx, [0.5, 2]],
    ] as const)
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 9);
    expect(probe).toEqual(modes);
  });

  it("CXI: the second image beside a probe, else the first; the middle stands for unknown positions", async () => {
    const object = complex64([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const image = (value: NpyArray) => group({ data: array(value) });
    const both = await written("both.cxi", {
      entry_1: group({
        ...{ image_1: image(modes), image_2: image(object) },
        data_1: group({ translation: array(float64([1, 3], [4e-8, 6e-8, 0])) }),
        ptychodus: group({
          object_pixel_width_m: array(float64([], [2e-8])),
          object_center_x_m: array(float64([], [2e-8])),
        }),
      }),
    });
    const found = await readObjectFile(both);
    expect(found.object).toEqual(object);
    expect(Array.from(found.xPx)[0]).toBeCloseTo(2, 9);
    expect(found.originPx[0]).toBeCloseTo(1 - 3 / 2, 9);
    expect(found.originPx[1]).toBeCloseTo(-1, 9);
    const alone = await readObjectFile(
      await written("one.cxi", { entry_1: group({ image_1: image(object) }) }),
    );
    expect(alone).toMatchObject({
      object,
      originPx: [0, 0],
      xPx: Float64Array.of(1.5),
      yPx: Float64Array.of(1),
    });
  });

  it("refuses a file without an object, and one that holds NaN", async () => {
    const empty = await written("empty.h5", { other: column(1) });
    await expect(readObjectFile(empty)).rejects.toMatchObject({ tag: "DataError" });
    const bad = complex64([1, 1], Float32Array.of(Number.NaN));
    const path = await written("nan.cxi", { entry_1: group({ image_1: group({ data: array(bad) }) }) });
    await expect(readObjectFile(path)).rejects.toThrow(/NaN or infinite/);
    expect(isObjectFile(path)).toBe(true);
  });
});
