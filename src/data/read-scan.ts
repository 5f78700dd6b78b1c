// The arrays of a scan to RawData: which keys, which axis order, which checks. Each check lives in its own file.
import { freemem } from "node:os";
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, sizeOf } from "../core/ndarray.js";
import { printable } from "../formats/printable.js";
import { type AxisOrder, toPatternsFirst } from "./axis-order.js";
import { convertUnits, type DiffractionUnits } from "./diffraction-units.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "./keys.js";
import { type Metadata, photonsOf, readMetadata } from "./metadata.js";
import { checkDomain, checkPixels, patternsWithSignal } from "./pattern-checks.js";
import type { MaskChoice, PixelMask } from "./pixel-mask.js";
import {
  type Domain,
  type Geometry,
  type Measurement,
  type RawData,
  selectPatterns,
  type Truth,
} from "./raw-data.js";
import { NPZ_FORMAT, openScanSource, type ScanSourceOptions } from "./readers/open-scan-source.js";
import {
  type DiffractionOptions,
  findDiffraction,
  missingArray,
  readCoordinates,
  readProbe,
} from "./scan-members.js";
import { alignPositions, checkPositions } from "./scan-positions.js";
import type { ScanArrays, ScanSource } from "./scan-source.js";
import { complexValues, realValues } from "./stored-values.js";
import { blankUnmeasured, selectMask } from "./unmeasured.js";

export interface ReadScanOptions<D extends Domain> extends DiffractionOptions, ScanSourceOptions {
  /** What the caller works in; diffraction values in other units are converted. */
  readonly domain: D;
  /** What the diffraction values of the file are; else by the contract of its format, and of an NPZ file as `domain` says. */
  readonly units?: DiffractionUnits;
  /** Whether values that contradict `domain` are refused (default) or reported. */
  readonly onDomainConflict?: "refuse" | "warn";
  /** Also read ground truth: the object and, if present, its patches. */
  readonly truth?: boolean;
}

export interface Scan<D extends Domain> {
  readonly raw: RawData<D>;
  readonly metadata: Metadata | undefined;
  /** How a file of another format than NPZ was read: what was taken from where, converted how. */
  readonly notes: readonly string[];
  /** What was noticed and how it was resolved, in sentences. */
  readonly warnings: readonly string[];
}

export interface ReadMeasuredOptions<D extends Domain> extends ReadScanOptions<D> {
  /** Leave the probe of the file unread: another one is used. */
  readonly ignoreProbe?: boolean;
  /**
   * Which pixels were not measured: those of the masks in the scan file ("file", the default, and "auto") or of another
   * file, and in both cases those that are NaN or infinite; or "none", which refuses NaN.
   */
  readonly mask?: MaskChoice;
}

/** A scan as iterative reconstruction takes it: the probe may be missing, and pixels may be. */
export interface MeasuredScan<D extends Domain> extends Omit<Scan<D>, "raw"> {
  readonly measurement: Measurement<D>;
  /** [P, N, N]; undefined where the file has none, or it was to be ignored. */
  readonly probe: ComplexArray | undefined;
  /** Pixels that were not measured, 0 in `measurement`; undefined where none were said to be. */
  readonly badPixels: PixelMask | undefined;
}

/**
 * Reads one scan.
 *
 * @throws PtychoError DataError naming file, key and index for anything that cannot be used.
 */
export async function readScan<D extends Domain>(
  path: string,
  options: ReadScanOptions<D>,
): Promise<Scan<D>> {
  const source = await openScanSource(path, options);
  try {
    return withinMemory(source, printable(path), () => toScan(source, printable(path), options));
  } finally {
    source.close();
  }
}

/** Reads one scan that may lack a probe, and its pixel mask. @throws PtychoError DataError as `readScan`. */
export async function readMeasuredScan<D extends Domain>(
  path: string,
  options: ReadMeasuredOptions<D>,
): Promise<MeasuredScan<D>> {
  const source = await openScanSource(path, options);
  try {
    return withinMemory(source, printable(path), () => toMeasuredScan(source, printable(path), options));
  } finally {
    source.close();
  }
}

/** Turns the engine's word that memory is out, which has no class of its own, into ours. */
function withinMemory<T>(source: ScanSource, where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError) || !OUT_OF_MEMORY.test(error.message)) throw error;
    const key = DIFFRACTION_KEYS.find((name) => source.has(name));
    const bytes = key === undefined ? 0 : 4 * sizeOf(source.header(key).shape);
    throw new PtychoError(
      "ResourceError",
      `${where}: the patterns need ${(bytes / 1e9).toPrecision(3)} GB, more than one array can have or this machine has free ` +
        `(${(freemem() / 1e9).toPrecision(3)} GB); keep them on disk with --max_memory, or take a part of the scan`,
      error,
    );
  }
}

const OUT_OF_MEMORY = /allocation failed|Invalid (typed array|array buffer) length/i;

/** The scan in an open archive or other source; `where` names it in messages. */
export function toScan<D extends Domain>(
  npz: ScanArrays | ScanSource,
  where: string,
  options: ReadScanOptions<D>,
): Scan<D> {
  // A detector of a beamline has pixels that count nothing, and its file says which; a network takes them as 0.
  const mask = "format" in npz && npz.format !== NPZ_FORMAT ? "file" : "none";
  const { measurement, probe, badPixels, metadata, notes, warnings } = toMeasuredScan(npz, where, {
    ...options,
    mask,
  });
  const masked = badPixels?.data.reduce((sum, value) => sum + value, 0);
  if (probe === undefined) throw missingArray(npz, where, [SCAN_KEYS.probe]);
  const told =
    masked === undefined ? [] : [`${where}: ${masked} pixels were not measured; they are taken as 0`];
  return { raw: { ...measurement, probe }, metadata, notes, warnings: [...warnings, ...told] };
}

/** The scan in an open archive, probe and pixels as far as they are there. */
export function toMeasuredScan<D extends Domain>(
  npz: ScanArrays | ScanSource,
  where: string,
  options: ReadMeasuredOptions<D>,
): MeasuredScan<D> {
  const source: Partial<ScanSource> = "format" in npz ? npz : {};
  const notes = (source.notes ?? []).map((note) => `${where}: ${note}`);
  const warnings: string[] = [];
  const allX = readCoordinates(npz, where, SCAN_KEYS.x);
  const allY = readCoordinates(npz, where, SCAN_KEYS.y);
  const { n, N, order, data: stored } = readDiffraction(npz, where, allX.length, options, warnings);
  const [xPx, yPx] = alignPositions(where, allX, allY, n, warnings);
  checkPositions(where, xPx, yPx, warnings);
  const { data, mask } = blankUnmeasured(
    where,
    stored,
    { n, N, patternsLast: order === "HWN" },
    { npz, choice: options.mask ?? "file" },
    warnings,
  );
  checkPixels(where, data, N * N, warnings);
  convertUnits(where, data, options.units ?? source.units ?? options.domain, options.domain, warnings);
  checkDomain(where, data, options.domain, options.onDomainConflict ?? "refuse", warnings);
  const start = (key: string, fallback: Float64Array): Float64Array =>
    npz.has(key) ? alignStart(where, key, readCoordinates(npz, where, key), fallback, warnings) : fallback;
  const metadata = readMetadata(where, npz, warnings);
  const nphotons = photonsOf(metadata);
  const measurement: Measurement<D> = {
    diffraction: { domain: options.domain, array: { dtype: "float32", shape: [n, N, N], data } },
    xPx,
    yPx,
    xStartPx: start(SCAN_KEYS.xStart, xPx),
    yStartPx: start(SCAN_KEYS.yStart, yPx),
    scanIndex: readScanIndex(npz, where, n, warnings),
    ...(nphotons !== undefined && { nphotons }),
    ...geometryOf(source),
    ...(options.truth === true && { truth: readTruth(npz, where, n, N, warnings) }),
  };
  const probe =
    options.ignoreProbe === true || !npz.has(SCAN_KEYS.probe) ? undefined : readProbe(npz, where, N);
  const kept = patternsWithSignal(where, data, N * N, warnings);
  return kept.length === n
    ? { measurement, probe, badPixels: mask, metadata, notes, warnings }
    : {
        measurement: selectPatterns(measurement, kept),
        probe,
        badPixels: selectMask(mask, kept),
        metadata,
        notes,
        warnings,
      };
}

function geometryOf({ pixelSizeM, energyEv, distanceM }: Partial<ScanSource>): Geometry {
  return {
    ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
    ...(energyEv === undefined ? {} : { energyEv }),
    ...(distanceM === undefined ? {} : { distanceM }),
  };
}

function readDiffraction<D extends Domain>(
  npz: ScanArrays,
  where: string,
  positions: number,
  options: ReadScanOptions<D>,
  warnings: string[],
): { readonly n: number; readonly N: number; readonly order: AxisOrder; readonly data: Float32Array } {
  const [canonical, alias] = DIFFRACTION_KEYS;
  const { key, header, order, n, N } = findDiffraction(npz, where, positions, options);
  const stored = realValues(npz.read(key), where, key);
  if (key === canonical && npz.has(alias) && !sameArray(npz, where, alias, header.shape, stored)) {
    warnings.push(`${where}: ${canonical} and ${alias} differ; ${canonical} is used`);
  }
  if (order !== "HWN") return { n, N, order, data: stored };
  warnings.push(`${where}: ${key} was in legacy axis order (H, W, n); moved to (n, H, W)`);
  return { n, N, order, data: toPatternsFirst(stored, header.shape).data };
}

function sameArray(
  npz: ScanArrays,
  where: string,
  key: string,
  shape: readonly number[],
  data: Float32Array,
) {
  if (npz.header(key).shape.join() !== shape.join()) return false;
  const other = realValues(npz.read(key), where, key);
  return other.every((value, i) => Object.is(value, data[i]) || value === data[i]);
}

function alignStart(
  where: string,
  key: string,
  values: Float64Array,
  position: Float64Array,
  warnings: string[],
): Float64Array {
  if (values.length >= position.length && values.every(Number.isFinite))
    return values.slice(0, position.length);
  warnings.push(`${where}: ${key} is not one finite value per pattern; the positions themselves are used`);
  return position;
}

function readScanIndex(npz: ScanArrays, where: string, n: number, warnings: string[]): Int32Array {
  const key = SCAN_KEYS.scanIndex;
  if (!npz.has(key)) return new Int32Array(n);
  const { dtype, shape } = npz.header(key);
  if (dtype === "object" || dtype === "text" || shape.length !== 1 || shape[0] < n) {
    warnings.push(`${where}: ${key} is not one number per pattern; all patterns are taken as one scan`);
    return new Int32Array(n);
  }
  return Int32Array.from(realValues(npz.read(key), where, key).subarray(0, n));
}

function readTruth(npz: ScanArrays, where: string, n: number, N: number, warnings: string[]): Truth {
  const read = (key: string): ComplexArray | undefined => {
    if (!npz.has(key) || npz.header(key).dtype === "object") return undefined;
    const { shape, re, im } = complexValues(npz.read(key), where, key);
    return complex64(shape, re, im);
  };
  const object = read(SCAN_KEYS.truthObject);
  check(
    object === undefined || object.shape.length === 2,
    "DataError",
    () => `${where}: ${SCAN_KEYS.truthObject} must be 2-D [H, W], got shape [${object?.shape.join(", ")}]`,
  );
  const patches = read(SCAN_KEYS.truthPatches);
  const fits = patches === undefined || patches.shape.join() === `${n},${N},${N}`;
  if (!fits) {
    warnings.push(
      `${where}: ${SCAN_KEYS.truthPatches} has shape [${patches.shape.join(", ")}], not [${n}, ${N}, ${N}]; ignored`,
    );
  }
  return { ...(object && { object }), ...(patches && fits && { patches }) };
}
