// The arrays of a prepared scan file, and what of the old one is not among them.
import { bool, type ComplexArray, complex64, float64 } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { probeFacts } from "../data/doctor/probe-facts.js";
import {
  BAD_PIXEL_KEYS,
  DIFFRACTION_KEYS,
  GOOD_PIXEL_KEYS,
  SCAN_KEYS,
  TRUE_POSITION_KEYS,
} from "../data/keys.js";
import { type Metadata, photonsOf } from "../data/metadata.js";
import { middleOf, orientPositions } from "../data/orient-positions.js";
import type { DoneStep, Preparation } from "../data/prepare/preparation.js";
import type { ScanContents } from "../data/scan-contents.js";
import { printable } from "../formats/printable.js";
import type { StoredEntry } from "../formats/stored-npz.js";

/** Patterns with their bad pixels, in a scratch file, a fixed number of bytes each. */
export interface PreparedPatterns {
  readonly N: number;
  /** Amplitudes of a slot, [N * N]. */
  readonly read: (slot: number, into: Float32Array) => void;
  /** 1 where bad: [N * N] where it is the same for all patterns, undefined where it is not or nothing is bad. */
  readonly commonBad: Uint8Array | undefined;
  /** Bad pixels of a slot, where they differ from pattern to pattern. */
  readonly badOf: ((slot: number) => Uint8Array) | undefined;
  /** Mean sum of intensities afterwards over that before. */
  readonly lightKept: number;
}

export interface PreparedPart {
  readonly patterns: PreparedPatterns;
  /** Slot of its first pattern. */
  readonly firstSlot: number;
  /** Numbers of its patterns in the old file. */
  readonly part: Int32Array;
  readonly done: readonly DoneStep[];
}

const PAIRS = [
  [SCAN_KEYS.x, SCAN_KEYS.y],
  [SCAN_KEYS.xStart, SCAN_KEYS.yStart],
  [TRUE_POSITION_KEYS.x, TRUE_POSITION_KEYS.y],
] as const;

/** Entries for one file; `notes` say what was left out and why. */
export function preparedMembers(
  contents: ScanContents,
  plan: Preparation,
  prepared: PreparedPart,
): { readonly entries: readonly StoredEntry[]; readonly notes: readonly string[] } {
  const { part } = prepared;
  const notes: string[] = [];
  const amplitudes = patternsOf(prepared);
  const entries: StoredEntry[] = DIFFRACTION_KEYS.map((key) => [key, amplitudes]);
  entries.push(...positionsOf(contents, plan, part));
  const index = contents.perPattern.get(SCAN_KEYS.scanIndex);
  const numbers = BigInt64Array.from(part, (i) => BigInt(Math.round(index?.[i] ?? 0)));
  entries.push([SCAN_KEYS.scanIndex, { dtype: "int64", shape: [part.length], data: numbers }]);
  const probe = probeOf(contents, plan, notes);
  if (probe !== undefined) entries.push([SCAN_KEYS.probe, probe]);
  if (contents.objectShape !== undefined) {
    const object = plan.keepsObject ? contents.readObject() : undefined;
    if (object !== undefined)
      entries.push([SCAN_KEYS.truthObject, complex64(object.shape, object.re, object.im)]);
    else
      notes.push("the object of the file was left out: it does not belong to the new patterns and positions");
  }
  const bad = badPixelsOf(prepared);
  if (bad !== undefined) entries.push([BAD_PIXEL_KEYS[0], bad]);
  const metadata = JSON.stringify(metadataOf(contents, prepared));
  entries.push([SCAN_KEYS.metadata, { dtype: "text", shape: [], values: [metadata] }]);
  const written = new Set<string>([...entries.map(([name]) => name), SCAN_KEYS.truthObject, SCAN_KEYS.probe]);
  const masks: readonly string[] = [...BAD_PIXEL_KEYS, ...GOOD_PIXEL_KEYS];
  const others = contents.arrays.filter(({ name }) => !written.has(name) && !masks.includes(name));
  if (others.length > 0) notes.push(`left out: ${others.map(({ name }) => printable(name)).join(", ")}`);
  return { entries, notes };
}

/** Patterns are written in pieces of about this many bytes. */
const PIECE_BYTES = 2 ** 24;

function patternsOf({ patterns: { N, read }, firstSlot, part }: PreparedPart): StoredEntry[1] {
  const pixels = N * N;
  const atOnce = Math.max(1, Math.floor(PIECE_BYTES / (4 * pixels)));
  return {
    ...{ dtype: "float32", shape: [part.length, N, N] },
    *pieces() {
      for (let first = 0; first < part.length; first += atOnce) {
        const piece = new Float32Array(Math.min(atOnce, part.length - first) * pixels);
        for (let k = 0; k < piece.length / pixels; k++)
          read(firstSlot + first + k, piece.subarray(k * pixels, (k + 1) * pixels));
        yield piece;
      }
    },
  };
}

function positionsOf(
  { xPx, yPx, perPattern, patterns }: ScanContents,
  { orientation, pixelFactor }: Preparation,
  part: Int32Array,
): StoredEntry[] {
  const n = patterns?.n ?? 0;
  const all = new Map(perPattern);
  if (xPx !== undefined && yPx !== undefined) all.set(SCAN_KEYS.x, xPx).set(SCAN_KEYS.y, yPx);
  const pair = (keys: readonly [string, string]) => {
    const [x, y] = keys.map((key) => all.get(key));
    return x === undefined || y === undefined || x.length < n || y.length < n
      ? undefined
      : { xPx: x.slice(0, n), yPx: y.slice(0, n) };
  };
  const recorded = pair(PAIRS[0]);
  const finite = (values: Float64Array) => values.filter(Number.isFinite);
  const about =
    recorded === undefined ? undefined : middleOf({ xPx: finite(recorded.xPx), yPx: finite(recorded.yPx) });
  return PAIRS.flatMap((keys) => {
    const positions = pair(keys);
    if (positions === undefined) return [];
    const { xPx: x, yPx: y } = orientPositions(positions, orientation, about);
    const pick = (values: Float64Array, factor: number) =>
      float64(
        [part.length],
        Float64Array.from(part, (i) => factor * values[i]),
      );
    return [
      [keys[0], pick(x, pixelFactor[0])],
      [keys[1], pick(y, pixelFactor[1])],
    ] satisfies StoredEntry[];
  });
}

/** The probe as the steps make it, or as it is where it has the new size already; undefined where it cannot be used. */
function probeOf(
  { probe, patterns }: ScanContents,
  { probeSteps, N }: Preparation,
  notes: string[],
): ComplexArray | undefined {
  if (probe === undefined) return undefined;
  const facts = probeFacts(probe, patterns?.width);
  const { modes, N: edge } = facts;
  const leftOut = (why: string) => {
    notes.push(`the probe was left out: ${why}; 'reconstruct' estimates one`);
    return undefined;
  };
  if (modes === undefined || edge === undefined) return leftOut(`its shape is [${probe.shape.join(", ")}]`);
  if (!facts.areFinite || facts.isZero) return leftOut("it is zero everywhere, or not finite");
  const stored = complex64([modes, edge, edge], probe.re, probe.im);
  const isOld = edge === patterns?.width && edge === patterns.height;
  if (!isOld && edge !== N)
    return leftOut(`its edge is ${edge}, that of the patterns was ${patterns?.width} and is now ${N}`);
  const made = isOld ? probeSteps.reduce((state, step) => step(state), stored) : stored;
  return modes === 1 ? { ...made, shape: [N, N] } : made;
}

function badPixelsOf({ patterns: { N, commonBad, badOf }, firstSlot, part }: PreparedPart) {
  if (commonBad !== undefined) return bool([N, N], commonBad);
  if (badOf === undefined) return undefined;
  const all = bool([part.length, N, N]);
  for (let k = 0; k < part.length; k++) all.data.set(badOf(firstSlot + k), k * N * N);
  return all;
}

/** The metadata of the old file with what changed, and a record of every step. */
function metadataOf(contents: ScanContents, { patterns, part, done }: PreparedPart): Metadata {
  const old = contents.metadata ?? {};
  const nphotons = photonsOf(contents.metadata);
  const transformations = Array.isArray(old.data_transformations) ? old.data_transformations : [];
  return {
    schema_version: "1.0.0",
    ...old,
    physics_parameters: {
      ...record(old.physics_parameters),
      ...{ N: patterns.N, ...(nphotons === undefined ? {} : { nphotons: nphotons * patterns.lightKept }) },
    },
    training_parameters: { ...record(old.training_parameters), n_images: part.length },
    data_transformations: [
      ...transformations,
      ...done.map(({ operation, parameters }) => ({
        ...{
          tool: `ptychopinn prepare ${VERSION}`,
          timestamp: new Date().toISOString(),
          operation,
          parameters,
        },
      })),
    ],
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Metadata) : {};
}
