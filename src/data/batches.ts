// Which groups come in which batch. The order is a pure function of seed and epoch, so (epoch, batch) resumes a run.

import { check } from "../core/errors.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import type { AnyContainer } from "./container.js";
import { gatherStack } from "./frame-stack.js";
import { gatherFrames } from "./raw-data.js";

export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/**
 * Divides groups 0..count-1 at random; both parts are sorted and each group is in exactly one.
 *
 * @param validationPart 0 to below 1; anything above 0 gives at least one validation group
 * @throws PtychoError UsageError if a part would be empty that should not be.
 */
export function splitGroups(count: number, validationPart: number, seed: number): Split {
  check(
    validationPart >= 0 && validationPart < 1,
    "UsageError",
    () => `validation split: expected 0 to below 1, got ${validationPart}`,
  );
  const held = validationPart === 0 ? 0 : Math.max(1, Math.floor(count * validationPart));
  check(
    count > held,
    "DataError",
    () => `validation split: ${count} groups leave none to train on; ask for more groups or no validation`,
  );
  const order = pcg64Random(seed).permutation(count);
  return { train: order.slice(held).sort(), validation: order.slice(0, held).sort() };
}

/**
 * The batches of one epoch, as lists of group indices; the last may be smaller.
 *
 * @param groups indices to draw from
 * @param shuffle undefined for the given order, else seed and epoch of the shuffle
 */
export function epochBatches(
  groups: Int32Array,
  batchSize: number,
  shuffle: { readonly seed: number; readonly epoch: number } | undefined,
): Int32Array[] {
  check(
    Number.isInteger(batchSize) && batchSize >= 1,
    "UsageError",
    () => `batch_size: expected a whole number of 1 or more, got ${batchSize}`,
  );
  const order = groups.slice();
  if (shuffle !== undefined) {
    // Seed and epoch apart, so that no two pairs share a stream.
    pcg64Random((BigInt(shuffle.seed) << 32n) | BigInt(shuffle.epoch)).shuffle(order);
  }
  const batches: Int32Array[] = [];
  for (let from = 0; from < order.length; from += batchSize) {
    batches.push(order.subarray(from, from + batchSize));
  }
  return batches;
}

/** The arrays of one batch; B is the number of its groups. */
export interface Batch {
  readonly groups: Int32Array;
  /** [B, C, N, N] */
  readonly images: NdArray<"float32">;
  /** [B, C, 1, 2] */
  readonly coordsRelative: NdArray<"float32">;
  /** [B, C, N, N], only for supervised training. */
  readonly labels?: ComplexArray;
}

/** Gathers groups of a container into contiguous arrays. */
export function gatherBatch(container: AnyContainer, groups: Int32Array): Batch {
  const { images, coordsRelative, labels } = container;
  const [G, C, N] = images.shape;
  for (const group of groups) {
    check(group >= 0 && group < G, "ShapeError", () => `batch: group ${group} is not in 0..${G - 1}`);
  }
  const patterns = (source: Float32Array) => gatherFrames(source, groups, C * N * N);
  const shape = [groups.length, C, N, N];
  return {
    groups,
    images: float32(shape, gatherStack(images, groups)),
    coordsRelative: float32([groups.length, C, 1, 2], gatherFrames(coordsRelative.data, groups, C * 2)),
    ...(labels !== undefined && {
      labels: { dtype: "complex64" as const, shape, re: patterns(labels.re), im: patterns(labels.im) },
    }),
  };
}
