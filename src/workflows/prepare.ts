// Scan file -> steps -> scan file: patterns one at a time through a scratch file, so that their number does not matter.
import { dirname, parse } from "node:path";
import { check } from "../core/errors.js";
import { type bool, float32 } from "../core/ndarray.js";
import { detectBadPixels } from "../data/bad-pixels.js";
import { gatherStatistics, type PatternStatistics } from "../data/doctor/pattern-statistics.js";
import { openContents } from "../data/open-contents.js";
import { readPixelMaskFile } from "../data/pixel-mask.js";
import { choosePatterns } from "../data/prepare/choose-patterns.js";
import type { PatternPlane } from "../data/prepare/pattern-steps.js";
import { type Preparation, type PreparationFacts, planPreparation } from "../data/prepare/preparation.js";
import type { PrepareSteps } from "../data/prepare/prepare-steps.js";
import type { ScanContents } from "../data/scan-contents.js";
import { readRegularFile } from "../formats/files.js";
import { parseNpy } from "../formats/npy.js";
import { printable } from "../formats/printable.js";
import { openScratchFile, type ScratchFile } from "../formats/scratch-file.js";
import { writeStoredNpz } from "../formats/stored-npz.js";
import type { PrepareRequest, PrepareResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";
import { type PreparedPatterns, preparedMembers } from "./prepared-members.js";

/**
 * Writes an NPZ scan file with the patterns as amplitudes under both of their names, the positions, the probe where it
 * still fits, and a record of every step in its metadata. What is left out is said.
 *
 * @throws PtychoError UsageError for steps that cannot be, DataError for a file that cannot be read, ResourceError,
 * Interrupted.
 */
export async function* prepareWorkflow(request: PrepareRequest): Work<PrepareResult> {
  const { file, outputFile, mapFile, axisOrder, signal } = request;
  const outputs = outputNames(outputFile, request.split !== undefined);
  for (const path of outputs) prepareOutputFile("prepare: output file", path, [file]);
  signal.throwIfAborted();
  const contents = await openContents(file, {
    ...(axisOrder === undefined ? {} : { axisOrder }),
    ...(mapFile === undefined ? {} : { map: mapFile }),
  });
  let scratch: ScratchFile | undefined;
  try {
    const facts = yield* factsFor(contents, request);
    const steps = withUnits(request, contents);
    const plan = planPreparation(steps, facts);
    const usable = patternsWithPosition(contents);
    const { parts, done } = choosePatterns(usable.indices, request);
    const chosen = Int32Array.from(parts.flatMap((part) => [...part]));
    scratch = openScratchFile(dirname(outputs[0]), chosen.length * 5 * plan.N ** 2);
    yield { kind: "message", text: `${contents.where}: preparing ${chosen.length} patterns` };
    const patterns = await preparePatterns(contents, steps, plan, chosen, scratch, signal);
    const said = [...usable.notes, ...[...plan.done, ...done].map(({ sentence }) => sentence)];
    let slot = 0;
    for (const [i, part] of parts.entries()) {
      const members = preparedMembers(contents, plan, {
        ...{ patterns, firstSlot: slot, part, done: [...plan.done, ...done] },
      });
      for (const note of members.notes) if (!said.includes(note)) said.push(note);
      writeStoredNpz(outputs[i], members.entries);
      yield { kind: "wrote", path: outputs[i], what: "scan" };
      slot += part.length;
    }
    return { outputFiles: outputs, patterns: parts.map((part) => part.length), N: plan.N, steps: said };
  } finally {
    scratch?.close();
    contents.close();
  }
}

function outputNames(outputFile: string, isSplit: boolean): string[] {
  if (!isSplit) return [outputFile];
  const { dir, name, ext } = parse(outputFile);
  return ["train", "test"].map((part) => `${dir === "" ? "" : `${dir}/`}${name}_${part}${ext}`);
}

/** A format that says what its values are needs no word of the user. */
function withUnits(steps: PrepareSteps, { units }: ScanContents): PrepareSteps {
  return units === undefined || steps.units !== undefined ? steps : { ...steps, units };
}

/** Reads what steps need beside the patterns; a first pass over these only where a step asks for it. */
async function* factsFor(contents: ScanContents, steps: PrepareRequest): Work<PreparationFacts> {
  const { patterns, where } = contents;
  check(
    patterns !== undefined,
    "DataError",
    () => contents.troubles.find(({ place }) => place === "diffraction")?.message ?? `${where}: no patterns`,
  );
  const { height, width } = patterns;
  const background =
    typeof steps.background === "object" ? readBackground(steps.background.path, height, width) : undefined;
  const needsPass = steps.mask === "auto" || steps.center === true;
  if (needsPass) yield { kind: "message", text: `${where}: looking at the patterns` };
  const statistics = needsPass ? await gatherStatistics(contents) : undefined;
  const isCounts = (steps.units ?? contents.units ?? "amplitude") !== "amplitude";
  const mask =
    steps.mask === undefined
      ? undefined
      : steps.mask === "auto"
        ? foundBad(statistics, isCounts, where)
        : maskFile(steps.mask.path, height, width);
  const stored = contents.mask?.shape.length === 2 ? contents.mask.data : undefined;
  return {
    ...{ height, width },
    ...(background === undefined ? {} : { background }),
    ...(mask === undefined ? {} : { mask }),
    ...(steps.center === true && statistics !== undefined
      ? { shiftPx: shiftToMiddle(statistics, isCounts, [mask, stored]) }
      : {}),
  };
}

function readBackground(path: string, height: number, width: number): Float32Array {
  const where = printable(path);
  const array = parseNpy(readRegularFile(path), where);
  check(
    "data" in array && array.shape.join() === `${height},${width}`,
    "DataError",
    () =>
      `${where}: a background must be real numbers [${height}, ${width}], got ${array.dtype} [${array.shape.join(", ")}]`,
  );
  return Float32Array.from(array.data as ArrayLike<number | bigint>, Number);
}

function maskFile(path: string, height: number, width: number): Uint8Array {
  check(
    height === width,
    "UsageError",
    () =>
      `--mask: the patterns are ${height} x ${width} pixels; crop them to squares first, in a step of its own`,
  );
  return readPixelMaskFile(path, { n: 1, N: width }).data;
}

function foundBad(statistics: PatternStatistics | undefined, isCounts: boolean, where: string): Uint8Array {
  check(
    statistics !== undefined && statistics.height === statistics.width,
    "UsageError",
    () => `${where}: --mask auto needs square patterns; crop them first, in a step of its own`,
  );
  const { sample, width: N } = statistics;
  const data = isCounts ? sample.map((value) => (value < 0 ? -1 : Math.sqrt(value))) : sample;
  const { fixed } = detectBadPixels(float32([sample.length / N ** 2, N, N], data));
  return fixed.data;
}

/** @param masks [height * width], 1 where a pixel does not count */
function shiftToMiddle(
  { mean, meanSquare, height, width }: PatternStatistics,
  isCounts: boolean,
  masks: readonly (Uint8Array | undefined)[],
): [number, number] {
  const intensity = isCounts ? mean : meanSquare;
  let [rows, columns, total] = [0, 0, 0];
  intensity.forEach((value, p) => {
    if (masks.some((bad) => bad?.[p] === 1)) return;
    rows += value * Math.floor(p / width);
    columns += value * (p % width);
    total += value;
  });
  return [
    Math.floor(height / 2) - Math.round(rows / total),
    Math.floor(width / 2) - Math.round(columns / total),
  ];
}

/** Numbers of the patterns that have a finite position. @throws PtychoError DataError where patterns have none. */
function patternsWithPosition({ xPx, yPx, patterns, where, troubles }: ScanContents) {
  const n = patterns?.n ?? 0;
  check(
    xPx !== undefined && yPx !== undefined,
    "DataError",
    () => troubles.find(({ place }) => place.endsWith("coords"))?.message ?? `${where}: no positions`,
  );
  check(
    xPx.length === yPx.length && xPx.length >= n,
    "DataError",
    () =>
      `${where}: ${xPx.length} x and ${yPx.length} y coordinates for ${n} patterns; every pattern needs a position, ` +
      "remove the patterns without one",
  );
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const indices = all.filter((i) => Number.isFinite(xPx[i]) && Number.isFinite(yPx[i]));
  check(indices.length > 0, "DataError", () => `${where}: no pattern has a finite position`);
  return {
    indices,
    notes: [
      ...(xPx.length > n ? [`${xPx.length - n} positions behind the last pattern were left out`] : []),
      ...(indices.length < n
        ? [`${n - indices.length} patterns without a finite position were left out`]
        : []),
    ],
  };
}

/** Takes every chosen pattern through the steps into the scratch file, in the order of the file. */
async function preparePatterns(
  contents: ScanContents,
  { units = "amplitude" }: PrepareSteps,
  { patternSteps, N }: Preparation,
  chosen: Int32Array,
  scratch: ScratchFile,
  signal: AbortSignal,
): Promise<PreparedPatterns> {
  const { patterns, mask } = contents;
  if (patterns === undefined) throw new Error("patterns were checked before");
  const { height, width } = patterns;
  const pixels = height * width;
  const wanted = new Set(chosen);
  const placeOf = new Map<number, number>();
  let commonBad: Uint8Array | undefined;
  let isCommon = true;
  let [before, after] = [0, 0];
  for await (const { first, values } of contents.blocks()) {
    signal.throwIfAborted();
    for (let k = 0; k < values.length / pixels; k++) {
      const pattern = first + k;
      if (!wanted.has(pattern)) continue;
      const stored = mask === undefined ? undefined : maskOf(mask, pattern, pixels);
      const plane = intensityPlane(
        values.subarray(k * pixels, (k + 1) * pixels),
        height,
        width,
        units,
        stored,
      );
      const result = patternSteps.reduce((state, step) => step(state), plane);
      const amplitudes = result.intensity.map(Math.sqrt);
      before += total(plane.intensity);
      after += total(result.intensity);
      scratch.append(new Uint8Array(amplitudes.buffer, amplitudes.byteOffset, amplitudes.byteLength));
      scratch.append(result.bad);
      placeOf.set(pattern, placeOf.size);
      commonBad ??= result.bad;
      isCommon &&= commonBad.every((value, p) => value === result.bad[p]);
    }
  }
  const slotBytes = 5 * N * N;
  const start = (slot: number) => (placeOf.get(chosen[slot]) ?? 0) * slotBytes;
  const badOf = (slot: number): Uint8Array => {
    const bad = new Uint8Array(N * N);
    scratch.readInto(bad, start(slot) + 4 * N * N);
    return bad;
  };
  return {
    N,
    read: (slot, into) =>
      scratch.readInto(new Uint8Array(into.buffer, into.byteOffset, 4 * N * N), start(slot)),
    commonBad: isCommon && commonBad?.includes(1) === true ? commonBad : undefined,
    badOf: isCommon ? undefined : badOf,
    lightKept: before > 0 ? after / before : 1,
  };
}

/** What was stored as an intensity: what is not finite, negative or masked is 0; the first and the last are bad. */
function intensityPlane(
  values: Float32Array,
  height: number,
  width: number,
  units: PrepareSteps["units"],
  stored: Uint8Array | undefined,
): PatternPlane {
  const bad = values.map((value, p) => (Number.isFinite(value) && stored?.[p] !== 1 ? 0 : 1));
  const intensity = values.map((value, p) =>
    bad[p] === 1 || value < 0 ? 0 : units === "amplitude" ? value * value : value,
  );
  return { height, width, intensity, bad: Uint8Array.from(bad) };
}

function maskOf({ data, shape }: ReturnType<typeof bool>, pattern: number, pixels: number): Uint8Array {
  return shape.length === 2 ? data : data.subarray(pattern * pixels, (pattern + 1) * pixels);
}

function total(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
