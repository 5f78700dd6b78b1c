// One pass over patterns too many for memory: the checks that a scan in memory gets, and the amplitudes without what was
// not measured.

import { convertUnits, type DiffractionUnits } from "./diffraction-units.js";
import { badCount } from "./find-bad-pixels.js";
import {
  countPixels,
  judgeBlank,
  judgeDomain,
  judgePixels,
  noPixels,
  noTrace,
  traceDomain,
} from "./pattern-checks.js";
import type { PixelMask } from "./pixel-mask.js";
import type { Domain } from "./raw-data.js";
import type { FrameBlock } from "./stored-frames.js";
import { judgeNotFinite } from "./unmeasured.js";

export interface Survey {
  /** Takes in the next patterns, and converts them in place: see `withoutUnmeasured`. */
  add(block: FrameBlock): void;
  /**
   * Judges all patterns; returns the numbers of those that hold any signal, and how many pixels were not measured: of
   * one pattern where they are the same in all, else of all patterns together.
   *
   * @throws PtychoError DataError.
   */
  judge(warnings: string[]): { readonly kept: Int32Array; readonly unmeasured: Unmeasured };
}

export interface Unmeasured {
  readonly pixels: number;
  readonly of: number;
}

export interface SurveyRules {
  /** Pixels that were not measured, [N, N] or [n, N, N]. */
  readonly mask: PixelMask | undefined;
  /** What the values are in the file. */
  readonly units: DiffractionUnits;
  /** NaN and infinite pixels are not measured either; otherwise they are refused. */
  readonly takesNotFinite: boolean;
  /** What the values become, and what stands for a pixel that was not measured. */
  readonly into: FrameValues;
}

/** For an engine, which leaves pixels out: amplitudes, -1 where not measured. For a network: its domain, 0. */
export interface FrameValues {
  readonly domain: Domain;
  readonly notMeasured: -1 | 0;
}

export const FOR_ENGINES: FrameValues = { domain: "amplitude", notMeasured: -1 };

export function openSurvey(
  where: string,
  pixels: number,
  { mask, units, takesNotFinite, into }: SurveyRules,
): Survey {
  const count = noPixels();
  const trace = noTrace();
  const blank: number[] = [];
  const notFinite = new Uint32Array(pixels);
  let n = 0;
  return {
    add({ first, values }) {
      setMasked(values, first, pixels, mask, 0);
      const before = count.notFinite;
      countPixels(count, values, first * pixels);
      if (count.notFinite > before)
        for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) notFinite[i % pixels]++;
      convertUnits(where, values, units, into.domain, []);
      traceDomain(trace, values);
      withoutUnmeasured(values, first, pixels, mask, into.notMeasured);
      const patterns = values.length / pixels;
      for (let k = 0; k < patterns; k++)
        if (!values.subarray(k * pixels, (k + 1) * pixels).some((value) => value > 0)) blank.push(first + k);
      n += patterns;
    },
    judge(warnings) {
      const someNotFinite = takesNotFinite && count.notFinite > 0;
      if (someNotFinite) judgeNotFinite(where, count.notFinite, n * pixels, warnings);
      judgePixels(where, someNotFinite ? { ...count, notFinite: 0 } : count, pixels, warnings);
      convertUnits(where, new Float32Array(0), units, into.domain, warnings); // what it has to say, once
      judgeDomain(where, trace, into.domain, "refuse", warnings);
      const isSame = mask?.shape.length !== 3 && notFinite.every((times) => times === 0 || times === n);
      const masked = mask === undefined ? 0 : badCount(mask);
      const unmeasured = isSame
        ? { pixels: masked + count.notFinite / n, of: pixels }
        : { pixels: (mask?.shape.length === 3 ? masked : masked * n) + count.notFinite, of: n * pixels };
      return { kept: judgeBlank(where, blank, n, warnings), unmeasured };
    },
  };
}

/**
 * In place: `notMeasured` where a pixel was not measured, 0 for the slightly negative values that dark subtraction leaves.
 *
 * @param values patterns of `pixels` values, from number `first` on
 */
export function withoutUnmeasured(
  values: Float32Array,
  first: number,
  pixels: number,
  mask: PixelMask | undefined,
  notMeasured: number,
): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) values[i] = notMeasured;
    else if (values[i] < 0) values[i] = 0;
  }
  setMasked(values, first, pixels, mask, notMeasured);
}

function setMasked(
  values: Float32Array,
  first: number,
  pixels: number,
  mask: PixelMask | undefined,
  value: number,
): void {
  if (mask === undefined) return;
  const isStack = mask.shape.length === 3;
  for (let from = 0, pattern = first; from < values.length; from += pixels, pattern++) {
    const at = isStack ? pattern * pixels : 0;
    for (let p = 0; p < pixels; p++) if (mask.data[at + p] === 1) values[from + p] = value;
  }
}
