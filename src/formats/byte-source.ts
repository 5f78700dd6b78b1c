// Bytes that are read piece by piece, so that a reader needs no more of a file in memory than it looks at.

export interface ByteSource {
  readonly length: number;
  /** Bytes from..to, both within the length; perhaps a view. */
  bytes(from: number, to: number): Buffer;
}

/** What is in memory already, without a copy. */
export function bytesOf(buffer: Buffer): ByteSource {
  return { length: buffer.length, bytes: (from, to) => buffer.subarray(from, to) };
}
