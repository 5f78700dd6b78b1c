import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodeOf } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { writeSafetensors } from "../formats/safetensors.js";
import { readZip, writeZip } from "../formats/zip.js";
import { ARCHIVE_NAME } from "./archive-path.js";
import { loadBundle, weightsFor } from "./load-bundle.js";
import { MANIFEST_MEMBER, manifestBytes, parseManifest, sha256, WEIGHTS_MEMBER } from "./manifest.js";
import { type BundleContent, saveBundle } from "./save-bundle.js";

const CONTENT: BundleContent = {
  backend: "pytorch",
  profile: "legacy",
  config: { N: 64, architecture: "cnn", nested: { probe_mask: null } },
  statistics: { rmsInputScale: 0.278, counts: [1, 2] },
  created: "2020-01-01T00:00:00.000Z",
  version: "0.0.1",
  weights: new Map([
    ["encoder.weight", float32([2, 2], [1, 2, 3, 4])],
    ["encoder.bias", float32([2], [0.5, -0.5])],
  ]),
  onnx: Uint8Array.from([8, 9, 10]),
};

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
  path = join(folder, ARCHIVE_NAME);
  saveBundle(path, CONTENT);
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusal(action: () => unknown): { code: number; message: string } {
  try {
    action();
  } catch (error) {
    return { code: exitCodeOf(error), message: (error as Error).message };
  }
  throw new Error("was accepted");
}

/** The members of the good archive, changed, as an archive again. */
function rewritten(change: (members: Map<string, Buffer>) => void): void {
  const zip = readZip(readFileSync(path), "test");
  const members = new Map(zip.members.map(({ name }) => [name, zip.read(name)]));
  change(members);
  writeFileSync(path, writeZip(members));
}

/** Other weights with a manifest that describes them truly. */
function withWeights(weights: ReadonlyMap<string, NdArray> | Buffer): void {
  rewritten((members) => {
    const bytes = Buffer.isBuffer(weights) ? weights : writeSafetensors(weights);
    const manifest = parseManifest(members.get(MANIFEST_MEMBER) as Buffer, "test");
    const files = { ...manifest.files, [WEIGHTS_MEMBER]: { bytes: bytes.length, sha256: sha256(bytes) } };
    members.set(WEIGHTS_MEMBER, bytes);
    members.set(MANIFEST_MEMBER, manifestBytes({ ...manifest, files }));
  });
}

describe("a model archive", () => {
  it("gives back what was saved, from the file or its folder, with equal bytes each time", () => {
    for (const place of [path, folder]) {
      const { manifest, weights, onnx } = loadBundle(place);
      const { weights: _, onnx: __, ...description } = CONTENT;
      expect(manifest).toMatchObject(description);
      expect(new Map(weights)).toEqual(CONTENT.weights);
      expect([...onnx]).toEqual([...CONTENT.onnx]);
    }
    const again = join(folder, "again.zip");
    saveBundle(again, CONTENT);
    expect(readFileSync(again)).toEqual(readFileSync(path));
  });

  it("is refused with exit code 5 for flipped bytes that matter and for truncation", () => {
    const good = readFileSync(path);
    const whole = loadBundle(path);
    let refused = 0;
    for (let at = 0; at < good.length; at += 3) {
      const bad = Buffer.from(good);
      bad[at] ^= 0x20;
      writeFileSync(path, bad);
      try {
        expect(loadBundle(path)).toEqual(whole);
      } catch (error) {
        expect(exitCodeOf(error)).toBe(5);
        refused++;
      }
      writeFileSync(path, good.subarray(0, at));
      expect(refusal(() => loadBundle(path)).code).toBe(5);
    }
    expect(refused).toBeGreaterThan((good.length / 3) * 0.8);
  });

  it("is refused when a member is missing, extra, exchanged, or of a newer schema", () => {
    const cases: [(members: Map<string, Buffer>) => void, RegExp][] = [
      [(members) => members.delete("model.onnx"), /lacks model\.onnx/],
      [(members) => members.set("run.sh", Buffer.from("x")), /no part of a model archive/],
      [(members) => members.set("model.onnx", Buffer.from([1, 2, 3])), /model\.onnx is not the one/],
      [
        (members) => members.set(WEIGHTS_MEMBER, writeSafetensors(new Map())),
        /weights\.safetensors is not the one/,
      ],
      [(members) => edit(members, '"legacy"', '"ci"'), /its own SHA-256/],
      [(members) => edit(members, '"schema": 1', '"schema": 2'), /schema version 2.*install a newer/],
      [(members) => members.set(MANIFEST_MEMBER, Buffer.from("{")), /not valid JSON/],
    ];
    const edit = (members: Map<string, Buffer>, from: string, to: string): void => {
      const text = (members.get(MANIFEST_MEMBER) as Buffer).toString();
      expect(text).toContain(from);
      members.set(MANIFEST_MEMBER, Buffer.from(text.replace(from, to)));
    };
    for (const [change, message] of cases) {
      saveBundle(path, CONTENT);
      rewritten(change);
      const { code, message: found } = refusal(() => loadBundle(path));
      expect(found).toMatch(message);
      expect(code).toBe(5);
    }
  });

  it("is refused for NaN weights, 100 000 tensors and overlapping tensors, though the manifest vouches for them", () => {
    withWeights(new Map([["w", float32([2], [1, Number.NaN])]]));
    expect(refusal(() => loadBundle(path))).toMatchObject({ code: 5, message: expect.stringMatching(/NaN/) });
    const entries = Array.from(
      { length: 100_000 },
      (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
    );
    const header = Buffer.from(`{${entries.join(",")}}`);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    withWeights(Buffer.concat([length, header]));
    expect(refusal(() => loadBundle(path))).toMatchObject({
      code: 5,
      message: expect.stringMatching(/100000 tensors/),
    });
  });

  it("hands weights to a network only if they fit it exactly", () => {
    const bundle = loadBundle(path);
    const specs = [
      { name: "encoder.bias", shape: [2] },
      { name: "encoder.weight", shape: [2, 2] },
    ];
    expect(Object.keys(weightsFor(bundle, specs))).toEqual(["encoder.bias", "encoder.weight"]);
    for (const [wrong, message] of [
      [[specs[0]], /"encoder.weight" belongs to no layer/],
      [[...specs, { name: "head", shape: [1] }], /"head" is missing/],
      [[specs[0], { name: "encoder.weight", shape: [4] }], /is \[2,2\], expected \[4\]/],
    ] as const) {
      const { code, message: found } = refusal(() => weightsFor(bundle, wrong));
      expect(found).toMatch(message);
      expect(code).toBe(5);
    }
  });

  it("is not written with weights that are not finite, and the old one stays", () => {
    const before = readFileSync(path);
    const weights = new Map([["w", float32([1], [Number.POSITIVE_INFINITY])]]);
    expect(refusal(() => saveBundle(path, { ...CONTENT, weights })).code).toBe(5);
    expect(readFileSync(path)).toEqual(before);
  });
});

describe("what --model_path may name", () => {
  it("says where the archive was looked for", () => {
    rmSync(path);
    for (const place of [folder, join(folder, "missing"), path]) {
      const { code, message } = refusal(() => loadBundle(place));
      expect(message).toMatch(/^Model archive not found: .*wts\.h5\.zip\. /);
      expect(code).toBe(2);
    }
  });
});

const golden = process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden";
const foreign = [
  ["torch/artifact_cnn_gs1.wts.h5.zip", "PyTorch"],
  ["torch/artifact_ffno_ci_bundle.wts.h5.zip", "PyTorch"],
  ["data/samples/tf_bundle/wts.h5.zip", "TensorFlow"],
].map(([name, writer]) => ({ name, writer, file: join(golden, name) }));

describe.skipIf(!foreign.every(({ file }) => existsSync(file)))(
  "archives of the Python original (golden files)",
  () => {
    it.each(foreign)("$name is recognised and refused", ({ file, writer }) => {
      copyFileSync(file, path);
      const { code, message } = refusal(() => loadBundle(folder));
      expect(message).toContain(`written by the Python PtychoPINN (${writer})`);
      expect(code).toBe(5);
    });
  },
);
