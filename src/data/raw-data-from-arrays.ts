// Arrays in memory to RawData, under the checks that a scan file goes through.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32 } from "../core/ndarray.js";
import { checkDomain, checkPixels, patternsWithSignal } from "./pattern-checks.js";
import { toProbeModes } from "./probe-layout.js";
import { type Domain, type RawData, selectPatterns } from "./raw-data.js";
import { checkPositions } from "./scan-positions.js";

/** Real numbers in any array-like: typed arrays, plain arrays. */
export type Numbers = ArrayLike<number>;

/** Real and imaginary parts, equally long. */
export interface ComplexParts {
  readonly re: Numbers;
  readonly im: Numbers;
}

export interface ScanArrays<D extends Domain = Domain> {
  /** Patterns [n, N, N] row after row, zero frequency at N/2. */
  readonly diffraction: Numbers;
  /** What a diffraction value is: sqrt(counts), perhaps times one factor, or photon counts. */
  readonly domain: D;
  /** [n] centre of the probe along columns, in object pixels (position / object pixel size). */
  readonly xPx: Numbers;
  /** [n] centre of the probe along rows, in object pixels. */
  readonly yPx: Numbers;
  /** Probe guess: [N, N], or [P, N, N] incoherent modes. */
  readonly probe: ComplexParts;
  /** Mean photons per pattern, where they are known. */
  readonly nphotons?: number;
  /** [n] number of the scan each pattern belongs to; all 0 when absent. */
  readonly scanIndex?: Numbers;
  /** Object patches [n, N, N], for supervised training only. */
  readonly patches?: ComplexParts;
  /** Told what was noticed and how it was resolved, in sentences. */
  readonly onWarning?: (text: string) => void;
}

/** Names the arrays in messages. */
const WHERE = "scan in memory";

/**
 * One scan from plain arrays; n is the number of positions. Everything is copied, so that the arrays may be used again.
 * Slightly negative pixels are set to 0, and all-zero patterns left out, with a warning.
 *
 * @throws PtychoError ShapeError for lengths that do not fit together; DataError for values that cannot be used, as for a
 *   scan file: NaN, real negatives, metres instead of pixels, counts stated as amplitudes.
 */
export function rawDataFromArrays<D extends Domain>(arrays: ScanArrays<D>): RawData<D> {
  const { domain, nphotons, onWarning = () => {} } = arrays;
  check(
    domain === "amplitude" || domain === "counts",
    "UsageError",
    () => `${WHERE}: domain: expected "amplitude" or "counts", got ${JSON.stringify(domain)}`,
  );
  check(
    nphotons === undefined || (Number.isFinite(nphotons) && nphotons > 0),
    "UsageError",
    () => `${WHERE}: nphotons: expected a number above 0, got ${nphotons}`,
  );
  for (const name of ["diffraction", "xPx", "yPx"] as const) expectNumbers(name, arrays[name]);
  const n = arrays.xPx.length;
  const N = Math.sqrt(arrays.diffraction.length / n);
  check(
    n > 0 && Number.isInteger(N) && N > 0,
    "ShapeError",
    () =>
      `${WHERE}: diffraction has ${arrays.diffraction.length} values for ${n} positions; expected n * N * N, row after row`,
  );
  expectLength("yPx", arrays.yPx, n);
  const warnings: string[] = [];
  const data = Float32Array.from(arrays.diffraction);
  const [xPx, yPx] = [Float64Array.from(arrays.xPx), Float64Array.from(arrays.yPx)];
  checkPositions(WHERE, xPx, yPx, warnings);
  checkPixels(WHERE, data, N * N, warnings);
  checkDomain(WHERE, data, domain, "refuse", warnings);
  const scan: RawData<D> = {
    diffraction: { domain, array: float32([n, N, N], data) },
    ...{ xPx, yPx, xStartPx: xPx, yStartPx: yPx },
    scanIndex: scanIndexOf(arrays.scanIndex, n),
    ...(nphotons === undefined ? {} : { nphotons }),
    probe: probeOf(arrays.probe, N),
    ...(arrays.patches === undefined
      ? {}
      : { truth: { patches: complexOf("patches", arrays.patches, [n, N, N]) } }),
  };
  const kept = patternsWithSignal(WHERE, data, N * N, warnings);
  for (const text of warnings) onWarning(text);
  return kept.length === n ? scan : selectPatterns(scan, kept);
}

function scanIndexOf(given: Numbers | undefined, n: number): Int32Array {
  if (given === undefined) return new Int32Array(n);
  expectNumbers("scanIndex", given);
  expectLength("scanIndex", given, n);
  return Int32Array.from(given);
}

function probeOf(parts: ComplexParts, N: number): ComplexArray {
  expectParts("probe", parts);
  const { re, im } = parts;
  const modes = re.length / (N * N);
  check(
    Number.isInteger(modes) && modes > 0,
    "ShapeError",
    () => `${WHERE}: probe has ${re.length} values; expected P * ${N} * ${N} to match diffraction`,
  );
  return toProbeModes(WHERE, [modes, N, N], Float32Array.from(re), Float32Array.from(im), N);
}

function complexOf(name: string, parts: ComplexParts, shape: readonly number[]): ComplexArray {
  expectParts(name, parts);
  expectLength(`${name}.re`, parts.re, shape[0] * shape[1] * shape[2]);
  const [re, im] = [Float32Array.from(parts.re), Float32Array.from(parts.im)];
  check(
    re.every(Number.isFinite) && im.every(Number.isFinite),
    "DataError",
    () => `${WHERE}: ${name} holds NaN or infinite values; expected finite numbers`,
  );
  return complex64(shape, re, im);
}

function expectParts(name: string, parts: ComplexParts): void {
  check(
    typeof parts === "object" && parts !== null,
    "ShapeError",
    () => `${WHERE}: ${name}: expected { re, im }, got ${parts === null ? "null" : typeof parts}`,
  );
  expectNumbers(`${name}.re`, parts.re);
  expectNumbers(`${name}.im`, parts.im);
  expectLength(`${name}.im`, parts.im, parts.re.length);
}

function expectNumbers(name: string, values: Numbers): void {
  const isFlat =
    (Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView))) &&
    (values.length === 0 || typeof values[0] === "number");
  check(
    isFlat,
    "ShapeError",
    () => `${WHERE}: ${name}: expected a typed array or a flat array of numbers, got ${kindOf(values)}`,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${typeof value[0]}`;
  return value === null || typeof value !== "object" ? String(value) : value.constructor.name;
}

function expectLength(name: string, values: Numbers, expected: number): void {
  check(
    values.length === expected,
    "ShapeError",
    () => `${WHERE}: ${name} has ${values.length} values, expected ${expected}`,
  );
}
