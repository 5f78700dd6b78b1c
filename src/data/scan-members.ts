// The arrays of a scan file one by one, each found by its names and checked for its own shape.
import { check, nearestName, PtychoError } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { printable } from "../formats/printable.js";
import { type AxisOrder, detectAxisOrder } from "./axis-order.js";
import { DIFFRACTION_KEYS, KNOWN_KEYS, SCAN_KEYS } from "./keys.js";
import { toProbeModes } from "./probe-layout.js";
import type { ArrayHeader, ScanArrays } from "./scan-source.js";
import { complexValues } from "./stored-values.js";

export interface DiffractionOptions {
  /** Overrides the detection of (n, H, W) against (H, W, n). */
  readonly axisOrder?: AxisOrder;
  /** Pattern widths that are taken; 64, 128 and 256 unless given. */
  readonly allowedN?: readonly number[];
}

/** The stack of patterns in a file: n of N x N pixels. */
export interface StoredDiffraction<H extends ArrayHeader = ArrayHeader> {
  readonly key: string;
  readonly header: H;
  readonly order: AxisOrder;
  readonly n: number;
  readonly N: number;
}

/**
 * Finds the patterns by the header of their array alone.
 *
 * @param positions number of scan positions, which may decide the order of the axes
 * @throws PtychoError DataError where there are none, or none of a shape that is taken.
 */
export function findDiffraction<H extends ArrayHeader>(
  npz: ScanArrays<H>,
  where: string,
  positions: number,
  options: DiffractionOptions,
): StoredDiffraction<H> {
  const key = DIFFRACTION_KEYS.find((name) => npz.has(name));
  if (key === undefined) throw missingArray(npz, where, DIFFRACTION_KEYS);
  const header = npz.header(key);
  const { shape } = header;
  const order = options.axisOrder ?? detectAxisOrder(where, shape, positions);
  check(
    shape.length === 3,
    "DataError",
    () => `${where}: ${key} must be 3-D, got shape [${shape.join(", ")}]`,
  );
  const [n, height, N] = order === "HWN" ? [shape[2], shape[0], shape[1]] : shape;
  check(n > 0, "DataError", () => `${where}: ${key} holds no patterns, shape [${shape.join(", ")}]`);
  const allowed = options.allowedN ?? [64, 128, 256];
  check(
    height === N && allowed.includes(N),
    "DataError",
    () =>
      `${where}: patterns are ${height} x ${N} pixels; expected square ones of ${allowed.join(", ")}; ` +
      cropOrPad(Math.max(height, N), allowed),
  );
  return { key, header, order, n, N };
}

function cropOrPad(width: number, allowed: readonly number[]): string {
  const fits = [...allowed].sort((a, b) => a - b).find((N) => N >= width);
  return fits === undefined
    ? `crop them about the beam centre to ${Math.max(...allowed)}`
    : `pad them with zeros to ${fits}, or crop them, keeping the beam centre at N/2`;
}

/** One coordinate of all scan positions, [n]. @throws PtychoError DataError. */
export function readCoordinates(npz: ScanArrays, where: string, key: string): Float64Array {
  if (!npz.has(key)) throw missingArray(npz, where, [key]);
  const { shape } = npz.header(key);
  check(
    shape.length === 1,
    "DataError",
    () => `${where}: ${key} must be one-dimensional [n], got shape [${shape.join(", ")}]`,
  );
  const array = npz.read(key);
  check("data" in array, "DataError", () => `${where}: ${key} must hold real numbers, got ${array.dtype}`);
  return Float64Array.from(array.data as ArrayLike<number | bigint>, Number);
}

/** The probe, [P, N, N]. @throws PtychoError DataError. */
export function readProbe(npz: ScanArrays, where: string, N: number): ComplexArray {
  const { shape, re, im } = complexValues(npz.read(SCAN_KEYS.probe), where, SCAN_KEYS.probe);
  return toProbeModes(where, shape, re, im, N);
}

/** The error for an array that is in the file under none of its names. */
export function missingArray(npz: ScanArrays, where: string, keys: readonly string[]): PtychoError {
  const near = npz.names.find((name) => !KNOWN_KEYS.includes(name) && nearestName(name, keys) !== undefined);
  const hint = near === undefined ? "" : `; is ${printable(near)} meant?`;
  const found = npz.names.length === 0 ? "none" : npz.names.slice(0, 50).map(printable).join(", ");
  return new PtychoError(
    "DataError",
    `${where}: no array '${keys.join("' or '")}' in the file; found ${found}${hint}`,
  );
}
