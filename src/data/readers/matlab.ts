// MATLAB 7.3 files: HDF5 whose arrays are column-major, so that their axes come in the reverse order, with complex numbers
// as {real, imag}. The variables have the names of the NPZ contract; files with other names need a mapping file.
import { check } from "../../core/errors.js";
import { float64 } from "../../core/ndarray.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import type { NpyArray } from "../../formats/npy.js";
import { DIFFRACTION_KEYS, KNOWN_KEYS, SCAN_KEYS } from "../keys.js";
import type { Hdf5Reader } from "./contract.js";
import { numbersAt } from "./hdf5-parts.js";
import type { ScanLayout } from "./scan-layout.js";
import { reverseAxes } from "./transposed.js";

export const matlabReader: Hdf5Reader = {
  container: "hdf5",
  name: "MATLAB 7.3",
  recognises: (file) => isMatlab(file) && diffractionOf(file) !== undefined,
  layout: matlabLayout,
};

/** Every variable that MATLAB saves says its class. */
function isMatlab(file: Hdf5File): boolean {
  return file
    .members("/")
    .some(({ name, kind }) => kind === "dataset" && "MATLAB_class" in file.attributes(`/${name}`));
}

function diffractionOf(file: Hdf5File): string | undefined {
  return DIFFRACTION_KEYS.find((key) => file.kindOf(`/${key}`) === "dataset");
}

function matlabLayout(file: Hdf5File): ScanLayout {
  const key = diffractionOf(file) as string;
  const others = KNOWN_KEYS.filter(
    (name) =>
      !(DIFFRACTION_KEYS as readonly string[]).includes(name) && file.kindOf(`/${name}`) === "dataset",
  );
  for (const name of [SCAN_KEYS.x, SCAN_KEYS.y])
    check(
      others.includes(name),
      "DataError",
      () =>
        `${file.where}: the MATLAB file has no variable ${name}; save it, or state the positions in a mapping file (--map)`,
    );
  return {
    patterns: { file, path: `/${key}`, columnMajor: true },
    units: "amplitude",
    positions: {
      unit: "px",
      x: numbersAt(file, `/${SCAN_KEYS.x}`).values,
      y: numbersAt(file, `/${SCAN_KEYS.y}`).values,
    },
    geometry: {},
    arrays: Object.fromEntries(
      others
        .filter((name) => name !== SCAN_KEYS.x && name !== SCAN_KEYS.y)
        .map((name) => [name, () => vectorised(file.read(`/${name}`))]),
    ),
    notes: ["axes are those of MATLAB, moved from column-major order"],
  };
}

/** MATLAB has no vectors: [n, 1] and [1, n] are taken as [n]. */
function vectorised(array: NpyArray): NpyArray {
  if (array.dtype === "text") return array;
  const { shape } = array;
  if (shape.length === 2 && shape.includes(1) && "data" in array)
    return float64(
      [shape[0] * shape[1]],
      Float64Array.from(array.data as ArrayLike<number | bigint>, Number),
    );
  return reverseAxes(array as never);
}
