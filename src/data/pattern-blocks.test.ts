import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { writeNpy } from "../formats/npy.js";
import { parseNpz } from "../formats/npz.js";
import { openRegularFile } from "../formats/open-file.js";
import { writeZip } from "../formats/zip.js";
import { patternBlocks } from "./pattern-blocks.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-blocks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [n, H, W] = [5, 3, 4];
/** Value of pattern i at (r, c): tells where it came from. */
const valueAt = (i: number, r: number, c: number) => 100 * i + 10 * r + c;
const expected = Float32Array.from({ length: n * H * W }, (_, at) =>
  valueAt(Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W),
);

/** An .npy file of the values in an order of axes, row-major or Fortran. */
function stored(order: "NHW" | "HWN", fortran: boolean): Buffer {
  const shape = order === "NHW" ? [n, H, W] : [H, W, n];
  const data = new Int16Array(n * H * W);
  const walk = fortran ? [...shape].reverse() : shape;
  for (let at = 0; at < data.length; at++) {
    const turned = [Math.floor(at / (walk[1] * walk[2])), Math.floor(at / walk[2]) % walk[1], at % walk[2]];
    const [a, b, c] = fortran ? turned.reverse() : turned;
    data[at] = order === "NHW" ? valueAt(a, b, c) : valueAt(c, a, b);
  }
  const bytes = writeNpy({ dtype: "int16", shape, data });
  if (fortran) bytes.write("True ", bytes.indexOf("False"), "latin1");
  return bytes;
}

it.each([
  ["NHW", false],
  ["NHW", true],
  ["HWN", false],
  ["HWN", true],
] as const)("gives patterns first, whatever is stored: %s, Fortran %s", async (order, fortran) => {
  const path = join(folder, `${order}${fortran}.npz`);
  writeFileSync(path, writeZip([["diffraction.npy", stored(order, fortran)]]));
  const file = openRegularFile(path);
  const npz = parseNpz(file, path);
  const [member, header] = [npz.member("diffraction"), npz.header("diffraction")];
  expect(header.fortranOrder).toBe(fortran);
  const found = new Float32Array(n * H * W);
  for await (const { first, values } of patternBlocks({
    file,
    member,
    header,
    order,
    where: path,
    key: "diffraction",
  }))
    found.set(values, first * H * W);
  file.close();
  expect(found).toEqual(expected);
});
