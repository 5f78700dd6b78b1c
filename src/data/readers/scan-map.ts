// Mapping files: where in an HDF5 file of any layout the parts of a scan are, and in which units. Documented by what
// `suggestMap` writes.
import { check, nearestName, PtychoError } from "../../core/errors.js";
import { configFormatOf, MAX_CONFIG_BYTES, parseConfigText } from "../../formats/config-text.js";
import { readRegularFile } from "../../formats/files.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import type { NpyArray } from "../../formats/npy.js";
import { printable } from "../../formats/printable.js";
import { DIFFRACTION_UNITS, type DiffractionUnits } from "../diffraction-units.js";
import { BAD_PIXEL_KEYS, GOOD_PIXEL_KEYS, SCAN_KEYS } from "../keys.js";
import { flatObject, numberAt, numbersAt, probeModes, probeNotes, unitAt } from "./hdf5-parts.js";
import { electronvoltsPer, metresPer } from "./physical-units.js";
import type { LayoutGeometry, ScanLayout } from "./scan-layout.js";
import { reverseAxes } from "./transposed.js";

/** Sections of a mapping file and what each may say. */
export const MAP_SECTIONS = {
  diffraction: ["path", "units", "order"],
  x: ["path", "units", "column", "scale"],
  y: ["path", "units", "column", "scale"],
  probe: ["path"],
  object: ["path"],
  mask: ["path", "nonzero"],
  pixel_size: ["path", "value", "units"],
  energy: ["path", "value", "units"],
  wavelength: ["path", "value", "units"],
  distance: ["path", "value", "units"],
  detector_pixel: ["path", "value", "units"],
} as const;

type Section = keyof typeof MAP_SECTIONS;
type ScanMap = Partial<Record<Section, Readonly<Record<string, string | number>>>>;

/**
 * Reads a mapping file (YAML, JSON or TOML by its ending) and finds in `file` what it names.
 *
 * @throws PtychoError UsageError for a mapping file that says something unknown or too little; DataError for what is not
 * in the HDF5 file as it says.
 */
export function readScanMap(path: string, file: Hdf5File): ScanLayout {
  const where = printable(path);
  const bytes = readRegularFile(path, { maxBytes: MAX_CONFIG_BYTES });
  return mappedLayout(parseMap(bytes, path, where), file, where);
}

function parseMap(bytes: Uint8Array, path: string, where: string): ScanMap {
  const map: Record<string, Record<string, string | number>> = {};
  for (const { path: names, value, line } of parseConfigText(bytes, configFormatOf(path), where)) {
    const [section, key] = names;
    const at = `${where}${line === undefined ? "" : `, line ${line}`}`;
    expectKnown(at, section, Object.keys(MAP_SECTIONS));
    if (names.length !== 2)
      throw refusal(at, `expected '${section}: {${MAP_SECTIONS[section as Section].join(", ")}}'`);
    expectKnown(at, key, MAP_SECTIONS[section as Section]);
    if (typeof value !== "string" && typeof value !== "number")
      throw refusal(at, `${section}.${key} must be a text or a number`);
    map[section] ??= {};
    map[section][key] = value;
  }
  return map;
}

function expectKnown(at: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  throw refusal(
    at,
    `${printable(name)} is unknown; expected one of ${known.join(", ")}${near === undefined ? "" : `; is ${near} meant?`}`,
  );
}

function refusal(where: string, message: string): PtychoError {
  return new PtychoError("UsageError", `${where}: ${message}`);
}

function mappedLayout(map: ScanMap, file: Hdf5File, where: string): ScanLayout {
  const pathOf = (section: Section): string => {
    const path = map[section]?.path;
    if (typeof path === "string") return path;
    throw refusal(where, `${section}.path is missing; name the dataset in the HDF5 file`);
  };
  const units = map.diffraction?.units;
  if (!DIFFRACTION_UNITS.includes(units as DiffractionUnits))
    throw refusal(
      where,
      `diffraction.units is ${units ?? "missing"}; expected ${DIFFRACTION_UNITS.join(", ")}`,
    );
  const order = map.diffraction?.order ?? "row-major";
  if (order !== "row-major" && order !== "column-major")
    throw refusal(where, `diffraction.order is ${order}; expected row-major or column-major (MATLAB)`);
  const columnMajor = order === "column-major";
  const turned = (array: NpyArray): NpyArray =>
    columnMajor && array.dtype !== "text" ? reverseAxes(array as never) : array;
  const [x, y] = (["x", "y"] as const).map((axis) => positionsOf(map, axis, file, where, pathOf(axis)));
  if (x.isPixels !== y.isPixels)
    throw refusal(where, "x.units and y.units must both be px, or both a length");
  const optional = (section: Section, read: (path: string) => NpyArray): (() => NpyArray) | undefined =>
    map[section] === undefined ? undefined : () => read(pathOf(section));
  const probe = optional("probe", (path) => probeModes(turned(file.read(path)), file.where, path));
  const object = optional("object", (path) => flatObject(turned(file.read(path)), file.where, path));
  const mask = optional("mask", (path) => turned(file.read(path)));
  return {
    patterns: { file, path: pathOf("diffraction"), columnMajor },
    units: units as DiffractionUnits,
    positions: { unit: x.isPixels ? "px" : "m", x: x.values, y: y.values },
    geometry: geometryOf(map, file, where),
    arrays: {
      ...(probe === undefined ? {} : { [SCAN_KEYS.probe]: probe }),
      ...(object === undefined ? {} : { [SCAN_KEYS.truthObject]: object }),
      ...(mask === undefined ? {} : { [maskKey(map, where)]: mask }),
    },
    notes: [
      `its parts were found by the mapping file ${where}`,
      ...(map.probe === undefined ? [] : probeNotes(file, pathOf("probe"))),
    ],
  };
}

function maskKey(map: ScanMap, where: string): string {
  const meaning = map.mask?.nonzero;
  if (meaning === "bad") return BAD_PIXEL_KEYS[0];
  if (meaning === "good") return GOOD_PIXEL_KEYS[0];
  throw refusal(
    where,
    `mask.nonzero is ${meaning ?? "missing"}; expected bad or good: what a value other than 0 means`,
  );
}

function positionsOf(
  map: ScanMap,
  axis: "x" | "y",
  file: Hdf5File,
  where: string,
  path: string,
): { readonly values: Float64Array; readonly isPixels: boolean } {
  const { units, column, scale = 1 } = map[axis] ?? {};
  if (typeof scale !== "number" || scale === 0 || !Number.isFinite(scale))
    throw refusal(
      where,
      `${axis}.scale is ${scale}; expected a number other than 0 (-1 turns the axis round)`,
    );
  const unit = units ?? unitAt(file, path);
  if (typeof unit !== "string")
    throw refusal(
      where,
      `${axis}.units is missing, and ${printable(path)} states none; expected px, m, um or nm`,
    );
  const isPixels = ["px", "pixel", "pixels"].includes(unit.toLowerCase());
  const factor = scale * (isPixels ? 1 : metresPer(`${where}: ${axis}.units`, unit));
  const { shape, values } = numbersAt(file, path);
  return { isPixels, values: columnOf(shape, values).map((value) => value * factor) };

  /** [n] as it is; of [n, k] or [k, n] the column that is named, where n is the longer extent. */
  function columnOf(extents: readonly number[], all: Float64Array): Float64Array {
    const [a, b = 1] = extents;
    if (extents.length === 1 || (extents.length === 2 && (a === 1 || b === 1) && column === undefined))
      return all;
    const k = Math.min(a, b);
    check(
      extents.length === 2 &&
        typeof column === "number" &&
        Number.isInteger(column) &&
        column >= 0 &&
        column < k,
      "DataError",
      () =>
        `${file.where}: ${printable(path)} has shape [${extents.join(", ")}]; state in ${where} which of its columns ` +
        `${axis} is (${axis}.column, from 0), got ${column ?? "none"}`,
    );
    const at = column as number;
    return Float64Array.from({ length: Math.max(a, b) }, (_, i) =>
      a >= b ? all[i * b + at] : all[at * b + i],
    );
  }
}

function geometryOf(map: ScanMap, file: Hdf5File, where: string): LayoutGeometry {
  const quantity = (section: Section, per: (place: string, unit: string) => number): number | undefined => {
    const said = map[section];
    if (said === undefined) return undefined;
    const { value, path, units } = said;
    if ((value === undefined) === (path === undefined))
      throw refusal(where, `${section} needs a value or the path of one, not both`);
    const number = value ?? numberAt(file, String(path));
    const unit = units ?? (typeof path === "string" ? unitAt(file, path) : undefined);
    if (typeof number !== "number" || !(number > 0))
      throw refusal(
        where,
        `${section}: expected a number above 0, got ${number ?? "nothing"} at ${path ?? "value"}`,
      );
    if (typeof unit !== "string") throw refusal(where, `${section}.units is missing`);
    return number * per(`${where}: ${section}.units`, unit);
  };
  return {
    pixelSizeM: quantity("pixel_size", metresPer),
    energyEv: quantity("energy", electronvoltsPer),
    wavelengthM: quantity("wavelength", metresPer),
    distanceM: quantity("distance", metresPer),
    detectorPixelM: quantity("detector_pixel", metresPer),
  };
}
