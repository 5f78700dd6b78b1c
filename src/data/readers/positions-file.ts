// Scan positions, and what is known of the experiment, in a text file beside a stack of patterns: CSV or JSON. Column names
// carry the unit (x_px, y_um, ...); a column without one is refused.
import { existsSync } from "node:fs";
import { join, parse } from "node:path";
import { check, PtychoError } from "../../core/errors.js";
import { readRegularFile } from "../../formats/files.js";
import { printable } from "../../formats/printable.js";
import { DIFFRACTION_UNITS, type DiffractionUnits } from "../diffraction-units.js";
import { metresPer } from "./physical-units.js";
import type { LayoutGeometry } from "./scan-layout.js";

export interface Companion {
  readonly positions: { readonly unit: "m" | "px"; readonly x: Float64Array; readonly y: Float64Array };
  readonly geometry: LayoutGeometry;
  readonly units: DiffractionUnits | undefined;
  /** The file, fit for a message. */
  readonly where: string;
}

const MOST_BYTES = 256 * 2 ** 20;

/**
 * Reads `<name>.csv`, `<name>.json`, `<name>_positions.csv` or `<name>_positions.json` beside `<name>.<ending>`.
 *
 * @throws PtychoError DataError where there is none or two, or one that says too little.
 */
export function readCompanion(path: string): Companion {
  const { dir, name } = parse(path);
  const names = [".csv", ".json", "_positions.csv", "_positions.json"].map((ending) => `${name}${ending}`);
  const found = names.filter((each) => existsSync(join(dir, each)));
  check(
    found.length === 1,
    "DataError",
    () =>
      `${printable(path)}: a stack of patterns has its positions in a file beside it, ${names.join(" or ")}; found ` +
      `${found.length === 0 ? "none" : found.join(" and ")}; write one with the columns x_px and y_px (or x_m, x_um, x_nm)`,
  );
  const file = join(dir, found[0]);
  const where = printable(file);
  const text = readRegularFile(file, { maxBytes: MOST_BYTES }).toString("utf8");
  const record = file.endsWith(".json") ? parseJson(where, text) : parseCsv(where, text);
  return { ...companionOf(where, record), where };
}

type Record_ = Readonly<Record<string, unknown>>;

function companionOf(where: string, record: Record_): Omit<Companion, "where"> {
  const [x, y] = [columnOf(where, record, "x"), columnOf(where, record, "y")];
  check(
    x.isPixels === y.isPixels && x.values.length === y.values.length,
    "DataError",
    () =>
      `${where}: x and y must be as many and both in pixels or both in a length; got ${x.name} and ${y.name}`,
  );
  const number = (name: string): number | undefined => {
    const value = record[name];
    if (value === undefined) return undefined;
    check(
      typeof value === "number" && value > 0 && Number.isFinite(value),
      "DataError",
      () => `${where}: ${name} must be a number above 0, got ${JSON.stringify(value)}`,
    );
    return value as number;
  };
  const units = record.units;
  check(
    units === undefined || DIFFRACTION_UNITS.includes(units as DiffractionUnits),
    "DataError",
    () => `${where}: units must be ${DIFFRACTION_UNITS.join(", ")}, got ${JSON.stringify(units)}`,
  );
  return {
    positions: { unit: x.isPixels ? "px" : "m", x: x.values, y: y.values },
    units: units as DiffractionUnits | undefined,
    geometry: {
      pixelSizeM: number("pixel_size_m"),
      energyEv: number("energy_ev"),
      wavelengthM: number("wavelength_m"),
      distanceM: number("distance_m"),
      detectorPixelM: number("detector_pixel_m"),
    },
  };
}

function columnOf(
  where: string,
  record: Record_,
  axis: "x" | "y",
): { readonly name: string; readonly values: Float64Array; readonly isPixels: boolean } {
  const names = Object.keys(record).filter((name) => new RegExp(`^${axis}_[a-zµμ]+$`, "i").test(name));
  if (names.length !== 1)
    throw new PtychoError(
      "DataError",
      `${where}: expected one column ${axis}_px, ${axis}_m, ${axis}_mm, ${axis}_um or ${axis}_nm, found ${
        names.length === 0
          ? Object.keys(record).slice(0, 20).map(printable).join(", ") || "no columns"
          : names.join(" and ")
      }; the name of the column states the unit`,
    );
  const [name] = names;
  const list = record[name];
  check(
    Array.isArray(list) && list.length > 0 && list.every((value) => typeof value === "number"),
    "DataError",
    () => `${where}: ${name} must be a list of numbers, one to a pattern`,
  );
  const unit = name.slice(2);
  const isPixels = unit.toLowerCase() === "px";
  const factor = isPixels ? 1 : metresPer(`${where}: ${name}`, unit);
  return { name, isPixels, values: Float64Array.from(list as number[], (value) => value * factor) };
}

function parseJson(where: string, text: string): Record_ {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PtychoError("DataError", `${where}: it is not JSON; write it again`, error);
  }
  check(
    typeof value === "object" && value !== null && !Array.isArray(value),
    "DataError",
    () => `${where}: expected a JSON object with x_px and y_px`,
  );
  return value as Record_;
}

/** A header line and numbers, separated by commas, semicolons or tabs; lines from "#" on are comments. */
function parseCsv(where: string, text: string): Record_ {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const [head, ...rows] = lines;
  const separator = /[,;\t]/;
  const names = (head ?? "").split(separator).map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  const columns = names.map(() => new Array<number>(rows.length));
  rows.forEach((row, i) => {
    const cells = row.split(separator);
    check(
      cells.length === names.length,
      "DataError",
      () => `${where}: row ${i + 1} has ${cells.length} cells, the head has ${names.length}; mend the row`,
    );
    cells.forEach((cell, column) => {
      columns[column][i] = cell.trim() === "" ? Number.NaN : Number(cell);
    });
  });
  return Object.fromEntries(names.map((name, column) => [name, columns[column]]));
}
