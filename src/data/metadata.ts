// The `_metadata` member: one JSON text, stored as a NumPy string or as a pickled one. Pickles are never executed.

import { printable } from "../formats/printable.js";
import { SCAN_KEYS } from "./keys.js";
import type { ScanArrays } from "./scan-source.js";

export type Metadata = Readonly<Record<string, unknown>>;

/** The metadata of an open file, or undefined with a warning if it cannot be read. */
export function readMetadata(where: string, npz: ScanArrays, warnings: string[]): Metadata | undefined {
  const key = SCAN_KEYS.metadata;
  if (!npz.has(key)) return undefined;
  const ignored = (reason: string): undefined => {
    warnings.push(`${where}: ${key} is ignored: ${reason}`);
    return undefined;
  };
  const text = metadataText(npz);
  if (typeof text !== "string") return ignored(text.reason);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Metadata;
    return ignored("its JSON is not an object");
  } catch (error) {
    return ignored(`it is not JSON (${printable(error instanceof Error ? error.message : String(error))})`);
  }
}

/** Photons per pattern that the metadata states, if it states a positive number. */
export function photonsOf(metadata: Metadata | undefined): number | undefined {
  const physics = metadata?.physics_parameters;
  if (typeof physics !== "object" || physics === null || !("nphotons" in physics)) return undefined;
  const { nphotons } = physics;
  return typeof nphotons === "number" && Number.isFinite(nphotons) && nphotons > 0 ? nphotons : undefined;
}

function metadataText(npz: ScanArrays): string | { readonly reason: string } {
  if (npz.header(SCAN_KEYS.metadata).dtype === "object") {
    const found = npz.readPickledString(SCAN_KEYS.metadata);
    return found.kind === "refused" ? found : found.text;
  }
  const array = npz.read(SCAN_KEYS.metadata);
  if (array.dtype === "text" && array.values.length === 1) return array.values[0];
  return { reason: `it is an array of ${array.dtype} with shape [${array.shape.join(", ")}], not one text` };
}
