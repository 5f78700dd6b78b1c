// A probe from a file of its own: another scan, a reconstruction, or a plain array.
import { PtychoError } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { readRegularFile } from "../formats/files.js";
import { type NpyArray, parseNpy } from "../formats/npy.js";
import { parseNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import { PROBE_FILE_KEYS } from "./keys.js";
import { toProbeModes } from "./probe-layout.js";
import { isObjectFile, readObjectFile } from "./readers/object-file.js";
import { complexValues } from "./stored-values.js";

/**
 * Incoherent probe modes [P, N, N] from `probe` or `probeGuess` of an .npz file, or from an .npy file: (N, N),
 * (N, N, 1) or (P, N, N), complex or real; or the probe of an HDF5 product or scan.
 *
 * @throws PtychoError DataError for a file without a probe, of another size, not finite or zero everywhere.
 */
export async function readProbeFile(path: string, N: number): Promise<ComplexArray> {
  const where = printable(path);
  if (isObjectFile(path)) {
    const { probe } = await readObjectFile(path);
    if (probe === undefined)
      throw new PtychoError("DataError", `${where}: no probe in the HDF5 file; name one that has it`);
    return toProbeModes(where, probe.shape, probe.re, probe.im, N);
  }
  const { key, array } = storedProbe(readRegularFile(path), where);
  const { shape, re, im } = complexValues(array, where, key);
  return toProbeModes(where, shape, re, im, N);
}

function storedProbe(bytes: Buffer, where: string): { readonly key: string; readonly array: NpyArray } {
  // "\x93NUMPY" opens an .npy file.
  if (bytes[0] === 0x93) return { key: "probe", array: parseNpy(bytes, where) };
  const npz = parseNpz(bytes, where);
  const key = PROBE_FILE_KEYS.find((name) => npz.has(name));
  if (key !== undefined) return { key, array: npz.read(key) };
  const found = npz.names.slice(0, 50).map(printable).join(", ");
  throw new PtychoError(
    "DataError",
    `${where}: no probe in the file; expected an array '${PROBE_FILE_KEYS.join("' or '")}' or an .npy file, found ${found}`,
  );
}
