// A small scan for tests, cut from a large one: patterns taken evenly from all of it, and a description with checksum.
import { createHash } from "node:crypto";
import { check } from "../core/errors.js";
import type { DType, NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { toPatternsFirst } from "../data/axis-order.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "../data/keys.js";
import { gatherFrames } from "../data/raw-data.js";
import { findDiffraction, missingArray } from "../data/scan-members.js";
import { complexValues, realValues } from "../data/stored-values.js";
import { writeFileAtomic } from "../formats/files.js";
import type { NpyArray } from "../formats/npy.js";
import { type Npz, npzBytes, openNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import type { FixtureRequest, FixtureResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";

/** Fewest patterns that groups can still be drawn from in the tests a fixture is for. */
export const SMALLEST_FIXTURE = 16;

/**
 * Writes patterns floor(i n / size), i = 0 .. size - 1, with their positions: patterns [size, N, N] float32 under both
 * diffraction keys, probe and object complex64, positions in their own dtype. Equal sources give equal bytes. (PtychoPINN's
 * generator pairs those positions with the first `size` patterns.)
 *
 * @throws PtychoError DataError for a source that lacks an array or patterns, UsageError for a size or a path that cannot be.
 */
export async function* fixtureWorkflow(request: FixtureRequest): Work<FixtureResult> {
  const { source, output, subsetSize, signal } = request;
  const metadataFile = request.metadataFile ?? `${output.replace(/\.npz$/, "")}.json`;
  for (const [name, path] of [
    ["--output", output],
    ["--metadata_out", metadataFile],
  ])
    prepareOutputFile(`fixture: ${name}`, path, [source]);
  check(
    metadataFile !== output,
    "UsageError",
    () => `fixture: ${printable(output)} is named for the fixture and for its description; name two files`,
  );
  const fixture = cutFixture(openNpz(source), printable(source), subsetSize);
  signal.throwIfAborted();
  for (const text of fixture.notes) yield { kind: "message", text };
  const bytes = npzBytes(fixture.members);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const metadata = {
    version: "v1",
    created: new Date().toISOString(),
    generator_script: "ptychopinn fixture",
    generator_version: VERSION,
    source_dataset: source,
    subset_strategy: "stratified_uniform_sampling",
    subset_size: subsetSize,
    transformations: fixture.transformations,
    sha256_checksum: sha256,
    validation_notes: "pattern i and position i are of one measurement; tests/fixture.test.ts",
  };
  writeFileAtomic(output, bytes);
  yield { kind: "wrote", path: output, what: "fixture" };
  writeFileAtomic(metadataFile, Buffer.from(`${JSON.stringify(metadata, null, 2)}\n`));
  yield { kind: "wrote", path: metadataFile, what: "its description" };
  return { output, metadataFile, sha256 };
}

/** floor(i total / size) for i = 0 .. size - 1. @throws PtychoError UsageError unless 16 <= size <= total. */
export function stratifiedIndices(total: number, size: number): Int32Array {
  check(
    Number.isInteger(size) && size >= SMALLEST_FIXTURE && size <= total,
    "UsageError",
    () => `--subset_size: expected ${SMALLEST_FIXTURE} to the ${total} patterns of the source, got ${size}`,
  );
  const step = total / size;
  return Int32Array.from({ length: size }, (_, i) => Math.trunc(i * step));
}

export interface Fixture {
  readonly members: readonly (readonly [string, NpyArray])[];
  /** What was done to each array, for the description. */
  readonly transformations: readonly string[];
  /** What was left out, for the user. */
  readonly notes: readonly string[];
}

/** @throws PtychoError DataError naming what the source lacks. */
export function cutFixture(npz: Npz, where: string, size: number): Fixture {
  for (const key of [SCAN_KEYS.x, SCAN_KEYS.y, SCAN_KEYS.probe, SCAN_KEYS.truthObject])
    if (!npz.has(key)) throw missingArray(npz, where, [key]);
  const [positions] = npz.header(SCAN_KEYS.x).shape;
  const stack = DIFFRACTION_KEYS.find((key) => npz.has(key));
  const { key, header, order, n } = findDiffraction(npz, where, positions, {
    allowedN: stack === undefined ? [] : npz.header(stack).shape,
  });
  const indices = stratifiedIndices(n, size);
  const stored = realValues(npz.read(key), where, key);
  const frames = order === "HWN" ? toPatternsFirst(stored, header.shape).data : stored;
  const N = header.shape[1];
  const diffraction: NdArray<"float32"> = {
    dtype: "float32",
    shape: [size, N, N],
    data: gatherFrames(frames, indices, N * N),
  };
  const complex = (name: string): [string, NpyArray] => {
    const { shape, re, im } = complexValues(npz.read(name), where, name);
    return [name, { dtype: "complex64", shape, re, im }];
  };
  const starts = [SCAN_KEYS.xStart, SCAN_KEYS.yStart].filter((name) => npz.has(name));
  const members: [string, NpyArray][] = [
    ...DIFFRACTION_KEYS.map((name): [string, NpyArray] => [name, diffraction]),
    complex(SCAN_KEYS.truthObject),
    complex(SCAN_KEYS.probe),
    ...[SCAN_KEYS.x, SCAN_KEYS.y, ...starts].map((name): [string, NpyArray] => [
      name,
      picked(npz.read(name), indices, `${where}: ${name}`, n),
    ]),
  ];
  const written = new Set(members.map(([name]) => name));
  const left = npz.names.filter((name) => !written.has(name)).map(printable);
  const change = (name: string, to: string) => `${name}: ${npz.header(name).dtype} -> ${to}`;
  return {
    members,
    transformations: [
      order === "HWN" ? `${key}: (H, W, n) -> (n, H, W)` : `${key}: already (n, H, W)`,
      change(key, "float32"),
      `${key}: written as ${DIFFRACTION_KEYS.join(" and ")}`,
      change(SCAN_KEYS.truthObject, "complex64"),
      change(SCAN_KEYS.probe, "complex64"),
      `patterns and positions: index floor(i ${n} / ${size}), i = 0 .. ${size - 1}`,
    ],
    notes: left.length === 0 ? [] : [`left out, since a fixture does not have them: ${left.join(", ")}`],
  };
}

/** Entries of a [m] array, m >= n, in its own dtype. */
function picked(array: NpyArray, indices: Int32Array, where: string, n: number): NpyArray {
  check(
    "data" in array && array.shape.length === 1 && array.shape[0] >= n,
    "DataError",
    () => `${where} is ${array.dtype} [${array.shape}]; expected a number for each of the ${n} patterns`,
  );
  const real = array as NdArray<DType>;
  const data = real.data.slice(0, indices.length);
  indices.forEach((index, i) => {
    data[i] = real.data[index];
  });
  return { ...real, shape: [indices.length], data } as NdArray;
}
