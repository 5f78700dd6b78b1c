// The manifest of a model archive: what the model is, how it was made, and the SHA-256 of every other member.
import { createHash } from "node:crypto";
import { check, PtychoError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import { printable } from "../formats/printable.js";

export const BUNDLE_FORMAT = "ptychopinn-bundle";
/** Raised when a reader of the old version would misread the new one. */
export const BUNDLE_SCHEMA = 1;

export const MANIFEST_MEMBER = "manifest.json";
export const WEIGHTS_MEMBER = "weights.safetensors";
export const ONNX_MEMBER = "model.onnx";

export interface MemberDigest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface BundleDescription {
  /** Whose numbers the model follows; this package writes "pytorch". */
  readonly backend: "pytorch";
  /** Name of the scale contract the model was trained under, e.g. "legacy" or "ci". */
  readonly profile: string;
  /** The full resolved configuration. */
  readonly config: { readonly [key: string]: Json };
  /** Numbers measured on the training data that inference needs, such as input scales. */
  readonly statistics: { readonly [key: string]: Json };
  /** ISO time of writing. */
  readonly created: string;
  /** Version of this package. */
  readonly version: string;
}

export interface BundleManifest extends BundleDescription {
  readonly format: typeof BUNDLE_FORMAT;
  readonly schema: number;
  readonly files: Readonly<Record<string, MemberDigest>>;
}

/** The bytes of `manifest.json`: the manifest and a SHA-256 of itself, so that an edited one is noticed. */
export function manifestBytes(manifest: BundleManifest): Buffer {
  const body = JSON.stringify(manifest);
  return Buffer.from(`${JSON.stringify({ manifest, manifestSha256: sha256(Buffer.from(body)) }, null, 1)}\n`);
}

/** @throws PtychoError ArtefactError for JSON that is no manifest, of a newer schema, or edited. */
export function parseManifest(bytes: Buffer, where: string): BundleManifest {
  const fail: (message: string, cause?: unknown) => never = (message, cause) => {
    throw new PtychoError("ArtefactError", `${where}: ${message}`, cause);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(`${MANIFEST_MEMBER} is not valid JSON; copy the archive again`, error);
  }
  const outer = isRecord(parsed) ? parsed : {};
  const inner = outer.manifest;
  if (!isRecord(inner) || inner.format !== BUNDLE_FORMAT)
    return fail(`${MANIFEST_MEMBER} does not describe a ${BUNDLE_FORMAT}; it is another kind of archive`);
  const { schema, backend } = inner;
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1)
    return fail(`${MANIFEST_MEMBER} has no schema version; damaged`);
  if (schema > BUNDLE_SCHEMA)
    return fail(
      `the archive has schema version ${schema}, this program reads up to ${BUNDLE_SCHEMA}; install a newer ptychopinn`,
    );
  if (outer.manifestSha256 !== sha256(Buffer.from(JSON.stringify(inner))))
    return fail(`${MANIFEST_MEMBER} does not have its own SHA-256; it was damaged or edited`);
  if (backend !== "pytorch")
    return fail(`the archive is for backend ${printable(String(backend))}, expected "pytorch"`);
  const texts = ["profile", "created", "version"].filter((field) => typeof inner[field] !== "string");
  const records = ["config", "statistics", "files"].filter((field) => !isRecord(inner[field]));
  const wrong = [...texts, ...records];
  check(wrong.length === 0, "ArtefactError", () => `${where}: ${MANIFEST_MEMBER} lacks ${wrong.join(", ")}`);
  for (const [name, digest] of Object.entries(inner.files as Record<string, unknown>))
    if (!isRecord(digest) || typeof digest.sha256 !== "string" || !Number.isSafeInteger(digest.bytes))
      fail(`${MANIFEST_MEMBER} states no size and SHA-256 for ${printable(name)}`);
  return inner as unknown as BundleManifest; // every field was checked above
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
