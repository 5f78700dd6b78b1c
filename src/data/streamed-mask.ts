// Bad pixels of a scan whose patterns stay on disk.
import { check } from "../core/errors.js";
import { sizeOf } from "../core/ndarray.js";
import { ELEMENT_BYTES } from "../formats/element.js";
import { detectBadPixels } from "./bad-pixels.js";
import { expectMask, maskNote } from "./find-bad-pixels.js";
import { type FrameSource, maskedFrames, readFrames } from "./frame-source.js";
import { BAD_PIXEL_KEYS, GOOD_PIXEL_KEYS } from "./keys.js";
import {
  type MaskChoice,
  type MaskFrame,
  type PixelMask,
  readPixelMask,
  readPixelMaskFile,
} from "./pixel-mask.js";
import type { ScanArrays } from "./scan-source.js";
import type { FrameValues, Unmeasured } from "./survey-frames.js";

/** Bad pixels are looked for in at most this many patterns, spread evenly. */
const MOST_WATCHED = 1000;
/** They take at most this share of the memory allowed. */
const WATCHED_SHARE = 0.5;

export interface MaskRules {
  readonly mask: MaskChoice;
  readonly memoryBytes: number;
  readonly values?: FrameValues;
}

/** The chosen mask. One for every single pattern must fit into the memory allowed. */
export function boundedMask(
  npz: ScanArrays,
  where: string,
  { n, N }: MaskFrame,
  { mask: choice, memoryBytes }: MaskRules,
): PixelMask | undefined {
  if (choice === "none") return undefined;
  if (typeof choice === "object") return readPixelMaskFile(choice.path, { n, N });
  for (const key of [...BAD_PIXEL_KEYS, ...GOOD_PIXEL_KEYS]) {
    if (!npz.has(key)) continue;
    const { shape, dtype } = npz.header(key);
    const element = dtype in ELEMENT_BYTES ? ELEMENT_BYTES[dtype as keyof typeof ELEMENT_BYTES] : 0;
    const bytes = 2 * element * sizeOf(shape) + n * N * N;
    check(
      shape.length !== 3 || bytes <= memoryBytes,
      "ResourceError",
      () =>
        `${where}: ${key} has a mask for every single pattern, which takes ${inGb(bytes)} GB of memory, the limit is ` +
        `${inGb(memoryBytes)} GB; save one mask [${N}, ${N}] for all, or NaN in those pixels of the patterns, or raise ` +
        "--max_memory",
    );
  }
  return readPixelMask(npz, where, { n, N });
}

/** -1 in place of the pixels that show themselves bad in a part of the patterns, and of saturated values. */
export function withoutBadPixels(
  frames: FrameSource,
  mask: PixelMask | undefined,
  unmeasured: Unmeasured,
  { mask: choice, memoryBytes, values }: MaskRules,
): { readonly frames: FrameSource; readonly notes: readonly string[] } {
  const isThere = mask !== undefined || unmeasured.pixels > 0;
  if (values?.notMeasured === 0)
    return {
      frames,
      notes: isThere ? [`${unmeasured.pixels} pixels were not measured; they are taken as 0`] : [],
    };
  expectMask(choice, isThere);
  const notes = isThere ? [maskNote(unmeasured.pixels, unmeasured.of)] : [];
  if (choice !== "auto") return { frames, notes };
  const { n, N } = frames;
  const most = Math.max(1, Math.min(MOST_WATCHED, Math.floor((WATCHED_SHARE * memoryBytes) / (4 * N * N))));
  const stride = Math.ceil(n / most);
  const watched = Int32Array.from({ length: Math.ceil(n / stride) }, (_, i) => i * stride);
  // A mask for every single pattern is in the frames already, as -1.
  const known = mask?.shape.length === 2 ? mask : undefined;
  const found = detectBadPixels(readFrames(frames, watched), known);
  const isPart = watched.length < n && found.sentences.length > 0;
  return {
    frames: maskedFrames(frames, found.fixed, found.ceiling),
    notes: [
      ...notes,
      ...(isPart ? [`bad pixels were looked for in ${watched.length} of ${n} patterns`] : []),
      ...found.sentences,
    ],
  };
}

const inGb = (bytes: number): string => (bytes / 1e9).toPrecision(3);
