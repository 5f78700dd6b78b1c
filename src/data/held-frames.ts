// A scan that was handed over as arrays, in the form in which engines take one from a file.
import { check } from "../core/errors.js";
import { findBadPixels } from "./find-bad-pixels.js";
import { residentFrames } from "./frame-source.js";
import { readPixelMaskFile } from "./pixel-mask.js";
import { expectDomain, type RawData, scanSize } from "./raw-data.js";
import type { OpenFramesOptions, ScanFrames } from "./scan-frames.js";

/**
 * The patterns stay where they are; nothing is copied.
 *
 * @throws PtychoError DataError for counts, a pattern width that is not taken, or a mask that does not fit.
 */
export function heldFrames(
  raw: RawData,
  { mask: choice, allowedN, ignoreProbe }: Pick<OpenFramesOptions, "mask" | "allowedN" | "ignoreProbe">,
): ScanFrames {
  const { truth: _, probe: given, ...measurement } = expectDomain("scan in memory", raw, "amplitude");
  const { n, N } = scanSize(measurement);
  check(
    allowedN === undefined || allowedN.includes(N),
    "DataError",
    () =>
      `scan in memory: patterns of ${N} x ${N} pixels; expected N = ${allowedN?.join(", ")}; crop or pad them, keeping ` +
      "the beam centre at N/2",
  );
  const probe = ignoreProbe === true ? undefined : given;
  const badPixels = typeof choice === "object" ? readPixelMaskFile(choice.path, { n, N }) : undefined;
  const { mask, sentences } = findBadPixels(choice, {
    ...{ measurement, probe, badPixels },
    ...{ metadata: undefined, notes: [], warnings: [] },
  });
  const { diffraction, xPx, yPx, nphotons } = measurement;
  return {
    frames: residentFrames(diffraction.array, mask),
    ...{ xPx, yPx, probe, nphotons, maskNotes: sentences, warnings: [] },
    streamed: false,
    close() {},
  };
}
