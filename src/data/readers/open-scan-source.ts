// The one door for scan files: the format is told by the content, never by the ending of the name.
import { PtychoError } from "../../core/errors.js";
import { type Hdf5File, isHdf5, openHdf5 } from "../../formats/hdf5.js";
import { openNpz } from "../../formats/npz.js";
import { openRegularFile } from "../../formats/open-file.js";
import { printable } from "../../formats/printable.js";
import type { ScanSource } from "../scan-source.js";
import type { FileReader, Hdf5Reader } from "./contract.js";
import { scanReaders } from "./registry.js";
import { layoutSource } from "./scan-layout.js";
import { readScanMap } from "./scan-map.js";

export const NPZ_FORMAT = "NPZ";

export interface ScanSourceOptions {
  /** A mapping file that says where in an HDF5 file the parts of the scan are; else one of the readers must know it. */
  readonly map?: string;
}

/**
 * Opens a scan file of any format; the caller closes it.
 *
 * @throws PtychoError DataError for a file that no reader knows, or a part of it that is missing; UsageError for a mapping
 * file given with a file that is not HDF5.
 */
export async function openScanSource(path: string, { map }: ScanSourceOptions = {}): Promise<ScanSource> {
  const { head, isHdf } = contentOf(path);
  if (map !== undefined && !isHdf)
    throw new PtychoError(
      "UsageError",
      `--map ${map}: a mapping file describes an HDF5 file, and ${printable(path)} is none; leave the option out`,
    );
  if (isHdf) return openHdf5Source(path, map);
  const reader = fileReaderOf(head);
  if (reader !== undefined) return reader.open(path);
  if (isOldMatlab(head))
    throw new PtychoError(
      "DataError",
      `${printable(path)}: a MATLAB file of an older version than 7.3; save it again with save(..., '-v7.3')`,
    );
  return npzSource(path);
}

/** Whether the door takes a file for an NPZ archive: it is of no format that is told by its content. */
export function isNpz(path: string): boolean {
  const { head, isHdf } = contentOf(path);
  return !isHdf && fileReaderOf(head) === undefined && !isOldMatlab(head);
}

function fileReaderOf(head: Buffer): FileReader | undefined {
  return scanReaders.find(
    (reader): reader is FileReader => reader.container === "file" && reader.recognises(head),
  );
}

function isOldMatlab(head: Buffer): boolean {
  return head.toString("latin1").startsWith("MATLAB 5.0");
}

function contentOf(path: string): { readonly head: Buffer; readonly isHdf: boolean } {
  const file = openRegularFile(path);
  try {
    return { head: file.bytes(0, Math.min(16, file.length)), isHdf: isHdf5(file) };
  } finally {
    file.close();
  }
}

function npzSource(path: string): ScanSource {
  return { ...openNpz(path), format: NPZ_FORMAT, units: undefined, notes: [], close() {} };
}

async function openHdf5Source(path: string, map: string | undefined): Promise<ScanSource> {
  const file = await openHdf5(path);
  let layout: Awaited<ReturnType<Hdf5Reader["layout"]>>;
  let name = "mapped HDF5";
  try {
    if (map === undefined) {
      const reader = readerOf(file);
      name = reader.name;
      layout = await reader.layout(file, path);
    } else layout = readScanMap(map, file);
  } catch (error) {
    file.close();
    throw error;
  }
  return layoutSource(name, file, layout);
}

function readerOf(file: Hdf5File): Hdf5Reader {
  const known = scanReaders.filter((reader): reader is Hdf5Reader => reader.container === "hdf5");
  const found = known.find((reader) => reader.recognises(file));
  if (found !== undefined) return found;
  const datasets = file.entries().filter((entry) => entry.kind === "dataset");
  throw new PtychoError(
    "DataError",
    `${file.where}: an HDF5 file of unknown layout, with ${datasets.length} datasets (${datasets
      .slice(0, 8)
      .map((entry) => printable(entry.path))
      .join(
        ", ",
      )}); known are ${known.map((reader) => reader.name).join(", ")}; describe it in a mapping file (--map), ` +
      "which inspect --suggest-map writes",
  );
}
