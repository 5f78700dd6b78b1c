// The pixels that a reconstruction leaves out, by the user's choice.
import { check } from "../core/errors.js";
import { detectBadPixels } from "./bad-pixels.js";
import type { MaskChoice, PixelMask } from "./pixel-mask.js";
import type { MeasuredScan } from "./read-scan.js";

export interface ChosenPixels {
  /** [N, N] or [n, N, N]; undefined where every pixel counts. */
  readonly mask: PixelMask | undefined;
  /** What was left out and why, for the report. */
  readonly sentences: readonly string[];
}

/**
 * The mask of a scan that was read with the same `choice`; for "auto" together with the pixels that `detectBadPixels`
 * finds.
 *
 * @throws PtychoError DataError for "file" where the scan has no mask.
 */
export function findBadPixels(choice: MaskChoice, scan: MeasuredScan<"amplitude">): ChosenPixels {
  const { badPixels: mask, measurement } = scan;
  expectMask(choice, mask !== undefined);
  const sentences = mask === undefined ? [] : [maskNote(badCount(mask), mask.data.length)];
  if (choice !== "auto") return { mask, sentences };
  const found = detectBadPixels(measurement.diffraction.array, mask);
  return {
    mask: found.mask.data.includes(1) ? found.mask : undefined,
    sentences: [...sentences, ...found.sentences],
  };
}

/** @throws PtychoError DataError for "file" where no pixel is said to be bad. */
export function expectMask(choice: MaskChoice, isThere: boolean): void {
  check(
    choice !== "file" || isThere,
    "DataError",
    () =>
      "--mask file: the scan file has no pixel mask; name a file that has one, or use --mask auto or none",
  );
}

/** How much a mask leaves out. */
export function maskNote(bad: number, pixels: number): string {
  return `${bad} of ${pixels} pixels are masked and not fitted`;
}

export function badCount({ data }: PixelMask): number {
  return data.reduce((sum, value) => sum + value, 0);
}
