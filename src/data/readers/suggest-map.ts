// A mapping file for an HDF5 file of unknown layout, as far as names, shapes and stated units tell. What they leave open is
// written as FIXME, which the reader of mapping files refuses: nothing is guessed in silence.

import { PtychoError } from "../../core/errors.js";
import { type Hdf5Dataset, type Hdf5File, openHdf5 } from "../../formats/hdf5.js";
import { unitAt } from "./hdf5-parts.js";

const OPEN = "FIXME";

interface Found extends Hdf5Dataset {
  readonly unit: string | undefined;
  readonly name: string;
}

/**
 * The text of a mapping file (YAML) for an HDF5 file.
 *
 * @throws PtychoError DataError for a file that is not HDF5, or has no dataset of three axes.
 */
export async function suggestMap(path: string): Promise<string> {
  const file = await openHdf5(path);
  try {
    return mapText(file.where, datasetsOf(file));
  } finally {
    file.close();
  }
}

function datasetsOf(file: Hdf5File): Found[] {
  return file.entries().flatMap(({ kind, path }) => {
    if (kind !== "dataset") return [];
    try {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return [{ ...file.dataset(path), unit: unitAt(file, path), name }];
    } catch (error) {
      // Virtual and empty ones cannot be parts of a scan here.
      if (error instanceof PtychoError && error.tag === "DataError") return [];
      throw error;
    }
  });
}

function mapText(where: string, datasets: readonly Found[]): string {
  const isReal = ({ dtype }: Found) => dtype !== "text" && dtype !== "other" && !dtype.startsWith("complex");
  const stacks = datasets
    .filter((each) => each.shape.length === 3 && isReal(each))
    .sort((a, b) => b.bytes - a.bytes);
  const patterns = stacks[0];
  if (patterns === undefined)
    throw new PtychoError(
      "DataError",
      `${where}: no dataset of real numbers with three axes, which could be the patterns; is it the right file?`,
    );
  const lines = [
    `# Mapping of ${where}; every ${OPEN} is to be replaced. Read it with --map.`,
    "diffraction:",
    `  path: ${patterns.path}  # [${patterns.shape.join(", ")}] ${patterns.dtype}`,
    `  units: ${OPEN}  # amplitude, intensity or counts`,
    "  order: row-major  # or column-major (MATLAB)",
  ];
  const [n] = patterns.shape;
  for (const axis of ["x", "y"] as const) lines.push(...positionLines(datasets.filter(isReal), axis, n));
  const complex = datasets.filter(({ dtype }) => dtype.startsWith("complex"));
  const width = patterns.shape[2];
  lines.push(
    ...optional(
      "probe",
      complex.filter(({ shape }) => shape.at(-1) === width && shape.at(-2) === width),
    ),
  );
  const mask = datasets.filter(
    (each) =>
      isReal(each) &&
      /mask|bad|valid/i.test(each.name) &&
      each.shape.at(-1) === width &&
      each.shape.length === 2,
  );
  lines.push(
    ...optional("mask", mask, [`  nonzero: ${OPEN}  # bad or good: what a value other than 0 means`]),
  );
  const scalars = datasets.filter((each) => isReal(each) && each.shape.every((extent) => extent === 1));
  for (const [section, pattern, units] of QUANTITIES)
    lines.push(
      ...quantityLines(
        section,
        scalars.filter(({ name }) => pattern.test(name)),
        units,
      ),
    );
  return `${lines.join("\n")}\n`;
}

const QUANTITIES = [
  ["energy", /energy/i, "eV, keV or J"],
  ["distance", /dist/i, "m or mm"],
  ["detector_pixel", /pixel_?(size|width)|psize|x_pixel/i, "m or um"],
] as const;

function positionLines(datasets: readonly Found[], axis: "x" | "y", n: number): string[] {
  const named = new RegExp(`(^|[^a-z])[a-z]*_?${axis}([^a-z]|$)|${axis}coord|pos${axis}`, "i");
  const single = datasets.filter(
    ({ shape, name }) => shape.length === 1 && shape[0] === n && named.test(name),
  );
  const table = datasets.filter(
    ({ shape, name }) =>
      shape.length === 2 &&
      shape.includes(n) &&
      Math.min(...shape) <= 3 &&
      /pos|trans|scan|coord/i.test(name),
  );
  const found = single[0] ?? table[0];
  const head = `${axis}:`;
  if (found === undefined)
    return [
      head,
      `  path: ${OPEN}  # [${n}] positions of the probe along ${axis}`,
      `  units: ${OPEN}  # px, m, um or nm`,
    ];
  const others = [...single, ...table].filter((each) => each !== found).map(({ path }) => path);
  return [
    head,
    `  path: ${found.path}  # [${found.shape.join(", ")}]${others.length > 0 ? `; or ${others.slice(0, 4).join(", ")}` : ""}`,
    `  units: ${found.unit ?? OPEN}${found.unit === undefined ? "  # px, m, um or nm" : "  # as the file states"}`,
    ...(found.shape.length === 2 ? [`  column: ${OPEN}  # 0 is the first`] : []),
    "  scale: 1  # -1 turns the axis round",
  ];
}

function optional(section: string, [found]: readonly Found[], more: readonly string[] = []): string[] {
  return found === undefined
    ? []
    : [`${section}:`, `  path: ${found.path}  # [${found.shape.join(", ")}]`, ...more];
}

function quantityLines(section: string, found: readonly Found[], units: string): string[] {
  const [first] = found;
  if (first === undefined)
    return [`# ${section}: { value: ..., units: ... }  # needed where positions are lengths; ${units}`];
  return [
    `${section}:`,
    `  path: ${first.path}`,
    `  units: ${first.unit ?? OPEN}  # ${first.unit === undefined ? units : "as the file states"}`,
  ];
}
