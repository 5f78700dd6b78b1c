// A trained model as the start of a training run.
import { type Bundle, weightsFor } from "../bundle/load-bundle.js";
import { WEIGHTS_MEMBER } from "../bundle/manifest.js";
import { check } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import { trainedFacts } from "./inference-data.js";
import type { TrainingTask, Weights } from "./training-task.js";

/** @throws PtychoError DataError when the patterns of the scan are not of the size the model was trained on. */
export function expectPatternSize(model: Bundle, N: number): void {
  const expected = trainedFacts(model.manifest).config.model.N;
  check(
    N === expected,
    "DataError",
    () =>
      `scan: patterns of ${N} x ${N} pixels, but the model was trained on ${expected} x ${expected}; crop or pad the ` +
      "patterns, or train on this scan",
  );
}

/**
 * Parameters and buffers of the model as the task needs them.
 *
 * @throws PtychoError ArtefactError when they do not fit its network.
 */
export function startWeights(
  model: Bundle,
  { specs, network }: Pick<TrainingTask, "specs" | "network">,
): { readonly given: Weights; readonly buffers: Weights } {
  const all = weightsFor(model, [...specs, ...network.buffers]);
  const named = (names: readonly { readonly name: string }[]): Weights =>
    Object.fromEntries(names.map(({ name }) => [name, inFloat32(all[name])]));
  return { given: named(specs), buffers: named(network.buffers) };
}

/** What tells the model apart: the identity of a run that started from it, and the record in the archive. */
export function modelIdentity({ manifest }: Bundle): { readonly weights_sha256: string } {
  return { weights_sha256: manifest.files[WEIGHTS_MEMBER].sha256 };
}

function inFloat32({ shape, data }: NdArray): NdArray<"float32"> {
  return float32(shape, Float32Array.from(data as ArrayLike<number | bigint>, Number));
}
