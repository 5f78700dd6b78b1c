// Pixels that were not measured: masks from files, and their union.
import { check } from "../core/errors.js";
import { bool, type NdArray } from "../core/ndarray.js";
import { readRegularFile } from "../formats/files.js";
import { type NpyArray, parseNpy } from "../formats/npy.js";
import { parseNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import { BAD_PIXEL_KEYS, GOOD_PIXEL_KEYS } from "./keys.js";
import type { ScanArrays } from "./scan-source.js";

/** 1 where a pixel was not measured: [N, N] for all patterns alike, or [n, N, N]. */
export type PixelMask = NdArray<"bool">;

/**
 * The pixels that are left out: "auto", the masks of the scan file and what the patterns show; "file", those masks
 * alone; "none"; or the mask in another file alone.
 */
export type MaskChoice = "auto" | "file" | "none" | { readonly path: string };

/** What a mask must fit: n patterns of N x N pixels, the patterns stored last if `patternsLast`. */
export interface MaskFrame {
  readonly n: number;
  readonly N: number;
  readonly patternsLast?: boolean;
}

/**
 * The masks of a scan file, united. Non-zero means bad in `bad_pixels` (ptychodus), `pixel_mask` (NeXus) and `mask`
 * (CXI), good in `valid_pixel_mask` (pty-chi) and `measured_pixels` (tike). Undefined where the file has none.
 *
 * @throws PtychoError DataError for another shape, values that are no numbers, or more than half of the pixels bad.
 */
export function readPixelMask(npz: ScanArrays, where: string, frame: MaskFrame): PixelMask | undefined {
  let mask: PixelMask | undefined;
  for (const [keys, meaning] of [
    [BAD_PIXEL_KEYS, "bad"],
    [GOOD_PIXEL_KEYS, "good"],
  ] as const)
    for (const key of keys)
      if (npz.has(key)) mask = uniteMasks(mask, toPixelMask(npz.read(key), where, key, meaning, frame));
  return mask;
}

/**
 * A mask from a file of its own: .npz with the names of `readPixelMask`, or .npy where non-zero means bad.
 *
 * @throws PtychoError DataError as `readPixelMask`, or where an archive has none of the names.
 */
export function readPixelMaskFile(path: string, frame: MaskFrame): PixelMask {
  const where = printable(path);
  const bytes = readRegularFile(path);
  if (bytes[0] === NPY_FIRST_BYTE) return toPixelMask(parseNpy(bytes, where), where, "mask", "bad", frame);
  check(
    bytes.length === 0 || bytes.subarray(0, 2).toString("latin1") === "PK",
    "DataError",
    () =>
      `${where}: a mask file is .npy or .npz, found other bytes; save the mask with numpy.save("mask.npy", bad)`,
  );
  const npz = parseNpz(bytes, where);
  const mask = readPixelMask(npz, where, frame);
  check(
    mask !== undefined,
    "DataError",
    () =>
      `${where}: no pixel mask in the file; expected ${BAD_PIXEL_KEYS.join(", ")} (non-zero = bad) or ` +
      `${GOOD_PIXEL_KEYS.join(", ")} (non-zero = good), found ${npz.names.slice(0, 50).map(printable).join(", ")}`,
  );
  return mask;
}

/** \x93 of "\x93NUMPY". */
const NPY_FIRST_BYTE = 0x93;

function toPixelMask(
  array: NpyArray,
  where: string,
  key: string,
  meaning: "bad" | "good",
  { n, N, patternsLast = false }: MaskFrame,
): PixelMask {
  check(
    "data" in array,
    "DataError",
    () => `${where}: ${key} must hold numbers or bools, got ${array.dtype}`,
  );
  const found = array.shape.join(",");
  const stack = patternsLast ? [N, N, n] : [n, N, N];
  check(
    found === `${N},${N}` || found === stack.join(","),
    "DataError",
    () =>
      `${where}: ${key} must be a pixel mask [${N}, ${N}] or [${stack.join(", ")}], got shape ` +
      `[${array.shape.join(", ")}]; crop it as the patterns were cropped, or leave it out with --mask none`,
  );
  const isStack = array.shape.length === 3;
  const mask = bool(isStack ? [n, N, N] : [N, N]);
  const pixels = N * N;
  let bad = 0;
  for (let i = 0; i < mask.data.length; i++) {
    const from = isStack && patternsLast ? (i % pixels) * n + Math.floor(i / pixels) : i;
    const value = Number(array.data[from]);
    check(
      !Number.isNaN(value),
      "DataError",
      () => `${where}: ${key} value ${from} is NaN; expected 0 or a number other than 0`,
    );
    if ((value !== 0) === (meaning === "bad")) {
      mask.data[i] = 1;
      bad++;
    }
  }
  check(
    2 * bad <= mask.data.length,
    "DataError",
    () =>
      `${where}: ${key} calls ${bad} of ${mask.data.length} pixels bad (non-zero means ${meaning}); is it the other way ` +
      `round? Store it as ${meaning === "bad" ? GOOD_PIXEL_KEYS[0] : BAD_PIXEL_KEYS[0]}, or use --mask none`,
  );
  return mask;
}

/** Bad where either is; [n, N, N] if one of them is. */
export function uniteMasks(a: PixelMask, b: PixelMask | undefined): PixelMask;
export function uniteMasks(a: PixelMask | undefined, b: PixelMask): PixelMask;
export function uniteMasks(a: PixelMask | undefined, b: PixelMask | undefined): PixelMask | undefined;
export function uniteMasks(a: PixelMask | undefined, b: PixelMask | undefined): PixelMask | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [more, less] = a.data.length >= b.data.length ? [a, b] : [b, a];
  const size = less.data.length;
  return bool(
    more.shape,
    more.data.map((value, i) => value | less.data[i % size]),
  );
}
