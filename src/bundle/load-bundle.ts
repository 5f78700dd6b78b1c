// Reads a model archive. All of it is verified before any is handed out.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { readRegularFile } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import { checkFiniteTensors, parseSafetensors } from "../formats/safetensors.js";
import { readZip } from "../formats/zip.js";
import { resolveArchivePath } from "./archive-path.js";
import {
  type BundleManifest,
  MANIFEST_MEMBER,
  ONNX_MEMBER,
  parseManifest,
  sha256,
  WEIGHTS_MEMBER,
} from "./manifest.js";
import { refusePythonArchive } from "./python-archive.js";

export interface Bundle {
  /** The archive file that was read. */
  readonly path: string;
  readonly manifest: BundleManifest;
  /** Parameters and buffers by their PyTorch names; finite. */
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly onnx: Uint8Array;
}

/** A tensor that a network expects. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

const MEMBERS: readonly string[] = [MANIFEST_MEMBER, WEIGHTS_MEMBER, ONNX_MEMBER];
const MAX_MANIFEST_BYTES = 16 * 2 ** 20;

/**
 * The archive at `modelPath`, a file or the folder that holds `wts.h5.zip`. Checked in this order: zip structure and
 * CRC-32, the set of members, schema version, size and SHA-256 of every member, structure and finiteness of the weights.
 *
 * @throws PtychoError UsageError when there is no archive, ArtefactError saying what is wrong with it.
 */
export function loadBundle(modelPath: string): Bundle {
  const path = resolveArchivePath(modelPath);
  const where = `model archive ${printable(path)}`;
  const zip = readZip(readRegularFile(path, { tag: "ArtefactError" }), where, { tag: "ArtefactError" });
  const names = zip.members.map(({ name }) => name);
  refusePythonArchive(names, where);
  const demand = (holds: boolean, message: () => string): void =>
    check(holds, "ArtefactError", () => `${where}: ${message()}`);
  const missing = MEMBERS.filter((name) => !names.includes(name));
  const extra = names.filter((name) => !MEMBERS.includes(name));
  demand(missing.length === 0, () => `lacks ${missing.join(", ")}; write the model again`);
  demand(zip.member(MANIFEST_MEMBER).bytes <= MAX_MANIFEST_BYTES, () => "the manifest exceeds 16 MB; forged");
  const manifest = parseManifest(zip.read(MANIFEST_MEMBER), where);
  demand(
    extra.length === 0,
    () => `holds ${extra.slice(0, 10).map(printable).join(", ")}, which is no part of a model archive`,
  );
  const stated = Object.keys(manifest.files).sort().join(", ");
  const expected = [WEIGHTS_MEMBER, ONNX_MEMBER].sort().join(", ");
  demand(
    stated === expected,
    () => `the manifest states the files ${printable(stated)}, expected ${expected}`,
  );
  const read = (name: string): Buffer => {
    const bytes = zip.read(name);
    const digest = manifest.files[name];
    demand(
      bytes.length === digest.bytes && sha256(bytes) === digest.sha256,
      () =>
        `${name} is not the one the manifest describes (size or SHA-256 differ); it was damaged or exchanged`,
    );
    return bytes;
  };
  const onnx = read(ONNX_MEMBER);
  const { tensors } = parseSafetensors(read(WEIGHTS_MEMBER), `${where}, ${WEIGHTS_MEMBER}`);
  checkFiniteTensors(tensors, where);
  return { path, manifest, weights: tensors, onnx };
}

/**
 * The weights of the archive as the network of `specs` needs them: every one present with its shape, and none besides.
 *
 * @throws PtychoError ArtefactError naming up to ten differences.
 */
export function weightsFor(bundle: Bundle, specs: readonly WeightSpec[]): Record<string, NdArray> {
  const { weights } = bundle;
  const known = new Set(specs.map(({ name }) => name));
  const differences = specs
    .filter(({ name, shape }) => weights.get(name)?.shape.join() !== shape.join())
    .map(({ name, shape }) => {
      const found = weights.get(name);
      return `${printable(name)} is ${found === undefined ? "missing" : `[${found.shape}]`}, expected [${shape}]`;
    });
  for (const name of weights.keys())
    if (!known.has(name)) differences.push(`${printable(name)} belongs to no layer`);
  check(
    differences.length === 0,
    "ArtefactError",
    () =>
      `model archive ${printable(bundle.path)}: the weights do not fit the network of its configuration: ` +
      `${differences.slice(0, 10).join("; ")}${differences.length > 10 ? `; and ${differences.length - 10} more` : ""}`,
  );
  return Object.fromEntries(specs.map(({ name }) => [name, weights.get(name) as NdArray]));
}
