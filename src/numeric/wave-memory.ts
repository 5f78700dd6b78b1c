// One shared WebAssembly memory in which all planes of a wave reconstruction lie, so that the kernels of every worker
// thread reach them. Planes are handed out one after another and never given back: a run opens one memory and drops it.

import { check, PtychoError } from "../core/errors.js";

/** A complex field as two float32 planes in a wave memory. */
export interface Wave {
  readonly re: Float32Array;
  readonly im: Float32Array;
}

export interface WaveMemory {
  readonly memory: WebAssembly.Memory;
  /** A zeroed float32 plane, 64-byte aligned. Throws ResourceError past the limit. */
  floats(count: number): Float32Array;
  /** Bytes handed out so far, padding included. */
  readonly usedBytes: number;
}

const PAGE_BYTES = 65_536;
/** A 32-bit WebAssembly memory has 65536 pages at most. */
const LARGEST_BYTES = 65_536 * PAGE_BYTES;
/** One cache line: planes of different threads never share one. */
const ALIGNMENT = 64;

/**
 * Opens an empty memory that grows on demand up to `maximumBytes` (at most 4 GiB; only pages in use cost anything).
 * Growing gives `memory.buffer` a new identity; planes handed out before stay views of the same bytes.
 */
export function openWaveMemory(maximumBytes: number): WaveMemory {
  check(
    maximumBytes > 0 && maximumBytes <= LARGEST_BYTES,
    "ResourceError",
    () =>
      `wave memory: ${mebibytes(maximumBytes)} MiB asked for, at most 4096 MiB can be addressed; use fewer patterns or modes`,
  );
  const memory = openMemory(Math.ceil(maximumBytes / PAGE_BYTES));
  let usedBytes = 0;
  return {
    memory,
    get usedBytes() {
      return usedBytes;
    },
    floats(count) {
      check(
        Number.isInteger(count) && count >= 0,
        "ShapeError",
        () => `wave memory: expected a count of values, got ${count}`,
      );
      const from = usedBytes;
      const until = from + Math.ceil((count * 4) / ALIGNMENT) * ALIGNMENT;
      check(
        until <= maximumBytes,
        "ResourceError",
        () =>
          `wave memory: ${mebibytes(until)} MiB needed, the limit is ${mebibytes(maximumBytes)} MiB; use fewer patterns or modes`,
      );
      growTo(memory, until);
      usedBytes = until;
      return new Float32Array(memory.buffer, from, count);
    },
  };
}

function openMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true });
  } catch (cause) {
    throw new PtychoError("ResourceError", refusal(pages * PAGE_BYTES), cause);
  }
}

function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return;
  try {
    memory.grow(Math.ceil(missing / PAGE_BYTES));
  } catch (cause) {
    throw new PtychoError("ResourceError", refusal(bytes), cause);
  }
}

const refusal = (bytes: number): string =>
  `wave memory: the system gave no ${mebibytes(bytes)} MiB; close other programs or use fewer patterns or modes`;

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
