// Writes a model archive: manifest, weights and the ONNX graph, whole or not at all.
import type { NdArray } from "../core/ndarray.js";
import { type WriteFs, writeFileAtomic } from "../formats/files.js";
import { checkFiniteTensors, writeSafetensors } from "../formats/safetensors.js";
import { zipPieces } from "../formats/zip.js";
import {
  BUNDLE_FORMAT,
  BUNDLE_SCHEMA,
  type BundleDescription,
  MANIFEST_MEMBER,
  manifestBytes,
  ONNX_MEMBER,
  sha256,
  WEIGHTS_MEMBER,
} from "./manifest.js";

export interface BundleContent extends BundleDescription {
  /** Parameters and buffers by their PyTorch names. */
  readonly weights: ReadonlyMap<string, NdArray>;
  /** The prediction graph with the weights inside. */
  readonly onnx: Uint8Array;
}

/**
 * Writes the archive to `path` (a file, usually `wts.h5.zip`).
 *
 * @throws PtychoError ArtefactError for weights that are not finite, ResourceError when the disk fails; in both cases
 * what stood under `path` before still stands.
 */
export function saveBundle(path: string, content: BundleContent, fs?: WriteFs): void {
  const { weights, onnx, ...description } = content;
  checkFiniteTensors(weights, `model archive ${JSON.stringify(path)}`);
  const members: readonly (readonly [string, Uint8Array])[] = [
    [WEIGHTS_MEMBER, writeSafetensors(weights)],
    [ONNX_MEMBER, onnx],
  ];
  const files = Object.fromEntries(
    members.map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }]),
  );
  const manifest = manifestBytes({ format: BUNDLE_FORMAT, schema: BUNDLE_SCHEMA, ...description, files });
  writeFileAtomic(path, zipPieces([[MANIFEST_MEMBER, manifest], ...members], { method: "store" }), fs);
}
