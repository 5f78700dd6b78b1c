// The ptychodus product file: what it says, and what is wrong with one. Layout: specs/data_contracts.md of PtychoPINN.
import { check, PtychoError } from "../../core/errors.js";
import { type ComplexArray, complex64 } from "../../core/ndarray.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import { printable } from "../../formats/printable.js";
import { complexValues } from "../stored-values.js";
import { firstDataset, numbersAt } from "./hdf5-parts.js";

const POSITIONS = {
  index: "/probe_position_indexes",
  x: "/probe_position_x_m",
  y: "/probe_position_y_m",
} as const;

/** Whether a file has probe, positions and the pixel size of a product. */
export function isProduct(file: Hdf5File): boolean {
  return [POSITIONS.x, POSITIONS.y, "/probe"].every((path) => file.kindOf(path) === "dataset");
}

/** Attribute of a product whose pixel size nobody knows; then it stands as 1 m. */
export const LENGTHS_IN_PIXELS = "lengths_in_pixels";

export interface ProductGeometry {
  /** Whether the pixel sizes are real lengths, not 1 for want of one. */
  readonly isMetric: boolean;
  /** Of the object. */
  readonly pixelWidthM: number;
  readonly pixelHeightM: number;
  /** Place of the middle of the object; 0 where the file does not say. */
  readonly centreXM: number;
  readonly centreYM: number;
  readonly energyEv: number | undefined;
  readonly distanceM: number | undefined;
}

/** @throws PtychoError DataError where the pixel size is missing or not above 0. */
export function productGeometry(file: Hdf5File): ProductGeometry {
  // PtychoViT and older files have it at the probe alone, whose pixels are those of the object.
  const object = file.attributes("/object");
  const at = "pixel_width_m" in object ? object : file.attributes("/probe");
  const size = (name: string): number => {
    const value = at[name];
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
    throw new PtychoError(
      "DataError",
      `${file.where}: attribute ${name} of the object is ${value ?? "missing"}; expected metres above 0, set it with h5py`,
    );
  };
  const root = file.attributes("/");
  const known = (value: unknown) => (typeof value === "number" && value > 0 ? value : undefined);
  const place = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : 0);
  return {
    isMetric: root[LENGTHS_IN_PIXELS] !== 1,
    pixelWidthM: size("pixel_width_m"),
    pixelHeightM: size("pixel_height_m"),
    centreXM: place(object.center_x_m),
    centreYM: place(object.center_y_m),
    energyEv: known(root.probe_energy_eV),
    distanceM: known(root.detector_object_distance_m),
  };
}

/** Scan positions [n], metres. @throws PtychoError DataError where x and y are not alike. */
export function productPositionsM(file: Hdf5File): { readonly x: Float64Array; readonly y: Float64Array } {
  const [x, y] = [POSITIONS.x, POSITIONS.y].map((path) => {
    const { shape, values } = numbersAt(file, path);
    check(
      shape.length === 1,
      "DataError",
      () => `${file.where}: ${printable(path)} must be one-dimensional [n], got shape [${shape.join(", ")}]`,
    );
    return values;
  });
  check(
    x.length === y.length,
    "DataError",
    () =>
      `${file.where}: ${x.length} positions along x and ${y.length} along y; expected as many, write the file again`,
  );
  return { x, y };
}

export interface Product {
  /** [n] object pixels, in the frame of the file: metres / pixel. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** [n]; which probe each position has (the original stores the number of the scan here). */
  readonly positionIndexes: Int32Array;
  /** As stored: [N, N], [P, N, N] or [C, P, N, N]. */
  readonly probe: ComplexArray;
  /** As stored: [H, W] or [L, H, W]. */
  readonly object: ComplexArray;
  /** (x, y) of the first pixel of the object in the frame of the positions, pixels. */
  readonly originPx: readonly [number, number];
  readonly geometry: ProductGeometry;
  /** Loss of each epoch; `costs` in older files. */
  readonly losses: Float64Array;
}

/** Everything in a product. @throws PtychoError DataError naming what is missing or does not fit. */
export function readProduct(file: Hdf5File): Product {
  const geometry = productGeometry(file);
  const { x, y } = productPositionsM(file);
  const complexAt = (path: string): ComplexArray => {
    const { shape, re, im } = complexValues(file.read(path), file.where, path);
    return complex64(shape, re, im);
  };
  const object = complexAt("/object");
  const [height, width] = object.shape.slice(-2);
  const losses = firstDataset(file, ["/loss_values", "/costs"]);
  const indexes =
    file.kindOf(POSITIONS.index) === "dataset" ? numbersAt(file, POSITIONS.index).values : undefined;
  return {
    xPx: x.map((value) => value / geometry.pixelWidthM),
    yPx: y.map((value) => value / geometry.pixelHeightM),
    positionIndexes: indexes === undefined ? new Int32Array(x.length) : Int32Array.from(indexes),
    probe: complexAt("/probe"),
    object,
    originPx: [
      geometry.centreXM / geometry.pixelWidthM - width / 2,
      geometry.centreYM / geometry.pixelHeightM - height / 2,
    ],
    geometry,
    losses: losses === undefined ? new Float64Array() : numbersAt(file, losses).values,
  };
}
