// NeXus files: the default NXdata with its signal, positions among its axes, the geometry from detector and beam. The signal
// is [n, H, W], or of a scan on a grid [A, B, H, W].
import { PtychoError } from "../../core/errors.js";
import { sizeOf } from "../../core/ndarray.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import { printable } from "../../formats/printable.js";
import { BAD_PIXEL_KEYS } from "../keys.js";
import type { Hdf5Reader } from "./contract.js";
import { electronvoltsAt, metresAt, numbersAt, squarePixelM, unitAt } from "./hdf5-parts.js";
import { metresPer } from "./physical-units.js";
import type { ScanLayout } from "./scan-layout.js";

const [, NEXUS_MASK] = BAD_PIXEL_KEYS;

export const nexusReader: Hdf5Reader = {
  container: "hdf5",
  name: "NeXus",
  recognises: (file) => findData(file) !== undefined,
  layout: nexusLayout,
};

interface DataGroup {
  readonly path: string;
  readonly signal: string;
}

/** The NXdata that `default` leads to, else the first with a signal of three or four axes. */
function findData(file: Hdf5File): DataGroup | undefined {
  const entries = groupsOf(file, "/", "NXentry");
  const first = file.attributes("/").default;
  for (const entry of typeof first === "string" ? [`/${first}`, ...entries] : entries) {
    const named = file.attributes(entry).default;
    for (const path of [
      ...(typeof named === "string" ? [`${entry}/${named}`] : []),
      ...groupsOf(file, entry, "NXdata"),
    ]) {
      const found = signalOf(file, path);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function groupsOf(file: Hdf5File, parent: string, type: string): string[] {
  const under = parent === "/" ? "" : parent;
  return namesOf(file, parent, "group")
    .map((name) => `${under}/${name}`)
    .filter((path) => file.attributes(path).NX_class === type);
}

/** Names in a group; links to other files are left out. */
function namesOf(file: Hdf5File, parent: string, kind: "group" | "dataset"): string[] {
  return file.members(parent).flatMap((member) => (member.kind === kind ? [member.name] : []));
}

function signalOf(file: Hdf5File, path: string): DataGroup | undefined {
  const { NX_class: type, signal } = file.attributes(path);
  if (type !== "NXdata") return undefined;
  const old = namesOf(file, path, "dataset").find(
    (each) => Number(file.attributes(`${path}/${each}`).signal) === 1,
  );
  const name = typeof signal === "string" ? signal : (old ?? "data");
  const at = `${path}/${name}`;
  if (!namesOf(file, path, "dataset").includes(name)) return undefined;
  const { shape, dtype } = file.dataset(at);
  return (shape.length === 3 || shape.length === 4) &&
    dtype !== "other" &&
    dtype !== "text" &&
    !dtype.startsWith("complex")
    ? { path, signal: at }
    : undefined;
}

function nexusLayout(file: Hdf5File): ScanLayout {
  const data = findData(file) as DataGroup;
  const grid = file.dataset(data.signal).shape.slice(0, -2);
  const [x, y] = (["x", "y"] as const).map((axis) => positionsAlong(file, data, axis, grid));
  const entry = data.path.slice(0, data.path.lastIndexOf("/"));
  const instruments = groupsOf(file, entry, "NXinstrument");
  const within = (type: string, parents: readonly string[]) =>
    parents.flatMap((parent) => groupsOf(file, parent, type));
  const detectors = within("NXdetector", instruments);
  const beams = ["NXbeam", "NXmonochromator", "NXsource"].flatMap((type) =>
    within(type, [...instruments, ...groupsOf(file, entry, "NXsample")]),
  );
  const first = <T>(values: Iterable<T | undefined>): T | undefined =>
    [...values].find((value) => value !== undefined);
  const mask = detectors
    .map((detector) => `${detector}/pixel_mask`)
    .find((path) => file.kindOf(path) === "dataset");
  return {
    patterns: { file, path: data.signal },
    units: "intensity",
    positions: { unit: "m", x, y },
    geometry: {
      energyEv: first(
        beams.flatMap((beam) =>
          ["incident_energy", "energy"].map((name) => electronvoltsAt(file, `${beam}/${name}`, "eV")),
        ),
      ),
      wavelengthM: first(
        beams.flatMap((beam) =>
          ["incident_wavelength", "wavelength"].map((name) => metresAt(file, `${beam}/${name}`, "angstrom")),
        ),
      ),
      distanceM: first(detectors.map((detector) => metresAt(file, `${detector}/distance`))),
      detectorPixelM: first(
        detectors.map((detector) =>
          squarePixelM(
            file.where,
            metresAt(file, `${detector}/x_pixel_size`),
            metresAt(file, `${detector}/y_pixel_size`),
          ),
        ),
      ),
    },
    arrays: mask === undefined ? {} : { [NEXUS_MASK]: () => file.read(mask) },
    notes: [],
  };
}

interface Fitting {
  readonly name: string;
  /** Along which axis of the grid it runs; undefined where it has one value to a pattern. */
  readonly gridAxis: 0 | 1 | undefined;
}

/** Positions along one axis in metres, one to a pattern: of the one dataset of the NXdata whose name and shape fit. */
function positionsAlong(
  file: Hdf5File,
  { path }: DataGroup,
  axis: "x" | "y",
  grid: readonly number[],
): Float64Array {
  const named = new RegExp(`(^|[^a-z])(s|sample|stage|pos|position|lab)?_?s?${axis}([^a-z]|$)`, "i");
  const n = sizeOf(grid);
  const fitting = namesOf(file, path, "dataset").flatMap((name): readonly Fitting[] => {
    if (!named.test(name)) return [];
    const { shape } = file.dataset(`${path}/${name}`);
    if (shape.join() === grid.join() || shape.join() === `${n}`) return [{ name, gridAxis: undefined }];
    const gridAxis = shape.length === 1 ? axisOf(file, path, name, grid, shape[0]) : undefined;
    return gridAxis === undefined ? [] : [{ name, gridAxis }];
  });
  const { name, gridAxis } = fitting[0] ?? {};
  const unit = name === undefined ? undefined : unitAt(file, `${path}/${name}`);
  if (fitting.length !== 1 || unit === undefined)
    throw new PtychoError(
      "DataError",
      `${file.where}: the positions along ${axis} are not clear: ${
        fitting.length === 1
          ? `${printable(fitting[0].name)} states no unit`
          : `${fitting.length} datasets of ${grid.join(" x ")} values in ${printable(path)} fit${
              fitting.length > 0
                ? ` (${fitting
                    .slice(0, 5)
                    .map((each) => printable(each.name))
                    .join(", ")})`
                : ""
            }`
      }; state them in a mapping file (--map; inspect --suggest-map writes one)`,
    );
  const metres = metresPer(`${file.where}: ${path}/${name}`, unit);
  const { values } = numbersAt(file, `${path}/${name}`);
  if (gridAxis === undefined) return values.map((value) => value * metres);
  return Float64Array.from(
    { length: n },
    (_, i) => values[gridAxis === 0 ? Math.floor(i / grid[1]) : i % grid[1]] * metres,
  );
}

/** Along which axis of a grid [A, B] the values of a vector run: by the list `axes` of the NXdata, else by its length. */
function axisOf(
  file: Hdf5File,
  path: string,
  name: string,
  grid: readonly number[],
  length: number,
): 0 | 1 | undefined {
  if (grid.length !== 2) return undefined;
  const { axes } = file.attributes(path);
  const listed = Array.isArray(axes) ? (axes as readonly (string | number)[]).indexOf(name) : -1;
  if (listed === 0 || listed === 1) return grid[listed] === length ? listed : undefined;
  if (grid[0] === grid[1]) return undefined;
  return grid[0] === length ? 0 : grid[1] === length ? 1 : undefined;
}
