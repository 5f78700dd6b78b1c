// Objects and reconstructions of any program, in the forms that this one's own files have.
import { statSync } from "node:fs";
import { float32 } from "../core/ndarray.js";
import { isObjectFile, readObjectFile } from "../data/readers/object-file.js";
import {
  type KnownObject,
  type Reconstruction,
  readKnownObject,
  readReconstruction,
} from "./read-reconstruction.js";

/**
 * A reconstruction.npz (or its folder), or an HDF5 product of ptychodus, pty-chi, PtychoViT or ptypy, in which every pixel
 * counts as reached.
 *
 * @throws PtychoError DataError.
 */
export async function readAnyReconstruction(path: string): Promise<Reconstruction> {
  if (isFolder(path) || !isObjectFile(path)) return readReconstruction(path);
  const { object, originPx, probe, pixelSizeM } = await readObjectFile(path);
  const coverage = float32(object.shape);
  coverage.data.fill(1);
  return {
    ...{ path, object, coverage, originPx },
    ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
    ...(probe === undefined ? {} : { probe }),
  };
}

/** The object of a scan file of any format, or of a product, with the scan positions. @throws PtychoError DataError. */
export async function readAnyKnownObject(path: string): Promise<KnownObject> {
  if (!isObjectFile(path)) return readKnownObject(path);
  const { object, originPx, xPx, yPx, probe } = await readObjectFile(path);
  return {
    ...{ object, xPx, yPx, originPx },
    ...(probe === undefined ? {} : { probe }),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
