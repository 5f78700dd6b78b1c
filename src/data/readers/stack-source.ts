// A stack of patterns with the positions of a companion file, as the arrays of the NPZ contract.
import { check, PtychoError } from "../../core/errors.js";
import { float64 } from "../../core/ndarray.js";
import type { NpyArray } from "../../formats/npy.js";
import { printable } from "../../formats/printable.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "../keys.js";
import type { ArrayHeader, ScanSource } from "../scan-source.js";
import { readCompanion } from "./positions-file.js";
import { objectPixelM } from "./scan-layout.js";

/** The patterns: what they are, and how they are read. */
export interface Stack {
  readonly header: ArrayHeader;
  read(): NpyArray;
  readonly readFrames?: ScanSource["readFrames"];
  close(): void;
}

/** @throws PtychoError DataError as `readCompanion`, and for metres without the size of an object pixel. */
export function stackSource(format: string, path: string, stack: Stack): ScanSource {
  const companion = readCompanion(path);
  const { positions, geometry, units } = companion;
  const pixelSizeM = objectPixelM(geometry, stack.header.shape[1] ?? 0);
  check(
    positions.unit === "px" || pixelSizeM !== undefined,
    "DataError",
    () =>
      `${companion.where}: the positions are in a length, of which pixels follow with pixel_size_m, or with energy_ev ` +
      "(or wavelength_m), distance_m and detector_pixel_m; state them in the JSON file, or give positions in pixels",
  );
  const perPixel = positions.unit === "px" ? 1 : (pixelSizeM ?? 1);
  const inPixels = (values: Float64Array) => values.map((value) => value / perPixel);
  const columns: Readonly<Record<string, NpyArray>> = {
    [SCAN_KEYS.x]: float64([positions.x.length], inPixels(positions.x)),
    [SCAN_KEYS.y]: float64([positions.y.length], inPixels(positions.y)),
  };
  const [patterns] = DIFFRACTION_KEYS;
  const columnOf = (name: string): NpyArray => {
    if (Object.hasOwn(columns, name)) return columns[name];
    throw new PtychoError("DataError", `${printable(path)}: the ${format} has no ${printable(name)}`);
  };
  return {
    format,
    units,
    ...{ pixelSizeM, energyEv: geometry.energyEv, distanceM: geometry.distanceM },
    notes: [`read as ${format}, positions from ${companion.where}`],
    names: [patterns, ...Object.keys(columns)],
    has: (name) => name === patterns || Object.hasOwn(columns, name),
    header: (name) => (name === patterns ? stack.header : columnOf(name)),
    read: (name) => (name === patterns ? stack.read() : columnOf(name)),
    readPickledString: () => ({ kind: "refused", reason: "the file holds no pickles" }),
    readFrames: stack.readFrames,
    close: () => stack.close(),
  };
}
