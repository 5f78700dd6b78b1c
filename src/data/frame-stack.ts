// A stack of patterns that is in memory, or is gathered from disk a few entries at a time.
import type { NdArray } from "../core/ndarray.js";
import { type FrameSource, readFrames } from "./frame-source.js";
import { gatherFrames } from "./raw-data.js";

/** float32 values [m, ..., N, N] that stay on disk. */
export interface StoredStack {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  /** The entries at `indices` of the first axis, one behind the other, in new memory. */
  readonly gather: (indices: Int32Array) => Float32Array;
}

/** A stack wherever it lies. */
export type FrameStack = NdArray<"float32"> | StoredStack;

/** Entries taken from disk at a time where all of a stack passes by. */
const PIECE_VALUES = 2 ** 20;

export function isStored(stack: FrameStack): stack is StoredStack {
  return "gather" in stack;
}

/** The patterns of a source as a stack [n, N, N]. */
export function storedStack(frames: FrameSource): StoredStack {
  const { n, N } = frames;
  return {
    dtype: "float32",
    shape: [n, N, N],
    gather: (indices) => readFrames(frames, indices).data,
  };
}

/** Copies the entries at `indices` of the first axis, one behind the other. */
export function gatherStack(stack: FrameStack, indices: Int32Array): Float32Array {
  if (isStored(stack)) return stack.gather(indices);
  return gatherFrames(stack.data, indices, entrySize(stack));
}

/** All values of a stack in order, in pieces of whole entries: one piece where they are in memory. */
export function* stackPieces(stack: FrameStack): Generator<Float32Array> {
  if (!isStored(stack)) {
    yield stack.data;
    return;
  }
  const [count] = stack.shape;
  const step = Math.max(1, Math.floor(PIECE_VALUES / entrySize(stack)));
  for (let from = 0; from < count; from += step)
    yield stack.gather(Int32Array.from({ length: Math.min(step, count - from) }, (_, i) => from + i));
}

function entrySize({ shape }: FrameStack): number {
  return shape.slice(1).reduce((size, extent) => size * extent, 1);
}
