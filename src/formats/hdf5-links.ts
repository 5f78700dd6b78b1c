// Paths in an HDF5 file to the things they stand for. Soft links are followed by hand, within the file and in no circle; a
// link to another file is refused by name.
import type { Hdf5Handle } from "./hdf5-handle.js";
import { printable } from "./printable.js";

const MOST_HOPS = 32;

/** What a name in a group is, links seen as links. */
export type Hdf5Link =
  | { readonly kind: "group" | "dataset" | "other" }
  | { readonly kind: "soft" | "file"; readonly to: string };

/** @param path of a group without links, and a name in it */
export function linkAt(handle: Hdf5Handle, path: string): Hdf5Link {
  const what = printable(path);
  // The library answers null for what is no soft link, and an empty record for what is no link to a file.
  const soft = handle.ask(what, (module, id) => module.get_symbolic_link(id, path) as string | null);
  if (soft !== null) return { kind: "soft", to: soft };
  const file = handle.ask(what, (module, id) => module.get_external_link(id, path) as { filename?: string });
  if (file.filename !== undefined) return { kind: "file", to: file.filename };
  const type = handle.ask(what, (module, id) => module.get_type(id, path));
  const { H5G_GROUP, H5G_DATASET } = handle.module;
  return { kind: type === H5G_GROUP ? "group" : type === H5G_DATASET ? "dataset" : "other" };
}

export interface Resolved {
  readonly kind: "group" | "dataset";
  /** Without links. */
  readonly path: string;
}

/**
 * What stands under a path; undefined where nothing does, or links go in a circle.
 *
 * @throws PtychoError DataError where the way leads into another file.
 */
export function resolvePath(handle: Hdf5Handle, path: string): Resolved | undefined {
  let rest = partsOf(path);
  let at: Resolved = { kind: "group", path: "" };
  for (let hops = 0; rest.length > 0; ) {
    if (at.kind !== "group") return undefined;
    const [name, ...more] = rest;
    const next = `${at.path}/${name}`;
    const link = linkAt(handle, next);
    if (link.kind === "other") return undefined;
    if (link.kind === "file") return refuseElsewhere(handle, next, link.to);
    if (link.kind === "soft") {
      if (++hops > MOST_HOPS) return undefined;
      if (link.to.startsWith("/")) at = { kind: "group", path: "" };
      rest = [...partsOf(link.to), ...more];
      continue;
    }
    at = { kind: link.kind, path: next };
    rest = more;
  }
  return at.path === "" ? { kind: "group", path: "/" } : at;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

export function refuseElsewhere(handle: Hdf5Handle, path: string, target: string): never {
  return handle.fail(
    `${printable(path)} lies in another file (${printable(target)}), and other files are never followed; copy the data ` +
      "into this one, or give the other file itself",
  );
}
