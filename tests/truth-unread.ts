// Does anything of the truth in a scan file reach the trained weights or the reconstruction?
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { loadBundle } from "../src/bundle/load-bundle.js";
import { complex64, sizeOf } from "../src/core/ndarray.js";
import { type NpyArray, writeNpy } from "../src/formats/npy.js";
import { openNpz } from "../src/formats/npz.js";
import { runHere } from "./command-line.js";
import { copyScan } from "./scan-file.js";

/** What a scan file may hold of the answer. */
const TRUTH = [
  "objectGuess",
  "ground_truth_patches",
  "probeRecon",
  "Y",
  "xcoords_true",
  "ycoords_true",
] as const;

/**
 * Trains (with `options`) and infers on the scan and on a copy without the truth, in `folder`: every bit of
 * the weights and of the reconstruction must be the same.
 */
export async function expectTruthUnread(
  scan: string,
  options: readonly string[],
  folder: string,
): Promise<void> {
  const at = (name: string) => join(folder, name);
  const held = TRUTH.filter((key) => openNpz(scan).has(key));
  expect(held).toContain("objectGuess");
  copyScan(scan, at("with.npz"), {});
  copyScan(scan, at("without.npz"), Object.fromEntries(held.map((key) => [key, undefined])));
  const [whole, stripped] = [await work(folder, "with", options), await work(folder, "without", options)];
  expect(whole.weights.size).toBeGreaterThan(10);
  expect(stripped).toEqual(whole);
}

/** Bytes of the trained weights and of the reconstruction. */
async function work(folder: string, name: string, options: readonly string[]) {
  const at = (file: string) => join(folder, file);
  const model = at(`${name}-model`);
  const picture = at(`${name}-picture`);
  const trained = await runHere(
    ...["train", "--train_data_file", at(`${name}.npz`), "--output_dir", model, "--max_epochs", "1"],
    ...["--n_groups", "16", "--batch_size", "8", "--n_filters_scale", "1", ...options],
    ...["--validation_split", "0", "--checkpoint_monitor_metric", "train_loss"],
  );
  expect(trained.code, trained.err).toBe(0);
  const inferred = await runHere(
    ...["infer", "--model_path", model, "--test_data", at(`${name}.npz`), "--output_dir", picture],
    ...["--n_groups", "16"],
  );
  expect(inferred.code, inferred.err).toBe(0);
  const weights = new Map([...loadBundle(model).weights].map(([key, array]) => [key, bytesOf(array)]));
  const npz = openNpz(join(picture, "reconstruction.npz"));
  const arrays = ["object", "coverage", "origin_px"].map((key) => [key, bytesOf(npz.read(key))] as const);
  rmSync(model, { recursive: true });
  rmSync(picture, { recursive: true });
  return { weights, reconstruction: new Map(arrays) };
}

function bytesOf(array: NpyArray): string {
  return writeNpy(array).toString("base64");
}

/** A complex array of one value. */
export function filled(shape: readonly number[], value: number) {
  return complex64(shape, new Float32Array(sizeOf(shape)).fill(value));
}
