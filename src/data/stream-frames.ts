// A scan whose patterns stay on disk: read by their place where the file holds them plainly, else from a scratch file
// into which they are unpacked once. All checks are made in one pass that holds a few megabytes.
import { setImmediate } from "node:timers/promises";
import { check, PtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import { memberChunks } from "../formats/member-chunks.js";
import type { Npz } from "../formats/npz.js";
import type { OpenFile } from "../formats/open-file.js";
import { printable } from "../formats/printable.js";
import { openScratchFile, type ScratchFile } from "../formats/scratch-file.js";
import type { ZipMember } from "../formats/zip-directory.js";
import { type FrameSource, selectFrames } from "./frame-source.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "./keys.js";
import { photonsOf, readMetadata } from "./metadata.js";
import type { PixelMask } from "./pixel-mask.js";
import type { OpenFramesOptions, ScanFrames } from "./scan-frames.js";
import { readCoordinates, readProbe, type StoredDiffraction } from "./scan-members.js";
import { alignPositions, checkPositions } from "./scan-positions.js";
import { frameBlocks, frameReader } from "./stored-frames.js";
import { boundedMask, withoutBadPixels } from "./streamed-mask.js";
import { openSurvey, type Survey, toAmplitudes } from "./survey-frames.js";

/** A scan file held open, its patterns found. */
export interface OpenScan {
  readonly file: OpenFile;
  readonly npz: Npz;
  readonly where: string;
  readonly stored: StoredDiffraction;
}

/** The event loop gets its turn, and the user a word, this often. */
const TURN_MS = 50;
const WORD_MS = 5000;
/** A change of the file is looked for once in so many patterns. */
const READS_BETWEEN_LOOKS = 64;

/** Bytes that reading the whole scan into memory takes at its peak: file, unpacked array, values, values as float32. */
export function readingBytes(fileBytes: number, member: ZipMember, stored: StoredDiffraction): number {
  const { header, order, n, N } = stored;
  const single = 4 * n * N * N;
  const values = header.dataBytes ?? 0;
  const unpacked = member.method === "store" ? 0 : member.bytes;
  const converted = header.descr.slice(1) === "f4" ? 0 : single;
  return fileBytes + unpacked + values + converted + (order === "HWN" ? single : 0);
}

/**
 * Checks all patterns in one pass and leaves them on disk. Takes over the open file, also on failure.
 *
 * @throws PtychoError DataError as reading into memory does, and for axes in an order that keeps a pattern from being
 * read in one piece; ResourceError; Interrupted.
 */
export async function* streamFrames(
  scan: OpenScan,
  options: OpenFramesOptions,
): AsyncGenerator<ProgressEvent, ScanFrames, void> {
  const { file, npz, where, stored } = scan;
  const { key, n, N } = stored;
  const pixels = N * N;
  const member = npz.member(key);
  let scratch: ScratchFile | undefined;
  const close = (): void => {
    file.close();
    scratch?.close();
  };
  let isDone = false;
  try {
    expectWholePatterns(scan);
    const warnings = aliasWarnings(scan);
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
    if (member.method === "deflate") scratch = openScratchFile(options.scratchFolder, scratchBytes);
    yield {
      kind: "message",
      text:
        `${where}: reading the patterns into memory would take ${inGb(readingBytes(file.length, member, stored))} GB, ` +
        `the limit is ${inGb(options.memoryBytes)} GB: they stay on disk` +
        (scratch === undefined
          ? ", in the file itself"
          : `, unpacked into a scratch file of ${inGb(scratchBytes)} GB in ${printable(options.scratchFolder)}`),
    };
    const survey = openSurvey(where, pixels, { mask, takesNotFinite: options.mask !== "none" });
    yield* surveyAll(scan, survey, scratch, options.signal);
    const { kept, unmeasured } = survey.judge(warnings);
    const read = scratch === undefined ? fileReader(scan, member, mask) : scratchReader(scratch, pixels);
    const all: FrameSource = { n, N, read };
    const measured = kept.length === n ? all : selectFrames(all, kept);
    const pick = (values: Float64Array) => Float64Array.from(kept, (i) => values[i]);
    const { frames, notes } = withoutBadPixels(measured, mask, unmeasured, options);
    isDone = true;
    return {
      frames,
      ...{ xPx: pick(xPx), yPx: pick(yPx), probe, nphotons, maskNotes: notes, warnings },
      streamed: true,
      close,
    };
  } finally {
    if (!isDone) close();
  }
}

/** One pass over all patterns; amplitudes go into the scratch file, if there is one. */
async function* surveyAll(
  { file, npz, where, stored }: OpenScan,
  survey: Survey,
  scratch: ScratchFile | undefined,
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent, void, void> {
  const { key, header, n, N } = stored;
  const chunks = memberChunks(file, npz.member(key), where);
  let turnMs = performance.now();
  let wordMs = turnMs;
  for await (const block of frameBlocks(chunks, header, N * N, where, key)) {
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

function fileReader({ file, where, stored }: OpenScan, member: ZipMember, mask: PixelMask | undefined) {
  const { key, header, N } = stored;
  const read = frameReader(file, member.dataStart, header, N * N, where, key);
  let reads = 0;
  return (pattern: number, into: Float32Array): void => {
    if (reads++ % READS_BETWEEN_LOOKS === 0) file.expectUnchanged();
    read(pattern, into);
    toAmplitudes(into, pattern, N * N, mask);
  };
}

function scratchReader(scratch: ScratchFile, pixels: number) {
  return (pattern: number, into: Float32Array): void =>
    scratch.readInto(new Uint8Array(into.buffer, into.byteOffset, 4 * pixels), 4 * pixels * pattern);
}

function expectWholePatterns({ where, stored: { key, header, order } }: OpenScan): void {
  const why =
    order === "HWN"
      ? "its patterns run along the last axis (H, W, n)"
      : header.fortranOrder
        ? "it is stored in Fortran order"
        : undefined;
  check(
    why === undefined,
    "DataError",
    () =>
      `${where}: ${key} is larger than the memory allowed, and ${why}, so that no pattern lies in one piece; save it as ` +
      "(n, H, W) in C order (numpy.ascontiguousarray), or raise --memory_limit",
  );
}

/** The same words as for a scan in memory; that two arrays are equal is told by their checksums. */
function aliasWarnings({ npz, where }: OpenScan): string[] {
  const [canonical, alias] = DIFFRACTION_KEYS;
  if (!npz.has(canonical) || !npz.has(alias)) return [];
  const [a, b] = [npz.member(canonical), npz.member(alias)];
  if (a.bytes === b.bytes && a.crc32 === b.crc32) return [];
  return [`${where}: ${canonical} and ${alias} differ; ${canonical} is used`];
}

const inGb = (bytes: number): string => (bytes / 1e9).toPrecision(3);
