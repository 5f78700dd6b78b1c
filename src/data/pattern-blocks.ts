// All patterns of an .npy member, patterns first, in bounded memory, whatever the order in which they are stored.
import { check } from "../core/errors.js";
import { memberChunks } from "../formats/member-chunks.js";
import { decodeNumbers } from "../formats/npy.js";
import type { NpyHeader } from "../formats/npy-header.js";
import type { OpenFile } from "../formats/open-file.js";
import type { ZipMember } from "../formats/zip-directory.js";
import type { PatternBlock } from "./scan-contents.js";
import { frameBlocks } from "./stored-frames.js";
import { realValues } from "./stored-values.js";

export interface StoredStack {
  readonly file: OpenFile;
  readonly member: ZipMember;
  readonly header: NpyHeader;
  readonly order: "NHW" | "HWN";
  readonly where: string;
  readonly key: string;
}

/** Patterns that are gathered at once where they do not lie one behind the other. */
const GATHER_BYTES = 256 * 2 ** 20;

/**
 * Patterns stored in C order, patterns first, are cut from the bytes in one pass; of any other order as many passes
 * are made as the patterns need 256 MiB.
 *
 * @throws PtychoError DataError for values that are no real numbers, or a damaged member
 */
export async function* patternBlocks(stack: StoredStack): AsyncGenerator<PatternBlock, void, void> {
  const { file, member, header, order, where, key } = stack;
  const [n, height, width] = patternsFirst(header.shape, order);
  const pixels = height * width;
  if (order === "NHW" && !header.fortranOrder) {
    yield* frameBlocks(memberChunks(file, member, where), header, pixels, where, key);
    return;
  }
  const placeOf = placement(header, order);
  const atOnce = Math.max(1, Math.min(n, Math.floor(GATHER_BYTES / (4 * pixels))));
  for (let first = 0; first < n; first += atOnce) {
    const values = new Float32Array(Math.min(atOnce, n - first) * pixels);
    let at = 0;
    for await (const chunk of storedValues(stack)) {
      for (const value of chunk) {
        const place = placeOf(at++) - first * pixels;
        if (place >= 0 && place < values.length) values[place] = value;
      }
    }
    yield { first, values };
  }
}

export function patternsFirst(shape: readonly number[], order: "NHW" | "HWN"): [number, number, number] {
  return order === "NHW" ? [shape[0], shape[1], shape[2]] : [shape[2], shape[0], shape[1]];
}

/** Index in (n, height, width) of the value that is stored at an index. */
function placement(header: NpyHeader, order: "NHW" | "HWN"): (stored: number) => number {
  const { shape, fortranOrder } = header;
  const [, height, width] = patternsFirst(shape, order);
  const [, b, c] = shape;
  const [a] = shape;
  return (stored) => {
    const [i, j, k] = fortranOrder
      ? [stored % a, Math.floor(stored / a) % b, Math.floor(stored / (a * b))]
      : [Math.floor(stored / (b * c)), Math.floor(stored / c) % b, stored % c];
    return order === "NHW" ? (i * height + j) * width + k : (k * height + i) * width + j;
  };
}

/** The elements as they are stored, a piece at a time. */
async function* storedValues({
  file,
  member,
  header,
  where,
  key,
}: StoredStack): AsyncGenerator<Float32Array> {
  const { dtype, itemBytes } = header;
  check(
    dtype !== "text" && dtype !== "object" && dtype !== "complex64" && dtype !== "complex128",
    "DataError",
    () => `${where}: ${key} must hold real numbers, got ${dtype}`,
  );
  let toSkip = header.dataOffset;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of memberChunks(file, member, where)) {
    const content = chunk.subarray(toSkip);
    toSkip -= chunk.length - content.length;
    const bytes = rest.length === 0 ? content : Buffer.concat([rest, content]);
    const whole = bytes.length - (bytes.length % itemBytes);
    rest = bytes.subarray(whole);
    if (whole === 0) continue;
    const data = decodeNumbers(header, dtype, bytes.subarray(0, whole));
    yield realValues({ dtype, shape: [data.length], data }, where, key);
  }
}
