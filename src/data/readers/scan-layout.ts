// The parts of a scan in HDF5 files, as a reader found them, and from them the arrays of the NPZ contract: positions in object
// pixels, patterns read when they are asked for, whole or in part.
import { check, PtychoError } from "../../core/errors.js";
import { float64, type NdArray } from "../../core/ndarray.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import type { NpyArray } from "../../formats/npy.js";
import { printable } from "../../formats/printable.js";
import type { DiffractionUnits } from "../diffraction-units.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "../keys.js";
import type { ArrayHeader, ScanSource } from "../scan-source.js";
import { realValues } from "../stored-values.js";
import { photonWavelengthM } from "./physical-units.js";
import { reverseAxes } from "./transposed.js";

/** What a file says of the experiment, in SI and eV; the edge of an object pixel follows where it is not given itself. */
export interface LayoutGeometry {
  readonly pixelSizeM?: number | undefined;
  readonly energyEv?: number | undefined;
  /** Of the probe; needed where it is not that of photons of `energyEv`. */
  readonly wavelengthM?: number | undefined;
  /** Object to detector. */
  readonly distanceM?: number | undefined;
  /** Edge of a detector pixel, of the patterns as they are stored. */
  readonly detectorPixelM?: number | undefined;
}

export interface ScanLayout {
  /** [n, H, W], of a scan on a grid [A, B, H, W] with n = A B, or (of an older file, told by its axes) [H, W, n]. */
  readonly patterns: {
    readonly file: Hdf5File;
    readonly path: string;
    /** Stored with the axes in the reverse order. */
    readonly columnMajor?: boolean;
  };
  readonly units: DiffractionUnits;
  /** [n] each: where the centre of the probe is on the object, x along columns, y along rows. */
  readonly positions: { readonly unit: "m" | "px"; readonly x: Float64Array; readonly y: Float64Array };
  readonly geometry: LayoutGeometry;
  /** Other arrays by their name in the NPZ contract: probe, object, masks. */
  readonly arrays: Readonly<Record<string, () => NpyArray>>;
  readonly notes: readonly string[];
  /** Further files that were opened. */
  readonly companions?: readonly Hdf5File[];
}

/**
 * The arrays of a scan. Takes over the files, also on failure.
 *
 * @throws PtychoError DataError for positions in metres where the size of an object pixel is not known.
 */
export function layoutSource(format: string, file: Hdf5File, layout: ScanLayout): ScanSource {
  const close = (): void => {
    for (const each of [...(layout.companions ?? []), file]) each.close();
  };
  try {
    return sourceOf(format, file.where, layout, close);
  } catch (error) {
    close();
    throw error;
  }
}

function sourceOf(format: string, where: string, layout: ScanLayout, close: () => void): ScanSource {
  const { positions, geometry, notes, units } = layout;
  const { patterns } = layout;
  const { columnMajor = false } = patterns;
  const asStored = patterns.file.dataset(patterns.path);
  const gridRow = !columnMajor && asStored.shape.length === 4 ? asStored.shape[1] : undefined;
  const stored = { ...asStored, shape: columnMajor ? asStored.shape.toReversed() : inOneRow(asStored.shape) };
  // Patterns are square; the axis that two lengths agree on is theirs, also in [H, W, n].
  const N = stored.shape[1] ?? 0;
  const pixelSizeM = objectPixelM(geometry, N);
  const xy = positions.unit === "px" ? positions : inPixels(where, positions, pixelSizeM);
  const arrays: Record<string, () => NpyArray> = {
    [DIFFRACTION_KEYS[0]]: () => {
      const array = patterns.file.read(patterns.path);
      if (gridRow !== undefined) return { ...array, shape: stored.shape } as NpyArray;
      return columnMajor && array.dtype !== "text" ? reverseAxes(array as NdArray) : array;
    },
    [SCAN_KEYS.x]: () => float64([xy.x.length], xy.x),
    [SCAN_KEYS.y]: () => float64([xy.y.length], xy.y),
    ...layout.arrays,
  };
  const headers = new Map<string, ArrayHeader>();
  check(
    stored.dtype !== "other",
    "DataError",
    () => `${where}: ${printable(patterns.path)} does not hold numbers; give another dataset`,
  );
  headers.set(DIFFRACTION_KEYS[0], { dtype: stored.dtype, shape: stored.shape });
  const find = (name: string): (() => NpyArray) => {
    if (Object.hasOwn(arrays, name)) return arrays[name];
    throw new PtychoError("DataError", `${where}: the ${format} file has no ${printable(name)}`);
  };
  return {
    format,
    units,
    ...{ pixelSizeM, energyEv: geometry.energyEv, distanceM: geometry.distanceM },
    notes: [
      `read as ${format}: patterns ${patterns.path} as ${units}`,
      ...(positions.unit === "m" && pixelSizeM !== undefined
        ? [`positions in metres were divided by the object pixel of ${pixelSizeM.toPrecision(4)} m`]
        : []),
      ...notes,
    ],
    names: Object.keys(arrays),
    has: (name) => Object.hasOwn(arrays, name),
    header: (name) => {
      let header = headers.get(name);
      if (header === undefined) {
        const { dtype, shape } = find(name)();
        header = { dtype, shape };
        headers.set(name, header);
      }
      return header;
    },
    read: (name) => find(name)(),
    readPickledString: () => ({ kind: "refused", reason: "the file holds no pickles" }),
    ...(columnMajor
      ? {}
      : {
          readFrames: (from: number, to: number) => {
            const rows = gridRow ?? 1;
            const [first, last] = [Math.floor(from / rows), Math.ceil(to / rows)];
            const values = realValues(patterns.file.read(patterns.path, first, last), where, patterns.path);
            const size = values.length / Math.max(1, (last - first) * rows);
            return values.subarray((from - first * rows) * size, (to - first * rows) * size);
          },
        }),
    close,
  };
}

/** Patterns on a grid [A, B, H, W] are [A B, H, W], row by row. */
function inOneRow(shape: readonly number[]): readonly number[] {
  return shape.length === 4 ? [shape[0] * shape[1], ...shape.slice(2)] : shape;
}

/** Edge of an object pixel: wavelength x distance / (N x detector pixel), where it is not given. */
export function objectPixelM(
  { pixelSizeM, wavelengthM, energyEv, distanceM, detectorPixelM }: LayoutGeometry,
  N: number,
): number | undefined {
  if (pixelSizeM !== undefined) return pixelSizeM;
  const wave = wavelengthM ?? (energyEv === undefined ? undefined : photonWavelengthM(energyEv));
  if (wave === undefined || distanceM === undefined || detectorPixelM === undefined) return undefined;
  const size = (wave * distanceM) / (N * detectorPixelM);
  return size > 0 && Number.isFinite(size) ? size : undefined;
}

function inPixels(
  where: string,
  { x, y }: ScanLayout["positions"],
  pixelSizeM: number | undefined,
): { readonly x: Float64Array; readonly y: Float64Array } {
  if (pixelSizeM === undefined)
    throw new PtychoError(
      "DataError",
      `${where}: the positions are in metres, and the file does not give energy (or wavelength), distance and detector ` +
        "pixel, of which the object pixel follows; state them in a mapping file (--map)",
    );
  return { x: x.map((value) => value / pixelSizeM), y: y.map((value) => value / pixelSizeM) };
}
