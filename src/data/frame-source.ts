// Measured patterns handed out one at a time, wherever they lie.
import { createHash } from "node:crypto";
import { check } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { PixelMask } from "./pixel-mask.js";

/** n patterns of N x N pixels. */
export interface FrameSource {
  readonly n: number;
  readonly N: number;
  /** Copies the amplitudes [N, N] of a pattern, zero frequency at N/2, negative where not measured. */
  readonly read: (pattern: number, into: Float32Array) => void;
}

/** Patterns [n, N, N] that lie in memory; the pixels of a mask, [N, N] or [n, N, N], as -1. */
export function residentFrames(amplitudes: NdArray<"float32">, mask?: PixelMask): FrameSource {
  const [n, N] = amplitudes.shape;
  const size = N * N;
  const all: FrameSource = {
    n,
    N,
    read(pattern, into) {
      into.set(amplitudes.data.subarray(pattern * size, (pattern + 1) * size));
    },
  };
  return mask === undefined ? all : maskedFrames(all, mask);
}

/** The same patterns with -1 at the pixels of a mask, [N, N] or [n, N, N], and at values from a level on. */
export function maskedFrames(
  frames: FrameSource,
  mask: PixelMask,
  level = Number.POSITIVE_INFINITY,
): FrameSource {
  const { n, N } = frames;
  const size = N * N;
  const { data } = mask;
  check(
    data.length === size || data.length === n * size,
    "ShapeError",
    () => `pixel mask [${mask.shape.join(", ")}] does not fit ${n} patterns of ${N} x ${N} pixels`,
  );
  return {
    n,
    N,
    read(pattern, into) {
      frames.read(pattern, into);
      const from = data.length === size ? 0 : pattern * size;
      for (let i = 0; i < size; i++) if (data[from + i] === 1 || into[i] >= level) into[i] = -1;
    },
  };
}

/** The patterns at `indices`, in that order. */
export function selectFrames({ n, N, read }: FrameSource, indices: Int32Array): FrameSource {
  for (const i of indices)
    check(i >= 0 && i < n, "ShapeError", () => `select patterns: index ${i} is not in 0..${n - 1}`);
  return { n: indices.length, N, read: (pattern, into) => read(indices[pattern], into) };
}

/** The patterns at `indices` in memory, [indices.length, N, N]. */
export function readFrames({ N, read }: FrameSource, indices: Int32Array): NdArray<"float32"> {
  const size = N * N;
  const gathered = float32([indices.length, N, N]);
  indices.forEach((pattern, i) => {
    read(pattern, gathered.data.subarray(i * size, (i + 1) * size));
  });
  return gathered;
}

/** SHA-256 of all amplitudes as they are read: tells whether two runs saw the same patterns. */
export function fingerprintFrames({ n, N, read }: FrameSource): string {
  const hash = createHash("sha256").update(`${n} patterns of ${N} x ${N}\n`);
  const frame = new Float32Array(N * N);
  for (let pattern = 0; pattern < n; pattern++) {
    read(pattern, frame);
    hash.update(new Uint8Array(frame.buffer));
  }
  return hash.digest("hex");
}
