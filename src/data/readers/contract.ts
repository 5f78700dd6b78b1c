// What a reader of scan files is. Adding one: a file with it, a line in registry.ts, a test.
import type { Hdf5File } from "../../formats/hdf5.js";
import type { ScanSource } from "../scan-source.js";
import type { ScanLayout } from "./scan-layout.js";

/** A layout within HDF5 files, told by what is in them. */
export interface Hdf5Reader {
  readonly container: "hdf5";
  readonly name: string;
  recognises(file: Hdf5File): boolean;
  /** Where the parts of a scan are. `path` is the file's own, for companions in the same folder. */
  layout(file: Hdf5File, path: string): ScanLayout | Promise<ScanLayout>;
}

/** A file format of its own, told by its first bytes. */
export interface FileReader {
  readonly container: "file";
  readonly name: string;
  /** @param head first bytes of the file, at most 16 */
  recognises(head: Buffer): boolean;
  open(path: string): ScanSource | Promise<ScanSource>;
}

export type ScanReader = Hdf5Reader | FileReader;
