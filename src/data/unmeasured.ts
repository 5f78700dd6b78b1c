// Pixels of a scan file without a usable value: those its mask calls bad, and those that are NaN or infinite.
import { check } from "../core/errors.js";
import { bool } from "../core/ndarray.js";
import {
  type MaskChoice,
  type MaskFrame,
  type PixelMask,
  readPixelMask,
  readPixelMaskFile,
  uniteMasks,
} from "./pixel-mask.js";
import type { ScanArrays } from "./scan-source.js";

/**
 * Patterns [n, N, N] with 0 in place of every pixel that was not measured, in place, and the mask of those: the chosen
 * one united with the pixels that are NaN or infinite. [N, N] where it is the same for all patterns, else [n, N, N];
 * undefined where nothing is masked.
 *
 * @throws PtychoError DataError if the mask does not fit, or more than half of the pixels are NaN or infinite.
 */
export function blankUnmeasured(
  where: string,
  data: Float32Array,
  frame: MaskFrame,
  source: { readonly npz: ScanArrays; readonly choice: MaskChoice },
  warnings: string[],
): { readonly data: Float32Array; readonly mask: PixelMask | undefined } {
  const { npz, choice } = source;
  if (choice === "none") return { data, mask: undefined };
  const stored =
    typeof choice === "object" ? readPixelMaskFile(choice.path, frame) : readPixelMask(npz, where, frame);
  const { n, N } = frame;
  const pixels = N * N;
  const notFinite = new Uint32Array(pixels);
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if (stored !== undefined && stored.data[i % stored.data.length] === 1) data[i] = 0;
    else if (!Number.isFinite(data[i])) {
      notFinite[i % pixels]++;
      count++;
    }
  }
  if (count === 0) return { data, mask: stored };
  judgeNotFinite(where, count, data.length, warnings);
  const everywhere = notFinite.every((times) => times === 0 || times === n);
  const found = bool(everywhere ? [N, N] : [n, N, N]);
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    data[i] = 0;
    found.data[i % found.data.length] = 1;
  }
  return { data, mask: uniteMasks(stored, found) };
}

/** Accepts NaN and infinite pixels as not measured. @throws PtychoError DataError for more than half of all. */
export function judgeNotFinite(where: string, count: number, total: number, warnings: string[]): void {
  check(
    2 * count <= total,
    "DataError",
    () => `${where}: ${count} of ${total} diffraction pixels are NaN or infinite; check the file`,
  );
  warnings.push(`${where}: ${count} diffraction pixels are NaN or infinite; they are taken as not measured`);
}

/** The mask of the patterns at `indices`. */
export function selectMask(mask: PixelMask | undefined, indices: Int32Array): PixelMask | undefined {
  if (mask === undefined || mask.shape.length === 2) return mask;
  const [, N] = mask.shape;
  const selected = bool([indices.length, N, N]);
  indices.forEach((from, to) => {
    selected.data.set(mask.data.subarray(from * N * N, (from + 1) * N * N), to * N * N);
  });
  return selected;
}
