// HDF5 files to arrays: what is in a file, its attributes, its arrays or rows of them. Read from the disk as far as they are
// asked for. Links and datasets that lie in another file are refused by name.
import { check, isPtychoError } from "../core/errors.js";
import { sizeOf } from "../core/ndarray.js";
import { dtypeOf, elementOf, type Hdf5DType } from "./hdf5-element.js";
import { type Hdf5Handle, openHdf5Handle } from "./hdf5-handle.js";
import { linkAt, type Resolved, resolvePath } from "./hdf5-links.js";
import { datasetType, type Hdf5Attribute, readAttributes, readDataset } from "./hdf5-values.js";
import type { NpyArray } from "./npy.js";
import type { OpenFile } from "./open-file.js";
import { printable } from "./printable.js";

/** A file is listed so far; what comes after is not looked at. */
const MOST_ENTRIES = 20_000;
const MOST_DEPTH = 64;

export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  /** "other" is neither numbers nor text and cannot be read. */
  readonly dtype: Hdf5DType | "other";
  /** Extent of a chunk; undefined where the array is stored in one piece. */
  readonly chunks: readonly number[] | undefined;
  /** Names of the filters that its chunks went through. */
  readonly filters: readonly string[];
  /** Bytes of the whole array, unpacked. */
  readonly bytes: number;
}

export interface Hdf5Entry {
  readonly kind: "group" | "dataset" | "elsewhere";
  readonly path: string;
}

export interface Hdf5Member {
  readonly name: string;
  /** "elsewhere" lies in another file and cannot be read, "nowhere" is a link that leads to nothing. */
  readonly kind: "group" | "dataset" | "elsewhere" | "nowhere";
}

export interface Hdf5File {
  /** The file, fit for a message. */
  readonly where: string;
  /**
   * Groups, datasets and links to other files ("elsewhere"), breadth first. A thing with two names comes once, soft links
   * are left out.
   *
   * @throws PtychoError DataError for more than 20,000 of them.
   */
  entries(): readonly Hdf5Entry[];
  /** What stands under a path, soft links within the file followed; undefined where nothing does. */
  kindOf(path: string): "group" | "dataset" | undefined;
  /** What a group holds, soft links followed; nothing where there is no such group. */
  members(group: string): readonly Hdf5Member[];
  /** Attributes that are numbers or text; none where nothing stands under the path. */
  attributes(path: string): Readonly<Record<string, Hdf5Attribute>>;
  /** Shape and type of a dataset. */
  dataset(path: string): Hdf5Dataset;
  /** A whole array, or its entries `from`..`to` along the first axis, row-major. */
  read(path: string, from?: number, to?: number): NpyArray;
  close(): void;
}

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** Whether a file holds HDF5: its signature at 0, or after a user block of 512, 1024, 2048 ... bytes. */
export function isHdf5(file: OpenFile): boolean {
  for (let at = 0; at <= 65536 && at + SIGNATURE.length <= file.length; at = at === 0 ? 512 : 2 * at)
    if (file.bytes(at, at + SIGNATURE.length).equals(SIGNATURE)) return true;
  return false;
}

/**
 * Opens a file for reading; the caller closes it.
 *
 * @throws PtychoError, here and from every reading: DataError naming file and path for what is damaged, missing, of a type
 * or filter that cannot be read, or in another file; EngineError where the library is missing.
 */
export async function openHdf5(path: string): Promise<Hdf5File> {
  const handle = await openHdf5Handle(path);
  const known = new Map<string, Resolved | undefined>();
  const resolve = (name: string): Resolved | undefined => {
    if (!known.has(name)) known.set(name, resolvePath(handle, name));
    return known.get(name);
  };
  const datasetAt = (name: string): string => {
    const found = resolve(name);
    return found?.kind === "dataset" ? found.path : handle.fail(`there is no dataset ${printable(name)}`);
  };
  return {
    where: handle.where,
    entries: () => listEntries(handle),
    kindOf: (name) => resolve(name)?.kind,
    members: (group) => {
      const found = resolve(group);
      if (found?.kind !== "group") return [];
      const under = found.path === "/" ? "" : found.path;
      return namesIn(handle, found.path).map((name) => ({
        name,
        kind: memberKind(handle, `${under}/${name}`),
      }));
    },
    attributes: (name) => {
      const found = resolve(name);
      return found === undefined ? {} : readAttributes(handle, found.path);
    },
    dataset: (name) => describe(handle, name, datasetAt(name)),
    read: (name, from, to) => readDataset(handle, datasetAt(name), from, to),
    close: handle.close,
  };
}

function namesIn(handle: Hdf5Handle, group: string): readonly string[] {
  const names: readonly string[] = handle.ask(`group ${printable(group)}`, (module, id) =>
    module.get_names(id, group, false),
  );
  expectFew(handle, names.length);
  return names;
}

function memberKind(handle: Hdf5Handle, path: string): Hdf5Member["kind"] {
  const link = linkAt(handle, path);
  if (link.kind === "file") return "elsewhere";
  if (link.kind !== "soft") return link.kind === "other" ? "nowhere" : link.kind;
  try {
    return resolvePath(handle, path)?.kind ?? "nowhere";
  } catch (error) {
    // Its way leads through another file.
    if (isPtychoError(error, "DataError")) return "elsewhere";
    throw error;
  }
}

function expectFew({ where }: Hdf5Handle, count: number): void {
  check(
    count <= MOST_ENTRIES,
    "DataError",
    () => `${where}: the file has more than ${MOST_ENTRIES} entries; copy the scan into a file of its own`,
  );
}

function describe(handle: Hdf5Handle, name: string, path: string): Hdf5Dataset {
  const type = datasetType(handle, path);
  const element = elementOf(type);
  const filters = handle.ask(printable(path), (module, id) => module.get_dataset_filters(id, path));
  return {
    path: name,
    shape: type.shape,
    dtype: element === undefined ? "other" : dtypeOf(element),
    chunks: type.chunks ?? undefined,
    filters: filters.map((filter) => filter.name),
    bytes: sizeOf(type.shape) * Number(type.size),
  };
}

/** Groups may contain themselves: each is known by the address that a reference to it holds. */
function listEntries(handle: Hdf5Handle): readonly Hdf5Entry[] {
  const entries: Hdf5Entry[] = [];
  const addressOf = (path: string): string =>
    Buffer.from(
      handle.ask(printable(path), (module, id) => module.create_object_reference(id, path)),
    ).toString("hex");
  const seen = new Set([addressOf("/")]);
  for (let level = [""]; level.length > 0; ) {
    const next: string[] = [];
    for (const group of level)
      for (const name of namesIn(handle, group === "" ? "/" : group)) {
        const path = `${group}/${name}`;
        const { kind } = linkAt(handle, path);
        if (kind === "file") entries.push({ kind: "elsewhere", path });
        if (kind !== "group" && kind !== "dataset") continue;
        const address = addressOf(path);
        if (seen.has(address)) continue;
        seen.add(address);
        entries.push({ kind, path });
        expectFew(handle, entries.length);
        if (kind === "group" && path.split("/").length <= MOST_DEPTH) next.push(path);
      }
    level = next;
  }
  return entries;
}
