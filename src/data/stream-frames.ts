// A scan whose patterns stay on disk: read by their place where the file holds them plainly, else from a scratch file
// into which they are unpacked once. All checks are made in one pass that holds a few megabytes.
import { setImmediate } from "node:timers/promises";
import { PtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import { printable } from "../formats/printable.js";
import { openScratchFile, type ScratchFile } from "../formats/scratch-file.js";
import { convertUnits, type DiffractionUnits } from "./diffraction-units.js";
import { type FrameSource, selectFrames } from "./frame-source.js";
import { SCAN_KEYS } from "./keys.js";
import { photonsOf, readMetadata } from "./metadata.js";
import type { PixelMask } from "./pixel-mask.js";
import type { Geometry } from "./raw-data.js";
import type { OpenFramesOptions, ScanFrames } from "./scan-frames.js";
import { readCoordinates, readProbe } from "./scan-members.js";
import { alignPositions, checkPositions } from "./scan-positions.js";
import type { ScanArrays } from "./scan-source.js";
import type { FrameBlock } from "./stored-frames.js";
import { boundedMask, withoutBadPixels } from "./streamed-mask.js";
import {
  FOR_ENGINES,
  type FrameValues,
  openSurvey,
  type Survey,
  withoutUnmeasured,
} from "./survey-frames.js";

/** A scan held open whose patterns are read from its file. */
export interface StoredScan {
  readonly where: string;
  /** Everything but the patterns. */
  readonly arrays: ScanArrays;
  readonly geometry: Geometry;
  readonly n: number;
  readonly N: number;
  /** What its values are. */
  readonly units: DiffractionUnits;
  /** Bytes that reading everything into memory would take. */
  readonly readingBytes: number;
  /** Patterns cannot be read one at a time as quickly as they are needed. */
  readonly isPacked: boolean;
  /** How a file of another format than NPZ was read. */
  readonly notes: readonly string[];
  /** What was noticed of the file, in sentences. */
  readonly warnings: readonly string[];
  /** All patterns once, as they are in the file. A block may be changed. */
  blocks(): AsyncIterable<FrameBlock>;
  /** One pattern as it is in the file. */
  read(pattern: number, into: Float32Array): void;
  close(): void;
}

/** The event loop gets its turn, and the user a word, this often. */
const TURN_MS = 50;
const WORD_MS = 5000;

/**
 * Checks all patterns in one pass and leaves them on disk. Takes over the open file, also on failure.
 *
 * @throws PtychoError DataError as reading into memory does, and for axes in an order that keeps a pattern from being
 * read in one piece; ResourceError; Interrupted.
 */
export async function* streamFrames(
  scan: StoredScan,
  options: OpenFramesOptions,
): AsyncGenerator<ProgressEvent, ScanFrames, void> {
  const { where, arrays: npz, n, N, units, geometry } = scan;
  const pixels = N * N;
  let scratch: ScratchFile | undefined;
  const close = (): void => {
    scan.close();
    scratch?.close();
  };
  const into = options.values ?? FOR_ENGINES;
  let isDone = false;
  try {
    const warnings = [...scan.warnings];
    const [xPx, yPx] = alignPositions(
      where,
      readCoordinates(npz, where, SCAN_KEYS.x),
      readCoordinates(npz, where, SCAN_KEYS.y),
      n,
      warnings,
    );
    checkPositions(where, xPx, yPx, warnings);
    const mask = boundedMask(npz, where, { n, N }, options);
    const nphotons = photonsOf(readMetadata(where, npz, warnings));
    const hasProbe = options.ignoreProbe !== true && npz.has(SCAN_KEYS.probe);
    const probe = hasProbe ? readProbe(npz, where, N) : undefined;
    const scratchBytes = 4 * n * pixels;
    if (scan.isPacked) scratch = openScratchFile(options.scratchFolder, scratchBytes);
    yield {
      kind: "message",
      text:
        (options.staysOnDisk === true
          ? `${where}: the patterns stay on disk`
          : `${where}: reading the patterns into memory would take ${inGb(scan.readingBytes)} GB, ` +
            `the limit is ${inGb(options.memoryBytes)} GB: they stay on disk`) +
        (scratch === undefined
          ? ", in the file itself"
          : `, unpacked into a scratch file of ${inGb(scratchBytes)} GB in ${printable(options.scratchFolder)}`),
    };
    const survey = openSurvey(where, pixels, { mask, units, takesNotFinite: options.mask !== "none", into });
    yield* surveyAll(scan, survey, scratch, options.signal);
    const { kept, unmeasured } = survey.judge(warnings);
    const read = scratch === undefined ? fileReader(scan, mask, into) : scratchReader(scratch, pixels);
    const all: FrameSource = { n, N, read };
    const measured = kept.length === n ? all : selectFrames(all, kept);
    const pick = (values: Float64Array) => Float64Array.from(kept, (i) => values[i]);
    const { frames, notes } = withoutBadPixels(measured, mask, unmeasured, options);
    isDone = true;
    return {
      frames,
      ...{ xPx: pick(xPx), yPx: pick(yPx), probe, nphotons, maskNotes: notes, notes: scan.notes, warnings },
      ...geometry,
      streamed: true,
      close,
    };
  } finally {
    if (!isDone) close();
  }
}

/** One pass over all patterns; amplitudes go into the scratch file, if there is one. */
async function* surveyAll(
  { where, n, blocks }: StoredScan,
  survey: Survey,
  scratch: ScratchFile | undefined,
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent, void, void> {
  let turnMs = performance.now();
  let wordMs = turnMs;
  for await (const block of blocks()) {
    survey.add(block);
    scratch?.append(new Uint8Array(block.values.buffer, block.values.byteOffset, block.values.byteLength));
    const nowMs = performance.now();
    if (nowMs - turnMs >= TURN_MS) {
      await setImmediate();
      turnMs = performance.now();
    }
    if (signal.aborted)
      throw new PtychoError(
        "Interrupted",
        "interrupted while the patterns were checked; nothing is saved yet",
      );
    if (nowMs - wordMs < WORD_MS) continue;
    wordMs = nowMs;
    yield { kind: "message", text: `${where}: ${block.first} of ${n} patterns checked` };
  }
}

function fileReader(
  { where, N, units, read }: StoredScan,
  mask: PixelMask | undefined,
  { domain, notMeasured }: FrameValues,
) {
  return (pattern: number, into: Float32Array): void => {
    read(pattern, into);
    convertUnits(where, into, units, domain, []);
    withoutUnmeasured(into, pattern, N * N, mask, notMeasured);
  };
}

function scratchReader(scratch: ScratchFile, pixels: number) {
  return (pattern: number, into: Float32Array): void =>
    scratch.readInto(new Uint8Array(into.buffer, into.byteOffset, 4 * pixels), 4 * pixels * pattern);
}

const inGb = (bytes: number): string => (bytes / 1e9).toPrecision(3);
