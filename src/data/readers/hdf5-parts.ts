// Pieces of scans in HDF5 files that several readers look for: numbers with their units, columns of positions, probes.
import { check } from "../../core/errors.js";
import { complex64, sizeOf } from "../../core/ndarray.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import type { NpyArray } from "../../formats/npy.js";
import { printable } from "../../formats/printable.js";
import { complexValues } from "../stored-values.js";
import { electronvoltsPer, metresPer } from "./physical-units.js";

/** The first of some paths under which a dataset stands. */
export function firstDataset(file: Hdf5File, paths: readonly string[]): string | undefined {
  return paths.find((path) => file.kindOf(path) === "dataset");
}

/** Real values of a dataset as float64. @throws PtychoError DataError. */
export function numbersAt(
  file: Hdf5File,
  path: string,
): { readonly shape: readonly number[]; readonly values: Float64Array } {
  const array = file.read(path);
  check(
    "data" in array,
    "DataError",
    () => `${file.where}: ${printable(path)} must hold real numbers, got ${array.dtype}`,
  );
  return { shape: array.shape, values: Float64Array.from(array.data as ArrayLike<number | bigint>, Number) };
}

/** The one number at a path (the first of an array), or undefined where nothing stands there. */
export function numberAt(file: Hdf5File, path: string | undefined): number | undefined {
  if (path === undefined || file.kindOf(path) !== "dataset") return undefined;
  const { values } = numbersAt(file, path);
  return values.length > 0 && Number.isFinite(values[0]) ? values[0] : undefined;
}

/** The unit that the attribute `units` (or `unit`) of a dataset states. */
export function unitAt(file: Hdf5File, path: string): string | undefined {
  const { units, unit } = file.attributes(path);
  const found = units ?? unit;
  return typeof found === "string" && found.trim() !== "" ? found : undefined;
}

/** A length at a path in metres; `otherwise` is the unit that the format prescribes where none is stated. */
export function metresAt(file: Hdf5File, path: string | undefined, otherwise = "m"): number | undefined {
  const value = numberAt(file, path);
  if (value === undefined || path === undefined) return undefined;
  return value * metresPer(`${file.where}: ${path}`, unitAt(file, path) ?? otherwise);
}

/** An energy at a path in eV; `otherwise` is the unit that the format prescribes where none is stated. */
export function electronvoltsAt(
  file: Hdf5File,
  path: string | undefined,
  otherwise: string,
): number | undefined {
  const value = numberAt(file, path);
  if (value === undefined || path === undefined) return undefined;
  return value * electronvoltsPer(`${file.where}: ${path}`, unitAt(file, path) ?? otherwise);
}

/** Edge of a square pixel. @throws PtychoError DataError where width and height differ by more than 0.1 %. */
export function squarePixelM(
  where: string,
  width: number | undefined,
  height: number | undefined,
): number | undefined {
  if (width === undefined || height === undefined) return width ?? height;
  check(
    Math.abs(width - height) <= 1e-3 * Math.abs(height),
    "DataError",
    () =>
      `${where}: pixels of ${width} x ${height} m are not square; rebin the patterns to square pixels, or state one in a ` +
      "mapping file (--map)",
  );
  return width;
}

/** Columns of [n, 2] or [n, 3] positions. @throws PtychoError DataError for another shape. */
export function columnsAt(file: Hdf5File, path: string): readonly Float64Array[] {
  const { shape, values } = numbersAt(file, path);
  check(
    shape.length === 2 && shape[1] >= 2,
    "DataError",
    () => `${file.where}: ${printable(path)} must be [n, 2] or [n, 3], got shape [${shape.join(", ")}]`,
  );
  return Array.from({ length: shape[1] }, (_, column) =>
    Float64Array.from({ length: shape[0] }, (_, i) => values[i * shape[1] + column]),
  );
}

/** Probe modes: [N, N], [P, N, N], or of [C, P, N, N] those of the first coherent mode. */
export function probeModes(array: NpyArray, where: string, path: string): NpyArray {
  const { shape, re, im } = complexValues(array, where, path);
  if (shape.length !== 4) return complex64(shape, re, im);
  const size = sizeOf(shape.slice(1));
  return complex64(shape.slice(1), re.slice(0, size), im.slice(0, size));
}

/** What `probeModes` leaves out of the probe at a path, in a sentence; nothing of most. */
export function probeNotes(file: Hdf5File, path: string | undefined): readonly string[] {
  if (path === undefined || file.kindOf(path) !== "dataset") return [];
  const { shape } = file.dataset(path);
  return shape.length === 4 && shape[0] > 1
    ? [
        `the probe ${path} changes over the scan (${shape[0]} coherent modes, orthogonal probe relaxation): the first alone ` +
          "is used, the same for every pattern",
      ]
    : [];
}

/** An object [H, W], of layers [L, H, W] their product (the transmission of all of them). */
export function flatObject(array: NpyArray, where: string, path: string): NpyArray {
  const { shape, re, im } = complexValues(array, where, path);
  if (shape.length !== 3) return complex64(shape, re, im);
  const size = shape[1] * shape[2];
  const [a, b] = [re.slice(0, size), im.slice(0, size)];
  for (let layer = 1; layer < shape[0]; layer++)
    for (let i = 0; i < size; i++) {
      const [c, d] = [re[layer * size + i], im[layer * size + i]];
      [a[i], b[i]] = [a[i] * c - b[i] * d, a[i] * d + b[i] * c];
    }
  return complex64(shape.slice(1), a, b);
}
